"""The finish: ensemble → refit where it pays → one look at the test split → model → facts of the outcome."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori import catalog
from byeori._util.files import write_whole
from byeori._util.json import Json, pretty
from byeori.core import events as ev
from byeori.core import metrics
from byeori.core.data import Prepared
from byeori.core.errors import RunError, no_room
from byeori.core.events import Event
from byeori.core.jobs import BASELINE, DEFAULT, Job
from byeori.core.protocols import Executor, Store
from byeori.core.schema import CLASSIFICATION
from byeori.core.state import State, apply
from byeori.engine.brief import FamilyBrief
from byeori.engine.choose import Choice, choose
from byeori.engine.keeper import trial_folder
from byeori.model import Model, Part, Recipe, combine, measure
from byeori.report.card import model_card

_REFIT_SHARE = 0.3
"""A refit may take this share of the time promised, or of the time searched where none was promised."""
_REFIT_ROWS = 10_000
"""From this many training rows on, the validation rows would add too little."""
_PREDICT_SHARE = 0.06
"""Share of the time promised that the look at the test split may take beyond its least."""
_GUESS = {"images": 1e-3, "tables": 2e-5}
"""Seconds one item's prediction takes, until a child has measured it."""
_SECOND_CHANCE = frozenset({ev.CRASHED, ev.LOST})
_UNMEASURED = (
    "The time promised was over before the model could be measured on the test split: "
    "`byeori resume STUDY --reopen-test` measures it."
)
_ROUNDS = 300
"""Bootstrap rounds of an interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the finish works with: a study, its data, its log, its workers, its end.

    Args:
        study: The study's folder.
        prepared: Its data.
        state: What its log says.
        store: Its log.
        executor: Its workers.
        brief: Makes jobs.
        workers: How many jobs run at once.
        began: Clock time (monotonic) at which the command began.
        limit: Seconds promised, or None.
        hurried: Whether the user waits for the end (Ctrl-C): nothing is done then that a model can do without.
        seconds: Stage → seconds it took so far.
        notes: Sentences for report and model card.
    """

    study: Path
    prepared: Prepared
    state: State
    store: Store
    executor: Executor
    brief: FamilyBrief
    workers: int
    began: float
    limit: float | None
    hurried: Callable[[], bool] = lambda: False
    seconds: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def left(self) -> float:
        """Seconds until the promise is broken."""
        return float("inf") if self.limit is None else self.began + self.limit - time.monotonic()


def per_item(state: State, modality: str) -> float:
    """Return the seconds that one item's prediction takes in the best child, measured, or a guess before that."""
    best = state.best if state.best is not None else None
    candidates = [best] if best is not None else list(state.running)
    for number in candidates:
        found = state.trial(number).facts.get("seconds_per_item")
        if isinstance(found, float | int) and found > 0:
            return float(found)
    return _GUESS.get(modality, 1e-3)


def predict_cost(state: State, prepared: Prepared, workers: int, limit: float | None) -> tuple[float, int]:
    """Return the seconds the one look at the test split will take, and how many members it can afford."""
    one = prepared.sizes["test"] * per_item(state, prepared.schema.modality) / workers
    room = max(2.2 * one, min(9.0 * one, _PREDICT_SHARE * limit if limit else float("inf")))
    members = 8 if one <= 0 else max(1, min(8, round(room / one) - 1))
    return room + 0.15, members


def refit_cost(state: State, prepared: Prepared, workers: int, limit: float | None) -> float:
    """Return the seconds a refit of as many children as there are workers would take; 0 where it does not pay.

    It pays where one split was made (in cross-validation every row has trained a fold's model already), where the
    validation rows are a real addition, and where it is cheap beside the search.
    """
    if len(prepared.validated) != 1 or prepared.sizes["train"] > _REFIT_ROWS or state.best is None:
        return 0.0
    grown = 1.0 + prepared.sizes["valid"] / max(1, prepared.sizes["train"])
    cost = state.trial(state.best).seconds * grown
    allowed = _REFIT_SHARE * (limit if limit is not None else state.spent() / workers)
    return cost if cost <= allowed else 0.0


