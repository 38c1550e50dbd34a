"""Rows that belong together: ids merged into units, and whole units placed where they fit best."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from byeori.core.scorers import Floats, Labels, Numbers

_LOOKED_AT = 3_000
"""Units placed one by one, the largest first; the rest are small beside them and are dealt out by class."""

_PASSES = 3
"""Times the classes are gone through; a unit moved for one class may have been another's."""


def merge(rows: int, ids: Sequence[Numbers]) -> Labels:
    """Return the unit of every row, 0, 1, …: rows that share an id of any kind, directly or in a chain, are one unit.

    Args:
        rows: How many there are.
        ids: Arrays (rows,) of numbers or strings, a kind of id each; none makes every row a unit of its own.

    Example:
        >>> merge(4, [np.array([0, 0, 1, 2]), np.array([5, 6, 6, 7])]).tolist()
        [0, 0, 0, 1]
    """
    unit: Labels = np.arange(rows, dtype=np.int64)
    for kind in ids:
        if len(kind) != rows:
            raise ValueError(f"{len(kind)} ids do not fit {rows} rows.")
        unit = _joined(unit, kind)
    found, inverse = np.unique(unit, return_inverse=True)
    return inverse.astype(np.int64, copy=False) if len(found) < rows else unit


def _joined(unit: Labels, kind: Numbers) -> Labels:
    """Return units joined where rows share an id of one more kind (union-find, all edges at once)."""
    key = kind.astype(str) if kind.dtype == object else kind
    inverse = np.unique(key, return_inverse=True)[1].reshape(-1)
    order = np.argsort(inverse, kind="stable")
    same = inverse[order][1:] == inverse[order][:-1]
    left, right = unit[order][:-1][same], unit[order][1:][same]
    parent = np.arange(len(unit))
    while len(left):
        a, b = parent[left], parent[right]
        apart = a != b
        left, right = np.minimum(a, b)[apart], np.maximum(a, b)[apart]
        np.minimum.at(parent, right, left)
        while not np.array_equal(parent, up := parent[parent]):
            parent = up
    return parent[unit].astype(np.int64, copy=False)


def place(unit: Labels, kind: Labels, shares: Floats, generator: np.random.Generator) -> npt.NDArray[np.int16]:
    """Place whole units of two rows or more into parts, so that every part has its share of the rows of every class.

    Called by the split for the rows of such units only; the rows that stand alone then even out what is left.

    Args:
        unit: (N,) the unit of every row.
        kind: (N,) the class (or quantile bin) of every row.
        shares: (P,) the share of each part; they sum to 1.
        generator: Breaks ties between units of one size.

    Returns:
        (N,) the part of every row.

    Source: the greedy of scikit-learn's StratifiedGroupKFold, largest first, with parts of unequal shares.
    """
    units, unit, sizes = np.unique(unit, return_inverse=True, return_counts=True)
    order = generator.permutation(len(units))
    order = order[np.argsort(-sizes[order], kind="stable")]
    part: npt.NDArray[np.int16] = np.empty(len(units), dtype=np.int16)
    part[order[:_LOOKED_AT]] = _greedy(unit, kind, order[:_LOOKED_AT], shares)
    small = order[_LOOKED_AT:]
    if len(small):
        first = np.zeros(len(units), dtype=np.int64)
        first[unit[::-1]] = kind[::-1]
        part[small] = _dealt(first[small], shares)
    return part[unit]


def mend(part: npt.NDArray[np.int16], unit: Labels, kind: Labels, *, holdout: bool) -> None:
    """Move units, in place, until every class of two rows or more can be learnt in every training, where units allow.

    Args:
        part: (N,) the part of every row: 0 the test split, then the folds; in a holdout the last is the training split.
        unit: (N,) the unit of every row.
        kind: (N,) the class of every row.
        holdout: One split, so a class must be in its training split; else the folds of a cross-validation, where it
            must be in two of them.
    """
    last = int(part.max(initial=0)) if not holdout else 2
    for _ in range(_PASSES):
        for one in np.flatnonzero(np.bincount(kind) >= 2):
            rows = np.flatnonzero(kind == one)
            held = np.bincount(part[rows], minlength=last + 1)
            if held[last] if holdout else np.count_nonzero(held[1:]) >= 2:
                continue
            units, first = np.unique(unit[rows], return_index=True)
            at = part[rows[first]]
            sizes = np.bincount(unit, minlength=int(units.max()) + 1)[units]
            # A fold is not emptied for a class, and one unit in a fold is as well there as in any other.
            crowd = np.bincount(part[np.unique(unit, return_index=True)[1]], minlength=last + 1)
            free = (at == 0) | (crowd[at] > 1) if holdout or len(units) > 1 else at == 0
            if not free.any():
                continue
            # Out of the test split first, for that costs no fold anything; then the smallest unit.
            moved = units[np.lexsort((sizes, at != 0, ~free))[0]]
            filled = np.bincount(part, minlength=last + 1) + np.where(held > 0, len(part), 0)
            part[unit == moved] = last if holdout else 1 + int(np.argmin(filled[1:]))


def _greedy(unit: Labels, kind: Labels, order: Labels, shares: Floats) -> list[int]:
    """Return the part of each unit in the order given: where its classes and its size are most lacking."""
    classes = int(kind.max()) + 1
    rank = np.full(int(unit.max()) + 1, -1)
    rank[order] = np.arange(len(order))
    mine = rank[unit] >= 0
    pairs, counts = np.unique(rank[unit[mine]] * classes + kind[mine], return_counts=True)
    ends = np.searchsorted(pairs, np.arange(len(order) + 1) * classes)
    total = np.maximum(np.bincount(kind[mine], minlength=classes), 1)
    lack = shares[:, None] * total
    lack_rows = shares * counts.sum()
    chosen = []
    for start, end in pairwise(ends):
        held, count = pairs[start:end] % classes, counts[start:end]
        gain = (lack[:, held] * (count / total[held])).sum(axis=1) + count.sum() * lack_rows / counts.sum()
        best = int(np.argmax(np.where(shares > 0.0, gain, -np.inf)))
        lack[best, held] -= count
        lack_rows[best] -= count.sum()
        chosen.append(best)
    return chosen


def _dealt(kind: Labels, shares: Floats) -> npt.NDArray[np.int16]:
    """Return a part for each of many small units: evenly spaced through the classes, in proportion to the shares."""
    # A walk by the golden ratio through the units sorted by class gives every run of them the same mix.
    walk = (np.arange(len(kind)) * 0.6180339887498949 + 0.5) % 1.0
    drawn = np.searchsorted(np.cumsum(shares), walk, side="right")
    part: npt.NDArray[np.int16] = np.empty(len(kind), dtype=np.int16)
    part[np.argsort(kind, kind="stable")] = np.minimum(drawn, len(shares) - 1)
    return part
