"""The facts of a study, gathered once for the page and for report.json."""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite, isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori.core import metrics
from byeori.core.errors import DataError
from byeori.core.genome import describe, flatten
from byeori.core.jobs import Report
from byeori.core.schema import CLASSIFICATION
from byeori.core.state import Trial
from byeori.engine.diagnosis import diagnose
from byeori.modalities.images.thumbnails import thumbnails
from byeori.study import Study

_LEADERS = 10
_CURVES = 6
_MISTAKES = 24
_ROUNDS = 200


def gather(study: Study) -> dict[str, Json]:
    """Return everything the report says, as JSON.

    Args:
        study: A finished study.

    Raises:
        StudyError: It is not finished.
    """
    outcome, state = study.outcome, study.state
    schema = study.schema
    reports = study.reports()
    leaders = state.top(_LEADERS)
    return {
        "study": study.folder.name,
        "made": time.strftime("%Y-%m-%d %H:%M", time.localtime(state.first_time)),
        "byeori": study.asked["byeori"],
        "task": schema.task,
        "modality": schema.modality,
        "target": schema.target.name,
        "labels": list(schema.labels),
        "metric": schema.metric,
        "maximize": metrics.metric(schema.metric).maximize,
        "asked": study.asked["request"],
        "data": _data(study),
        "outcome": outcome,
        "baselines": _beside(outcome),
        "leaderboard": _leaderboard(study, leaders),
        "history": _history(study),
        "curves": [_curve(state.trial(n), reports.get(n, [])) for n in leaders[:_CURVES]],
        "mistakes": _mistakes(study),
        "lineage": lineage(study),
        "trials": _endings(study),
        "seconds": outcome["seconds"],
        "opened": [{"when": when, **what} for when, what in state.opened],
    }


def _data(study: Study) -> Json:
    try:
        prepared = study.prepared
    except DataError:
        return None
    return {
        "sizes": dict(prepared.sizes),
        "validated": list(prepared.validated),
        "inputs": [c.to_json() for c in prepared.schema.inputs[:200]],
        "fingerprint": prepared.fingerprint,
        "notes": list(prepared.notes),
        "health": prepared.health.to_json(),
    }


def _beside(outcome: Mapping[str, Json]) -> list[Json]:
    """Return the model beside the best single child, the default genome and the baselines."""
    metric = outcome["metric"]
    rows = []
    for name in ("winner", *outcome["others"]):
        test = (outcome["test"] or {}).get(name)
        valid = outcome["valid"].get(name)
        if test is None and valid is None:
            continue
        row = {"name": name, "trial": outcome["others"].get(name)}
        rows.append({**row, "valid": valid and valid[metric], "test": test and test[metric]})
    return rows


def _leaderboard(study: Study, leaders: Sequence[int]) -> list[Json]:
    """Return the best trials with intervals; one whose distance from the best is within its standard error ties."""
    state, name = study.state, study.schema.metric
    rows: list[Json] = []
    first: npt.NDArray[Any] | None = None
    target = _valid_target(study)
    for number in leaders:
        trial = state.trial(number)
        output = _load(study, number)
        row: dict[str, Json] = {
            "trial": number,
            "family": next(iter(trial.genome)),
            "value": trial.value,
            "params": trial.facts.get("params"),
            "latency_ms": trial.facts.get("latency_ms"),
            "seconds": round(trial.seconds, 2),
            "reason": trial.reason or trial.status,
            "strategy": trial.origin.strategy,
            "genome": describe(trial.genome),
            "tie": False,
        }
        if output is not None and target is not None and len(output) == len(target):
            interval = metrics.bootstrap(name, target, output, rounds=_ROUNDS)
            row.update(low=interval.low, high=interval.high)
            if first is None:
                first = output
            else:
                behind = metrics.paired(name, target, output, first, rounds=_ROUNDS)
                row["tie"] = bool(behind.value <= behind.error)
        rows.append(row)
    return rows


def _valid_target(study: Study) -> npt.NDArray[Any] | None:
    try:
        return np.asarray(study.prepared.target()[study.prepared.valid_rows()])
    except (DataError, OSError):
        return None


def _load(study: Study, number: int) -> npt.NDArray[Any] | None:
    try:
        output: npt.NDArray[Any] = np.load(study.trial_folder(number) / "valid.npy", allow_pickle=False)
    except (OSError, ValueError):
        return None
    return output


