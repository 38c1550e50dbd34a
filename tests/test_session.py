from __future__ import annotations

import shutil
import time
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from byeori import api, catalog
from byeori.core import events as ev
from byeori.core.errors import ByeoriError, DataError, OptionError, StudyError
from byeori.engine.progress import DONE, Progress
from byeori.executors.outcome import Outcome
from byeori.model import Model
from byeori.session import Session
from byeori.study import Study

Digits = tuple[np.ndarray, np.ndarray]


def small(out: Path, data: Any, **more: Any) -> Study:
    """A study in this process: the default trees, a linear model and the majority; a second at most."""
    settings = {"executor": "inline", "trials": 1, **more}
    return api.fit(data, out=out, **settings)


@pytest.fixture
def iris() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    kind = np.repeat(["red", "green", "blue"], 40)
    middle = np.repeat([0.0, 1.0, 2.0], 40)
    return pd.DataFrame({"a": middle + rng.normal(0, 0.5, 120), "b": rng.normal(size=120), "kind": kind})


@pytest.fixture
def copied(table_study: Study, tmp_path: Path) -> Path:
    return Path(shutil.copytree(table_study.folder, tmp_path / "study"))


# ------------------------------------------------------------------------------------------- once more


def test_data_that_changed_on_disk_is_another_study(iris: pd.DataFrame, tmp_path: Path) -> None:
    table, out = tmp_path / "iris.csv", tmp_path / "study"
    iris.to_csv(table, index=False)
    small(out, table, target="kind")
    before = (out / "finish.json").read_bytes()
    table.touch()
    assert small(out, table, target="kind").finished, "touched, and the same"
    iris.assign(a=iris["a"] + 1).to_csv(table, index=False)
    with pytest.raises(StudyError, match="has changed since"):
        small(out, table, target="kind")
    assert (out / "finish.json").read_bytes() == before
    table.unlink()
    assert api.resume(out, reopen_test=True, trials=1).finished, "what is gone did not change"


def test_the_same_call_on_a_finished_study_returns_it_at_once(
    table_study: Study, patients: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("nothing is to be done")

    before = (table_study.folder / "events.db").read_bytes()
    monkeypatch.setattr(Session, "_study", forbidden)
    monkeypatch.setattr(Session, "_executor", forbidden)
    again = small(table_study.folder, patients, target="diagnosis")
    assert again.summary() == table_study.summary()
    assert (table_study.folder / "events.db").read_bytes() == before


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"seed": 1}, "seed"),
        ({"metric": "log_loss"}, "metric"),
        ({"strategy": "random"}, "strategy"),
        ({"ignore": ["mean_area"], "test_fraction": 0.1}, "ignore, test_fraction"),
        ({"max_params": 100}, "max_params"),
    ],
)
def test_another_request_in_the_same_folder_says_in_what_it_differs(
    other: dict[str, Any], said: str, table_study: Study, patients: pd.DataFrame
) -> None:
    with pytest.raises(StudyError, match=rf"\(it differs in {said}\)"):
        small(table_study.folder, patients, **{"target": "diagnosis", **other})


def test_other_data_in_memory_is_another_study(table_study: Study, patients: pd.DataFrame) -> None:
    with pytest.raises(StudyError, match="differs in data"):
        small(table_study.folder, patients.iloc[::-1], target="diagnosis")


def test_a_finished_study_is_not_resumed_without_a_word(table_study: Study) -> None:
    with pytest.raises(OptionError, match="--reopen-test") as caught:
        api.resume(table_study.folder)
    assert caught.value.exit_code == 2


def test_a_finished_study_in_memory_goes_on_and_counts_its_openings(
    copied: Path, table_study: Study, no_nets: None
) -> None:
    again = api.resume(copied, trials=3, reopen_test=True)
    assert len(again.trials) == len(table_study.trials) + 2
    assert again.outcome["opened"] == 2 == len(again.state.opened)
    assert [t.value for t in again.trials[:3]] == [t.value for t in table_study.trials]
    assert "opened 2 times" in (copied / "report.html").read_text(encoding="utf-8")


