"""How sure a number is: items are drawn again with replacement, as weights, and the number computed anew each time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan

import numpy as np

from byeori.core.scorers import Floats, Scorer

LEVEL = 0.95
"""Share of the rounds that lie inside an interval."""
_DRAWS = 50_000_000
"""Items drawn in all rounds together, about a second; with more than 100,000 items there are fewer rounds."""
_LEAST_ROUNDS = 100
_CHUNK = 1_000_000
"""Weights held in memory at once."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A number and how sure it is.

    Args:
        value: On the items as they are.
        low: 2.5 % of the rounds lie below.
        high: 2.5 % of the rounds lie above.
        error: Standard error: the rounds' standard deviation; NaN where no round gave a number.

    Example:
        >>> Interval(0.9, 0.85, 0.94, 0.02).high
        0.94
    """

    value: float
    low: float
    high: float
    error: float

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"An interval's low end is not above its high end; got {self.low} and {self.high}.")


def resample(items: int, rounds: int, seed: int) -> Iterator[Floats]:
    """Yield bootstrap weights, (r, items) at a time: how often each item was drawn.

    Args:
        items: How many there are.
        rounds: In all; fewer, but never fewer than 100, where there are more than 100,000 items.
        seed: Equal seeds give equal weights, so that models measured one by one can be compared.
    """
    generator = np.random.default_rng(seed)
    left = min(rounds, max(_LEAST_ROUNDS, _DRAWS // items))
    step = max(1, _CHUNK // items)
    while left > 0:
        now = min(step, left)
        drawn = [np.bincount(generator.integers(items, size=items), minlength=items) for _ in range(now)]
        yield np.stack(drawn).astype(np.float64)
        left -= now


def interval(scorer: Scorer, items: int, *, rounds: int, seed: int, undefined: float = 0.0) -> Interval:
    """Return a scorer's value, `undefined` where it has none, with the percentile interval of its bootstrap.

    It is too narrow below about 30 items, and has no width where every item is right.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
    """
    value = float(scorer(np.ones((1, items)))[0])
    values = np.concatenate([scorer(weights) for weights in resample(items, rounds, seed)])
    return _summary(undefined if isnan(value) else value, values)


def difference(first: Scorer, second: Scorer, items: int, *, sign: float, rounds: int, seed: int) -> Interval:
    """Return the interval of `sign · (second - first)`, both measured on the same draws: luck they share cancels."""

    def gain(weights: Floats) -> Floats:
        a, b = first(weights), second(weights)
        with np.errstate(invalid="ignore"):
            return np.where(a == b, 0.0, sign * (b - a))

    return interval(gain, items, rounds=rounds, seed=seed)


def _summary(value: float, values: Floats) -> Interval:
    ordered = np.sort(values[~np.isnan(values)])
    if not len(ordered):
        return Interval(value, value, value, float("nan"))
    tail = (1.0 - LEVEL) / 2
    # Ends are rounds themselves and not interpolated, for rounds may be infinite.
    low, high = (float(ordered[round(share * (len(ordered) - 1))]) for share in (tail, 1.0 - tail))
    finite = ordered[np.isfinite(ordered)]
    return Interval(value, low, high, float(finite.std()) if len(finite) else 0.0)
