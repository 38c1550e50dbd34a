from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from byeori._util.seeds import seed_of
from byeori.core.errors import Diverged
from byeori.core.jobs import CONFIRM, Report
from byeori.core.protocols import Decision
from byeori.core.state import State
from byeori.engine.budget import Budget
from byeori.engine.confirm import Confirming, confirmed
from byeori.engine.replay import replay_log
from byeori.strategies.random import RandomSearch


class Told(RandomSearch):
    """Random search that remembers what it was told and what was in flight when it was asked."""

    def __init__(self, space) -> None:
        super().__init__(space)
        self.numbers: list[int] = []

    def ask(self, n, rng, pending):
        self.numbers += [trial.number for trial in pending]
        return super().ask(n, rng, pending)

    def tell(self, ended):
        self.numbers += [trial.number for trial in ended]
        super().tell(ended)


def noisy(job):
    """The square and noise: the winner of many was lucky."""
    noise = (seed_of("noise", job.trial) % 1000) / 1000
    yield Report(step=1, progress=1.0, value=job.genome["x"] ** 2 + noise)


@pytest.fixture
def study(make_loop):
    """40 trials searched, the five best evaluated three times more."""
    loop, state, store = make_loop(trials=40, run=noisy, slots=4)
    loop.run()
    again, _, _ = make_loop(run=noisy, store=store, state=state, strategy=Confirming(state, 5, 3), budget=Budget())
    best = state.best
    again.run()
    assert state.best == best, "the search's own winner is what it was"
    return state, store


def test_the_best_are_evaluated_again_and_ranked_by_their_mean(study):
    state, _ = study
    assert Counter(state.confirms.values()) == dict.fromkeys(state.top(5), 3)
    assert all(state.trial(n).origin.strategy == CONFIRM for n in state.confirms)
    rows = confirmed(state)
    assert [row.number for row in rows] != state.top(5), "luck does not last"
    assert [row.mean for row in rows] == sorted(row.mean for row in rows)
    for row in rows:
        values = [state.value(n) for n, parent in state.confirms.items() if parent == row.number]
        low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
        assert (row.mean, row.low, row.high, row.n) == pytest.approx((np.mean(values), low, high, 3))


def test_a_replay_says_the_same(study):
    state, store = study
    again = replay_log(store)
    assert (again.confirms, again.best, again.top(40)) == (state.confirms, state.best, state.top(40))
    assert confirmed(again) == confirmed(state)


def test_no_strategy_and_no_stopper_hears_of_them(study, make_loop):
    _, store = study

    class Strict:
        def decide(self, trial, report):
            assert trial.origin.strategy != CONFIRM
            return Decision.GO_ON

        def promote(self, paused):
            return None

    state = replay_log(store, Strict())
    loop, _, _ = make_loop(trials=45, store=store, state=state, run=noisy)
    told = Told(loop._parts.space)
    loop._parts = replace(loop._parts, strategy=told)
    loop.run()
    assert len(state) == 40 + 15 + 5, "they come on top of the trials asked for"
    assert set(told.numbers).isdisjoint(state.confirms)
    assert set(state.top(100)).isdisjoint(state.confirms)


@pytest.mark.parametrize("cut", [1, 8, 20, 40])
def test_killed_while_it_confirms_it_goes_on(study, make_loop, cut):
    whole, store = study
    events = list(store.read())
    half = type(store)()
    half.append(events[:-cut])
    state = replay_log(half)
    loop, _, _ = make_loop(run=noisy, store=half, state=state, strategy=Confirming(state, 5, 3), budget=Budget())
    loop.run()
    assert confirmed(state) == confirmed(whole)


def test_evaluations_that_fail_are_no_values(make_loop):
    def fails(job):
        if job.trial in (5, 6, 8):
            raise Diverged("no number")
        yield Report(step=1, progress=1.0, value=float(job.trial))

    loop, state, store = make_loop(trials=5, run=fails)
    loop.run()
    again, _, _ = make_loop(run=fails, store=store, state=state, strategy=Confirming(state, 2, 2), budget=Budget())
    again.run()
    rows = confirmed(state)
    assert [(row.number, row.n) for row in rows] == [(0, 1), (1, 0)]
    assert rows[0].mean == 7.0
    assert math.isnan(rows[0].low)
    assert math.isnan(rows[1].mean)


def test_a_larger_value_can_be_better():
    assert confirmed(State(maximize=True)) == []
