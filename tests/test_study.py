from __future__ import annotations

import json
import shutil
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import byeori
from byeori.core.errors import OptionError, StudyError
from byeori.core.schema import Source
from byeori.request import PRESETS, Request, Spend, mark_of, modality_of, same_study, write_study
from byeori.study import STUDY_FORMAT, Study

Digits = tuple[np.ndarray, np.ndarray]


# ------------------------------------------------------------------------------------- what is on disk


def test_a_study_folder_holds_what_the_plan_says(image_study: Study) -> None:
    names = {path.name for path in image_study.folder.iterdir()}
    assert {"study.json", "events.db", "prepared", "trials", "finish.json", "predictions", "model"} <= names
    assert {"report.html", "report.json"} <= names
    assert "work" not in names


def test_study_json_says_what_was_asked(table_study: Study) -> None:
    asked = json.loads((table_study.folder / "study.json").read_text(encoding="utf-8"))
    assert asked["format"] == STUDY_FORMAT
    assert asked["byeori"] == byeori.__version__
    assert asked["fingerprint"] == table_study.prepared.fingerprint
    assert asked["direction"] == "maximize"
    assert asked["request"]["strategy"] == "council"
    assert asked["request"]["source"]["target"] == "diagnosis"
    assert asked["request"]["source"]["data"].startswith("in memory: DataFrame ")
    assert set(asked["families"]) == {"boosted", "linear", "majority", "mlp"}
    assert "seconds" not in asked["request"], "budgets are events"


def test_an_opened_study_shows_its_trials_and_its_best(image_study: Study) -> None:
    opened = Study.open(image_study.folder)
    assert opened.finished
    assert [t.number for t in opened.trials] == list(range(len(opened.trials)))
    assert opened.trials[0].origin.strategy == "default"
    assert opened.best is not None
    assert opened.best.value == max(t.value for t in opened.trials if isfinite(t.value))
    assert opened.valid > 0.5
    assert opened.test == opened.outcome["test"]["winner"]["accuracy"]["value"]
    assert opened.reports()[0][-1].progress == 1.0


def test_the_summary_is_json_with_the_figures(image_study: Study) -> None:
    found = json.loads(json.dumps(image_study.summary()))
    assert found["metric"] == "accuracy"
    assert found["trials"] == len(image_study.trials)
    assert found["test"] == image_study.test
    assert Path(found["model"]).is_dir()


def test_the_bred_and_the_baselines_are_told_apart(image_study: Study) -> None:
    origins = [trial.origin.strategy for trial in image_study.trials]
    assert origins.count("baseline") == 3
    assert len(origins) - origins.count("baseline") == 2, "as many as were asked for"
    assert image_study.outcome["others"].keys() >= {"single", "default", "majority", "linear", "boosted"}


# ------------------------------------------------------------------------------------ what is no study


