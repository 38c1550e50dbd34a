"""Where a trial's models lie (`fold0/`, `fold1/`, … or, after a refit, `all/`), and how their answers come together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from byeori.core.errors import ModelError

ALL = "all"


def fold_folder(out: Path, fold: int | None) -> Path:
    """Return the folder of a fold's model; None is the refit on everything.

    Example:
        >>> fold_folder(Path("trial"), 2).name, fold_folder(Path("trial"), None).name
        ('fold2', 'all')
    """
    return out / (ALL if fold is None else f"fold{fold}")


def average(parts: Sequence[npt.NDArray[np.floating]]) -> npt.NDArray[np.float32]:
    """Return the mean of several models' predictions, summed in double precision."""
    return np.asarray(np.mean(np.stack(parts).astype(np.float64), axis=0), dtype=np.float32)


def trained(folder: Path, card: str) -> list[Path]:
    """Return the folders of the models to average: the refit if there is one, else every fold.

    Args:
        folder: A trial's, or a member's of a model.
        card: Name of the file that a whole model has.

    Raises:
        ModelError: There is none.
    """
    if (folder / ALL / card).is_file():
        return [folder / ALL]
    found = [f.parent for f in folder.glob(f"fold*/{card}")]
    if not found:
        raise ModelError(f"There is no trained model in {folder} (no {card} in fold0/ or all/).")
    return sorted(found, key=lambda f: int(f.name.removeprefix("fold")))
