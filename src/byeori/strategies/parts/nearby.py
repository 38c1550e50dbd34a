"""Rows of genomes near others: what a model chooses from."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from byeori.strategies.parts.slots import RANGE, Floats, Slots

Places = npt.NDArray[np.intp]
_MOST = 3
_CROSSED: Final = 0.2
_FREE: Final = 0.1
_SMALL: Final = 0.7
"""Share of the changed or unchanged numbers that move a little rather than anywhere."""


def nearby(slots: Slots, rows: Floats, centres: Places, count: int, dice: np.random.Generator) -> tuple[Places, Floats]:
    """Draw genomes near some of `rows`: one to three questions answered anew, numbers moved a little, a fifth crossed
    with another centre first, a tenth wholly by chance. What opens with a new branch or a longer list is drawn.

    Args:
        slots: Of the space.
        rows: Genomes (n, slots).
        centres: Which of them.
        count: How many to draw.
        dice: The dice.

    Returns:
        The row each was drawn around (count,), -1 for none, and their rows (count, slots).
    """
    drawn = _by_chance(slots, count, dice)
    around = centres[dice.integers(len(centres), size=count)]
    other = rows[centres[dice.integers(len(centres), size=count)]]
    base = rows[around]
    kind = dice.random(count)
    crossed = (kind < _CROSSED)[:, None] & (dice.random(base.shape) < 0.5) & ~np.isnan(other)
    base = np.where(crossed, other, base)
    asked = ~np.isnan(base)
    many = dice.integers(1, _MOST + 1, size=count) / np.maximum(asked.sum(axis=1), 1)
    change = dice.random(base.shape) < many[:, None]
    ranges = [i for i, slot in enumerate(slots.slots) if slot.kind == RANGE]
    if ranges:
        step = 10.0 ** dice.uniform(-2.0, -0.3, size=(count, 1))
        near = np.clip(base[:, ranges] + step * dice.standard_normal((count, len(ranges))), 0.0, 1.0)
        small = asked[:, ranges] & (dice.random(near.shape) < _SMALL)
        drawn[:, ranges] = np.where(small, near, drawn[:, ranges])
    free = kind > 1.0 - _FREE
    out = np.where(asked & ~change & ~free[:, None], base, drawn)
    slots.blank(out)
    return np.where(free, -1, around), out


def _by_chance(slots: Slots, count: int, dice: np.random.Generator) -> Floats:
    drawn = dice.random((count, len(slots)))
    for i, slot in enumerate(slots.slots):
        if slot.kind != RANGE:
            drawn[:, i] = np.minimum(np.searchsorted(np.cumsum(slot.prior), drawn[:, i]), len(slot.options) - 1)
    return drawn
