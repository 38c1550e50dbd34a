from __future__ import annotations

import time

import pytest

from byeori.core import events as ev
from byeori.core.errors import Diverged, GenomeError, StoreError
from byeori.core.events import Event
from byeori.core.jobs import Candidate, Origin, Report
from byeori.core.protocols import Decision
from byeori.core.state import State
from byeori.engine.budget import Budget
from byeori.engine.replay import replay_log
from byeori.stores.memory import MemoryStore


def genomes(state: State) -> list[object]:
    return [trial.genome for trial in state.trials()]


def facts(state: State) -> list[tuple[object, ...]]:
    return [(t.number, t.genome["x"], t.status, t.reason, t.value, t.attempt) for t in state.trials()]


def test_a_search_runs_its_trials_and_finds_the_best(make_loop):
    loop, state, _ = make_loop(trials=30)
    loop.run()
    assert len(state) == 30
    assert all(t.reason == ev.DONE for t in state.trials())
    assert state.best == min(range(30), key=lambda n: (state.value(n), n))


def test_the_log_replayed_is_the_state(make_loop):
    loop, state, store = make_loop(trials=12, slots=3)
    loop.run()
    again = replay_log(store)
    assert facts(again) == facts(state)
    assert list(again.ended_order) == list(state.ended_order)
    assert again.best == state.best


def test_the_same_seed_gives_the_same_study_whatever_the_slots(make_loop):
    first, one, _ = make_loop(trials=12)
    second, many, _ = make_loop(trials=12, slots=5)
    other, different, _ = make_loop(trials=12, seed=1)
    for loop in (first, second, other):
        loop.run()
    assert genomes(one) == genomes(many)
    assert genomes(one) != genomes(different)


def test_the_opening_comes_first_and_baselines_are_on_top(make_loop, opening):
    loop, state, _ = make_loop(trials=3, opening=opening)
    loop.run()
    assert [t.origin.strategy for t in state.trials()] == ["default", "baseline", "random", "random"]


def test_a_child_that_fails_costs_one_trial_and_no_study(make_loop):
    def fails(job):
        if job.trial == 2:
            raise Diverged("the loss is not a number")
        yield Report(step=1, progress=1.0, value=1.0)

    loop, state, _ = make_loop(trials=5, run=fails)
    loop.run()
    assert state.trial(2).reason == ev.DIVERGED
    assert sum(t.reason == ev.DONE for t in state.trials()) == 4


def test_a_genome_the_space_does_not_allow_is_refused_by_name(make_loop):
    wrong = (Candidate(genome={"x": 7.0}, origin=Origin(strategy="default")),)
    loop, _, _ = make_loop(opening=wrong)
    with pytest.raises(GenomeError, match="x"):
        loop.run()


class Once:
    """Stops every trial at its first report, and remembers what it saw."""

    def __init__(self, decision: Decision = Decision.STOP) -> None:
        self.decision = decision
        self.seen: list[int] = []

    def decide(self, trial, report):
        self.seen.append(trial.number)
        return self.decision

    def promote(self, paused):
        return None


def slow(job):
    for step in range(5):
        yield Report(step=step, progress=step / 5, value=1.0 - step / 10)


def test_a_stopper_ends_a_trial_and_the_value_it_has_stays(make_loop):
    loop, state, _ = make_loop(trials=3, run=slow, stopper=Once())
    loop.run()
    assert {t.reason for t in state.trials()} == {ev.STOPPED}
    assert all(t.value == 1.0 for t in state.trials())


def test_a_stopper_sees_every_report_again_in_a_replay(make_loop):
    stopper = Once(Decision.GO_ON)
    loop, _, store = make_loop(trials=3, run=slow, stopper=stopper)
    loop.run()
    again = Once(Decision.GO_ON)
    replay_log(store, again)
    assert again.seen == stopper.seen


class Continuing:
    """Proposes one trial, lets it be paused, and goes on with it."""

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, n, rng, pending):
        self.asked += 1
        origin = Origin(strategy="continuing")
        if self.asked == 1:
            return [Candidate(genome={"x": 0.1}, origin=origin, until=0.5)]
        return [Candidate(genome={"x": 0.1}, origin=origin, continues=0)] if self.asked == 2 else []

    def tell(self, ended):
        pass


