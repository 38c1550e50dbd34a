from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from byeori.core import events as ev
from byeori.core import metrics
from byeori.core.data import Prepared
from byeori.core.events import Event
from byeori.core.jobs import Origin, Report
from byeori.core.schema import Column, Health, Schema
from byeori.core.state import State, apply
from byeori.engine.choose import Choice, choose
from byeori.engine.keeper import trial_folder

ROWS = 240
LABELS = ("a", "b", "c")
Made = tuple[Path, Prepared, Callable[..., State]]


def schema(task: str, metric: str) -> Schema:
    labels = LABELS if task == "classification" else ()
    target = Column(name="y", kind="label" if labels else "value", labels=labels)
    column = Column(name="a", kind="number")
    return Schema(modality="tables", task=task, inputs=(column,), targets=(target,), metric=metric)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Made]:
    """A study of given validation predictions, a trial each."""

    def made(target: np.ndarray, task: str, metric: str) -> Made:
        (tmp_path / "prepared" / "arrays").mkdir(parents=True)
        np.save(tmp_path / "prepared" / "arrays" / "numbers.npy", np.zeros((2 * len(target), 1)))
        fold = np.zeros(2 * len(target), np.int16)
        fold[len(target) :] = 1
        prepared = Prepared.write(
            tmp_path / "prepared",
            schema=schema(task, metric),
            fitted={},
            target=np.concatenate([target, target]),
            fold=fold,
            names=[str(n) for n in fold],
            fingerprint="f",
            health=Health(),
        )

        def trials(*outputs: np.ndarray | None) -> State:
            state = State(maximize=metrics.metric(metric).maximize)
            origin = Origin(strategy="random").to_json()
            for number, output in enumerate(outputs):
                apply(state, Event.of(ev.PROPOSED, {"genome": {"x": {}}, "origin": origin}, number))
                if output is not None:
                    value = metrics.score(metric, target, output)
                    report = Report(step=1, progress=1.0, value=value).to_json()
                    apply(state, Event.of(ev.REPORTED, {"reports": [report]}, number))
                    folder = trial_folder(tmp_path, number)
                    folder.mkdir(parents=True)
                    np.save(folder / "valid.npy", output.astype(np.float32))
                reason = ev.DONE if output is not None else ev.CRASHED
                apply(state, Event.of(ev.ENDED, {"reason": reason, "message": ""}, number))
            return state

        return tmp_path, prepared, trials

    return made


def guesses(target: np.ndarray, skill: float, seed: int) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(size=(len(target), 3))
    logits[np.arange(len(target)), target] += skill
    p = np.exp(logits)
    return p / p.sum(1, keepdims=True)


@pytest.fixture
def target() -> np.ndarray:
    return np.random.default_rng(0).integers(3, size=ROWS)


def test_without_a_usable_child_there_is_no_choice(make: Callable[..., Made], target: np.ndarray) -> None:
    study, prepared, trials = make(target, "classification", "accuracy")
    assert choose(trials(None, None), study, prepared) is None


def test_one_child_is_the_choice(make: Callable[..., Made], target: np.ndarray) -> None:
    study, prepared, trials = make(target, "classification", "accuracy")
    found = choose(trials(None, guesses(target, 2.0, 1)), study, prepared)
    assert isinstance(found, Choice)
    assert (found.members, found.weights, found.single, found.ensemble) == ((1,), (1.0,), 1, False)
    assert found.raw.shape == (ROWS, 3)
    assert np.allclose(found.raw.sum(1), 1.0)


def test_children_that_err_differently_go_together(make: Callable[..., Made], target: np.ndarray) -> None:
    study, prepared, trials = make(target, "classification", "log_loss")
    state = trials(*(guesses(target, 1.2, seed) for seed in range(6)))
    found = choose(state, study, prepared)
    assert found is not None
    assert found.ensemble
    assert sum(found.weights) == pytest.approx(1.0)
    assert "more than the standard error" in found.why
    assert metrics.score("log_loss", target, found.raw) < state.value(found.single)
    assert found.single == state.top(1)[0]


def test_a_copy_adds_nothing_and_the_best_ships_alone(make: Callable[..., Made], target: np.ndarray) -> None:
    study, prepared, trials = make(target, "classification", "accuracy")
    same = guesses(target, 2.0, 1)
    found = choose(trials(same, same, same), study, prepared)
    assert found is not None
    assert found.members == (0,), "the earlier among equals"
    assert found.why.endswith(".")


def test_no_more_members_than_time_allows(make: Callable[..., Made], target: np.ndarray) -> None:
    study, prepared, trials = make(target, "classification", "log_loss")
    found = choose(trials(*(guesses(target, 1.2, seed) for seed in range(6))), study, prepared, limit=2)
    assert found is not None
    assert len(found.members) <= 2


def test_predictions_of_another_shape_or_damaged_are_passed_over(make: Callable[..., Made], target: np.ndarray) -> None:
    study, prepared, trials = make(target, "classification", "accuracy")
    state = trials(*(guesses(target, 2.0, seed) for seed in range(3)))
    (trial_folder(study, 0) / "valid.npy").write_bytes(b"no array")
    np.save(trial_folder(study, 1) / "valid.npy", np.zeros((ROWS, 2), np.float32))
    found = choose(state, study, prepared)
    assert found is not None
    assert found.members == (2,)


def test_too_sure_a_child_is_made_less_sure(make: Callable[..., Made], target: np.ndarray) -> None:
    study, prepared, trials = make(target, "classification", "accuracy")
    sure = guesses(target, 1.5, 1) ** 6
    sure /= sure.sum(1, keepdims=True)
    found = choose(trials(sure), study, prepared)
    assert found is not None
    assert found.temperature > 1.5
    assert (found.raw.argmax(1) == sure.argmax(1)).all()


def test_values_are_neither_tempered_nor_scaled(make: Callable[..., Made]) -> None:
    truth = np.random.default_rng(0).normal(size=ROWS)
    study, prepared, trials = make(truth, "regression", "rmse")
    outputs = [truth + np.random.default_rng(seed).normal(0, 0.5, ROWS) for seed in range(4)]
    found = choose(trials(*outputs), study, prepared)
    assert found is not None
    assert (found.temperature, found.scale) == (1.0, ())
    assert found.ensemble
    assert found.raw.shape == (ROWS,)
