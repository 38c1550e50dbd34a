from __future__ import annotations

import math

import pytest

from byeori.core import events as ev
from byeori.core.events import KINDS, REASONS, Event
from byeori.core.jobs import Candidate, Job, Origin, Report
from byeori.core.state import _APPLY, ENDED, PAUSED, RUNNING, State, apply

ORIGIN = Origin(strategy="random").to_json()


def proposed(number: int, genome: object = None) -> Event:
    return Event.of(ev.PROPOSED, {"genome": genome or {"x": number}, "origin": ORIGIN}, number)


def reported(number: int, value: float | None, attempt: int = 1, **facts: object) -> Event:
    report = Report(step=1, progress=0.5, value=value, seconds=2.0, facts=facts)
    return Event.of(ev.REPORTED, {"reports": [report.to_json()]}, number, attempt)


def ended(number: int, reason: str = ev.DONE, attempt: int = 1) -> Event:
    return Event.of(ev.ENDED, {"reason": reason, "message": "", "seconds": 3.0}, number, attempt)


def after(*events: Event, maximize: bool = False) -> State:
    state = State(maximize=maximize)
    for event in events:
        apply(state, event)
    return state


def test_every_kind_of_event_can_be_applied():
    assert set(_APPLY) == set(KINDS)


def test_a_trial_from_proposal_to_end():
    state = after(proposed(0), reported(0, 0.25, params=10), ended(0))
    trial = state.trial(0)
    assert (trial.status, trial.reason, trial.value, trial.loss) == (ENDED, ev.DONE, 0.25, 0.25)
    assert trial.genome == {"x": 0}
    assert trial.facts == {"params": 10}
    assert trial.seconds == 3.0
    assert state.best == 0
    assert not state.running


def test_the_last_value_that_is_not_none_counts():
    state = after(proposed(0), reported(0, 0.5), reported(0, 0.4), reported(0, None), ended(0))
    assert state.value(0) == pytest.approx(0.4)


def test_a_metric_that_is_maximised_has_the_negative_as_loss():
    events = [proposed(0), proposed(1), reported(0, 0.5), reported(1, 0.9), ended(0), ended(1)]
    state = after(*events, maximize=True)
    assert state.best == 1
    assert state.loss(1) == -0.9
    assert state.top(5) == [1, 0]


def test_the_earlier_of_two_equals_is_the_best():
    state = after(proposed(0), proposed(1), reported(1, 0.5), ended(1), reported(0, 0.5), ended(0))
    assert state.top(2) == [0, 1]


@pytest.mark.parametrize("reason", [ev.DIVERGED, ev.OUT_OF_MEMORY, ev.CRASHED, ev.FAILED, ev.LIMIT, ev.LOST])
def test_a_trial_that_failed_has_no_value_whatever_it_reported(reason):
    state = after(proposed(0), reported(0, 0.5), ended(0, reason))
    assert math.isnan(state.value(0))
    assert state.loss(0) == math.inf
    assert state.best is None


@pytest.mark.parametrize("reason", [ev.DEADLINE, ev.STOPPED, ev.CANCELLED, ev.HUNG])
def test_a_trial_that_was_cut_off_keeps_the_model_it_has(reason):
    state = after(proposed(0), reported(0, 0.5), ended(0, reason))
    assert state.value(0) == 0.5


def test_every_reason_survives_the_state():
    for number, reason in enumerate(REASONS):
        events = [e for n in range(number + 1) for e in (proposed(n),)]
        assert after(*events, ended(number, reason)).trial(number).reason == reason


def test_a_late_word_of_an_attempt_that_was_given_up_is_dropped():
    state = after(proposed(0), Event.of(ev.STARTED, {}, 0, 2))
    assert not apply(state, reported(0, 0.1, attempt=1))
    assert not apply(state, ended(0, attempt=1))
    assert state.trial(0).status == RUNNING
    assert apply(state, reported(0, 0.3, attempt=2))
    assert apply(state, ended(0, attempt=2))
    assert state.value(0) == pytest.approx(0.3)


def test_a_trial_ends_once():
    state = after(proposed(0), reported(0, 0.5), ended(0))
    assert not apply(state, ended(0, ev.CRASHED))
    assert not apply(state, Event.of(ev.STARTED, {}, 0, 2))
    assert len(state.ended()) == 1
    assert state.value(0) == 0.5


def test_a_paused_trial_goes_on():
    state = after(proposed(0), reported(0, 0.5), Event.of(ev.PAUSED, {}, 0))
    assert state.trial(0).status == PAUSED
    assert 0 not in state.running
    apply(state, Event.of(ev.STARTED, {}, 0, 2))
    assert state.trial(0).status == RUNNING


def test_a_gap_in_the_log_is_refused():
    with pytest.raises(ValueError, match="gap"):
        after(proposed(1))


def test_ended_trials_are_seen_in_the_order_they_ended_and_sliced():
    events = [proposed(0), proposed(1), proposed(2), ended(2), ended(0)]
    views = after(*events).ended()
    assert [t.number for t in views] == [2, 0]
    assert [t.number for t in views[-1:]] == [0]


def test_an_unknown_trial_is_an_index_error():
    with pytest.raises(IndexError, match="No trial 3"):
        after(proposed(0)).trial(3)


def test_events_of_the_study():
    state = after(
        Event.of(ev.ASKED, {"direction": "maximize", "metric": "accuracy"}, time=5.0),
        Event.of(ev.BUDGET, {"trials": 3}),
        Event.of(ev.PRECISION, {"precision": "bf16", "why": "faster"}),
        Event.of(ev.TEST_OPENED, {"what": ["winner"]}, time=7.0),
        Event.of(ev.FINISHED, {"seconds": 2.0}, time=8.0),
    )
    assert state.maximize
    assert state.budget == {"trials": 3}
    assert state.precision == "bf16"
    assert state.opened == [(7.0, {"what": ["winner"]})]
    assert state.finished == 8.0
    assert (state.first_time, state.last_time, state.applied) == (5.0, 8.0, 5)


def test_records_come_back_from_json():
    job = Job(trial=1, learner="a:b", family="c:d", genome={"x": 1}, prepared="p", out="o", folds=(0, 1))
    report = Report(step=2, progress=0.5, metrics={"valid": {"loss": 1.0}}, value=0.5, memory=7, facts={"params": 3})
    origin = Origin(strategy="evolution", parents=(1, 2), changed=("a.b",))
    assert Job.from_json(job.to_json()) == job
    assert Report.from_json(report.to_json()) == report
    assert Origin.from_json(origin.to_json()) == origin


def test_records_check_themselves():
    with pytest.raises(ValueError, match="until"):
        Candidate(genome={}, origin=Origin(strategy="x"), until=0.0)
    with pytest.raises(ValueError, match="train"):
        Job(trial=0, what="dance", learner="", family="", genome={}, prepared="", out="")


def test_seconds_of_all_attempts_count():
    again = Event.of(ev.STARTED, {}, 0, 2)
    state = after(proposed(0), reported(0, 0.5), again, reported(0, 0.4, attempt=2))
    assert state.trial(0).seconds == 4.0
    apply(state, ended(0, attempt=2))
    assert state.trial(0).seconds == 5.0
