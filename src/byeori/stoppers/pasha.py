"""PASHA: halving that trains nobody longer than is needed to tell the best from the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations, pairwise
from math import isfinite
from typing import final

from byeori.core.errors import OptionError
from byeori.core.jobs import Report
from byeori.core.protocols import Decision
from byeori.core.state import Trial
from byeori.stoppers.rungs import NEAR, Rungs, levels, loss_of

_COMPARED = 24
"""Trials of the top rung whose order is compared, the latest: among more, a pair in doubt would always be found."""

Curve = dict[float, float]


@final
class PASHA:
    """ASHA with pauses and a ceiling: at first nobody goes beyond the second rung, and the ceiling rises by a rung
    whenever the order at the two top rungs differs by more than the noise of the values.

    Use it where the order of children shows early; needs a learner that leaves checkpoints. What stays below the
    ceiling is paused, its value counts, and when nothing new is begun any more the best goes on to its end.

    Args:
        maximize: Whether more of the metric is better.
        eta: One in so many goes on from a rung.
        grace: Share of a training before which no trial is judged.
        percentile: Of the gaps between pairs of curves that cross and cross back, this percentile (0 to 100) is taken
            for noise.

    Raises:
        OptionError: An option is out of range.

    Source: Bohdal et al. 2023, https://openreview.net/forum?id=syfgJE6nFRW
    """

    def __init__(self, *, maximize: bool, eta: float = 3.0, grace: float = 1 / 27, percentile: float = 90.0) -> None:
        if not 0.0 <= percentile <= 100.0:
            raise OptionError(f"The percentile of PASHA's noise is from 0 to 100; got {percentile}.")
        self.maximize = maximize
        self.eta = eta
        self.grace = grace
        self.percentile = percentile
        self._rungs = Rungs(levels(eta, grace), eta, pauses=True)
        self._top = 1
        self._curves: dict[int, Curve] = {}
        self._came: list[list[int]] = [[] for _ in self._rungs.marks]

    @property
    def ceiling(self) -> float:
        """Progress beyond which nobody is let now; 1 where every rung is open."""
        return self._rungs.marks[self._top] if self._top < len(self._rungs.marks) else 1.0

    def decide(self, trial: Trial, report: Report) -> Decision:
        """Judge a trial at the rungs it has just reached; one that arrives at the top may lift the ceiling."""
        loss = loss_of(report.value, self.maximize)
        if loss is None or report.progress >= 1.0 - NEAR:
            return Decision.GO_ON
        curve = self._curves.setdefault(trial.number, {})
        curve.setdefault(round(report.progress, 4), loss)
        arrived = self._rungs.arrive(trial.number, report.progress, loss)
        for rung in arrived:
            self._came[rung].append(trial.number)
        while self._top in arrived and not self._is_settled():
            self._top += 1
        return self._rungs.decide(arrived, loss, self._top)

    def promote(self, paused: Collection[int]) -> int | None:
        """Return the best paused trial of the highest rung below the ceiling that may go on by now."""
        return self._rungs.promote(paused, self._top)

    def _is_settled(self) -> bool:
        """Say whether the trials at the top rung stand in the order of the rung below, but for noise."""
        rivals = [self._curves[number] for number in self._came[self._top][-_COMPARED:]]
        low, high = self._rungs.marks[self._top - 1], self._rungs.marks[self._top]
        before = [_first_from(curve, low) for curve in rivals]
        now = [_first_from(curve, high) for curve in rivals]
        gap = noise(rivals, self.percentile)
        was = sorted(range(len(rivals)), key=before.__getitem__)
        is_ = sorted(range(len(rivals)), key=now.__getitem__)
        return all(abs(before[one] - before[other]) <= gap for one, other in zip(was, is_, strict=True) if one != other)


def noise(curves: Sequence[Curve], percentile: float) -> float:
    """Return how far values lie apart that say nothing: those of pairs of curves that cross and cross back.

    Args:
        curves: Progress → loss, in the order of training.
        percentile: Of the gaps at the last crossing, 0 to 100.

    Example:
        >>> noise([{0.1: 5.0, 0.2: 4.0, 0.3: 3.5}, {0.1: 5.1, 0.2: 3.9, 0.3: 3.75}], 90.0)
        0.25
    """
    gaps = []
    for one, other in combinations(curves, 2):
        apart = [one[at] - other[at] for at in one if at in other and isfinite(one[at]) and isfinite(other[at])]
        signs = [gap > 0.0 for gap in apart if gap]
        crossings = sum(a != b for a, b in pairwise(signs))
        if crossings >= 2:
            gaps.append(abs(apart[-1]))
    gaps.sort()
    return gaps[round(percentile / 100.0 * (len(gaps) - 1))] if gaps else 0.0


def _first_from(curve: Curve, progress: float) -> float:
    """Return the first loss reported at or beyond a progress."""
    return next(loss for at, loss in curve.items() if at >= progress - 1e-4)