def test_a_folder_without_a_study_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="There is no study in"):
        Study.open(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_a_damaged_study_json_is_one_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(StudyError, match="damaged"):
        Study.open(tmp_path)


def test_a_newer_study_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text(json.dumps({"format": STUDY_FORMAT + 1}))
    with pytest.raises(StudyError, match="newer Byeori"):
        Study.open(tmp_path)


def test_an_unfinished_study_has_no_outcome(table_study: Study, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(table_study.folder, tmp_path / "study"))
    (copied / "finish.json").unlink()
    study = Study.open(copied)
    assert not study.finished
    assert study.best is not None
    with pytest.raises(StudyError, match="not finished"):
        _ = study.outcome


# ----------------------------------------------------------------------------------------- the request


def request_for(data: object, **more: object) -> Request:
    return Request(source=byeori.Source(data=data), **more)


def test_a_request_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    source = byeori.Source(data=str(tmp_path / "x.csv"), target="y", ignore=("a", "b"), test_fraction=0.1)
    request = Request(source=source, strategy="random", max_params=5, seed=3)
    assert Request.from_json(json.loads(json.dumps(request.to_json()))) == request


def test_data_in_memory_is_known_by_its_content() -> None:
    x, y = np.arange(6.0).reshape(3, 2), np.array(["a", "b", "b"])
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"])})

    def place(data: object) -> str:
        return request_for(data).to_json()["source"]["data"]

    assert place((x, y)) == place((x.copy(), y.copy()))
    assert place((x, y)) != place((x + 1, y))
    assert place((x, y)) != place((x, y[::-1]))
    assert place(frame) == place(frame.copy())
    assert place(frame) != place(frame.assign(a=[1, 3]))
    assert place(frame) != place(frame.rename(columns={"a": "z"}))
    again = Request.from_json(request_for(frame).to_json())
    assert again.to_json() == request_for(frame).to_json()


def test_the_same_folder_holds_one_study_and_says_in_what_another_differs(tmp_path: Path) -> None:
    write_study(tmp_path, request_for("a.csv"), {})
    assert same_study(tmp_path, request_for("a.csv")) is not None
    assert same_study(tmp_path, request_for("a.csv", executor="inline")) is not None, "where it runs is no difference"
    with pytest.raises(StudyError, match=r"differs in seed, data\)"):
        same_study(tmp_path, request_for("b.csv", seed=1))


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(StudyError, match="not empty"):
        same_study(tmp_path, request_for("a.csv"))


def test_what_a_killed_beginning_leaves_is_gone_on_with(tmp_path: Path) -> None:
    for name in ("events.db", "events.db-wal", "events.db-shm", "events.db.lock", ".study.json.x1", ".prepared.abc"):
        (tmp_path / name).write_bytes(b"")
    assert same_study(tmp_path, request_for("a.csv")) is None


@pytest.mark.parametrize(
    "wrong",
    [{"strategy": "evoluton"}, {"executor": "nowhere"}, {"stopper": "x"}, {"modality": "smells"}, {"max_params": 0}],
)
def test_a_wrong_option_is_one_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=r"Unknown|is no limit"):
        request_for("a.csv", **wrong)


@pytest.mark.parametrize(
    "wrong", [{"trials": 0}, {"seconds": 0.0}, {"seconds": 2.0}, {"seconds": float("nan")}, {"workers": 0}]
)
def test_nothing_is_not_to_be_spent(wrong: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        Spend(**wrong)


def test_a_preset_counts_where_neither_time_nor_trials_are_given() -> None:
    assert Spend().with_preset("pilot").seconds == PRESETS["pilot"] == 600.0
    assert Spend().with_preset("production").seconds == 86_400.0
    assert Spend(trials=3).with_preset("production").seconds is None
    assert Spend(seconds=5.0).with_preset("pilot").seconds == 5.0
    with pytest.raises(OptionError, match="pilot, production"):
        Spend().with_preset("pilots")


def test_the_modality_is_seen_by_looks(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "paths.csv").write_text("file,label\na/b.png,cat\n")
    (tmp_path / "numbers.csv").write_text("a,b\n1,2\n")
    looks = {
        "images": [tmp_path / "folder", tmp_path / "paths.csv", "x.npz", np.zeros((2, 8, 8)), (["a.png"], ["cat"])],
        "tables": [tmp_path / "numbers.csv", "x.parquet", np.zeros((2, 8)), pd.DataFrame({"a": [1]}), ([[1.0]], [1])],
    }
    for modality, examples in looks.items():
        assert [modality_of(example) for example in examples] == [modality] * len(examples)
    with pytest.raises(byeori.core.errors.DataError, match="int"):
        modality_of(3)


def test_the_mark_sees_a_picture_that_changed_its_class(tmp_path: Path) -> None:
    for name in ("cats", "dogs"):
        (tmp_path / "p" / name).mkdir(parents=True)
        (tmp_path / "p" / name / f"{name}.png").write_bytes(b"x")
    before = mark_of(Source(data=str(tmp_path / "p")))
    assert before == mark_of(Source(data=tmp_path / "p")) != ""
    (tmp_path / "p" / "cats" / "cats.png").rename(tmp_path / "p" / "dogs" / "cats.png")
    assert mark_of(Source(data=str(tmp_path / "p"))) != before
    assert mark_of(Source(data=str(tmp_path / "gone"))) == mark_of(Source(data=np.zeros(3))) == ""
