"""Weighted options to draw from, and the checks that questions make of what they are given."""

from __future__ import annotations

import numbers
from bisect import bisect
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from math import inf, isfinite, log
from random import Random

from byeori._util.json import Json, canonical
from byeori.core.errors import SpaceError

SAFE = 2**53
"""Whole numbers up to here are the same in every reader of JSON, and are drawn evenly by one float."""


class Dice:
    """Options drawn in proportion to weights; those of weight 0 never.

    Args:
        owner: What they belong to, for the sentence of an error.
        options: At least one.
        weights: One each, or None for all alike.
    """

    def __init__(self, owner: str, options: Sequence[Json], weights: Sequence[float] | None) -> None:
        if weights is not None and len(weights) != len(options):
            raise SpaceError(f"A {owner} of {len(options)} options needs as many weights; got {len(weights)}.")
        given = [1.0] * len(options) if weights is None else [number("weight", w) for w in weights]
        if min(given) < 0 or not 0 < sum(given) < inf:
            raise SpaceError(f"The weights of a {owner} are 0 or more, and not all 0; got {given}.")
        self.weights = None if weights is None else tuple(given)
        self.live = tuple(option for option, weight in zip(options, given, strict=True) if weight > 0)
        self._live_weights = [weight for weight in given if weight > 0]
        self.even = len(set(self._live_weights)) == 1
        self._places = {(option.__class__, option): place for place, option in enumerate(self.live)}
        sums = list(accumulate(self._live_weights))
        count = len(self.live)
        # bound once, for nothing is called more often
        self.draw: Callable[[Random], Json] = (
            partial(_even, self.live, count) if self.even else partial(_weighted, self.live, sums, sums[-1], count - 1)
        )

    def other(self, answer: Json, rng: Random) -> Json:
        """Draw an option that is not `answer`; there must be one of a weight above 0."""
        own = self._places.get((answer.__class__, answer), len(self.live))
        if self.even:
            place = int(rng.random() * (len(self.live) - (own < len(self.live))))
            return self.live[place + (place >= own)]
        rest = [i for i in range(len(self.live)) if i != own]
        return self.live[rng.choices(rest, [self._live_weights[i] for i in rest])[0]]


def _even(options: Sequence[Json], count: int, rng: Random) -> Json:
    return options[int(rng.random() * count)]


def _weighted(options: Sequence[Json], sums: Sequence[float], total: float, last: int, rng: Random) -> Json:
    return options[bisect(sums, rng.random() * total, 0, last)]


def same(a: Json, b: Json) -> bool:
    """Say whether two scalars are one answer: `True` is not `1`."""
    return a.__class__ is b.__class__ and bool(a == b)


def number(name: str, value: object) -> float:
    """Return a finite float, or refuse.

    Raises:
        SpaceError: It is none.
    """
    if isinstance(value, numbers.Real) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    raise SpaceError(f"The {name} of a question is a finite number; got {value!r}.")


def whole(name: str, value: object) -> int:
    """Return a whole number that JSON keeps, or refuse.

    Raises:
        SpaceError: It is none.
    """
    if isinstance(value, numbers.Integral) and not isinstance(value, bool) and abs(int(value)) <= SAFE:
        return int(value)
    raise SpaceError(f"The {name} of a question is a whole number of at most 2^53; got {value!r}.")


def scalar(value: object) -> None:
    """Refuse what is no JSON scalar.

    Raises:
        SpaceError: It is none.
    """
    if type(value) in (str, bool, int, float, type(None)):
        try:
            if not (isinstance(value, float) and not isfinite(value)):
                canonical(value)
                return
        except TypeError:  # a lone surrogate, or a whole number of more than 64 bits
            pass
    raise SpaceError(
        f"An option is a string, a finite number, True, False or None; got {value!r} of type {type(value).__name__}."
    )


def ordered(owner: str, low: float, high: float, log: bool) -> None:
    """Refuse bounds that contradict each other.

    Raises:
        SpaceError: They do.
    """
    if low > high:
        raise SpaceError(f"{owner}(low={low}, high={high}) is upside down: low is at most high.")
    if log and low <= 0:
        raise SpaceError(f"{owner}(low={low}, log=True) has no logarithm: low is above 0, or log is False.")


def scale(low: float, high: float, logarithmic: bool) -> tuple[float, float]:
    """Return where a range begins and how wide it is, in the scale it is drawn in."""
    return (log(low), log(high) - log(low)) if logarithmic else (low, high - low)
