"""What is kept on disk must not grow with what is tried: the best trials' folders stay, the rest goes."""

from __future__ import annotations

import heapq
import shutil
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path

from byeori.core.state import State

KEPT = 50
_UNFINISHED = (".prepared.", ".model.", ".study.json.", ".finish.json.", ".report.")
"""How the names begin that things have in a study's folder until they are whole."""


def trial_folder(study: Path, trial: int) -> Path:
    """Return the folder of a trial; a thousand share a parent."""
    return study / "trials" / f"{trial // 1000:02d}" / f"{trial:04d}"


class Keeper:
    """Deletes the folders of ended trials that are no longer among the best.

    Args:
        study: The study's folder.
        count: How many are kept.
        room: Bytes all kept folders may take together, or None.
        safe: Trials with a smaller number (the default genome, the baselines) always stay.
        latest: How many of the latest stay besides, whatever they are worth: for a parent whose children go on with the
            weights of others.
    """

    def __init__(
        self, study: Path, count: int = KEPT, *, room: int | None = None, safe: int = 0, latest: int = 0
    ) -> None:
        self._study = study
        self._count = count
        self._room = room
        self._safe = safe
        self._latest: deque[int] = deque()
        self._most = latest
        self._kept: list[tuple[float, int]] = []
        self._sizes: dict[int, int] = {}

    def ended(self, state: State, trial: int) -> None:
        """Take note of a trial that ended; called again for every one of them on resume."""
        if trial < self._safe or trial in state.confirms:
            return
        loss = state.loss(trial)
        folder = trial_folder(self._study, trial)
        if not isfinite(loss):
            shutil.rmtree(folder, ignore_errors=True)
            return
        self._sizes[trial] = _size(folder) if self._room is not None else 0
        heapq.heappush(self._kept, (-loss, -trial))
        self._latest.append(trial)
        while len(self._latest) > self._most or (self._latest and self._too_much()):
            self._let_go(self._latest.popleft())
        while len(self._kept) > self._count or (len(self._kept) > 1 and self._too_much()):
            self._let_go(-heapq.heappop(self._kept)[1])

    def _let_go(self, trial: int) -> None:
        """Delete a folder that is neither among the latest nor among the best."""
        if trial not in self._latest and all(-number != trial for _, number in self._kept):
            self._sizes.pop(trial, None)
            shutil.rmtree(trial_folder(self._study, trial), ignore_errors=True)

    def _too_much(self) -> bool:
        return self._room is not None and sum(self._sizes.values()) > self._room


def sweep(study: Path) -> None:
    """Clear away what a killed command was in the midst of making; call it with the study's lock held.

    A model that had given way to a newer one, which then never came, is put back.
    """
    old, model = study / ".model.old", study / "model"
    if old.exists() and not model.exists():
        old.rename(model)
    for path in study.iterdir():
        if path.name.startswith(_UNFINISHED) or (path.name == "work" and (study / "finish.json").exists()):
            _remove(path)


def clear(folder: Path, made: Sequence[Path]) -> None:
    """Empty a folder, and remove the folders that were made for it, the innermost first, where nothing else is there.

    Args:
        folder: A study's folder.
        made: It and the folders above it that were not there before.
    """
    for path in folder.iterdir():
        _remove(path)
    with suppress(OSError):
        for place in made:
            place.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _size(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
