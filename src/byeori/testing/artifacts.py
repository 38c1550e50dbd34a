"""A conformance suite for artefact stores: inherit `ArtifactsConformance`, give `make`, and pytest does the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from byeori.core.errors import StoreError
from byeori.core.protocols import Artifacts


class ArtifactsConformance:
    """What every artefact store keeps to."""

    def make(self, root: Path) -> Artifacts:
        """Return a store that keeps everything below a folder; a subclass says how."""
        raise NotImplementedError("Return a store from `make`.")

    def test_what_is_put_comes_back_whole(self, tmp_path: Path) -> None:
        store = self.make(tmp_path / "kept")
        store.put("a", _made(tmp_path / "one", "1"))
        found = store.get("a")
        assert (found / "weights").read_text() == "1"
        assert (found / "deep" / "more").read_text() == "1"

    def test_what_is_put_again_replaces(self, tmp_path: Path) -> None:
        store = self.make(tmp_path / "kept")
        store.put("a", _made(tmp_path / "one", "1"))
        store.put("a", _made(tmp_path / "two", "2"))
        assert (store.get("a") / "weights").read_text() == "2"

    def test_it_is_there_for_another_who_opens_the_same_place(self, tmp_path: Path) -> None:
        self.make(tmp_path / "kept").put("a", _made(tmp_path / "one", "1"))
        assert (self.make(tmp_path / "kept").get("a") / "weights").read_text() == "1"

    def test_what_is_not_there_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="nothing"):
            self.make(tmp_path / "kept").get("nothing")

    @pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden", "a\0b"])
    def test_no_name_leads_outside(self, tmp_path: Path, name: str) -> None:
        store = self.make(tmp_path / "kept")
        with pytest.raises(StoreError):
            store.put(name, _made(tmp_path / "one", "1"))

    def test_a_put_that_fails_leaves_the_old(self, tmp_path: Path) -> None:
        store = self.make(tmp_path / "kept")
        store.put("a", _made(tmp_path / "one", "1"))
        with pytest.raises(StoreError):
            store.put("a", tmp_path / "not-there")
        assert (store.get("a") / "weights").read_text() == "1"


def _made(folder: Path, text: str) -> Path:
    (folder / "deep").mkdir(parents=True)
    (folder / "weights").write_text(text)
    (folder / "deep" / "more").write_text(text)
    return folder
