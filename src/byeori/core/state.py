"""The state of a study: what its log says, kept compact. One function, `apply`, serves the live loop and the replay.

Ended trials are columns, not objects: a genome is the JSON bytes it was logged as, numbers are in arrays. Reports of an
ended trial are not kept (they are in the log); what later parents need is its value and its facts.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, nan

from byeori._util.json import Json, dumps, loads
from byeori.core import events as ev
from byeori.core.events import Event
from byeori.core.jobs import CONFIRM, Origin, Report

RUNNING = "running"
PAUSED = "paused"
ENDED = "ended"
_STATUS = (RUNNING, PAUSED, ENDED)


@dataclass(frozen=True, slots=True)
class Trial:
    """One child as it stands now; a view, made when asked for.

    Args:
        number: 0 is the default genome.
        genome: As proposed.
        origin: Where it comes from.
        status: `running`, `paused` or `ended`.
        reason: Why it ended, one of `events.REASONS`; empty while it runs.
        value: The study's metric on the validation rows; NaN where it has none.
        loss: What strategies minimise: the value with the sign that makes less better; infinite for a failure.
        attempt: Attempts begun.
        progress: 0 to 1.
        seconds: Wall time so far, or in all.
        facts: `params`, `latency_ms`, … as far as reported.
        reports: While it runs, what it reported; of an ended trial empty (the log has them).
    """

    number: int
    genome: Json
    origin: Origin
    status: str
    reason: str
    value: float
    loss: float
    attempt: int
    progress: float
    seconds: float
    facts: Mapping[str, Json]
    reports: Sequence[Report] = ()


@dataclass(slots=True)
class State:
    """What the log says so far. Changed by `apply` alone; read by everybody.

    Args:
        maximize: True where a larger value of the metric is better.
        confirms: Trial that evaluates another again → that other. Such trials say how good the other is; they take no
            part in the search and are never its best.
    """

    maximize: bool = False
    confirms: dict[int, int] = field(default_factory=dict)
    asked: Json = None
    budget: Mapping[str, Json] = field(default_factory=dict)
    precision: str = ""
    speed: float = 0.0
    opened: list[tuple[float, Json]] = field(default_factory=list)
    finished: float | None = None
    applied: int = 0
    first_time: float = 0.0
    last_time: float = 0.0
    running: dict[int, list[Report]] = field(default_factory=dict)
    paused: set[int] = field(default_factory=set)
    ended_order: array[int] = field(default_factory=lambda: array("l"))
    best: int | None = None
    _until: dict[int, float] = field(default_factory=dict)
    _pauses: dict[int, int] = field(default_factory=dict)
    _before: dict[int, float] = field(default_factory=dict)
    _views: dict[int, Trial] = field(default_factory=dict)
    _proposed: list[bytes] = field(default_factory=list)
    _facts: dict[int, bytes] = field(default_factory=dict)
    _status: bytearray = field(default_factory=bytearray)
    _reason: bytearray = field(default_factory=bytearray)
    _value: array[float] = field(default_factory=lambda: array("d"))
    _progress: array[float] = field(default_factory=lambda: array("f"))
    _seconds: array[float] = field(default_factory=lambda: array("f"))
    _attempt: array[int] = field(default_factory=lambda: array("H"))

    def __len__(self) -> int:
        return len(self._proposed)

    def trial(self, number: int) -> Trial:
        """Return one trial.

        Raises:
            IndexError: There is no such trial.
        """
        if not 0 <= number < len(self._proposed):
            raise IndexError(f"No trial {number}: the study has {len(self._proposed)}.")
        body = loads(self._proposed[number])
        facts = self._facts.get(number)
        return Trial(
            number,
            body["genome"],
            Origin.from_json(body["origin"]),
            _STATUS[self._status[number]],
            ev.REASONS[self._reason[number]] if self._status[number] == 2 else "",
            self._value[number],
            self.loss(number),
            self._attempt[number],
            self._progress[number],
            self._seconds[number],
            loads(facts) if facts else {},
            tuple(self.running.get(number, ())),
        )

    def loss(self, number: int) -> float:
        """Return what strategies minimise; infinite for a trial without a value."""
        value = self._value[number]
        if not isfinite(value):
            return inf
        return -value if self.maximize else value

    def value(self, number: int) -> float:
        """Return a trial's value, NaN where it has none."""
        return self._value[number]

    def progress(self, number: int) -> float:
        """Return how far a trial is, 0 to 1."""
        return self._progress[number]

    def status(self, number: int) -> str:
        """Return a trial's status."""
        return _STATUS[self._status[number]]

    def attempt(self, number: int) -> int:
        """Return the attempt of a trial that counts; what an earlier one says is dropped."""
        return self._attempt[number]

    def asked_for(self, number: int) -> tuple[int | None, float]:
        """Return the trial whose weights a trial inherits, or None, and the fidelity it is to reach as things stand."""
        body = loads(self._proposed[number])
        return body.get("weights_from"), self._until.get(number, body.get("until", 1.0))

    def pauses(self, number: int) -> int:
        """Return how often a trial was paused."""
        return self._pauses.get(number, 0)

    def trials(self) -> Iterator[Trial]:
        """Yield every trial in the order of its number."""
        return (self.trial(n) for n in range(len(self._proposed)))

    def ended(self) -> Sequence[Trial]:
        """Return what a strategy is told: the ended trials in the order in which they ended, but for those that only
        confirm another; each is made when it is looked at."""
        if not self.confirms:
            return _Views(self, self.ended_order)
        return _Views(self, [n for n in self.ended_order if n not in self.confirms])

    def pending(self) -> Sequence[Trial]:
        """Return the trials of the search that run now; a view is made again only after its trial has reported."""
        return [self._views.get(n) or self._view(n) for n in self.running if n not in self.confirms]

    def aside(self) -> Sequence[Trial]:
        """Return the trials that are paused, by number; a view is made once."""
        return [self._views.get(n) or self._view(n) for n in sorted(self.paused)]

    def _view(self, number: int) -> Trial:
        self._views[number] = self.trial(number)
        return self._views[number]

    def spent(self) -> float:
        """Return the seconds that all trials took together, by the clocks of the workers."""
        return float(sum(self._seconds))

    def top(self, count: int) -> list[int]:
        """Return the numbers of the best trials that have a value, best first, the earlier first among equals."""
        numbers = [n for n in range(len(self._value)) if isfinite(self._value[n]) and n not in self.confirms]
        return sorted(numbers, key=lambda n: (self.loss(n), n))[:count]


