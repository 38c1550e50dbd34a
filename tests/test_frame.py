from __future__ import annotations

import math

import pandas as pd

from byeori.core.jobs import Origin
from byeori.core.state import Trial
from byeori.frame import FIXED, trial_frame


def trial(number: int, genome, value: float = 0.5, **facts) -> Trial:
    return Trial(number, genome, Origin(strategy="random"), "ended", "done", value, value, 1, 1.0, 2.0, facts)


def test_a_row_a_trial_a_column_a_question():
    frame = trial_frame(
        [
            trial(0, {"rate": 0.1, "blocks": [{"conv": {"filters": 8}}, {"pool": {}}]}),
            trial(1, {"rate": 0.2, "blocks": []}, math.nan),
        ]
    )
    assert list(frame.columns) == [*FIXED, "rate", "blocks[0].conv.filters", "blocks[1].pool", "blocks"]
    assert frame["number"].tolist() == [0, 1]
    assert frame["blocks[0].conv.filters"].tolist()[0] == 8
    assert pd.isna(frame["blocks[0].conv.filters"][1]), "it was not asked"
    assert frame["blocks[1].pool"].tolist()[0] is True
    assert frame["blocks"].tolist()[1] is True
    assert pd.isna(frame["value"][1])


def test_several_objectives_have_a_column_each():
    frame = trial_frame(
        [trial(0, {"x": 1}, objectives={"error": 0.5, "seconds": 3.0}), trial(1, {"x": 2})], ["error", "seconds"]
    )
    assert list(frame.columns) == [
        "number", "value", "error", "objective:seconds", "status", "reason", "seconds", "strategy", "x",
    ]  # fmt: skip
    assert frame["error"][0] == 0.5
    assert pd.isna(frame["error"][1]), "it failed before it was measured"


def test_a_question_never_hides_what_is_always_there():
    frame = trial_frame([trial(0, {"value": 9, "status": "asked"})])
    assert frame["value"][0] == 0.5
    assert frame["genome:value"][0] == 9
    assert frame["genome:status"][0] == "asked"


def test_a_space_of_one_question_and_a_study_without_trials():
    assert trial_frame([trial(0, 0.25)])["genome"][0] == 0.25
    assert list(trial_frame([]).columns) == list(FIXED)


def test_a_study_of_data_has_it_too(table_study):
    frame = table_study.frame()
    assert len(frame) == len(table_study.trials)
    assert set(frame["strategy"]) >= {"default", "baseline"}
