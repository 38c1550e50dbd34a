"""Hyperband: several halvings side by side that begin to judge earlier or later, for nobody knows which is right."""

from __future__ import annotations

from collections.abc import Collection
from math import ceil
from typing import NamedTuple, final

from byeori.core.jobs import Report
from byeori.core.protocols import Decision
from byeori.core.state import Trial
from byeori.stoppers.rungs import Rungs, judge, levels


class Bracket(NamedTuple):
    """One halving: how many trials of a cycle begin in it, and the share of a training at which it first judges."""

    trials: int
    first: float


@final
class Hyperband:
    """ASHA in several brackets: the first judges at 1/27 of a training already, the last never.

    Use it instead of ASHA where early values may mislead: part of the trials is spared the early rungs. Trials are
    dealt out to the brackets by their number, in the shares of Hyperband's table, and compete within their bracket.

    Args:
        maximize: Whether more of the metric is better.
        eta: One in so many goes on from a rung.
        grace: Share of a training at which the earliest bracket begins to judge.
        promote: Pause instead of stopping; see ASHA.

    Raises:
        OptionError: An option is out of range.

    Example:
        >>> Hyperband(maximize=True).bracket_of(0)
        0

    Source: Li et al. 2018, https://arxiv.org/abs/1603.06560
    """

    def __init__(self, *, maximize: bool, eta: float = 3.0, grace: float = 1 / 27, promote: bool = False) -> None:
        self.maximize = maximize
        self.eta = eta
        self.grace = grace
        self.pauses = promote
        marks = levels(eta, grace)
        self._rungs = [Rungs(marks[skipped:], eta, pauses=promote) for skipped in range(len(marks) + 1)]
        self._cycle = _dealt([bracket.trials for bracket in brackets(eta, len(marks))])

    def bracket_of(self, trial: int) -> int:
        """Return the bracket of a trial; 0 judges earliest."""
        return self._cycle[trial % len(self._cycle)]

    def decide(self, trial: Trial, report: Report) -> Decision:
        """Judge a trial at the rungs of its bracket that it has just reached."""
        rungs = self._rungs[self.bracket_of(trial.number)]
        return judge(rungs, trial.number, report, maximize=self.maximize)

    def promote(self, paused: Collection[int]) -> int | None:
        """Return a paused trial that may go on by now, from the bracket that begins earliest."""
        found = (rungs.promote(paused) for rungs in self._rungs if self.pauses)
        return next((number for number in found if number is not None), None)


def brackets(eta: float, deepest: int) -> tuple[Bracket, ...]:
    """Return Hyperband's table: trials and first rung of each bracket.

    Args:
        eta: One in so many goes on.
        deepest: Rungs in the earliest bracket.

    Example:
        >>> [(bracket.trials, round(81 * bracket.first)) for bracket in brackets(3, 4)]
        [(81, 1), (34, 3), (15, 9), (8, 27), (5, 81)]
    """
    # 1e-9: eta ** s may lie a hair above the whole number it stands for
    return tuple(Bracket(ceil((deepest + 1) / (s + 1) * eta**s - 1e-9), eta**-s) for s in reversed(range(deepest + 1)))


def _dealt(counts: list[int]) -> tuple[int, ...]:
    """Return the bracket of each trial of a cycle, each bracket's spread as evenly as can be."""
    total = sum(counts)
    given = [0] * len(counts)
    cycle = []
    for place in range(1, total + 1):
        behind = [count * place / total - had for count, had in zip(counts, given, strict=True)]
        chosen = behind.index(max(behind))
        given[chosen] += 1
        cycle.append(chosen)
    return tuple(cycle)
