"""Arrays as plain columns for the classic learners: numbers and categories as they are, images as small pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byeori.core.data import Arrays
from byeori.core.schema import Schema

SIDE = 16
"""Pixels a side that images are shrunk to, at most."""
_CHUNK = 2048

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Features:
    """Rows as plain columns.

    Args:
        numbers: (N, a) float64, NaN where missing.
        categories: (N, b) int32, -1 where missing or unseen.
    """

    numbers: Floats
    categories: Codes

    def __len__(self) -> int:
        return len(self.numbers)


def features(arrays: Arrays, rows: npt.NDArray[np.int64] | None = None) -> Features:
    """Return rows as plain columns.

    Args:
        arrays: `numbers` and `categories`, or `image` (N, H, W, C) uint8.
        rows: Which; all if None.
    """
    chosen = np.arange(len(arrays)) if rows is None else rows
    numbers = [np.zeros((len(chosen), 0))]
    categories: Codes = np.zeros((len(chosen), 0), dtype=np.int32)
    for name, part in arrays.parts.items():
        if name == "image":
            numbers.append(_pixels(part, chosen))
        elif name == "numbers":
            numbers.append(np.asarray(part[chosen], dtype=np.float64))
        elif name == "categories":
            categories = np.asarray(part[chosen], dtype=np.int32)
    return Features(np.concatenate(numbers, axis=1), categories)


def cards(schema: Schema) -> tuple[int, ...]:
    """Return how many values each column of categories has."""
    return tuple(len(column.labels) for column in schema.inputs if column.kind == "category")


def _pixels(images: npt.NDArray[np.generic], rows: npt.NDArray[np.int64]) -> Floats:
    parts = [_shrunk(np.asarray(images[rows[at : at + _CHUNK]])) for at in range(0, len(rows), _CHUNK)]
    return np.concatenate(parts) if parts else np.zeros((0, _shrunk(np.zeros((1, *images.shape[1:]))).shape[1]))


def _shrunk(images: npt.NDArray[np.generic]) -> Floats:
    """Return the means over even blocks, at most 16×16 of them, as (N, pixels) in 0–1."""
    small = images.astype(np.float64)
    for axis in (1, 2):
        side = images.shape[axis]
        if side > SIDE:
            edges = np.linspace(0, side, SIDE + 1).round().astype(np.int64)
            shape = [1] * small.ndim
            shape[axis] = SIDE
            small = np.add.reduceat(small, edges[:-1], axis=axis) / np.diff(edges).reshape(shape)
    return np.asarray(small.reshape(len(small), -1) / 255.0)