class _Views(Sequence[Trial]):
    """Trials by number, each made when it is looked at."""

    def __init__(self, state: State, order: Sequence[int]) -> None:
        self._state = state
        self._order = order

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # Sequence overloads int and slice
        if isinstance(index, slice):
            return _Views(self._state, self._order[index])
        return self._state.trial(self._order[index])


def apply(state: State, event: Event) -> bool:
    """Bring a state up to date by one event.

    Args:
        state: Changed in place.
        event: The next event of the log.

    Returns:
        False where the event came too late to count: of an attempt that was given up, or of a trial that has ended.
    """
    if not state.first_time:
        state.first_time = event.time
    state.last_time = event.time
    state.applied += 1
    state._views.pop(event.trial, None)
    return _APPLY[event.kind](state, event)


def _asked(state: State, event: Event) -> bool:
    state.asked = event.data
    state.maximize = state.asked.get("direction") == "maximize"
    return True


def _budget(state: State, event: Event) -> bool:
    state.budget = event.data
    return True


def _precision(state: State, event: Event) -> bool:
    data = event.data
    state.precision = data["precision"]
    state.speed = data.get("speed", 0.0)
    return True


def _proposed(state: State, event: Event) -> bool:
    if event.trial != len(state._proposed):
        raise ValueError(f"Trial {event.trial} was proposed, {len(state._proposed)} comes next: the log has a gap.")
    if _CONFIRMS in event.body and (origin := event.data["origin"])["strategy"] == CONFIRM:
        state.confirms[event.trial] = origin["parents"][0]
    state._proposed.append(event.body)
    state._status.append(0)
    state._reason.append(0)
    state._value.append(nan)
    state._progress.append(0.0)
    state._seconds.append(0.0)
    state._attempt.append(1)
    state.running[event.trial] = []
    return True


