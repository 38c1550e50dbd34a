"""An executor without work and without waiting: a virtual clock leaps from one event to the next. For testing engines,
strategies and stoppers on thousands of trials in a second, the same every time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from byeori._util.json import dumps
from byeori.core import events as ev
from byeori.core.errors import RunError
from byeori.core.events import Event
from byeori.core.jobs import Job, Report
from byeori.executors.outcome import Outcome, attempt, ended, reported


class VirtualClock:
    """A clock that stands still until it is moved; call it for the time in seconds.

    Example:
        >>> clock = VirtualClock()
        >>> clock.advance(2.5)
        >>> clock()
        2.5
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def __call__(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock on; a negative number moves nothing."""
        self._now += max(seconds, 0.0)


class Simulated:
    """An executor whose jobs take virtual time.

    A poll moves the clock to the next thing that happens, at most by its timeout, and returns all that happens then.
    A job reports `steps` times at even distances, the last time with progress `job.until`, and ends with `done` at the
    same moment. One whose `seconds` are shorter than its duration follows its schedule faster and ends in them.

    Args:
        workers: Jobs at the same time.
        clock: Shared with whatever else tells the time.
        duration: Seconds of a whole training (`until` 1) of a job.
        curve: The value of a job at a progress of 0 to 1; a TrialError it raises ends the trial as it would a child.
        steps: Reports a job.
        checkpoints: A further attempt of a trial goes on where its last report was, instead of from the start.

    Example:
        >>> clock = VirtualClock()
        >>> executor = Simulated(1, clock, lambda job: 10.0, lambda job, progress: progress, steps=2)
        >>> executor.submit(Job(trial=0, learner="", family="", genome={}, prepared="", out=""))
        >>> [(clock(), event.kind) for _ in range(2) for event in executor.poll(60.0)]
        [(5.0, 'reported'), (10.0, 'reported'), (10.0, 'ended')]
    """

    def __init__(
        self,
        workers: int,
        clock: VirtualClock,
        duration: Callable[[Job], float],
        curve: Callable[[Job, float], float],
        *,
        steps: int = 10,
        checkpoints: bool = False,
    ) -> None:
        self._workers = workers
        self._clock = clock
        self._duration = duration
        self._curve = curve
        self._steps = steps
        self._checkpoints = checkpoints
        self._reached: dict[int, float] = {}
        self._order = count()
        self._running: dict[int, _Running] = {}
        self._agenda: list[tuple[float, int, int]] = []

    @property
    def free(self) -> int:
        """How many jobs can be submitted now."""
        return self._workers - len(self._running)

    def submit(self, job: Job) -> None:
        """Begin a job at the clock's present time.

        Raises:
            RunError: No worker is free.
        """
        if self.free < 1:
            raise RunError(f"All {self._workers} workers are taken: poll until `free` is more than 0.")
        begun = self._reached.get(job.trial, 0.0) / job.until if self._checkpoints and job.attempt > 1 else 0.0
        took = self._duration(job) * job.until * (1.0 - begun)
        seconds = took if job.seconds is None else min(took, job.seconds)
        number = next(self._order)
        self._running[number] = _Running(job, self._clock())
        # what is over already is said once more, as a learner does of which an attempt was lost after its last word
        for step in range(min(self._steps, 1 + round(begun * self._steps)), self._steps + 1):
            share = max(0.0, step / self._steps - begun) / max(1.0 - begun, 1e-9)
            heapq.heappush(self._agenda, (self._clock() + seconds * share, number, step))

    def poll(self, timeout: float) -> Sequence[Event]:
        """Move the clock to the next event, or by `timeout` if that comes first; return what happens then."""
        gone = [number for number, running in self._running.items() if running.cancelled]
        events = [self._end(number, Outcome(ev.CANCELLED)) for number in gone]
        self._skip_ended()
        if not events and self._running:
            self._clock.advance(min(timeout, self._agenda[0][0] - self._clock()))
        while self._agenda and self._agenda[0][0] <= self._clock():
            _, number, step = heapq.heappop(self._agenda)
            if number in self._running:
                events += self._happen(number, step)
        return events

    def cancel(self, trial: int) -> None:
        """Let a trial's jobs end with `cancelled` at the next poll."""
        for running in self._running.values():
            running.cancelled = running.cancelled or running.job.trial == trial

    def close(self) -> None:
        """Forget what runs; idempotent."""
        self._running.clear()
        self._agenda.clear()

    def _happen(self, number: int, step: int) -> list[Event]:
        running = self._running[number]
        job, progress = running.job, running.job.until * step / self._steps
        value = attempt(lambda: self._curve(job, progress))
        if isinstance(value, Outcome):
            return [self._end(number, value)]
        self._reached[job.trial] = progress
        report = Report(step=step, progress=progress, value=value, seconds=self._clock() - running.began)
        events = [reported(job, [dumps(report.to_json())])]
        if step == self._steps:
            events.append(self._end(number, Outcome(ev.DONE)))
        return events

    def _end(self, number: int, outcome: Outcome) -> Event:
        running = self._running.pop(number)
        return ended(running.job, outcome, self._clock() - running.began)

    def _skip_ended(self) -> None:
        while self._agenda and self._agenda[0][1] not in self._running:
            heapq.heappop(self._agenda)


@dataclass(slots=True)
class _Running:
    job: Job
    began: float
    cancelled: bool = False
