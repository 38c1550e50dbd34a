from __future__ import annotations

from byeori.stores.folder import FolderArtifacts
from byeori.testing.artifacts import ArtifactsConformance


class TestFolderArtifacts(ArtifactsConformance):
    def make(self, root):
        return FolderArtifacts(root)
