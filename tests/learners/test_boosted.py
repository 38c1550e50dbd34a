from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from byeori._util.json import Json, loads
from byeori.core.data import Prepared
from byeori.core.deciders import default
from byeori.core.errors import LimitExceeded, ModelError
from byeori.core.jobs import Job, Member, Report
from byeori.families.plain.boosted import BOOSTED as FAMILY
from byeori.learners.boosted import Boosted
from byeori.learners.linear import Linear
from byeori.testing.data import prepared_diabetes, prepared_digits, prepared_iris
from byeori.testing.learners import LearnerConformance

from .conftest import BOOSTED, LINEAR


def _genome(data: Prepared, **more: Json) -> Json:
    genome = copy.deepcopy(default(FAMILY.space(data.schema)))
    genome["kind"]["boosted"] |= {"learning_rate": 0.2, "leaves": 6} | more
    return genome


@pytest.mark.parametrize("write", [prepared_iris, prepared_diabetes], ids=["iris", "diabetes"])
class TestBoosted(LearnerConformance):
    @pytest.fixture
    def learner_path(self) -> str:
        return "byeori.learners.boosted:Boosted"

    @pytest.fixture
    def family_path(self) -> str:
        return BOOSTED

    @pytest.fixture
    def write(self, request: pytest.FixtureRequest) -> Callable[..., Prepared]:
        return request.param  # type: ignore[no-any-return]

    @pytest.fixture
    def genome(self, prepared: Prepared) -> Json:
        return _genome(prepared)


def _last(job: Job) -> Report:
    return list(Boosted().train(job))[-1]


def _card(job: Job, folder: str) -> Json:
    return loads((Path(job.out) / folder / "boosted.json").read_bytes())


def test_pictures_are_recognised(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_digits(tmp_path / "p", rows=500)
    value = _last(job_of(BOOSTED, data, _genome(data))).value
    assert value is not None
    assert value > 0.85


def test_a_forest_grows_as_many_trees_as_it_is_told(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_diabetes(tmp_path / "p")
    forest = {"trees": 100, "leaves": 32, "leaf_rows": 3, "columns": 0.4, "rows": 0.7, "extra": False}
    job = job_of(BOOSTED, data, {"kind": {"forest": forest}})
    last = _last(job)
    assert _card(job, "fold0")["rounds"] == 100
    assert last.value is not None
    assert last.value < 0.85 * float(np.std(data.target()[data.valid_rows()]))


@pytest.mark.parametrize("more", [{"linear_leaves": True}, {"extra": True, "depth": 3}], ids=["linear", "extra"])
def test_other_trees_learn_too(more: Json, tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_diabetes(tmp_path / "p")
    value = _last(job_of(BOOSTED, data, _genome(data, **more))).value
    assert value is not None
    assert value < 0.9 * float(np.std(data.target()[data.valid_rows()]))


def test_the_absolute_error_is_what_is_lowered_where_it_is_the_metric(
    tmp_path: Path, job_of: Callable[..., Job]
) -> None:
    data = prepared_diabetes(tmp_path / "p", metric="mae")
    assert "linear_leaves" not in default(FAMILY.space(data.schema))["kind"]["boosted"]
    job = job_of(BOOSTED, data, _genome(data))
    assert _last(job).value is not None
    assert "objective: regression_l1" in (Path(job.out) / "fold0" / "trees.txt").read_text()


def test_boosting_stops_when_the_validation_loss_does(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_diabetes(tmp_path / "p")
    job = job_of(BOOSTED, data, _genome(data))
    last = _last(job)
    assert _card(job, "fold0")["rounds"] <= last.step < 200


def test_a_refit_takes_its_rounds_from_the_trained_trial(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_diabetes(tmp_path / "p", folds=3)
    trial = job_of(BOOSTED, data, _genome(data))
    list(Boosted().train(trial))
    rounds = np.mean([_card(trial, f"fold{fold}")["rounds"] for fold in (0, 1, 2)])
    told = job_of(BOOSTED, data, trial.genome, folds=(), weights_from=trial.out)
    list(Boosted().train(told))
    assert _card(told, "all")["rounds"] == pytest.approx(1.1 * rounds, abs=1)
    alone = replace(told, weights_from=None, out=job_of(BOOSTED, data, trial.genome).out)
    reports = list(Boosted().train(alone))
    assert [r.progress for r in reports] == sorted(r.progress for r in reports)
    assert 5 < _card(alone, "all")["rounds"] < 200


def test_class_weights_find_the_rare_class(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_iris(tmp_path / "p")
    plain, balanced = _genome(data), {**_genome(data), "class_weights": "balanced"}
    values = [_last(job_of(BOOSTED, data, genome)).value for genome in (plain, balanced)]
    assert all(value is not None and value > 0.85 for value in values)


def test_damaged_trees_are_refused_in_a_sentence(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_iris(tmp_path / "p")
    job = job_of(BOOSTED, data, _genome(data))
    list(Boosted().train(job))
    member = Member(folder=Path(job.out), family=BOOSTED, genome=job.genome)
    (member.folder / "fold0" / "trees.txt").write_text("half")
    with pytest.raises(ModelError, match="cannot be read"):
        Boosted().load(member, data.schema)


@pytest.mark.parametrize("limit", [1e-4, 1e4])
def test_trees_and_lines_keep_the_limit_on_latency(limit: float, tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_iris(tmp_path / "p")
    jobs = [
        (Boosted(), job_of(BOOSTED, data, _genome(data), max_latency=limit)),
        (Linear(), job_of(LINEAR, data, {"strength": 1.0}, max_latency=limit)),
    ]
    for learner, job in jobs:
        if limit < 1.0:
            with pytest.raises(LimitExceeded, match="a smaller model"):
                list(learner.train(job))
        else:
            assert list(learner.train(job))[-1].facts["latency_ms"] > 0.0
