from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from byeori.core import events as ev
from byeori.core.jobs import Job, Report
from byeori.executors.inline import Inline
from byeori.finish import family_paths, predict_cost, refit_cost, run_jobs
from byeori.study import Study


def jobs(count: int) -> list[Job]:
    empty = Job(trial=0, learner="", family="", genome={}, prepared="", out="")
    return [replace(empty, trial=number) for number in range(count)]


def fine(job: Job) -> Iterator[Report]:
    if job.trial == 1:
        raise ValueError("no")
    yield Report(step=1, progress=1.0)


def endless(job: Job) -> Iterator[Report]:
    while True:
        yield Report(step=1, progress=0.5)


def test_every_job_ends_with_its_reason() -> None:
    ends = run_jobs(Inline(2, run=fine), jobs(4), lambda: float("inf"))
    assert ends == {0: ev.DONE, 1: ev.FAILED, 2: ev.DONE, 3: ev.DONE}


def test_what_comes_too_late_is_cancelled() -> None:
    left = iter([1.0, 1.0, 0.9, 0.8] + [0.2] * 1000)
    ends = run_jobs(Inline(1, run=endless), jobs(3), lambda: next(left))
    assert ends == dict.fromkeys(range(3), ev.CANCELLED)


def test_no_jobs_are_no_work() -> None:
    assert run_jobs(Inline(1, run=fine), [], lambda: 0.0) == {}


def test_the_look_at_the_test_split_keeps_to_its_share(image_study: Study) -> None:
    state, prepared = image_study.state, image_study.prepared
    seconds, members = predict_cost(state, prepared, 2, None)
    assert seconds > 0
    assert members == 8, "without a limit there is time for all"
    short, few = predict_cost(state, prepared, 2, 1e-6)
    assert short < seconds
    assert 1 <= few < 8


def test_a_refit_pays_where_one_split_was_made_and_time_is_ample(image_study: Study, table_study: Study) -> None:
    assert refit_cost(table_study.state, table_study.prepared, 1, 1e9) == 0.0, "cross-validated rows have all trained"
    assert refit_cost(image_study.state, image_study.prepared, 1, 1e9) > 0.0
    assert refit_cost(image_study.state, image_study.prepared, 1, 1e-3) == 0.0


def test_every_family_is_trained_by_the_learner_of_its_row() -> None:
    paths = family_paths(["mlp", "linear"])
    assert paths["mlp"] == ("byeori.learners.nets:Nets", "byeori.families.tables.mlp:MLP")
    assert paths["linear"][0] == "byeori.learners.linear:Linear"


@pytest.mark.parametrize("which", ["image_study", "table_study", "regression_study"])
def test_the_outcome_holds_every_figure_with_its_interval(which: str, request: pytest.FixtureRequest) -> None:
    outcome = request.getfixturevalue(which).outcome
    metric = outcome["metric"]
    for split in ("valid", "test"):
        for figures in outcome[split].values():
            assert figures[metric]["low"] <= figures[metric]["value"] <= figures[metric]["high"]
    assert sum(m["weight"] for m in outcome["choice"]["members"]) == pytest.approx(1.0)
    assert set(outcome["others"]) <= set(outcome["test"])
    assert {"reading", "searching", "finishing", "total"} <= set(outcome["seconds"])
