"""A conformance suite for stoppers: inherit `StopperConformance`, give `make`, and pytest does the rest."""

from __future__ import annotations

from math import nan

from byeori.core.jobs import Origin, Report
from byeori.core.protocols import Decision, Stopper
from byeori.core.state import RUNNING, Trial


class StopperConformance:
    """What every stopper keeps to.

    Example:
        >>> from byeori.stoppers.never import Never
        >>> class TestNever(StopperConformance):
        ...     def make(self):
        ...         return Never()
    """

    def make(self) -> Stopper:
        """Return a new stopper; a subclass says how."""
        raise NotImplementedError("Return a new stopper from `make`.")

    def test_it_answers_with_a_decision(self) -> None:
        assert isinstance(self.make().decide(_trial(0), _report(1, 0.5)), Decision)

    def test_the_same_reports_bring_the_same_decisions(self) -> None:
        assert _judged(self.make()) == _judged(self.make())

    def test_a_lone_trial_is_not_stopped(self) -> None:
        stopper = self.make()
        decisions = [stopper.decide(_trial(0), _report(step, 1.0 / step)) for step in range(1, 11)]
        assert Decision.STOP not in decisions

    def test_a_report_without_a_value_is_survived(self) -> None:
        stopper = self.make()
        assert isinstance(stopper.decide(_trial(0), Report(step=1, progress=0.1)), Decision)
        assert isinstance(stopper.decide(_trial(1), _report(1, nan)), Decision)

    def test_the_best_trial_of_many_is_never_stopped(self) -> None:
        assert Decision.STOP not in _judged(self.make())[0]


def _trial(number: int) -> Trial:
    return Trial(number, {}, Origin(strategy="random"), RUNNING, "", nan, nan, 1, 0.0, 0.0, {})


def _report(step: int, value: float) -> Report:
    return Report(step=step, progress=step / 10, value=value, metrics={"valid": {"loss": value}})


def _judged(stopper: Stopper) -> dict[int, list[Decision]]:
    """Let twenty trials report in turn, trial 0 the best of them throughout."""
    seen: dict[int, list[Decision]] = {number: [] for number in range(20)}
    for step in range(1, 11):
        for number in range(20):
            trial = _trial(number)
            seen[number].append(stopper.decide(trial, _report(step, (1 + number) / step)))
    return seen
