"""Trials in processes of their own on this machine: whatever a child does to itself, the parent and others go on."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from math import inf

from byeori._util.json import Json, loads
from byeori.core import events as ev
from byeori.core.errors import RunError
from byeori.core.events import Event
from byeori.core.jobs import Job
from byeori.executors.child import REPORT
from byeori.executors.launch import NurseryProcess
from byeori.executors.outcome import Outcome, ended, outcome_of_status, reported
from byeori.executors.wire import Lines, drain

_RESTARTS = 3
_START_SECONDS = 300.0
"""How long a job may wait for the nursery to import; a slow network disk with torch on it needs minutes."""
_DYING_SECONDS = 5.0


class Local:
    """An executor with a process a job, forked from a nursery that has imported what they need.

    A child that crashes, hangs, leaks or leaves is an end of its trial with a reason. Nothing outlives the parent, not
    even one that is killed. What a child said before its time was over is delivered before its end; once a trial is
    cancelled, nothing of it comes but its end.

    Args:
        workers: Jobs at the same time.
        memory: Bytes a trial may take for itself, or None; the prepared data, which all trials share, does not count.
        grace: Seconds past its `seconds` after which a job is killed: `deadline` where it has reported a value, else
            `hung`.
        preload: Modules the nursery imports at once, in the background; what is missing is left out.

    Raises:
        RunError: (`submit`) No worker is free, or the nursery died again and again.

    Example:
        >>> with Local(workers=1) as executor:
        ...     executor.free
        1
    """

    def __init__(
        self, workers: int = 2, *, memory: int | None = None, grace: float = 5.0, preload: Sequence[str] = ()
    ) -> None:
        if workers < 1:
            raise ValueError(f"An executor has one worker or more; got {workers}.")
        self._workers = workers
        self._memory = memory
        self._grace = grace
        self._preload = tuple(preload)
        self._tokens = count()
        self._running: dict[int, _Running] = {}
        self._events: list[Event] = []
        self._deaths = 0
        self._closed = False
        self._selector = selectors.DefaultSelector()
        self._nursery: NurseryProcess | None = None
        self._open_nursery()

    @property
    def free(self) -> int:
        """How many jobs can be submitted now."""
        return 0 if self._closed else self._workers - len(self._running)

    def submit(self, job: Job) -> None:
        """Begin a job in a process of its own.

        Raises:
            RunError: No worker is free, or the nursery cannot be kept alive.
        """
        if self.free < 1:
            raise RunError(f"All {self._workers} workers are taken, or closed: poll until `free` is more than 0.")
        self._wait_for_killed(job.trial)
        token = next(self._tokens)
        while self._nursery is not None:
            ours, theirs = socket.socketpair()
            with theirs:
                if self._nursery.begin(token, job, self._memory, theirs.fileno()):
                    self._running[token] = _Running(job, ours, time.monotonic())
                    self._selector.register(ours, selectors.EVENT_READ, token)
                    return
            ours.close()
            self._bury_nursery()
        raise RunError(f"The process that trials are forked from died {self._deaths} times: {self._complaint}.")

    def poll(self, timeout: float) -> Sequence[Event]:
        """Return what happened; waits at most `timeout` seconds for something to happen, and not at all with no job."""
        until = time.monotonic() + max(timeout, 0.0)
        wait = 0.0
        while True:
            self._listen(wait)
            self._watch()
            left = until - time.monotonic()
            if self._events or left <= 0 or not self._running:
                return self._collect()
            wait = max(0.0, min(left, self._next_deadline() - time.monotonic()))

    def cancel(self, trial: int) -> None:
        """Kill a trial's jobs; nothing comes of them any more but their end, `cancelled`."""
        for token, running in self._running.items():
            if running.job.trial == trial and self._nursery is not None:
                running.killed = Outcome(ev.CANCELLED)
                self._nursery.kill(token)

    def close(self) -> None:
        """Kill what runs, and the nursery; idempotent."""
        self._closed = True
        for running in self._running.values():
            running.link.close()
        self._running.clear()
        if self._nursery is not None:
            self._nursery.close()
            self._nursery = None
        self._selector.close()

    def __enter__(self) -> Local:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self, wait: float) -> None:
        """Hear everyone who has said something within so many seconds."""
        for key, _ in self._selector.select(wait) if self._nursery is not None else ():
            running = self._running.get(key.data)
            if running is not None and not running.hear():
                # Closed, by a child that is dead or dying; the nursery will say how.
                self._selector.unregister(running.link)
        if self._nursery is None:
            return
        words, alive = self._nursery.hear()
        for word in words:
            self._take(word)
        if not alive:
            self._bury_nursery()

    def _take(self, word: Json) -> None:
        if "began" in word and (running := self._running.get(word["began"])):
            running.began = word["at"]
        elif "left" in word and (running := self._running.get(word["left"])):
            status = word["status"]
            if status is None:
                how = Outcome(ev.LOST, f"No process could be started for it ({word['why']}).")
            else:
                how = outcome_of_status(status)
                self._deaths = 0
            self._end(word["left"], how, word["seconds"])

    def _watch(self) -> None:
        """Kill those whose time is over, and a nursery that never becomes ready."""
        now = time.monotonic()
        if self._nursery is None:
            return
        for token, running in self._running.items():
            if running.killed is None and now > running.deadline(self._grace):
                took = now - (running.began or now)
                message = f"It did not end in its {running.job.seconds:.1f} s and was killed after {took:.1f} s."
                running.killed = Outcome(ev.HUNG, message)
                self._nursery.kill(token)
        if any(r.began is None and now > r.submitted + _START_SECONDS for r in self._running.values()):
            self._bury_nursery()

    def _next_deadline(self) -> float:
        waiting = (r.deadline(self._grace) for r in self._running.values() if r.killed is None)
        return min(waiting, default=inf) + 0.001

    def _wait_for_killed(self, trial: int) -> None:
        """Two attempts of a trial share a folder: let none begin while the one before is still dying (milliseconds)."""
        until = time.monotonic() + _DYING_SECONDS
        while time.monotonic() < until and any(
            running.killed and running.job.trial == trial for running in self._running.values()
        ):
            self._listen(0.05)

    def _end(self, token: int, how: Outcome, seconds: float) -> None:
        """Note the one end of a job: what it said itself, or why we killed it, or else how its process went."""
        running = self._running.pop(token)
        running.hear()
        if self._selector.get_map().get(running.link) is not None:
            self._selector.unregister(running.link)
        running.link.close()
        self._pass_on(running)
        outcome = (None if running.cancelled else running.said) or running.killed or how
        if outcome.reason == ev.HUNG and running.valued:
            outcome = replace(outcome, reason=ev.DEADLINE)
        self._events.append(ended(running.job, outcome, seconds))

    def _collect(self) -> list[Event]:
        for running in self._running.values():
            self._pass_on(running)
        events, self._events = self._events, []
        return events

    def _pass_on(self, running: _Running) -> None:
        if running.reports and not running.cancelled:
            self._events.append(reported(running.job, running.reports))
        running.reports = []

    def _open_nursery(self) -> None:
        self._nursery = NurseryProcess(self._preload)
        self._selector.register(self._nursery.link, selectors.EVENT_READ, None)

    def _bury_nursery(self) -> None:
        """End all jobs of a nursery that died, and open another while that is worth while."""
        if self._nursery is None:
            return
        self._deaths += 1
        self._complaint = self._nursery.complaint()
        self._selector.unregister(self._nursery.link)
        self._nursery.close()
        self._nursery = None
        for token in list(self._running):
            began = self._running[token].began
            seconds = 0.0 if began is None else time.monotonic() - began
            self._end(token, Outcome(ev.LOST, "The process that trials are forked from died."), seconds)
        if self._deaths <= _RESTARTS:
            self._open_nursery()


@dataclass(slots=True)
class _Running:
    """One job under way, and what it has said that was not passed on yet."""

    job: Job
    link: socket.socket
    submitted: float
    began: float | None = None
    reports: list[bytes] = field(default_factory=list)
    valued: bool = False
    said: Outcome | None = None
    killed: Outcome | None = None
    _lines: Lines = field(default_factory=Lines)

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants to hear of it any more."""
        return self.killed is not None and self.killed.reason == ev.CANCELLED

    def hear(self) -> bool:
        """Take in what has arrived; False where the other end is closed."""
        lines, alive = drain(self.link, self._lines)
        for line in lines:
            data = loads(line[1:])
            if line[:1] == REPORT:
                self.reports.append(line[1:])
                self.valued = self.valued or data.get("value") is not None
            else:
                self.said = Outcome(data["reason"], data["message"])
        return alive

    def deadline(self, grace: float) -> float:
        """The moment, by the monotonic clock, at which it is killed."""
        if self.began is None or self.job.seconds is None:
            return inf
        return self.began + self.job.seconds + grace