class PauseOnce:
    def __init__(self) -> None:
        self.paused = False

    def decide(self, trial, report):
        if self.paused:
            return Decision.GO_ON
        self.paused = True
        return Decision.PAUSE

    def promote(self, paused):
        return None


def test_a_paused_trial_is_continued_as_a_further_attempt(make_loop):
    loop, state, _ = make_loop(run=slow, strategy=Continuing(), stopper=PauseOnce(), trials=5)
    loop.run()
    assert len(state) == 1
    trial = state.trial(0)
    assert (trial.attempt, trial.reason) == (2, ev.DONE)


class Dying:
    """An executor whose first attempt of every trial dies with its worker."""

    free = 1

    def __init__(self) -> None:
        self.jobs = []

    def submit(self, job):
        self.jobs.append(job)
        self.free = 0

    def poll(self, timeout):
        jobs, self.jobs, self.free = self.jobs, [], 1
        events = []
        for job in jobs:
            reason = ev.CRASHED if job.attempt == 1 else ev.DONE
            events.append(Event.of(ev.ENDED, {"reason": reason, "message": ""}, job.trial, job.attempt))
        return events

    def cancel(self, trial):
        pass

    def close(self):
        pass


def test_a_worker_that_dies_is_forgiven_once(make_loop):
    loop, state, _ = make_loop(trials=2, executor=Dying())
    loop.run()
    assert [(t.attempt, t.reason) for t in state.trials()] == [(2, ev.DONE), (2, ev.DONE)]


def test_a_killed_study_goes_on_and_repeats_only_what_was_in_flight(make_loop):
    straight, expected, _ = make_loop(trials=10)
    straight.run()

    store = MemoryStore()
    loop, _, _ = make_loop(trials=10, store=store)
    loop.run()
    events = list(store.read())
    for cut in range(1, len(events)):
        half = MemoryStore()
        half.append([Event(e.kind, e.trial, e.attempt, e.body, 0, e.time) for e in events[:cut]])
        state = replay_log(half)
        was_ended = {t.number: t.value for t in state.ended()}
        again, state, _ = make_loop(trials=10, store=half, state=state)
        again.run()
        assert genomes(state) == genomes(expected)
        assert sorted(state.ended_order) == list(range(10))
        assert all(state.value(n) == v for n, v in was_ended.items())
        assert sum(t.attempt for t in state.trials()) <= 11


def test_a_log_that_cannot_be_written_lets_nothing_out(make_loop):
    class Full(MemoryStore):
        def append(self, events):
            raise StoreError("The disk is full.")

    done = []
    loop, _, _ = make_loop(store=Full(), run=lambda job: done.append(job) or iter(()))
    with pytest.raises(StoreError):
        loop.run()
    assert not done


def test_stop_leaves_what_runs_unfinished_in_the_log(make_loop):
    loop, state, store = make_loop(trials=100, run=slow)
    loop.run(lambda s: loop.stop() if len(s) == 3 else None)
    assert len(state) == 3
    assert state.running
    assert replay_log(store).running.keys() == state.running.keys()


def endless(job):
    step = 0
    while True:
        step += 1
        time.sleep(0.01)
        yield Report(step=step, progress=0.1, value=1.0 / step)


def test_when_time_is_up_what_runs_ends_with_the_model_it_has(make_loop):
    loop, state, _ = make_loop(run=endless, budget=Budget(ends=time.monotonic() + 1.0))
    loop.run()
    assert state.trial(0).reason == ev.DEADLINE
    assert state.trial(0).value < 0.5


def test_a_strategy_with_nothing_more_to_propose_ends_the_search(make_loop):
    class Two:
        left = 2

        def ask(self, n, rng, pending):
            self.left -= 1
            return [Candidate(genome={"x": 0.0}, origin=Origin(strategy="two"))] if self.left >= 0 else []

        def tell(self, ended):
            pass

    loop, state, _ = make_loop(strategy=Two(), trials=100)
    loop.run()
    assert len(state) == 2
