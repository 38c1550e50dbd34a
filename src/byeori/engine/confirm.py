"""Choosing the winner is not searching: the best trials are evaluated again with other seeds, and ranked by the mean.

The best of many noisy evaluations looks better than it is, and the more so the more there were. What is measured here
was not chosen for being good, so its mean and its interval can be believed. The search is told nothing of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan, sqrt
from random import Random
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from byeori._util.lazy import lazy
from byeori.core.jobs import CONFIRM, Candidate, Origin
from byeori.core.state import State, Trial

if TYPE_CHECKING:
    from scipy import special
else:
    special = lazy("scipy.special")

LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """How a trial did when it was evaluated again.

    Args:
        number: Of the trial.
        mean: Of the values of the further evaluations, without the one it was chosen by; NaN where all failed.
        low: Lower end of the 95 % interval of the mean (Student's t); NaN with fewer than two values.
        high: Upper end.
        n: How many values there are.
    """

    number: int
    mean: float
    low: float
    high: float
    n: int


class Confirming:
    """A strategy that proposes the best trials of a study again until each has been evaluated so many times.

    Use it in a loop of its own, when the search is over. What a killed study has confirmed already counts.

    Args:
        state: Of the study; its best are looked up once.
        count: How many of the best.
        repeats: Further evaluations of each.
    """

    def __init__(self, state: State, count: int, repeats: int) -> None:
        of = list(state.confirms.values())
        done = {number: of.count(number) for number in state.top(count)}
        # One more of each before a second of any: a deadline leaves them alike.
        self._todo = deque(number for turn in range(repeats) for number, had in done.items() if had <= turn)
        self._state = state

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Propose what is still to be evaluated."""
        numbers = [self._todo.popleft() for _ in range(min(n, len(self._todo)))]
        return [
            Candidate(genome=self._state.trial(n).genome, origin=Origin(strategy=CONFIRM, parents=(n,)))
            for n in numbers
        ]

    def tell(self, ended: Sequence[Trial]) -> None:
        """Learn nothing: that is the point of it."""


def confirmed(state: State) -> list[Confirmed]:
    """Return the trials that were evaluated again, best mean first; those without a value come last.

    Args:
        state: Of the study.
    """
    values: dict[int, list[float]] = {}
    for again, number in state.confirms.items():
        of = values.setdefault(number, [])
        if isfinite(state.value(again)):
            of.append(state.value(again))
    rows = [_row(number, of) for number, of in values.items()]
    sign = -1.0 if state.maximize else 1.0
    return sorted(rows, key=lambda row: (row.n == 0, sign * row.mean if row.n else 0.0, row.number))


def _row(number: int, values: Sequence[float]) -> Confirmed:
    n = len(values)
    mean = fmean(values) if n else nan
    half = nan if n < 2 else float(special.stdtrit(n - 1, (1 + LEVEL) / 2)) * stdev(values) / sqrt(n)
    return Confirmed(number=number, mean=mean, low=mean - half, high=mean + half, n=n)
