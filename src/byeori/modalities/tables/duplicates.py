"""Rows that are the same: a 64-bit key for every row, equal where all cells are.

Two different rows share a key with a probability of 2⁻⁶⁴ a pair, 3·10⁻⁸ for a million rows.
Source: splitmix64, Steele, Lea and Flood, 2014, https://doi.org/10.1145/2660193.2660195
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from byeori.modalities.tables.cells import Dates, Nested, Numbers, Table, Text

_NATURAL = 0.5


def row_keys(table: Table) -> npt.NDArray[np.uint64]:
    """Return a key for every row.

    Args:
        table: Cells are compared as they are, blanks and all; columns of lists are passed over.

    Example:
        >>> keys = row_keys(Table(source="t", columns={"a": Numbers(np.array([1.0, 2.0, 1.0]))}))
        >>> bool(keys[0] == keys[2] != keys[1])
        True
    """
    keys = np.zeros(table.rows, np.uint64)
    for cells in table.columns.values():
        if not isinstance(cells, Nested):
            keys = _mix(keys + _mix(_bits(cells)))
    return keys


def same_rows(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64] | None:
    """Return ids of equal rows for the split, or None where no rows are equal, or where they are so by nature.

    Where less than half of the rows are different, the features are so few that equal rows are different items; kept
    together they would leave nothing to split.

    Args:
        keys: As from `row_keys`.
    """
    found, ids = np.unique(keys, return_inverse=True)
    if len(found) == len(keys) or len(found) < _NATURAL * len(keys):
        return None
    return ids.astype(np.int64)


def repeats(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return the rows that repeat an earlier row.

    Example:
        >>> repeats(np.array([7, 8, 7], np.uint64))
        array([2])
    """
    first = np.unique(keys, return_index=True)[1]
    again = np.ones(len(keys), bool)
    again[first] = False
    return np.flatnonzero(again)


def conflicts(keys: npt.NDArray[np.uint64], target: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the rows whose features also stand under another label.

    Example:
        >>> conflicts(np.array([7, 8, 7, 8], np.uint64), np.array([0, 1, 1, 1]))
        array([0, 2])
    """
    ids = np.unique(keys, return_inverse=True)[1]
    low, high = np.full(len(keys), np.iinfo(np.int64).max), np.full(len(keys), -1)
    np.minimum.at(low, ids, target)
    np.maximum.at(high, ids, target)
    return np.flatnonzero(low[ids] != high[ids])


def _bits(cells: Text | Numbers | Dates) -> npt.NDArray[np.uint64]:
    if isinstance(cells, Text):
        return cells.codes.astype(np.int64).view(np.uint64)
    if isinstance(cells, Dates):
        return cells.values.astype(np.int64).view(np.uint64)
    # One zero and one NaN, whatever their bits.
    plain = np.where(np.isnan(cells.values), np.nan, cells.values + 0.0)
    return plain.view(np.uint64)


def _mix(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
