"""Artefacts in a folder that parent and workers share."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from byeori.core.errors import StoreError


class FolderArtifacts:
    """Keeps what workers leave in one folder: on this machine, or on a file system all of them see.

    Args:
        root: The folder; made where it is not there.

    Example:
        >>> import tempfile
        >>> home = Path(tempfile.mkdtemp())
        >>> (home / "made").mkdir()
        >>> _ = (home / "made" / "weights").write_text("1 2 3")
        >>> kept = FolderArtifacts(home / "kept")
        >>> kept.put("trial-7", home / "made")
        >>> (kept.get("trial-7") / "weights").read_text()
        '1 2 3'
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, folder: Path) -> None:
        """Keep a folder under a name, whole or not at all; an older one is replaced.

        Raises:
            StoreError: The name leads outside, or there is no room.
        """
        target = self._place(name)
        making = self._root / f".{uuid.uuid4().hex}"
        try:
            shutil.copytree(folder, making)
            shutil.rmtree(target, ignore_errors=True)
            making.rename(target)
        except OSError as error:
            shutil.rmtree(making, ignore_errors=True)
            raise StoreError(
                f"{folder} could not be kept as {target} ({error}): make room, or check the path."
            ) from None

    def get(self, name: str) -> Path:
        """Return the folder kept under a name.

        Raises:
            StoreError: Nothing is kept under it.
        """
        target = self._place(name)
        if not target.is_dir():
            raise StoreError(f"Nothing is kept as {name!r} in {self._root}: put it there first.")
        return target

    def _place(self, name: str) -> Path:
        if not name or name.startswith(".") or "/" in name or "\\" in name or "\0" in name:
            raise StoreError(f"{name!r} is no name for an artefact: give one without slashes or a leading dot.")
        return self._root / name
