"""What a watcher sees: Progress records made from the state, a few times a second."""

from __future__ import annotations

import time
from math import isfinite

from byeori.core.jobs import BASELINE
from byeori.core.state import State
from byeori.engine.progress import DONE, SEARCHING, Progress, RunningTrial, Watch
from byeori.request import Spend

_PAUSE = 0.2
_OPENING = 16
"""Baselines are among the first trials; later ones need not be looked at."""


class Screen:
    """Keeps what a Progress needs between two of them.

    Args:
        spend: What was promised.
        watch: Who is shown, or None.
    """

    def __init__(self, spend: Spend, watch: Watch | None) -> None:
        self._spend = spend
        self._watch = watch
        self._curve: list[tuple[float, float]] = []
        self._shown = 0.0
        self.metric = ""

    def searching(self, state: State) -> None:
        """Show the search, if the last picture is old enough."""
        clock = time.monotonic()
        best = best_now(state)
        if best is not None:
            value = state.value(best)
            if not self._curve or self._curve[-1][1] != value:
                self._curve.append((clock - self._spend.began, value))
        if clock - self._shown >= _PAUSE:
            self.show(SEARCHING, "", state)

    def done(self, state: State | None = None) -> None:
        """Show that it is over."""
        self.show(DONE, "", state)

    def show(self, stage: str, message: str, state: State | None = None) -> None:
        """Show a stage now."""
        self._shown = time.monotonic()
        if self._watch is None:
            return
        state = state or State()
        best = best_now(state)
        bred = [n for n in state.ended_order if n >= _OPENING or state.trial(n).origin.strategy != BASELINE]
        done = sum(1 for n in bred if isfinite(state.loss(n)))
        spend = self._spend
        self._watch(
            Progress(
                stage=stage,
                message=message,
                metric=self.metric,
                elapsed=self._shown - spend.began,
                limit=spend.seconds,
                expected_end=spend.seconds or self._expected(state),
                trials=spend.trials,
                running=tuple(_running(state, number) for number in state.running),
                done=done,
                failed=len(bred) - done,
                best=None if best is None else state.value(best),
                best_trial=best,
                curve=tuple(self._curve),
            )
        )

    def _expected(self, state: State) -> float | None:
        """Extrapolate from the trials done, where only their number was given."""
        done, wanted = len(state.ended_order), self._spend.trials
        if not wanted or not done:
            return None
        return (self._shown - self._spend.began) * max(1.0, wanted / done)


def best_now(state: State) -> int | None:
    """Return the best trial with those that still run, or None where none has a value."""
    known = [n for n in (state.best, *state.running) if n is not None and isfinite(state.loss(n))]
    return min(known, key=state.loss, default=None)


def _running(state: State, number: int) -> RunningTrial:
    trial = state.trial(number)
    value = None if trial.value != trial.value else trial.value
    return RunningTrial(number=number, family=next(iter(trial.genome)), progress=trial.progress, value=value)