def test_a_killed_study_goes_on_where_it_was(copied: Path, patients: pd.DataFrame) -> None:
    (copied / "finish.json").unlink()
    shutil.rmtree(copied / "model")
    before = len(Study.open(copied).trials)
    again = small(copied, patients, target="diagnosis")
    assert len(again.trials) == before, "what was done is not done again"
    assert Model.load(copied).schema == again.schema


def test_a_deleted_preparation_is_made_again(copied: Path, patients: pd.DataFrame, table_study: Study) -> None:
    (copied / "finish.json").unlink()
    shutil.rmtree(copied / "prepared")
    again = small(copied, patients, target="diagnosis")
    assert again.prepared.fingerprint == table_study.prepared.fingerprint


def test_data_in_memory_that_is_gone_is_one_sentence(copied: Path) -> None:
    shutil.rmtree(copied / "prepared")
    with pytest.raises(StudyError, match="was in memory and what was prepared of it is gone"):
        api.resume(copied, reopen_test=True)


def test_a_file_that_changed_is_another_study(iris: pd.DataFrame, tmp_path: Path) -> None:
    iris.to_csv(tmp_path / "iris.csv", index=False)
    study = small(tmp_path / "study", tmp_path / "iris.csv", target="kind")
    (study.folder / "finish.json").unlink()
    shutil.rmtree(study.folder / "prepared")
    iris.iloc[:100].to_csv(tmp_path / "iris.csv", index=False)
    with pytest.raises(StudyError, match="has changed since"):
        small(tmp_path / "study", tmp_path / "iris.csv", target="kind")


# --------------------------------------------------------------------------------------- what is wrong


