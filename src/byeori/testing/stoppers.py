"""A conformance suite for stoppers: inherit `StopperConformance`, give `make`, and pytest does the rest."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan

import pytest

from byeori.core.jobs import Origin, Report
from byeori.core.protocols import Decision, Stopper
from byeori.core.state import RUNNING, Trial

_TRIALS = 20
_STEPS = 54


class StopperConformance:
    """What every stopper keeps to.

    Example:
        >>> from byeori.stoppers.never import Never
        >>> class TestNever(StopperConformance):
        ...     def make(self, maximize):
        ...         return Never(maximize=maximize)
    """

    def make(self, maximize: bool) -> Stopper:
        """Return a new stopper; a subclass says how."""
        raise NotImplementedError("Return a new stopper from `make`.")

    @pytest.mark.parametrize("maximize", [False, True])
    def test_it_answers_with_a_decision(self, maximize: bool) -> None:
        assert isinstance(self.make(maximize).decide(_trial(0), _report(1, 0.5)), Decision)

    @pytest.mark.parametrize("maximize", [False, True])
    def test_the_same_reports_bring_the_same_decisions(self, maximize: bool) -> None:
        assert _Played(self.make(maximize), maximize).said == _Played(self.make(maximize), maximize).said

    def test_less_and_more_are_judged_alike(self) -> None:
        assert _Played(self.make(False), False).said == _Played(self.make(True), True).said

    @pytest.mark.parametrize("maximize", [False, True])
    def test_a_replay_of_the_log_knows_what_the_live_one_did(self, maximize: bool) -> None:
        live = self.make(maximize)
        played = _Played(live, maximize)
        again = self.make(maximize)
        for trial, report in played.log:
            again.decide(_trial(trial), report)
        assert again.promote(played.paused) == live.promote(played.paused)
        later = [(_trial(100), _report(step, 0.0)) for step in range(1, _STEPS)]
        assert [again.decide(*one) for one in later] == [live.decide(*one) for one in later]

    @pytest.mark.parametrize("maximize", [False, True])
    def test_a_lone_trial_is_not_stopped(self, maximize: bool) -> None:
        stopper, sign = self.make(maximize), -1.0 if maximize else 1.0
        decisions = [stopper.decide(_trial(0), _report(step, sign / step)) for step in range(1, _STEPS + 1)]
        assert Decision.STOP not in decisions

    @pytest.mark.parametrize("maximize", [False, True])
    def test_a_report_without_a_value_is_survived(self, maximize: bool) -> None:
        stopper = self.make(maximize)
        assert isinstance(stopper.decide(_trial(0), Report(step=1, progress=0.1)), Decision)
        assert isinstance(stopper.decide(_trial(1), _report(1, nan)), Decision)

    @pytest.mark.parametrize("maximize", [False, True])
    def test_the_best_trial_of_many_is_never_lost(self, maximize: bool) -> None:
        played = _Played(self.make(maximize), maximize)
        assert Decision.STOP not in played.said[0]
        assert 0 in played.whole or 0 in played.paused

    @pytest.mark.parametrize("maximize", [False, True])
    def test_a_training_that_is_over_is_neither_stopped_nor_paused(self, maximize: bool) -> None:
        stopper, sign = self.make(maximize), -1.0 if maximize else 1.0
        for number in range(_TRIALS):
            report = Report(step=1, progress=1.0, value=sign * number)
            assert stopper.decide(_trial(number), report) is Decision.GO_ON

    @pytest.mark.parametrize("maximize", [False, True])
    def test_a_batch_of_reports_is_judged_after_a_rejection_too(self, maximize: bool) -> None:
        stopper, sign = self.make(maximize), -1.0 if maximize else 1.0
        for number in range(_TRIALS):
            for step in range(1, _STEPS + 1):
                assert isinstance(stopper.decide(_trial(number), _report(step, sign * (1 + number) / step)), Decision)

    def test_what_is_promoted_was_paused_and_asking_changes_nothing(self) -> None:
        stopper = self.make(False)
        assert stopper.promote(()) is None
        played = _Played(stopper, False)
        for paused in (played.paused, set(), {3}, set(range(_TRIALS))):
            number = stopper.promote(paused)
            assert number is None or number in paused
            assert stopper.promote(paused) == number

    def test_reports_that_come_again_bring_no_rejection_of_the_best(self) -> None:
        stopper = self.make(False)
        _Played(stopper, False)
        decisions = [stopper.decide(_trial(0), _report(step, 1.0 / step)) for step in range(1, _STEPS + 1)]
        assert Decision.STOP not in decisions


class _Played:
    """Twenty trials that report in turn, trial 0 the best of them throughout; the paused go on as they may.

    Attributes:
        said: Decisions by trial.
        log: What was reported, in order.
        paused: Who is paused at the end.
        whole: Who trained to the end.
    """

    def __init__(self, stopper: Stopper, maximize: bool) -> None:
        self.said: dict[int, list[Decision]] = {number: [] for number in range(_TRIALS)}
        self.log: list[tuple[int, Report]] = []
        self.paused: set[int] = set()
        self.whole: set[int] = set()
        courses = {number: iter(range(1, _STEPS + 1)) for number in range(_TRIALS)}
        running = set(courses)
        while running:
            for number in sorted(running):
                decision = self._step(stopper, number, courses[number], -1.0 if maximize else 1.0)
                if decision is None:
                    self.whole.add(number)
                if decision is not Decision.GO_ON:
                    running.discard(number)
                if decision is Decision.PAUSE:
                    self.paused.add(number)
            if (on := stopper.promote(self.paused)) is not None:
                self.paused.remove(on)
                running.add(on)

    def _step(self, stopper: Stopper, number: int, course: Iterator[int], sign: float) -> Decision | None:
        step = next(course, None)
        if step is None:
            return None
        report = _report(step, sign * (1 + number) / step)
        self.log.append((number, report))
        decision = stopper.decide(_trial(number), report)
        self.said[number].append(decision)
        return decision


def _trial(number: int) -> Trial:
    return Trial(number, {}, Origin(strategy="random"), RUNNING, "", nan, nan, 1, 0.0, 0.0, {})


def _report(step: int, value: float) -> Report:
    return Report(step=step, progress=step / _STEPS, value=value, metrics={"valid": {"loss": value}})
