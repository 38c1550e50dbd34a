from __future__ import annotations

from byeori.core.jobs import Origin, Report
from byeori.core.schema import Column, Schema
from byeori.core.state import Trial
from byeori.report.learning import curve

SCHEMA = Schema(
    modality="tables",
    task="classification",
    inputs=(),
    targets=(Column(name="y", kind="label", labels=("a", "b")),),
    metric="accuracy",
)
TRIAL = Trial(3, {"mlp": {}}, Origin(strategy="random"), "ended", "done", 0.9, -0.9, 1, 1.0, 2.0, {})


def report(step: int, progress: float, loss: float = 0.5, *, splits: tuple[str, ...] = ("train", "valid")) -> Report:
    return Report(step=step, progress=progress, metrics={split: {"loss": loss} for split in splits}, seconds=step / 10)


def test_a_curve_has_both_losses_and_what_they_say() -> None:
    found = curve(TRIAL, [report(n, n / 9, 1 / n) for n in range(1, 10)], SCHEMA, 1)
    assert found["steps"] == list(range(1, 10))
    assert found["train"] == found["valid"]
    assert found["fold"] is None
    assert found["diagnosis"]["name"] == "still improving"


def test_in_cross_validation_the_curve_is_of_the_first_fold() -> None:
    reports = [report(n, n / 10) for n in range(1, 11)]
    found = curve(TRIAL, reports, SCHEMA, 2)
    assert found["steps"] == [1, 2, 3, 4, 5]
    assert found["fold"] == [1, 2]
    assert curve(TRIAL, reports, SCHEMA, 5) is None, "two points a fold are no curve"


def test_a_further_attempt_replaces_what_it_did_again() -> None:
    lost = [report(n, n / 9, 9.0) for n in range(1, 6)]
    again = [report(n, n / 9) for n in range(3, 8)]
    found = curve(TRIAL, lost + again, SCHEMA, 1)
    assert found["steps"] == [1, 2, 3, 4, 5, 6, 7]
    assert found["valid"] == [9.0, 9.0, 0.5, 0.5, 0.5, 0.5, 0.5]


def test_reports_without_both_losses_are_no_points() -> None:
    reports = [report(n, n / 9, splits=("valid",)) for n in range(1, 10)]
    assert curve(TRIAL, reports, SCHEMA, 1) is None
    assert curve(TRIAL, [], SCHEMA, 1) is None


def test_a_loss_that_is_no_number_is_null() -> None:
    losses = [1.0, 0.9, float("inf"), float("nan")]
    found = curve(TRIAL, [report(n, n / 4, loss) for n, loss in enumerate(losses, 1)], SCHEMA, 1)
    assert found["train"] == [1.0, 0.9, None, None]
    assert found["diagnosis"]["name"] == "diverged"
