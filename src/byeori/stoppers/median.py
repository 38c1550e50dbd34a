"""The median rule: a trial whose best is worse than the median of the others' averages so far is over."""

from __future__ import annotations

from array import array
from bisect import insort
from collections.abc import Collection
from dataclasses import dataclass
from math import inf
from typing import final

from byeori.core.errors import OptionError
from byeori.core.jobs import Report
from byeori.core.protocols import Decision
from byeori.core.state import Trial
from byeori.stoppers.rungs import NEAR, loss_of

_POINTS = 20
"""Averages are compared at twentieths of a training."""


@dataclass(slots=True)
class _Course:
    """One training so far."""

    progress: float = 0.0
    total: float = 0.0
    count: int = 0
    best: float = inf
    passed: int = 0
    over: bool = False


@final
class Median:
    """Stops a trial whose best value so far is worse than the median of the running averages that others had by then.

    Use it instead of halving where half the trials are worth their whole training, or values are noisy: it is gentler.

    Args:
        maximize: Whether more of the metric is better.
        grace: Share of a training before which no trial is judged.
        least: Trials that must have come as far before one is judged there.

    Raises:
        OptionError: An option is out of range.

    Source: Golovin et al. 2017 (Google Vizier), https://doi.org/10.1145/3097983.3098043
    """

    def __init__(self, *, maximize: bool, grace: float = 0.1, least: int = 5) -> None:
        if not 0.0 <= grace <= 1.0:
            raise OptionError(f"The grace of the median rule is a share of a training, 0 to 1; got {grace}.")
        if least < 1:
            raise OptionError(f"The median rule compares with 1 trial or more; got {least}.")
        self.maximize = maximize
        self.grace = grace
        self.least = least
        self._averages = [array("d") for _ in range(_POINTS)]
        self._courses: dict[int, _Course] = {}

    def decide(self, trial: Trial, report: Report) -> Decision:
        """Judge a trial at each twentieth of a training that it comes by."""
        loss = loss_of(report.value, self.maximize)
        course = self._courses.setdefault(trial.number, _Course())
        if course.over:
            return Decision.STOP
        # What an attempt that was begun again repeats was counted before.
        if loss is None or report.progress <= course.progress:
            return Decision.GO_ON
        course.progress, course.best = report.progress, min(course.best, loss)
        course.total, course.count = course.total + loss, course.count + 1
        point = min(_POINTS - 1, int(report.progress * _POINTS + NEAR))
        if point <= course.passed or report.progress >= 1.0 - NEAR:
            return Decision.GO_ON
        course.over = report.progress >= self.grace - NEAR and self._is_poor(point, course.best)
        for passed in range(course.passed + 1, point + 1):
            insort(self._averages[passed], course.total / course.count)
        course.passed = point
        return Decision.STOP if course.over else Decision.GO_ON

    def promote(self, paused: Collection[int]) -> int | None:
        """Say that none may: nothing was paused from here."""
        return None

    def _is_poor(self, point: int, best: float) -> bool:
        others = self._averages[point]
        return len(others) >= self.least and best > others[len(others) // 2]
