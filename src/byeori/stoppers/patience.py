"""Patience: a trial that has not become better for a while is over."""

from __future__ import annotations

from collections.abc import Collection
from math import isfinite
from typing import final

from byeori.core.errors import OptionError
from byeori.core.jobs import Report
from byeori.core.protocols import Decision
from byeori.core.state import Trial
from byeori.stoppers.rungs import NEAR, loss_of


@final
class Patience:
    """Stops a trial whose own best value has not moved for a share of a training.

    Use it where nothing is known of other trials, or each is of its own kind. With a rate that falls along a cosine,
    networks become better at the end: be patient.

    Args:
        maximize: Whether more of the metric is better.
        patience: Share of a training without anything better after which a trial is stopped.
        least: What is better by less does not count.

    Raises:
        OptionError: An option is out of range.

    Source: Prechelt 1998, https://doi.org/10.1007/3-540-49430-8_3
    """

    def __init__(self, *, maximize: bool, patience: float = 0.3, least: float = 0.0) -> None:
        if not 0.0 < patience <= 1.0:
            raise OptionError(f"The patience is a share of a training, above 0 and at most 1; got {patience}.")
        if not (least >= 0.0 and isfinite(least)):
            raise OptionError(f"The least improvement that counts is 0 or more; got {least}.")
        self.maximize = maximize
        self.patience = patience
        self.least = least
        self._best: dict[int, tuple[float, float]] = {}

    def decide(self, trial: Trial, report: Report) -> Decision:
        """Stop a trial that stands still."""
        loss = loss_of(report.value, self.maximize)
        if report.progress >= 1.0 - NEAR:
            self._best.pop(trial.number, None)
            return Decision.GO_ON
        if loss is None:
            return Decision.GO_ON
        best, since = self._best.get(trial.number, (loss, report.progress))
        if loss < best - self.least:
            best, since = loss, report.progress
        self._best[trial.number] = (best, since)
        # An attempt that was begun again may report from further back.
        return Decision.STOP if report.progress - since > self.patience + NEAR else Decision.GO_ON

    def promote(self, paused: Collection[int]) -> int | None:
        """Say that none may: nothing was paused from here."""
        return None
