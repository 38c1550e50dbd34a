"""Jobs in this process, a step at a time: for tests, debugging, and objectives that cost next to nothing."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

from byeori._util.json import dumps
from byeori.core import events as ev
from byeori.core.errors import RunError
from byeori.core.events import Event
from byeori.core.jobs import Job, Report
from byeori.executors.outcome import Outcome, attempt, ended, reported
from byeori.executors.run import run_job


class Inline:
    """An executor without processes: nothing protects the parent from a child that hangs, crashes or eats memory.

    A poll takes each running job one report further; one that reports progress 1 is taken to its end at once. Several
    slots run in turn, not at the same time, and let an engine hand over many jobs a turn.

    Args:
        slots: How many jobs may be under way.
        run: What does a job; `run_job`, or a function of your own for jobs that no dotted path leads to.
        grace: Seconds past its `seconds` after which a job is given up between two of its reports.

    Example:
        >>> executor = Inline(run=lambda job: iter([Report(step=1, progress=1.0, value=job.genome["x"] ** 2)]))
        >>> executor.submit(Job(trial=0, learner="", family="", genome={"x": 3.0}, prepared="", out=""))
        >>> [(event.kind, event.data.get("reason")) for event in executor.poll(0.0)]
        [('reported', None), ('ended', 'done')]
    """

    def __init__(self, slots: int = 1, *, run: Callable[[Job], Iterator[Report]] = run_job, grace: float = 5.0) -> None:
        if slots < 1:
            raise ValueError(f"An executor has one slot or more; got {slots}.")
        self._slots = slots
        self._run = run
        self._grace = grace
        self._running: deque[_Running] = deque()

    @property
    def free(self) -> int:
        """How many jobs can be submitted now."""
        return self._slots - len(self._running)

    def submit(self, job: Job) -> None:
        """Take a job; it begins at the next poll.

        Raises:
            RunError: No slot is free.
        """
        if self.free < 1:
            raise RunError(f"All {self._slots} slots are taken: poll until `free` is more than 0.")
        self._running.append(_Running(job, _begin(self._run, job), time.monotonic()))

    def poll(self, timeout: float) -> Sequence[Event]:
        """Take every running job one report further, or as many as `timeout` allows, at least one."""
        events: list[Event] = []
        until = time.monotonic() + timeout
        for _ in range(len(self._running)):
            running = self._running.popleft()
            events += self._advance(running)
            if running.outcome is None:
                self._running.append(running)
            if time.monotonic() >= until:
                break
        return events

    def cancel(self, trial: int) -> None:
        """Give a trial's jobs up; they end with `cancelled` at the next poll."""
        for running in self._running:
            if running.job.trial == trial:
                running.outcome = Outcome(ev.CANCELLED)

    def close(self) -> None:
        """Give up what runs; idempotent."""
        while self._running:
            attempt(self._running.popleft().reports.close)

    def _advance(self, running: _Running) -> list[Event]:
        said: list[bytes] = []
        while running.outcome is None:
            step = attempt(lambda: _step(running.reports))
            if isinstance(step, Outcome):
                running.outcome = step
                break
            report, encoded = step
            said.append(encoded)
            running.valued = running.valued or report.value is not None
            if report.progress < 1.0:
                break
        took = time.monotonic() - running.began
        limit = running.job.seconds
        if running.outcome is None and limit is not None and took > limit + self._grace:
            reason = ev.DEADLINE if running.valued else ev.HUNG
            running.outcome = Outcome(reason, f"It was given up after {took:.1f} s.")
        events = [reported(running.job, said)] if said else []
        if running.outcome is not None:
            attempt(running.reports.close)
            events.append(ended(running.job, running.outcome, took))
        return events


@dataclass(slots=True)
class _Running:
    job: Job
    reports: Generator[Report, None, None]
    began: float
    valued: bool = False
    outcome: Outcome | None = None


def _begin(run: Callable[[Job], Iterator[Report]], job: Job) -> Generator[Report, None, None]:
    """Put off the call itself to the first step, where what it raises is caught."""
    yield from run(job)


def _step(reports: Iterator[Report]) -> tuple[Report, bytes]:
    report = next(reports)
    return report, dumps(report.to_json())
