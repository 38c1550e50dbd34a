"""Asynchronous successive halving: at each rung the best third of all that came by goes on, and nobody waits."""

from __future__ import annotations

from collections.abc import Collection
from typing import final

from byeori.core.jobs import Report
from byeori.core.protocols import Decision
from byeori.core.state import Trial
from byeori.stoppers.rungs import Rungs, judge, levels


@final
class ASHA:
    """Ends what is poor early, compared at 1/27, 1/9 and 1/3 of a training with all that came by before.

    Use it with any strategy and any learner that reports a value while it trains: three to five times as many children
    in the same time. Poor starters that end well are lost; give a larger `grace` where there are such.

    Args:
        maximize: Whether more of the metric is better.
        eta: One in so many goes on from a rung; rungs are 1/eta, 1/eta², … of a training.
        grace: Share of a training before which no trial is judged.
        promote: Pause at rungs instead of stopping, and go on with a paused trial once it is among the best 1/eta of
            its rung: spends nothing on first arrivals, but needs a learner that leaves checkpoints.

    Raises:
        OptionError: An option is out of range.

    Example:
        >>> from byeori.core.jobs import Origin
        >>> def trial(number):
        ...     return Trial(number, {}, Origin(strategy="random"), "running", "", 0.0, 0.0, 1, 0.0, 0.0, {})
        >>> stopper = ASHA(maximize=True)
        >>> values = (0.5, 0.4, 0.6)
        >>> [stopper.decide(trial(n), Report(step=1, progress=0.05, value=v)).value for n, v in enumerate(values)]
        ['go on', 'stop', 'go on']

    Source: Li et al. 2020, https://arxiv.org/abs/1810.05934; stopping as in Syne Tune, https://github.com/syne-tune
    """

    def __init__(self, *, maximize: bool, eta: float = 3.0, grace: float = 1 / 27, promote: bool = False) -> None:
        self.maximize = maximize
        self.eta = eta
        self.grace = grace
        self.pauses = promote
        self._rungs = Rungs(levels(eta, grace), eta, pauses=promote)

    def decide(self, trial: Trial, report: Report) -> Decision:
        """Judge a trial at the rungs it has just reached; elsewhere it goes on."""
        return judge(self._rungs, trial.number, report, maximize=self.maximize)

    def promote(self, paused: Collection[int]) -> int | None:
        """Return the best paused trial of the highest rung that may go on by now."""
        return self._rungs.promote(paused) if self.pauses else None