def finish(bench: Bench, say: Callable[[str], None]) -> dict[str, Json]:
    """Choose, refit, look once at the test split, write model and finish.json.

    Args:
        bench: What it works with.
        say: Told what is going on, a sentence at a time.

    Returns:
        What finish.json says.

    Raises:
        RunError: No trial left a usable model, not even the majority.
    """
    began = time.monotonic()
    say("choosing the model")
    _, affordable = predict_cost(bench.state, bench.prepared, bench.workers, bench.limit)
    choice = choose(bench.state, bench.study, bench.prepared, limit=affordable)
    if choice is None:
        raise RunError(
            f"No child could be trained, not even the majority: see the logs in {bench.study / 'trials'}, then "
            f"`byeori resume {bench.study}`."
        )
    refitted = _refit(bench, choice, say)
    folders = refitted or {n: trial_folder(bench.study, n) for n in choice.members}
    outputs = _look(bench, choice, folders, say) if len(bench.prepared.test_rows()) else {}
    say("writing the model")
    outcome = _outcome(bench, choice, refitted, outputs)
    bench.seconds["finishing"] = time.monotonic() - began
    _write_model(bench, choice, folders, outcome)
    bench.seconds["total"] = time.monotonic() - bench.began
    outcome["seconds"] = {stage: round(seconds, 3) for stage, seconds in bench.seconds.items()}
    write_whole(bench.study / "finish.json", pretty(outcome))
    _log(bench, ev.FINISHED, {"seconds": bench.seconds["total"]})
    shutil.rmtree(bench.study / "work", ignore_errors=True)
    return outcome


