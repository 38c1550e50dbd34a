"""The loop: ask → submit → poll → log → apply → judge → tell, until the budget is spent.

One commit a turn. What a poll brought and what is proposed because of it are applied in memory and appended together;
only then does anything leave the parent: a submission, a cancellation, a deleted folder. A crash before the append
forgets both, a crash after it repeats at most what was in flight.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isnan

from byeori._util.seeds import rng_of
from byeori.core import events as ev
from byeori.core.deciders import replay
from byeori.core.errors import RunError, no_room
from byeori.core.events import Event
from byeori.core.jobs import BASELINE, CONFIRM, Candidate, Job, Report
from byeori.core.protocols import Decision, Executor, Stopper, Store, Strategy
from byeori.core.space import Space
from byeori.core.state import State, apply
from byeori.engine.brief import Brief, Errand
from byeori.engine.budget import Budget
from byeori.engine.keeper import Keeper
from byeori.engine.unfinished import unfinished

_SECOND_CHANCE = frozenset({ev.CRASHED, ev.LOST})
_UNCOUNTED = frozenset({BASELINE, CONFIRM})
"""Whose trials come on top of those asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the loop is given: everything it calls.

    Args:
        space: Every genome proposed is replayed through it.
        strategy: The parent.
        stopper: Judges reports.
        executor: Runs jobs.
        store: The log.
        brief: Turns a proposal into a job.
        keeper: Deletes what is not worth keeping; None keeps everything.
    """

    space: Space
    strategy: Strategy
    stopper: Stopper
    executor: Executor
    store: Store
    brief: Brief
    keeper: Keeper | None = None


@dataclass(slots=True)
class _Turn:
    """What one turn of the loop gathers before its commit."""

    events: list[Event] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    cancel: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)


class Loop:
    """Runs a study's search.

    Args:
        parts: What it calls.
        state: What the log says so far; brought up to date as it runs.
        budget: When to stop.
        seed: Of the study; the randomness of trial n depends on it and on n.
        opening: Candidates proposed before the strategy is asked: the default genome first, then the baselines.
        clock: Monotonic seconds; a simulation gives its own.
    """

    def __init__(
        self,
        parts: Parts,
        state: State,
        *,
        budget: Budget,
        seed: int = 0,
        opening: Sequence[Candidate] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts = parts
        self._state = state
        self._budget = budget
        self._seed = seed
        self._opening = opening
        self._first = next((n for n, c in enumerate(opening) if c.origin.strategy != BASELINE), None)
        self._clock = clock
        self._bred = sum(1 for n in range(len(state)) if self._counts(state, n))
        self._asked_to_stop = False
        self._dry = False
        self._again_later: deque[int] = deque()
        # Paused, but not yet gone from their workers: a further attempt would write to the folder they still write to.
        self._leaving: set[int] = set()
        self._full = ""

    def stop(self) -> None:
        """Ask the loop to end after this turn; what runs stays unfinished in the log and goes on when resumed."""
        self._asked_to_stop = True

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._asked_to_stop

    def run(self, watch: Callable[[State], None] | None = None) -> None:
        """Search until the budget is spent, nothing more can be proposed, or `stop` is called.

        Args:
            watch: Called after every turn, from this thread.

        Raises:
            StoreError: The log cannot be written; what was not logged never left the parent.
            RunError: A child found the disk full.
        """
        self._resume()
        while not self._asked_to_stop:
            turn = self._gather()
            over = self._time_is_up()
            if over:
                self._cut_off(turn)
            idle = over or bool(self._full) or self._propose(turn)
            self._commit(turn)
            if self._full:
                raise RunError(no_room(self._full))
            if watch:
                watch(self._state)
            if idle and not self._state.running:
                break
        self._abandon()

    def _resume(self) -> None:
        """Tell the strategy its history; what was in flight is the first that free workers begin."""
        state = self._state
        ended = state.ended()
        if ended:
            self._parts.strategy.tell(ended)
        if self._parts.keeper:
            for number in state.ended_order:
                self._parts.keeper.ended(state, number)
        self._again_later.extend(sorted(state.running))

    def _gather(self) -> _Turn:
        """Wait for news, apply it, judge it, tell the strategy."""
        turn, state = _Turn(), self._state
        for event in self._parts.executor.poll(self._patience()):
            self._take(turn, event)
        told = [state.trial(n) for n in turn.ended if n not in state.confirms]
        if told:
            self._parts.strategy.tell(told)
        return turn

    def _patience(self) -> float:
        if not self._state.running and not self._state.paused:
            return 0.0
        return min(0.25, max(0.0, self._budget.closes(self._state) - self._clock()))

    def _take(self, turn: _Turn, event: Event) -> None:
        """Apply one event of the executor; a first crash is forgiven and begun again."""
        state = self._state
        event = Event(event.kind, event.trial, event.attempt, event.body, 0, time.time())
        if event.kind == ev.ENDED:
            self._leaving.discard(event.trial)
        if event.trial not in state.running or event.attempt != state.attempt(event.trial):
            return
        if event.kind == ev.ENDED:
            if event.data["reason"] == ev.NO_ROOM:
                # No fault of the trial's: it stays in flight, and goes on when the study is resumed.
                self._full = event.data["message"]
                return
            if event.data["reason"] in _SECOND_CHANCE and self._forgives(event) and not self._time_is_up():
                self._again(turn, event.trial)
                return
            if apply(state, event):
                turn.events.append(event)
                turn.ended.append(event.trial)
        elif apply(state, event):
            turn.events.append(event)
            for data in event.data["reports"]:
                self._judge(turn, event.trial, Report.from_json(data))

    def _forgives(self, event: Event) -> bool:
        """Say whether a crash is the trial's first; attempts after a pause are no crashes."""
        return event.attempt <= 1 + self._state.pauses(event.trial)

    def _judge(self, turn: _Turn, number: int, report: Report) -> None:
        """Let the stopper see a report; the first child of a study always ends, for the others are measured by it."""
        trial = self._state.trial(number)
        if number in self._state.confirms or trial.origin.strategy == BASELINE:
            return
        decision = self._parts.stopper.decide(trial, report)
        if number == self._first:
            return
        if decision is Decision.STOP:
            self._end(turn, number, ev.STOPPED)
        elif decision is Decision.PAUSE and trial.progress < 1.0:
            self._pause(turn, number)

    def _pause(self, turn: _Turn, number: int) -> None:
        """Set a trial aside with its checkpoint; a further attempt goes on from there."""
        event = Event.of(ev.PAUSED, {}, number, self._state.attempt(number), time.time())
        if apply(self._state, event):
            turn.events.append(event)
            turn.cancel.append(number)
            self._leaving.add(number)

    def _end(self, turn: _Turn, number: int, reason: str) -> None:
        """End a trial from here; its executor's own word comes too late and is dropped."""
        state = self._state
        event = Event.of(ev.ENDED, {"reason": reason, "message": ""}, number, state.attempt(number), time.time())
        if apply(state, event):
            turn.events.append(event)
            turn.ended.append(number)
            turn.cancel.append(number)

    def _again(self, turn: _Turn, number: int, until: float | None = None) -> None:
        """Begin a further attempt of a trial from its last checkpoint; as far as the one before, unless said."""
        state = self._state
        attempt = state.attempt(number) + 1
        event = Event.of(ev.STARTED, {} if until is None else {"until": until}, number, attempt, time.time())
        apply(state, event)
        turn.events.append(event)
        trial = state.trial(number)
        seconds = self._budget.grant(state, self._clock())
        if seconds is not None and isnan(seconds):
            self._end(turn, number, ev.DEADLINE)
            return
        weights_from, until = state.asked_for(number)
        errand = Errand(
            trial=number, genome=trial.genome, attempt=attempt, seconds=seconds, until=until, weights_from=weights_from
        )
        turn.jobs.append(self._parts.brief.job(errand))

    def _propose(self, turn: _Turn) -> bool:
        """Fill the free workers; say whether one is left for which there is nothing to do."""
        while self._parts.executor.free > len(turn.jobs):
            if self._again_later:
                number = self._again_later.popleft()
                if number in self._state.running:
                    self._again(turn, number)
                continue
            if self._promote(turn):
                continue
            baseline = self._in_opening() and self._opening[len(self._state)].origin.strategy == BASELINE
            if self._dry or (not baseline and self._budget.spent(self._bred)):
                return not self._promote(turn, last=True) and not self._leaving
            seconds = self._budget.grant(self._state, self._clock(), baseline=baseline)
            if seconds is not None and isnan(seconds):
                return True
            candidate = self._ask()
            if candidate is None:
                return not self._promote(turn, last=True) and not self._leaving
            if candidate.continues is None:
                self._begin(turn, candidate, seconds)
            else:
                self._again(turn, candidate.continues, candidate.until)
        return False

    def _promote(self, turn: _Turn, *, last: bool = False) -> bool:
        """Go on with a paused trial, if there is one that may; say whether there was.

        Going on with a trial is no new trial, so a budget of trials does not forbid it.

        Args:
            turn: Takes the job.
            last: There is nothing new to begin any more.
        """
        state = self._state
        paused = state.paused - self._leaving
        if not paused:
            return False
        seconds = self._budget.grant(state, self._clock())
        if seconds is not None and isnan(seconds):
            return False
        number = self._parts.stopper.promote(paused)
        if number is None and last and not state.running:
            number = unfinished(state, paused, opening=len(self._opening))
        if number is None:
            return False
        self._again(turn, number)
        return True

    def _in_opening(self) -> bool:
        return len(self._state) < len(self._opening)

    def _ask(self) -> Candidate | None:
        state, number = self._state, len(self._state)
        if self._in_opening():
            return self._opening[number]
        pending = [*state.pending(), *state.aside()] if state.paused else state.pending()
        answer = self._parts.strategy.ask(1, rng_of(self._seed, "ask", number), pending)
        if answer:
            return answer[0]
        self._dry = not pending
        return None

    def _begin(self, turn: _Turn, candidate: Candidate, seconds: float | None) -> None:
        state, number = self._state, len(self._state)
        genome = replay(self._parts.space, candidate.genome)
        body = {"genome": genome, "origin": candidate.origin.to_json()}
        if candidate.weights_from is not None:
            body["weights_from"] = candidate.weights_from
        if candidate.until < 1.0:
            body["until"] = candidate.until
        event = Event.of(ev.PROPOSED, body, number, 1, time.time())
        apply(state, event)
        turn.events.append(event)
        if candidate.origin.strategy not in _UNCOUNTED:
            self._bred += 1
        errand = Errand(
            trial=number,
            genome=genome,
            seconds=seconds,
            until=candidate.until,
            weights_from=candidate.weights_from,
        )
        turn.jobs.append(self._parts.brief.job(errand))

    def _commit(self, turn: _Turn) -> None:
        """Log first; then let it out of the house."""
        if turn.events:
            self._parts.store.append(turn.events)
        for number in turn.cancel:
            self._parts.executor.cancel(number)
        for job in turn.jobs:
            # not what was forgiven a crash and cut off by the deadline in one turn
            if job.trial in self._state.running and job.attempt == self._state.attempt(job.trial):
                self._parts.executor.submit(job)
        if self._parts.keeper:
            for number in turn.ended:
                self._parts.keeper.ended(self._state, number)

    def _time_is_up(self) -> bool:
        return self._clock() >= self._budget.closes(self._state)

    def _cut_off(self, turn: _Turn) -> None:
        """Time is up: what still runs ends with the model it has."""
        for number in sorted(self._state.running):
            self._end(turn, number, ev.DEADLINE)

    def _abandon(self) -> None:
        """Stop the workers without a word in the log: what they did goes on when the study is resumed."""
        for number in list(self._state.running):
            self._parts.executor.cancel(number)

    @staticmethod
    def _counts(state: State, number: int) -> bool:
        return state.trial(number).origin.strategy not in _UNCOUNTED