def _history(study: Study) -> list[Json]:
    """Return (trial, value, best so far) in the order in which trials ended; thinned to 1,000 points."""
    state = study.state
    best: float | None = None
    points: list[Json] = []
    maximize = state.maximize
    for number in state.ended_order:
        value = state.value(number)
        if isnan(value):
            continue
        better = best is None or (value > best if maximize else value < best)
        best = value if better or best is None else best
        points.append([number, value, best])
    step = max(1, len(points) // 1000)
    return points[::step]


def _curve(trial: Trial, reports: Sequence[Report]) -> Json:
    """Return a trial's learning curves and what they say in plain words."""
    epochs = [r for r in reports if all("loss" in r.metrics.get(split, {}) for split in ("train", "valid"))]
    said = diagnose([r.metrics for r in epochs]) if len(epochs) >= 2 else None
    return {
        "trial": trial.number,
        "family": next(iter(trial.genome)),
        "steps": [r.step for r in epochs],
        "seconds": [round(r.seconds, 2) for r in epochs],
        "train": [_finite(r.metrics["train"]["loss"]) for r in epochs],
        "valid": [_finite(r.metrics["valid"]["loss"]) for r in epochs],
        "diagnosis": None if said is None else {"name": said.name, "sentence": said.sentence},
    }


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _mistakes(study: Study) -> Json:
    """Return the confusion matrix, or the spread of a regression, on the test split (else validation), and the worst
    mistakes with their pictures."""
    tested = (study.folder / "predictions" / "test.npy").is_file() and study.outcome["test"]
    split = "test" if tested else "valid"
    try:
        prepared = study.prepared
        raw = np.load(study.folder / "predictions" / f"{split}.npy", allow_pickle=False)
    except (DataError, OSError, ValueError):
        return None
    rows = prepared.test_rows() if tested else prepared.valid_rows()
    target = np.asarray(prepared.target()[rows])
    if len(raw) != len(rows):
        return None
    if study.schema.task != CLASSIFICATION:
        return _spread(study, split, rows, target, raw)
    decided = metrics.decide(raw, tuple(study.outcome["choice"]["scale"]) or None)
    size = len(study.schema.labels)
    matrix = np.bincount(target * size + decided, minlength=size * size).reshape(size, size)
    wrong = np.flatnonzero(decided != target)
    worst = wrong[np.argsort(-raw[wrong, decided[wrong]])][:_MISTAKES]
    return {
        "split": split,
        "matrix": matrix.tolist(),
        "wrong": len(wrong),
        "items": len(rows),
        "worst": _worst(study, rows, worst, target, decided, raw[worst, decided[worst]]),
    }


def _worst(
    study: Study,
    rows: npt.NDArray[np.int64],
    worst: npt.NDArray[np.int64],
    target: npt.NDArray[Any],
    decided: npt.NDArray[Any],
    sure: npt.NDArray[Any],
) -> list[Json]:
    labels, names = study.schema.labels, study.prepared.names()
    pictures: Sequence[bytes | None] = [None] * len(worst)
    if study.schema.modality == "images" and len(worst):
        pictures = thumbnails(study.prepared, rows[worst])
    return [
        {
            "name": names[int(rows[i])],
            "truth": labels[int(target[i])],
            "said": labels[int(decided[i])],
            "sure": float(p),
            "picture": None if picture is None else base64.b64encode(picture).decode(),
        }
        for i, p, picture in zip(worst, sure, pictures, strict=True)
    ]


def _spread(
    study: Study,
    split: str,
    rows: npt.NDArray[np.int64],
    target: npt.NDArray[Any],
    raw: npt.NDArray[Any],
) -> Json:
    """Return true against predicted values (at most 500) and the rows that are furthest off."""
    names = study.prepared.names()
    shown = np.linspace(0, len(rows) - 1, min(len(rows), 500)).astype(int)
    worst = np.argsort(-np.abs(raw - target))[:10]
    return {
        "split": split,
        "points": [[float(target[i]), float(raw[i])] for i in shown],
        "items": len(rows),
        "worst": [{"name": names[int(rows[i])], "truth": float(target[i]), "said": float(raw[i])} for i in worst],
    }


def lineage(study: Study) -> list[Json]:
    """Return the best single child's line of descent, the oldest first, and what each step changed.

    Each entry has the trial, its strategy, its value, and `changed`: path, answer before, answer after.
    """
    state = study.state
    number: int | None = study.outcome["choice"]["single"]
    line: list[Json] = []
    while number is not None:
        trial = state.trial(number)
        parents = trial.origin.parents
        parent = parents[0] if parents and parents[0] < number else None
        before = flatten(state.trial(parent).genome) if parent is not None else {}
        after = flatten(trial.genome)
        line.append(
            {
                "trial": number,
                "strategy": trial.origin.strategy,
                "parents": list(parents),
                "value": _finite(trial.value),
                "changed": [
                    {"path": path, "before": before.get(path), "after": after.get(path)}
                    for path in sorted(before.keys() | after.keys())
                    if parent is not None and before.get(path) != after.get(path)
                ],
            }
        )
        number = parent
    return line[::-1]


def _endings(study: Study) -> Json:
    """Return how many trials ended for which reason, and the first words of those that failed."""
    state = study.state
    reasons = Counter(state.trial(n).reason for n in state.ended_order)
    return {"all": len(state), "reasons": dict(reasons.most_common())}