def test_wrong_data_leaves_nothing_behind(iris: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        small(tmp_path / "study", iris.assign(kind="always"), target="kind")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_of_the_users_stays(iris: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(DataError):
        small(tmp_path / "mine", iris, target="species")
    assert (tmp_path / "mine").is_dir()
    assert small(tmp_path / "mine", iris, target="kind").finished


def test_a_folder_of_other_things_is_refused_and_left_alone(iris: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StudyError, match="not empty"):
        small(tmp_path, iris, target="kind")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_place_that_is_a_file_is_one_sentence(iris: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="cannot be made"):
        small(tmp_path / "file" / "study", iris, target="kind")


def test_a_metric_of_another_task_is_one_sentence(iris: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="rmse"):
        small(tmp_path / "study", iris, target="kind", metric="rmse")
    assert list(tmp_path.iterdir()) == []


def test_data_in_memory_needs_a_place(iris: pd.DataFrame) -> None:
    with pytest.raises(OptionError, match="out="):
        api.fit(iris, target="kind", trials=1)


# ---------------------------------------------------------------------------------------------- limits


def test_no_child_has_more_parameters_than_allowed(digits: Digits, tmp_path: Path) -> None:
    few = digits[0][:120], digits[1][:120]
    study = small(tmp_path / "study", few, trials=2, max_params=3000, strategy="random")
    assert [t.facts["params"] for t in study.trials if t.origin.strategy != "baseline"]
    assert all(t.facts.get("params", 0) <= 3000 for t in study.trials)


def test_a_limit_that_nothing_keeps_is_one_sentence(digits: Digits, tmp_path: Path) -> None:
    with pytest.raises(ByeoriError, match="parameters") as caught:
        small(tmp_path / "study", digits, max_params=1)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "study").exists()


def test_children_that_are_too_slow_end_by_the_limit_and_a_model_ships(digits: Digits, tmp_path: Path) -> None:
    few = digits[0][:120], digits[1][:120]
    study = small(tmp_path / "study", few, max_latency=1e-6)
    assert study.trials[0].reason == ev.LIMIT
    assert isnan(study.trials[0].value)
    assert "default" not in study.outcome["others"]
    assert len(Model.load(study.folder).predict(few[0][:5])) == 5


def test_the_disk_may_be_limited(iris: pd.DataFrame, tmp_path: Path, no_nets: None) -> None:
    study = small(tmp_path / "study", iris, target="kind", trials=9, max_disk=1, strategy="random")
    kept = [t.number for t in study.trials if study.trial_folder(t.number).exists()]
    assert len(kept) < len(study.trials)
    assert len(Model.load(study.folder).predict(iris)) == 120


# ----------------------------------------------------------------------------- there is always a model


def test_where_no_child_has_a_value_the_majority_ships(iris: pd.DataFrame, tmp_path: Path) -> None:
    # The command began so long ago that no child can be begun any more.
    began = time.monotonic() - 59.9
    study = small(tmp_path / "study", iris, target="kind", trials=None, time=60.0, started=began)
    assert [next(iter(t.genome)) for t in study.trials] == ["majority"]
    assert np.allclose(Model.load(study.folder).predict(iris).raw, 1 / 3, atol=0.02)
    assert study.state.last_time >= study.state.first_time > 0


def test_after_the_last_resort_the_default_still_has_its_turn(iris: pd.DataFrame, tmp_path: Path) -> None:
    began = time.monotonic() - 59.9
    small(tmp_path / "study", iris, target="kind", trials=None, time=60.0, started=began)
    again = api.resume(tmp_path / "study", trials=1, reopen_test=True)
    assert [next(iter(t.genome)) for t in again.trials] == ["majority", "boosted", "linear"]
    assert again.outcome["others"]["default"] == 1


def test_a_late_look_ships_the_model_unmeasured(
    iris: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []

    def late(executor: object, jobs: list[Any], left: object) -> dict[int, str]:
        looked.extend(jobs)
        return {job.trial: ev.CANCELLED for job in jobs}

    monkeypatch.setattr("byeori.finish.run_jobs", late)
    study = small(tmp_path / "study", iris, target="kind")
    assert looked
    assert study.test is None
    assert "--reopen-test" in study.outcome["notes"][0]
    assert "could be measured" in (study.model_folder / "README.md").read_text(encoding="utf-8")
    assert "could be measured" in (study.folder / "report.html").read_text(encoding="utf-8")
    monkeypatch.undo()
    assert api.resume(study.folder, reopen_test=True).test is not None


def test_a_member_that_cannot_predict_is_one_sentence_with_the_reason(
    iris: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("byeori.executors.run._predict", lambda *_: 1 / 0)
    with pytest.raises(ByeoriError, match=rf"trial \d+ {ev.FAILED}\).*--reopen-test"):
        small(tmp_path / "study", iris, target="kind")
    assert Outcome(ev.FAILED).reason in ev.REASONS
    monkeypatch.undo()
    assert small(tmp_path / "study", iris, target="kind").test is not None


# ------------------------------------------------------------------------------------ kinds of studies


def test_the_metric_asked_for_ranks_the_children(iris: pd.DataFrame, tmp_path: Path) -> None:
    study = small(tmp_path / "study", iris, target="kind", metric="log_loss")
    assert study.schema.metric == "log_loss"
    assert study.best is not None
    assert study.best.value == min(t.value for t in study.trials)


def test_rare_classes_are_ranked_by_balanced_accuracy(iris: pd.DataFrame, tmp_path: Path) -> None:
    rare = pd.concat([iris[iris.kind == "red"], iris[iris.kind == "green"].iloc[:6]])
    study = small(tmp_path / "study", rare, target="kind")
    assert study.schema.metric == "balanced_accuracy"


def test_a_test_set_of_ones_own_is_the_test_split(iris: pd.DataFrame, tmp_path: Path) -> None:
    test = iris.iloc[::5]
    study = small(tmp_path / "study", iris.drop(index=test.index), target="kind", test=test)
    assert study.prepared.sizes["test"] == len(test)
    predicted = np.load(study.folder / "predictions" / "test.npy")
    assert np.allclose(Model.load(study.folder).predict(test).raw, predicted, atol=1e-5)


def test_without_a_test_split_nothing_is_opened(iris: pd.DataFrame, tmp_path: Path) -> None:
    study = small(tmp_path / "study", iris, target="kind", test_fraction=0)
    assert study.test is None
    assert study.state.opened == []
    assert study.outcome["notes"] == []
    assert not (study.folder / "predictions" / "test.npy").exists()
    assert "there was no test split" in (study.folder / "report.html").read_text(encoding="utf-8")


def test_a_group_stays_on_one_side(iris: pd.DataFrame, tmp_path: Path) -> None:
    grouped = iris.assign(person=np.arange(120) % 15)
    study = small(tmp_path / "study", grouped, target="kind", group="person")
    test = grouped.iloc[study.prepared.test_rows()]
    rest = grouped.drop(index=test.index)
    assert len(test)
    assert not set(test.person) & set(rest.person)
    assert "person" not in {column.name for column in study.schema.inputs}


def test_the_latest_rows_are_the_test_split(progressions: pd.DataFrame, tmp_path: Path) -> None:
    dated = progressions.iloc[:150].assign(day=pd.date_range("2020-01-01", periods=150))
    study = small(tmp_path / "study", dated, target="progression", time_column="day")
    assert sorted(study.prepared.test_rows()) == list(range(150 - study.prepared.sizes["test"], 150))


def test_the_chosen_are_trained_again_on_all_rows_where_that_pays(
    progressions: pd.DataFrame, tmp_path: Path, no_nets: None
) -> None:
    dated = progressions.iloc[:200].assign(day=pd.date_range("2020-01-01", periods=200))
    settings = {"target": "progression", "time_column": "day", "time": 10_000.0}
    study = small(tmp_path / "study", dated, **settings)
    assert study.outcome["refit"]
    members = sorted(f.name for f in (study.model_folder / "members").glob("*/*"))
    assert set(members) == {"all"}
    assert "trained again on training and validation rows" in (study.folder / "report.html").read_text(encoding="utf-8")
    test = dated.iloc[study.prepared.test_rows()]
    predicted = np.load(study.folder / "predictions" / "test.npy")
    assert np.allclose(Model.load(study.folder).predict(test).raw, predicted, rtol=1e-5)


# -------------------------------------------------------------------------------------- the same again


def facts_of(study: Study) -> list[tuple[object, float, str]]:
    return [(t.genome, t.value, t.reason) for t in study.trials]


def test_the_same_seed_gives_the_same_study_of_a_table(iris: pd.DataFrame, tmp_path: Path) -> None:
    first, again, other = (
        small(tmp_path / f"{n}", iris, target="kind", trials=1, seed=seed) for n, seed in enumerate((0, 0, 1))
    )
    assert facts_of(first) == facts_of(again)
    for split in ("valid", "test"):
        a, b = (np.load(s.folder / "predictions" / f"{split}.npy") for s in (first, again))
        assert np.array_equal(a, b)
    assert not np.array_equal(first.prepared.test_rows(), other.prepared.test_rows())


def test_the_same_seed_gives_the_same_study_of_pictures(digits: Digits, tmp_path: Path) -> None:
    few = digits[0][:100], digits[1][:100]
    limits = {"trials": 2, "strategy": "random", "max_params": 4000}
    first, again = (small(tmp_path / name, few, **limits) for name in ("a", "b"))
    assert facts_of(first) == facts_of(again)
    assert len({str(t.genome) for t in first.trials}) == len(first.trials)


# ------------------------------------------------------------------------------------------ the screen


def test_a_watcher_sees_every_stage(iris: pd.DataFrame, tmp_path: Path) -> None:
    seen: list[Progress] = []
    study = small(tmp_path / "study", iris, target="kind", watch=seen.append)
    assert list(dict.fromkeys(p.stage for p in seen)) == ["reading", "searching", "finishing", "done"]
    assert study.best is not None
    last = seen[-1]
    assert (last.stage, last.best, last.done, last.failed) == (DONE, study.best.value, 1, 0)
    assert [p.elapsed for p in seen] == sorted(p.elapsed for p in seen)


def test_every_catalog_executor_makes_a_study_possible() -> None:
    assert {row.name for row in catalog.rows("executor")} >= {"local", "inline"}
