"""Pausing, promotion, and what a further attempt of a trial is told."""

from __future__ import annotations

import pytest

from byeori.core import events as ev
from byeori.core.events import Event
from byeori.core.jobs import Candidate, Origin, Report
from byeori.core.protocols import Decision
from byeori.engine.replay import replay_log
from byeori.engine.unfinished import unfinished
from byeori.stores.memory import MemoryStore


class Remembering:
    """An executor that does nothing of itself: what it is to say is said to it."""

    def __init__(self, free: int = 1) -> None:
        self.free = free
        self.jobs = []
        self.cancelled = []
        self.says = []

    def submit(self, job):
        self.jobs.append(job)
        self.free -= 1

    def poll(self, timeout):
        said, self.says = self.says, []
        self.free += sum(event.kind == ev.ENDED for event in said)
        return said

    def cancel(self, trial):
        self.cancelled.append(trial)

    def close(self):
        pass


class Heirs:
    """Proposes trials that inherit weights and train a quarter."""

    def __init__(self) -> None:
        self.pending = []

    def ask(self, n, rng, pending):
        self.pending.append([(trial.number, trial.status) for trial in pending])
        return [Candidate(genome={"x": rng.random()}, origin=Origin(strategy="heirs"), weights_from=7, until=0.25)]

    def tell(self, ended):
        pass


class Pausing:
    """Pauses every trial at half, and promotes those it is told to."""

    def __init__(self, *may: int) -> None:
        self.may = list(may)

    def decide(self, trial, report):
        return Decision.PAUSE if report.progress == 0.5 else Decision.GO_ON

    def promote(self, paused):
        return next((number for number in self.may if number in paused), None)


def ended(trial, attempt, reason=ev.DONE):
    return Event.of(ev.ENDED, {"reason": reason, "message": ""}, trial, attempt)


def reported(trial, attempt, progress, value):
    return Event.of(
        ev.REPORTED, {"reports": [Report(step=1, progress=progress, value=value).to_json()]}, trial, attempt
    )


def step(loop, executor, *events):
    """One turn of a loop, in which the executor says some events."""
    executor.says.extend(events)
    turn = loop._gather()
    loop._propose(turn)
    loop._commit(turn)


def test_a_trial_begun_again_after_a_crash_knows_its_donor_and_its_end(make_loop):
    executor = Remembering()
    loop, _, _ = make_loop(executor=executor, strategy=Heirs(), trials=1)
    step(loop, executor)
    step(loop, executor, ended(0, 1, ev.CRASHED))
    assert [(job.attempt, job.until, job.weights_from) for job in executor.jobs] == [(1, 0.25, "7"), (2, 0.25, "7")]


def test_a_resumed_study_knows_donor_and_end_of_what_was_in_flight(make_loop):
    first = Remembering()
    loop, _, store = make_loop(executor=first, strategy=Heirs(), trials=1)
    step(loop, first)
    again = Remembering()
    state = replay_log(store)
    assert state.asked_for(0) == (7, 0.25)
    loop, _, _ = make_loop(executor=again, strategy=Heirs(), trials=1, store=store, state=state)
    loop.run(lambda state: loop.stop())
    assert [(job.attempt, job.until) for job in again.jobs] == [(2, 0.25)]


def test_a_candidate_that_continues_says_how_far_and_the_log_remembers(make_loop):
    class Further(Heirs):
        def ask(self, n, rng, pending):
            found = super().ask(n, rng, pending)
            if len(self.pending) == 1:
                return found
            return [Candidate(genome=found[0].genome, origin=found[0].origin, continues=0, until=0.75)]

    executor = Remembering()
    loop, _, store = make_loop(executor=executor, strategy=Further(), stopper=Pausing(), trials=2)
    step(loop, executor)
    step(loop, executor, reported(0, 1, 0.5, 1.0))
    step(loop, executor, ended(0, 1, ev.CANCELLED))
    assert (executor.jobs[-1].attempt, executor.jobs[-1].until) == (2, 0.75)
    assert replay_log(store).asked_for(0) == (7, 0.75)