def _refit(bench: Bench, choice: Choice, say: Callable[[str], None]) -> dict[int, Path]:
    """Train the members again on training + validation; nothing where it does not pay or does not succeed."""
    turns = -(-len(choice.members) // bench.workers)
    cost = turns * refit_cost(bench.state, bench.prepared, bench.workers, bench.limit)
    spare = bench.left() - 1.0 - predict_cost(bench.state, bench.prepared, bench.workers, bench.limit)[0]
    if cost <= 0 or spare < 0.8 * cost or bench.hurried():
        return {}
    say("training the chosen on training and validation rows")
    folders = {n: bench.study / "work" / f"refit-{n}" for n in choice.members}
    seconds = None if spare == float("inf") else spare / turns
    jobs = [bench.brief.refit(n, bench.state.trial(n).genome, folder, seconds) for n, folder in folders.items()]
    ends = run_jobs(bench.executor, jobs, lambda: 0.0 if bench.hurried() else bench.left())
    return (
        folders
        if all(ends[n] == ev.DONE for n in folders) and all((f / "all").is_dir() for f in folders.values())
        else {}
    )


def _look(
    bench: Bench, choice: Choice, folders: Mapping[int, Path], say: Callable[[str], None]
) -> dict[str, npt.NDArray[np.float64]]:
    """Open the test split, once, for a fixed list: the model, the best single child, the default, the baselines.

    Nothing is returned where the time promised is over before the model has predicted: the model ships unmeasured.

    Raises:
        RunError: A member of the model cannot predict, not even in a second attempt.
    """
    say("one look at the test split")
    state = bench.state
    others = _others(state, choice)
    _log(bench, ev.TEST_OPENED, {"what": ["winner", *others]})
    wanted: dict[int, Path] = dict(folders)
    for number in others.values():
        wanted.setdefault(number, trial_folder(bench.study, number))
    work = bench.study / "work"
    jobs = {
        n: bench.brief.predict(n, state.trial(n).genome, folder, work / f"test-{n}") for n, folder in wanted.items()
    }
    ends = run_jobs(bench.executor, list(jobs.values()), bench.left)
    again = [jobs[n] for n in wanted if ends[n] in _SECOND_CHANCE]
    ends |= run_jobs(bench.executor, again, bench.left)
    found = {n: _read(work / f"test-{n}" / "test.npy") for n in wanted if ends[n] == ev.DONE}
    if any(ends[n] == ev.CANCELLED for n in choice.members):
        return {}
    members = [found.get(n) for n in choice.members]
    if any(m is None for m in members):
        why = ", ".join(f"trial {n} {ends[n]}" for n in choice.members if found.get(n) is None)
        raise RunError(
            f"The model's members could not predict the test split ({why}): see the logs in {work}; the trials are "
            f"kept, `byeori resume {bench.study} --reopen-test` goes on."
        )
    outputs = {"winner": combine([m for m in members if m is not None], choice.weights, choice.temperature)}
    for name, number in others.items():
        output = found.get(number)
        if output is not None:
            outputs[name] = output
    return outputs


def _others(state: State, choice: Choice) -> dict[str, int]:
    """Return what stands beside the model in the report: name → trial."""
    others: dict[str, int] = {"single": choice.single}
    for number in range(min(len(state), 8)):
        trial = state.trial(number)
        if trial.origin.strategy == DEFAULT and "default" not in others and isfinite(trial.value):
            others["default"] = number
        elif trial.origin.strategy == BASELINE and isfinite(trial.value):
            others[next(iter(trial.genome))] = number
    return others


def _outcome(
    bench: Bench, choice: Choice, refitted: Mapping[int, Path], outputs: Mapping[str, npt.NDArray[np.float64]]
) -> dict[str, Json]:
    """Measure everything; the record that becomes finish.json."""
    prepared, schema = bench.prepared, bench.prepared.schema
    folder = bench.study / "predictions"
    folder.mkdir(exist_ok=True)
    _save(folder / "valid.npy", choice.raw)
    truth = np.asarray(prepared.target()[prepared.valid_rows()])
    single = _read(trial_folder(bench.study, choice.single) / "valid.npy")
    valid = {"winner": _measured(bench, truth, choice.raw, choice.scale)}
    if single is not None:
        valid["single"] = _measured(bench, truth, single, ())
    test: dict[str, Json] = {}
    against: Json = None
    if outputs:
        _save(folder / "test.npy", outputs["winner"])
        actual = np.asarray(prepared.target()[prepared.test_rows()])
        for name, output in outputs.items():
            test[name] = _measured(bench, actual, output, choice.scale if name == "winner" else ())
        if "default" in outputs:
            gain = metrics.paired(schema.metric, actual, outputs["default"], outputs["winner"], rounds=_ROUNDS)
            against = _interval(gain)
    return {
        "metric": schema.metric,
        "folds": len(prepared.validated),
        "choice": {
            "members": [{"trial": n, "weight": w} for n, w in zip(choice.members, choice.weights, strict=True)],
            "ensemble": choice.ensemble,
            "single": choice.single,
            "temperature": choice.temperature,
            "scale": list(choice.scale),
            "why": choice.why,
        },
        "refit": bool(refitted),
        "valid": valid,
        "test": test or None,
        "beyond_default": against,
        "others": _others(bench.state, choice),
        "opened": len(bench.state.opened),
        "notes": [*bench.notes, *([_UNMEASURED] if len(prepared.test_rows()) and not outputs else [])],
    }


def _measured(bench: Bench, truth: npt.NDArray[Any], raw: npt.NDArray[Any], scale: Sequence[float]) -> dict[str, Json]:
    rounds = _ROUNDS if bench.left() > 2.0 else 50
    return {name: _interval(i) for name, i in measure(bench.prepared.schema, truth, raw, scale, rounds=rounds).items()}


def _interval(interval: metrics.Interval) -> dict[str, float]:
    return {"value": interval.value, "low": interval.low, "high": interval.high, "error": interval.error}


def _write_model(bench: Bench, choice: Choice, folders: Mapping[int, Path], outcome: Mapping[str, Json]) -> None:
    schema = bench.prepared.schema
    parts = []
    for number, weight in zip(choice.members, choice.weights, strict=True):
        ((family, genome),) = bench.state.trial(number).genome.items()
        parts.append(Part(folder=folders[number], family=family, genome=genome, weight=weight, trial=number))
    shown = {"valid": outcome["valid"]["winner"]}
    if outcome["test"]:
        shown["test"] = outcome["test"]["winner"]
    recipe = Recipe(
        schema=schema,
        fitted=bench.prepared.fitted,
        parts=tuple(parts),
        temperature=choice.temperature if schema.task == CLASSIFICATION else 1.0,
        scale=choice.scale,
        metrics=shown,
        notes=(*bench.prepared.notes, *outcome["notes"]),
    )
    Model.write(bench.study / "model", recipe, model_card(recipe, bench.prepared, outcome))


def run_jobs(executor: Executor, jobs: Sequence[Job], left: Callable[[], float]) -> dict[int, str]:
    """Run jobs to their ends and return why each ended: trial → reason; `cancelled` for those that came too late.

    Args:
        executor: Idle when this is called.
        jobs: At most one a trial.
        left: Seconds that are left; none, and what still runs is cancelled.

    Raises:
        RunError: The disk is full.
    """
    waiting, running = list(jobs), set[tuple[int, int]]()
    ends = {job.trial: ev.CANCELLED for job in jobs}
    while waiting or running:
        while waiting and executor.free > 0:
            job = waiting.pop(0)
            executor.submit(job)
            running.add((job.trial, job.attempt))
        for event in executor.poll(min(0.25, max(0.01, left()))):
            if event.kind == ev.ENDED and (event.trial, event.attempt) in running:
                running.discard((event.trial, event.attempt))
                ends[event.trial] = event.data["reason"]
                if event.data["reason"] == ev.NO_ROOM:
                    raise RunError(no_room(event.data["message"]))
        if left() <= 0.3:
            waiting.clear()
            for trial, _ in running:
                executor.cancel(trial)
            if left() < -2.0:
                break
    return ends


def _log(bench: Bench, kind: str, data: Json) -> None:
    event = Event.of(kind, data, time=time.time())
    bench.store.append([event])
    apply(bench.state, event)


def _read(file: Path) -> npt.NDArray[np.float64] | None:
    try:
        found: npt.NDArray[np.float64] = np.load(file, allow_pickle=False).astype(np.float64)
    except (OSError, ValueError):
        return None
    return found


def _save(file: Path, array: npt.NDArray[np.float64]) -> None:
    write_whole(file, lambda f: np.save(f, array, allow_pickle=False), durable=False)


def family_paths(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return family name → (dotted path of its learner, its own dotted path)."""
    found = {}
    for name in names:
        row = catalog.find("family", name)
        found[name] = (catalog.find("learner", row.learner).path, row.path)
    return found
