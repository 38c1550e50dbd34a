"""Columns that alone nearly tell the target: most often they were written down after the answer was known.

Looked at are at most 20,000 rows, evenly spaced, and only tables with enough rows that chance does not explain it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from byeori.core.schema import CLASSIFICATION
from byeori.modalities.tables.columns import Feature
from byeori.modalities.tables.encoding import encode_columns
from byeori.modalities.tables.understand import Understood

AUC = 0.995
CORRELATION = 0.9995
PURITY = 0.999

_ROWS = 20_000
_FEWEST = 50
_FEWEST_OF_A_CLASS = 10
_ROWS_A_VALUE = 5


def find_leaks(data: Understood, features: Sequence[Feature]) -> list[tuple[str, str]]:
    """Return (column, how it tells the target) for every suspect.

    Args:
        data: The source, understood; the user's own test rows are not looked at.
        features: Its columns, learnt.
    """
    rows = np.flatnonzero(~data.own_test)
    if len(rows) < _FEWEST:
        return []
    rows = rows[:: -(-len(rows) // _ROWS)]
    used = [f for f in features if f.used]
    arrays = encode_columns(data.learnable(rows), used)
    names = {
        "numbers": [c.name for f in used for c in f.columns() if c.kind == "number"],
        "categories": [c.name for f in used for c in f.columns() if c.kind == "category"],
    }
    target = data.target.values[rows]
    found = []
    for kind, called in names.items():
        for i, name in enumerate(called):
            column = np.asarray(arrays[kind][:, i])
            how = _by_value(column, target) if data.target.task != CLASSIFICATION else _by_class(column, target)
            if how:
                found.append((name, how))
    return found


def _by_value(column: npt.NDArray[np.generic], target: npt.NDArray[np.float64]) -> str:
    if column.dtype.kind != "f":
        return ""
    both = np.isfinite(column)
    x, y = np.asarray(column[both], np.float64), target[both]
    if len(x) < _FEWEST or x.std() == 0 or y.std() == 0:
        return ""
    size = abs(float(np.corrcoef(x, y)[0, 1]))
    return f"correlation {size:.4f}" if size > CORRELATION else ""


def _by_class(column: npt.NDArray[np.generic], target: npt.NDArray[np.int64]) -> str:
    counts = np.bincount(target)
    counts = counts[counts > 0]
    if len(counts) < 2 or counts.min() < min(_FEWEST_OF_A_CLASS, 0.1 * counts.sum()):
        return ""
    if column.dtype.kind == "f" and len(counts) == 2:
        both = np.isfinite(column)
        area = auc(np.asarray(column[both], np.float64), target[both] == target.max())
        if both.sum() >= _FEWEST and max(area, 1 - area) > AUC:
            return f"AUC {max(area, 1 - area):.4f}"
    share, values = purity(column, target)
    base = counts.max() / counts.sum()
    # Values that stand in few rows each are pure by chance; a share near the base rate tells nothing.
    if values * _ROWS_A_VALUE <= len(column) and share > PURITY and share - base > 0.05:
        return f"its values tell the class in {share:.1%} of the rows"
    return ""


def auc(score: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_]) -> float:
    """Return the chance that a positive row has the larger score, ties counted half; 0.5 with one class only.

    Example:
        >>> auc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, False, True, True]))
        0.875
    """
    yes, no = int(positive.sum()), int((~positive).sum())
    if not yes or not no:
        return 0.5
    inverse, counts = np.unique(score, return_inverse=True, return_counts=True)[1:]
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((rank[positive].sum() - yes * (yes + 1) / 2) / (yes * no))


def purity(column: npt.NDArray[np.generic], target: npt.NDArray[np.int64]) -> tuple[float, int]:
    """Return the share of rows whose class is the commonest among rows of their value, and how many values there are.

    Example:
        >>> purity(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]))
        (0.75, 2)
    """
    values, ids = np.unique(column, return_inverse=True)
    pairs, counts = np.unique(ids * (int(target.max()) + 1) + target, return_counts=True)
    best = np.zeros(len(values), np.int64)
    np.maximum.at(best, pairs // (int(target.max()) + 1), counts)
    return float(best.sum() / len(column)), len(values)
