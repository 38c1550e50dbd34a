from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from byeori import api
from byeori._util.json import loads, pretty
from byeori.core.errors import StudyError
from byeori.report.facts import gather
from byeori.report.write import write_report
from byeori.study import Study


@pytest.fixture
def copied(table_study: Study, tmp_path: Path) -> Path:
    return Path(shutil.copytree(table_study.folder, tmp_path / "study"))


@pytest.mark.parametrize("which", ["image_study", "table_study", "regression_study"])
def test_the_json_says_what_the_page_was_made_of(which: str, request: pytest.FixtureRequest) -> None:
    study: Study = request.getfixturevalue(which)
    written = json.loads((study.folder / "report.json").read_text(encoding="utf-8"))
    assert written == loads(pretty(gather(study)))
    assert written["outcome"] == study.outcome
    assert written["trials"]["all"] == len(study.trials)


def test_the_leaderboard_is_ordered_and_says_how_sure_it_is(image_study: Study) -> None:
    rows = gather(image_study)["leaderboard"]
    values = [row["value"] for row in rows]
    assert values == sorted(values, reverse=True)
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)
    assert not rows[0]["tie"]
    assert rows[-1]["family"] == "majority"
    assert not rows[-1]["tie"]


def test_a_child_with_the_same_predictions_ties(no_nets: None, table_study: Study, copied: Path) -> None:
    study = Study.open(copied)
    first, second = study.state.top(2)
    before = gather(study)["leaderboard"]
    shutil.copy(study.trial_folder(first) / "valid.npy", study.trial_folder(second) / "valid.npy")
    after = gather(Study.open(copied))["leaderboard"]
    assert after[1]["tie"]
    assert before[0]["trial"] == after[0]["trial"] == first


def test_the_matrix_counts_every_item_once(table_study: Study) -> None:
    found = gather(table_study)["mistakes"]
    matrix = np.asarray(found["matrix"])
    assert found["split"] == "test"
    assert matrix.sum() == found["items"] == table_study.prepared.sizes["test"]
    assert matrix.sum() - np.trace(matrix) == found["wrong"]
    sure = [w["sure"] for w in found["worst"]]
    assert sure == sorted(sure, reverse=True)
    assert all(w["truth"] != w["said"] for w in found["worst"])


def test_the_worst_of_a_regression_come_first(regression_study: Study) -> None:
    found = gather(regression_study)["mistakes"]
    off = [abs(w["truth"] - w["said"]) for w in found["worst"]]
    assert off == sorted(off, reverse=True)
    assert len(found["points"]) == regression_study.prepared.sizes["test"]


def test_the_model_stands_first_among_what_it_is_held_against(table_study: Study) -> None:
    names = [row["name"] for row in gather(table_study)["baselines"]]
    assert names[:3] == ["winner", "single", "default"]
    assert {"linear", "majority"} <= set(names)


def test_the_history_is_of_the_bred_and_names_the_best_baseline(image_study: Study) -> None:
    history = gather(image_study)["history"]
    assert [point[0] for point in history["points"]] == [0, 4]
    assert history["points"][-1][2] == max(point[1] for point in history["points"])
    assert history["baseline"]["family"] in ("linear", "boosted")


def test_a_study_whose_prepared_data_was_deleted_has_a_report(copied: Path) -> None:
    shutil.rmtree(copied / "prepared")
    found = gather(Study.open(copied))
    assert found["data"] is None
    assert found["mistakes"] is None
    text = write_report(Study.open(copied)).read_text(encoding="utf-8")
    assert "The prepared data was deleted." in text
    assert "test split, opened once" in text


def test_a_study_whose_trials_were_deleted_has_a_report(copied: Path) -> None:
    shutil.rmtree(copied / "trials")
    rows = gather(Study.open(copied))["leaderboard"]
    assert all("low" not in row for row in rows)
    assert write_report(Study.open(copied)).stat().st_size > 10_000


def test_a_report_can_be_written_again_and_says_the_same(copied: Path) -> None:
    before = (copied / "report.json").read_bytes()
    for name in ("report.html", "report.json"):
        (copied / name).unlink()
    assert api.report(copied) == copied / "report.html"
    assert (copied / "report.json").read_bytes() == before


def test_an_unfinished_study_has_no_report(copied: Path) -> None:
    (copied / "finish.json").unlink()
    with pytest.raises(StudyError, match="not finished"):
        gather(Study.open(copied))


def test_children_that_failed_are_named_with_their_reason(
    patients: pd.DataFrame, tmp_path: Path, no_nets: None
) -> None:
    def broken(self: object, job: object) -> None:
        raise RuntimeError("the roof fell in\nand the walls too")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("byeori.learners.linear.Linear.train", broken)
        study = api.fit(patients, out=tmp_path / "study", target="diagnosis", trials=1, executor="inline")
    trials = gather(study)["trials"]
    assert trials["reasons"]["failed"] == 1
    (failed,) = trials["failed"]
    assert "the roof fell in" in failed["message"]
    assert "\n" not in failed["message"]
    assert "the roof fell in" in (study.folder / "report.html").read_text(encoding="utf-8")


def test_many_children_have_a_line_of_descent(patients: pd.DataFrame, tmp_path: Path, no_nets: None) -> None:
    study = api.fit(patients, out=tmp_path / "study", target="diagnosis", trials=8, executor="inline")
    found = gather(study)
    bred = [row for row in found["leaderboard"] if row["strategy"] not in ("default", "baseline")]
    assert bred
    assert all(row["changed"] for row in bred if study.state.trial(row["trial"]).origin.parents)
    assert len(found["history"]["points"]) == 8