def test_a_promotion_comes_before_the_strategy_and_after_the_worker_has_let_go(make_loop):
    executor, strategy = Remembering(2), Heirs()
    loop, state, _ = make_loop(executor=executor, strategy=strategy, stopper=Pausing(0), trials=9)
    step(loop, executor)
    assert [job.trial for job in executor.jobs] == [0, 1]
    step(loop, executor, reported(0, 1, 0.5, 1.0))
    assert executor.cancelled == [0]
    assert state.status(0) == "paused"
    assert len(executor.jobs) == 2, "its first attempt still writes to its folder"
    step(loop, executor, ended(0, 1, ev.CANCELLED))
    assert [(job.trial, job.attempt) for job in executor.jobs] == [(0, 1), (1, 1), (0, 2)]


def test_what_is_paused_is_still_in_flight_to_a_strategy(make_loop):
    executor, strategy = Remembering(), Heirs()
    loop, _, _ = make_loop(executor=executor, strategy=strategy, stopper=Pausing(), trials=9)
    step(loop, executor)
    step(loop, executor, reported(0, 1, 0.5, 1.0))
    step(loop, executor, ended(0, 1, ev.CANCELLED))
    assert strategy.pending == [[], [(0, "paused")]]


def test_a_worker_that_crashes_while_it_is_called_off_begins_nothing_again(make_loop):
    executor = Remembering()
    loop, state, _ = make_loop(executor=executor, strategy=Heirs(), stopper=Pausing(), trials=9)
    step(loop, executor)
    step(loop, executor, reported(0, 1, 0.5, 1.0), ended(0, 1, ev.CRASHED))
    assert state.status(0) == "paused"
    assert state.attempt(0) == 1


def test_the_first_crash_after_a_pause_is_forgiven_and_the_second_is_not(make_loop):
    executor = Remembering()
    loop, state, _ = make_loop(executor=executor, strategy=Heirs(), stopper=Pausing(0), trials=1)
    step(loop, executor)
    step(loop, executor, reported(0, 1, 0.5, 1.0), ended(0, 1, ev.CANCELLED))
    step(loop, executor, ended(0, 2, ev.CRASHED))
    assert state.status(0) == "running"
    step(loop, executor, ended(0, 3, ev.CRASHED))
    assert (state.status(0), state.trial(0).reason) == ("ended", ev.CRASHED)


def test_the_first_child_of_a_study_is_not_paused(make_loop, opening):
    executor = Remembering()
    loop, state, _ = make_loop(executor=executor, stopper=Pausing(), trials=1, opening=opening[:1])
    step(loop, executor)
    step(loop, executor, reported(0, 1, 0.5, 1.0))
    assert state.status(0) == "running"


def steps(job):
    """A training whose value falls; a later attempt goes on in the middle."""
    for at in range(1 if job.attempt == 1 else 6, 11):
        yield Report(step=at, progress=at / 10, value=job.genome["x"] ** 2 + 1.0 - at / 10)


@pytest.mark.parametrize("slots", [1, 3])
def test_at_the_end_the_best_of_the_paused_is_trained_whole(make_loop, slots):
    loop, state, store = make_loop(run=steps, stopper=Pausing(), trials=20, slots=slots)
    loop.run()
    assert len(state) == 20, "going on is no new trial"
    best = min(range(20), key=lambda n: state.trial(n).genome["x"] ** 2)
    assert state.best == best
    assert state.trial(best).reason == ev.DONE
    assert len(state.paused) == 19
    assert replay_log(store).best == best


def test_a_paused_trial_may_be_the_best_and_may_lose_it_again(make_loop):
    executor = Remembering(2)
    loop, state, _ = make_loop(executor=executor, strategy=Heirs(), stopper=Pausing(0), trials=2)
    step(loop, executor)
    step(loop, executor, reported(0, 1, 0.5, 1.0), reported(1, 1, 0.5, 2.0))
    assert state.best == 0
    step(loop, executor, ended(0, 1, ev.CANCELLED), ended(1, 1, ev.CANCELLED))
    step(loop, executor, reported(0, 2, 1.0, 3.0), ended(0, 2))
    assert state.best == 1


def test_enough_are_whole_when_one_in_a_hundred_is(make_loop):
    loop, state, _ = make_loop(run=steps, stopper=Pausing(), trials=101)
    loop.run()
    assert sum(t.status == "ended" for t in state.trials()) == 2
    assert unfinished(state, set()) is None
    assert unfinished(state, state.paused) is None
    store = MemoryStore()
    store.append([])
    assert unfinished(replay_log(store), ()) is None