def _started(state: State, event: Event) -> bool:
    if state._status[event.trial] == 2:
        return False
    state._attempt[event.trial] = event.attempt
    state._status[event.trial] = 0
    state._before[event.trial] = state._seconds[event.trial]  # a further attempt goes on from a checkpoint
    state.paused.discard(event.trial)
    state.running.setdefault(event.trial, [])
    if event.body != _NOTHING and (until := event.data.get("until")) is not None:
        state._until[event.trial] = until
    return True


def _counts(state: State, event: Event) -> bool:
    return state._status[event.trial] == 0 and state._attempt[event.trial] == event.attempt


def _reported(state: State, event: Event) -> bool:
    if not _counts(state, event):
        return False
    trial = event.trial
    kept = state.running.setdefault(trial, [])
    for data in event.data["reports"]:
        report = Report.from_json(data)
        kept.append(report)
        state._progress[trial] = report.progress
        state._seconds[trial] = state._before.get(trial, 0.0) + report.seconds
        if report.value is not None:
            state._value[trial] = report.value
        if report.facts:
            known = state._facts.get(trial)
            state._facts[trial] = dumps({**loads(known), **report.facts} if known else report.facts)
    return True


def _paused(state: State, event: Event) -> bool:
    if not _counts(state, event):
        return False
    state._status[event.trial] = 1
    state.running.pop(event.trial, None)
    state.paused.add(event.trial)
    state._pauses[event.trial] = state._pauses.get(event.trial, 0) + 1
    _rank(state, event.trial)
    return True


def _ended(state: State, event: Event) -> bool:
    if not _counts(state, event):
        return False
    trial, data = event.trial, event.data
    state._status[trial] = 2
    state._reason[trial] = ev.REASONS.index(data["reason"])
    if data.get("seconds"):
        state._seconds[trial] = state._before.get(trial, 0.0) + data["seconds"]
    state._before.pop(trial, None)
    if data["reason"] in _WORTHLESS:
        state._value[trial] = nan
    state.running.pop(trial, None)
    state.paused.discard(trial)
    state.ended_order.append(trial)
    _rank(state, trial)
    return True


def _rank(state: State, trial: int) -> None:
    """Keep the best of the trials that are paused or have ended; one that was paused may come back with less."""
    if trial == state.best:
        known = (n for n in (*state.ended_order, *state.paused) if n not in state.confirms)
        state.best = min((n for n in known if isfinite(state._value[n])), key=state.loss, default=None)
        return
    better = state.best is None or state.loss(trial) < state.loss(state.best)
    if better and isfinite(state._value[trial]) and trial not in state.confirms:
        state.best = trial


_NOTHING = b"{}"
_CONFIRMS = dumps(CONFIRM)
"""Looked for before a proposal is decoded, which takes a hundred times as long."""
_WORTHLESS = frozenset({ev.DIVERGED, ev.OUT_OF_MEMORY, ev.CRASHED, ev.FAILED, ev.LIMIT, ev.LOST})
"""Reasons after which what lies in the trial's folder is not to be trusted, whatever it reported before."""


def _opened(state: State, event: Event) -> bool:
    state.opened.append((event.time, event.data))
    return True


def _finished(state: State, event: Event) -> bool:
    state.finished = event.time
    return True


_APPLY: Mapping[str, Callable[[State, Event], bool]] = {
    ev.ASKED: _asked,
    ev.BUDGET: _budget,
    ev.PRECISION: _precision,
    ev.PROPOSED: _proposed,
    ev.STARTED: _started,
    ev.REPORTED: _reported,
    ev.PAUSED: _paused,
    ev.ENDED: _ended,
    ev.TEST_OPENED: _opened,
    ev.FINISHED: _finished,
}
