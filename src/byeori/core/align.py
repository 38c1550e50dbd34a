"""Which item of a shorter list belongs to which of a longer one: what was put in or taken out shifts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from operator import eq

from byeori._util.json import Json


def embedded(shorter: Sequence[Json], longer: Sequence[Json]) -> list[int]:
    """Return a place in the longer list for each item of the shorter, in order, so that partners are most alike.

    Used where two genomes of different length are crossed. Where nothing is alike, items stand side by side from the
    beginning. The cost grows with the length of the shorter times the difference.

    Args:
        shorter: Answers to the item of a Repeat.
        longer: As many, or more.

    Returns:
        Places in `longer`, ascending, one for each item of `shorter`.

    Example:
        >>> embedded(["stem", "conv", "head"], ["stem", "pool", "conv", "head"])
        [0, 2, 3]

    Source: Needleman & Wunsch 1970, https://doi.org/10.1016/0022-2836(70)90057-4, with gaps on one side only
    """
    slack = len(longer) - len(shorter)
    first, last = 0, len(shorter)
    while first < last and shorter[first] == longer[first]:
        first += 1
    while first < last and shorter[last - 1] == longer[last - 1 + slack]:
        last -= 1
    shifts = _best_shifts(shorter[first:last], longer[first : last + slack], slack)
    return [*range(first), *(first + i + shift for i, shift in enumerate(shifts)), *range(last + slack, len(longer))]


def _best_shifts(shorter: Sequence[Json], longer: Sequence[Json], slack: int) -> list[int]:
    """Return by how much each item is shifted, never falling: the best way on from each (item, shift), last item first,
    the smallest shift among equals."""
    picks: list[list[int]] = []
    behind = [0.0] * (slack + 1)
    for i in range(len(shorter) - 1, -1, -1):
        top, at = -1.0, slack
        pick = [0] * (slack + 1)
        here = [0.0] * (slack + 1)
        for shift in range(slack, -1, -1):
            score = _alike(shorter[i], longer[i + shift]) + behind[shift]
            if score >= top:
                top, at = score, shift
            here[shift], pick[shift] = top, at
        behind = here
        picks.append(pick)
    shifts: list[int] = []
    shift = 0
    for pick in reversed(picks):
        shift = pick[shift]
        shifts.append(shift)
    return shifts


def _alike(x: Json, y: Json) -> float:
    """Return 1 for equals, 0 for strangers; of two of one branch, or of a Record, more the more parts are equal."""
    if x is y:
        return 1.0
    if x.__class__ is not dict or y.__class__ is not dict:
        return float(x == y)
    if x.keys() != y.keys():
        return 0.0
    if len(x) == 1:
        ((key, part),) = x.items()
        return 0.5 + 0.5 * _shared(part, y[key])
    return _shared(x, y)


def _shared(x: Json, y: Json) -> float:
    if x.__class__ is dict and y.__class__ is dict and len(x) == len(y) > 0:
        return float(sum(map(eq, x.values(), y.values())) / len(x))
    return float(x == y)
