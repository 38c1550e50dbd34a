from __future__ import annotations

import math

import pytest

from byeori.core import events as ev
from byeori.core.errors import OptionError
from byeori.core.events import Event
from byeori.core.jobs import Origin, Report
from byeori.core.state import State, apply
from byeori.engine.budget import Budget, finish_reserve
from byeori.engine.keeper import Keeper, trial_folder


def study(*seconds: float) -> State:
    state = State()
    for number, took in enumerate(seconds):
        origin = Origin(strategy="random").to_json()
        apply(state, Event.of(ev.PROPOSED, {"genome": {"x": 1}, "origin": origin}, number))
        report = Report(step=1, progress=1.0, value=float(number)).to_json()
        apply(state, Event.of(ev.REPORTED, {"reports": [report]}, number))
        apply(state, Event.of(ev.ENDED, {"reason": ev.DONE, "message": "", "seconds": took}, number))
    return state


def test_without_a_limit_a_child_takes_as_long_as_it_takes():
    assert Budget(trials=3).grant(State(), 0.0) is None


def test_the_default_genome_may_use_all_there_is():
    assert Budget(ends=100.0).grant(State(), 10.0) == 90.0


def test_later_children_get_a_multiple_of_what_the_default_took():
    assert Budget(ends=100.0).grant(study(8.0), 10.0) == pytest.approx(20.0)
    assert Budget(ends=100.0).grant(study(60.0), 70.0) == pytest.approx(30.0)


def test_none_is_begun_that_would_be_squeezed_too_much():
    assert math.isnan(Budget(ends=100.0).grant(study(60.0), 90.0))
    assert math.isnan(Budget(ends=100.0).grant(State(), 99.9))


def test_a_baseline_gets_a_small_share():
    assert Budget(ends=100.0).grant(State(), 0.0, baseline=True) == pytest.approx(10.0)


def test_the_reserve_closes_the_search_early():
    budget = Budget(ends=100.0, reserve=lambda state: 5.0 + len(state))
    assert budget.closes(State()) == 95.0
    assert budget.closes(study(1.0)) == 94.0
    assert Budget(trials=1).closes(State()) == math.inf


def test_a_study_of_no_trials_is_refused():
    with pytest.raises(OptionError, match="1 trial"):
        Budget(trials=0)


def test_the_reserve_grows_with_what_it_must_pay_for():
    assert finish_reserve(10.0, predict=0.1) < finish_reserve(10.0, predict=2.0) < finish_reserve(100.0, predict=2.0)


def folders(state, root):
    for number in range(len(state)):
        folder = trial_folder(root, number)
        folder.mkdir(parents=True)
        (folder / "weights").write_bytes(b"x" * 1000)
    return {n for n in range(len(state)) if trial_folder(root, n).exists()}


def test_only_the_best_are_kept_on_disk(tmp_path):
    state = study(*[1.0] * 9)
    folders(state, tmp_path)
    keeper = Keeper(tmp_path, 3, safe=1)
    for number in state.ended_order:
        keeper.ended(state, number)
    assert {n for n in range(9) if trial_folder(tmp_path, n).exists()} == {0, 1, 2, 3}


def test_a_limit_on_disk_is_kept_as_children_end(tmp_path):
    state = study(*[1.0] * 9)
    folders(state, tmp_path)
    keeper = Keeper(tmp_path, room=2500)
    for number in state.ended_order:
        keeper.ended(state, number)
    assert {n for n in range(9) if trial_folder(tmp_path, n).exists()} == {0, 1}


def test_a_limit_on_disk_counts_the_latest_too(tmp_path):
    state = study(*[float(n) for n in range(9)])
    folders(state, tmp_path)
    keeper = Keeper(tmp_path, room=2500, latest=50)
    for number in state.ended_order:
        keeper.ended(state, number)
        assert sum(trial_folder(tmp_path, n).exists() for n in range(number + 1)) <= 2
    assert trial_folder(tmp_path, 0).exists(), "the best stays"


def test_a_child_without_a_value_is_not_kept(tmp_path):
    state = study(1.0)
    apply(state, Event.of(ev.PROPOSED, {"genome": {}, "origin": Origin(strategy="r").to_json()}, 1))
    apply(state, Event.of(ev.ENDED, {"reason": ev.CRASHED, "message": ""}, 1))
    folders(state, tmp_path)
    keeper = Keeper(tmp_path)
    keeper.ended(state, 0)
    keeper.ended(state, 1)
    assert trial_folder(tmp_path, 0).exists()
    assert not trial_folder(tmp_path, 1).exists()


def test_spare_time_is_kept_from_those_who_begin_not_from_those_who_run():
    budget = Budget(ends=100.0, reserve=lambda state: 5.0, spare=lambda state: 20.0)
    assert budget.closes(State()) == 95.0
    assert budget.grant(State(), 0.0) == 75.0


def test_the_latest_stay_for_a_parent_that_hands_on_weights(tmp_path):
    state = study(*[float(n) for n in range(9)])
    folders(state, tmp_path)
    keeper = Keeper(tmp_path, 2, latest=3)
    for number in state.ended_order:
        keeper.ended(state, number)
    assert {n for n in range(9) if trial_folder(tmp_path, n).exists()} == {0, 1, 6, 7, 8}
