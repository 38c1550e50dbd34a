"""Learning curves: what trials reported while they trained, and what that says in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, log

from byeori._util.json import Json
from byeori.core.jobs import Report
from byeori.core.schema import Schema
from byeori.core.state import Trial
from byeori.engine.diagnosis import FEW, diagnose


def curve(trial: Trial, reports: Sequence[Report], schema: Schema, folds: int) -> Json:
    """Return a trial's learning curves with a diagnosis, or None where it reported too little for a curve.

    Args:
        trial: Whose.
        reports: All of its reports in the order of the log.
        schema: For the loss of guessing.
        folds: Networks trained in turn; the curves are of the first.
    """
    epochs = _first_fold(reports, folds)
    if len(epochs) < FEW:
        return None
    guess = log(len(schema.labels)) if schema.labels else None
    said = diagnose([r.metrics for r in epochs], guess=guess)
    return {
        "trial": trial.number,
        "family": next(iter(trial.genome)),
        "fold": [1, folds] if folds > 1 else None,
        "steps": [r.step for r in epochs],
        "seconds": [round(r.seconds, 2) for r in epochs],
        "train": [_finite(r.metrics["train"]["loss"]) for r in epochs],
        "valid": [_finite(r.metrics["valid"]["loss"]) for r in epochs],
        "diagnosis": {"name": said.name, "sentence": said.sentence},
    }


def _first_fold(reports: Sequence[Report], folds: int) -> list[Report]:
    """Return the reports with both losses of the first fold; a further attempt replaces what it did again."""
    kept: list[Report] = []
    for report in reports:
        whole = all("loss" in report.metrics.get(split, {}) for split in ("train", "valid"))
        if not whole or report.progress > 1.0 / folds + 1e-6:
            continue
        while kept and kept[-1].step >= report.step:
            kept.pop()
        kept.append(report)
    return kept


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
