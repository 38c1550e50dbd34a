"""The facts of a study, gathered once for the page and for report.json."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori.core import events as ev
from byeori.core import metrics
from byeori.core.errors import DataError
from byeori.core.genome import describe, flatten
from byeori.core.jobs import BASELINE
from byeori.report.learning import curve
from byeori.report.learnt import learnt_of
from byeori.report.lineage import changes, lineage
from byeori.report.mistakes import mistakes
from byeori.study import Study

_LEADERS = 10
_CURVES = 6
_FAILURES = 10
_ROUNDS = 200
_WIDTH = 120
_AS_MEANT = frozenset({ev.DONE, ev.STOPPED, ev.DEADLINE, ev.CANCELLED})
"""Ends that are no failure."""


def gather(study: Study, seconds: float | None = None) -> dict[str, Json]:
    """Return everything the report says, as JSON.

    Args:
        study: A finished study.
        seconds: What finding out what the search learnt may take; None for as long as it needs.

    Raises:
        StudyError: It is not finished.
    """
    outcome, state = study.outcome, study.state
    schema = study.schema
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
        "curves": _curves(study, leaders),
        "mistakes": mistakes(study),
        "lineage": lineage(study),
        "learnt": learnt_of(study, seconds).to_json(),
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
    others = outcome["others"]
    first = [name for name in ("winner", "single", "default") if name == "winner" or name in others]
    rows = []
    for name in (*first, *sorted(others.keys() - set(first))):
        test = (outcome["test"] or {}).get(name)
        valid = outcome["valid"].get(name)
        if test is None and valid is None:
            continue
        row = {"name": name, "trial": others.get(name)}
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
            "genome": describe(trial.genome, _WIDTH),
            "answers": flatten(trial.genome),
            "changed": changes(state.trial(trial.origin.parents[0]).genome, trial.genome)
            if trial.origin.parents
            else [],
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


def _history(study: Study) -> Json:
    """Return (trial, value, best so far) of the bred children in the order in which they ended, thinned to 1,000
    points, and the best baseline."""
    state = study.state
    best: float | None = None
    points: list[Json] = []
    baselines: list[Json] = []
    for number in state.ended_order:
        trial = state.trial(number)
        if isnan(trial.value):
            continue
        if trial.origin.strategy == BASELINE:
            baselines.append({"trial": number, "family": next(iter(trial.genome)), "value": trial.value})
            continue
        better = best is None or (trial.value > best if state.maximize else trial.value < best)
        best = trial.value if better else best
        points.append([number, trial.value, best])
    sign = -1.0 if state.maximize else 1.0
    return {
        "points": points[:: max(1, len(points) // 1000)],
        "baseline": min(baselines, key=lambda b: sign * b["value"], default=None),
    }


def _curves(study: Study, leaders: Sequence[int]) -> list[Json]:
    reports, folds = study.reports(), study.outcome.get("folds", 1)
    found = (curve(study.state.trial(n), reports.get(n, []), study.schema, folds) for n in leaders)
    return [one for one in found if one is not None][:_CURVES]


def _endings(study: Study) -> Json:
    """Return how many trials ended for which reason, and the first words of those that failed."""
    state = study.state
    reasons = Counter(state.trial(n).reason for n in state.ended_order)
    failed = [
        {"trial": event.trial, "reason": event.data["reason"], "message": _first_line(event.data["message"])}
        for event in study.events()
        if event.kind == ev.ENDED and event.data["reason"] not in _AS_MEANT
    ]
    return {"all": len(state), "reasons": dict(reasons.most_common()), "failed": failed[:_FAILURES]}


def _first_line(message: str) -> str:
    return next((line.strip()[:200] for line in message.splitlines() if line.strip()), "")
