"""Rungs: how good each trial was when it came by a few marks of progress, and who may go on from there.

The one mechanism of successive halving; ASHA has one ladder of them, Hyperband several, PASHA one that grows.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Collection, Sequence
from math import inf, isfinite

from byeori.core.errors import OptionError
from byeori.core.jobs import Report
from byeori.core.protocols import Decision

NEAR = 1e-5
"""Progress is logged with six digits: a third is met by 0.333333."""


def levels(eta: float, grace: float) -> tuple[float, ...]:
    """Return the rungs of a training, ascending: 1/eta, 1/eta², … of it, none below `grace`.

    Args:
        eta: From one rung to the next, trainings are so many times as long.
        grace: Share of a training before which no trial is judged.

    Raises:
        OptionError: One of them is out of range.

    Example:
        >>> [round(1 / level) for level in levels(3, 1 / 27)]
        [27, 9, 3]
    """
    if not eta > 1.0:
        raise OptionError(f"The eta of a halving is above 1 (usually 3 or 4); got {eta}.")
    if not 0.0 < grace <= 1.0:
        raise OptionError(f"The grace of a halving is a share of a training, above 0 and at most 1; got {grace}.")
    found = []
    level = 1.0 / eta
    while level >= grace * (1.0 - NEAR):
        found.append(level)
        level /= eta
    return tuple(reversed(found))


class Rungs:
    """A ladder of rungs. A trial goes on from a rung if it is among the best 1/eta of all that came by so far.

    Where trials are stopped, the best so far always goes on, the first to arrive too: what was stopped cannot be
    fetched back. Where they are paused, a trial goes on when the rung has eta trials for each that goes on, at once or
    when others have come.

    Args:
        marks: Progress at each rung, ascending.
        eta: One in so many goes on.
        pauses: Pause what does not go on, instead of stopping it.
    """

    def __init__(self, marks: Sequence[float], eta: float, *, pauses: bool) -> None:
        self.marks = marks
        self.eta = eta
        self.pauses = pauses
        self._losses = [array("d") for _ in marks]
        self._waiting: list[list[tuple[float, int]]] = [[] for _ in marks]
        self._reached = bytearray()

    def arrive(self, trial: int, progress: float, loss: float) -> range:
        """Note where a trial is; return the rungs it is at for the first time, by index.

        One that reports seldom is noted at every rung it jumped over, else it would escape the rungs.

        Args:
            trial: Its number.
            progress: 0 to 1.
            loss: Less is better; infinite for no number.
        """
        if trial >= len(self._reached):
            self._reached.extend(bytes(trial + 1 - len(self._reached)))
        before = after = self._reached[trial]
        while after < len(self.marks) and progress >= self.marks[after] - NEAR:
            if self.pauses:
                self._leave(trial, after - 1)
                insort(self._waiting[after], (loss, trial))
            insort(self._losses[after], loss)
            after += 1
        self._reached[trial] = after
        return range(before, after)

    def decide(self, arrived: range, loss: float, top: int | None = None) -> Decision:
        """Judge a trial that has just arrived.

        Args:
            arrived: What `arrive` returned.
            loss: As told to `arrive`.
            top: Rung from which nobody goes on; None for no such rung.
        """
        if all(self._passes(rung, loss) for rung in arrived) and (top is None or all(rung < top for rung in arrived)):
            return Decision.GO_ON
        return Decision.PAUSE if self.pauses else Decision.STOP

    def promote(self, paused: Collection[int], top: int | None = None) -> int | None:
        """Return a paused trial that is by now among those that go on, from the highest rung, the best first.

        Args:
            paused: Trials that may be chosen.
            top: Rung from which nobody goes on; None for no such rung.
        """
        for rung in reversed(range(len(self.marks) if top is None else min(top, len(self.marks)))):
            for loss, trial in self._waiting[rung]:
                if not self._passes(rung, loss):
                    break
                if trial in paused:
                    return trial
        return None

    def _passes(self, rung: int, loss: float) -> bool:
        """Say whether a loss is among those that go on; equals share a place."""
        losses = self._losses[rung]
        places = int(len(losses) / self.eta)
        return bisect_left(losses, loss) < (places if self.pauses else max(1, places))

    def _leave(self, trial: int, rung: int) -> None:
        """A trial that is further waits here no more."""
        if rung < 0:
            return
        waiting = self._waiting[rung]
        for place, (_, number) in enumerate(waiting):
            if number == trial:
                del waiting[place]
                return


def loss_of(value: float | None, maximize: bool) -> float | None:
    """Return a reported value with the sign that makes less better, infinite for no number; None where there is none.

    Example:
        >>> loss_of(0.9, True), loss_of(None, True), loss_of(float("nan"), False)
        (-0.9, None, inf)
    """
    if value is None:
        return None
    if not isfinite(value):
        return inf
    return -value if maximize else value


def judge(rungs: Rungs, trial: int, report: Report, *, maximize: bool, top: int | None = None) -> Decision:
    """Judge one report on a ladder of rungs; at the end of a training there is nothing to judge any more.

    Args:
        rungs: The ladder of the trial.
        trial: Its number.
        report: What it said.
        maximize: Whether more is better.
        top: Rung from which nobody goes on; None for no such rung.
    """
    loss = loss_of(report.value, maximize)
    if loss is None or report.progress >= 1.0 - NEAR:
        return Decision.GO_ON
    return rungs.decide(rungs.arrive(trial, report.progress, loss), loss, top)
