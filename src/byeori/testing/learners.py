"""The conformance suite of learners: inherit `LearnerConformance`, give a learner, a family and prepared data."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from byeori._util.json import Json, dumps, loads
from byeori._util.lazy import resolve
from byeori.core.data import Prepared
from byeori.core.deciders import default
from byeori.core.jobs import Job, Member, Report
from byeori.core.metrics import score
from byeori.core.protocols import Learner

FORBIDDEN_AFTER_LOAD = ("byeori.learners._nets_train", "byeori.learners._nets_step", "byeori.nn.augment")
"""Modules that nobody needs in order to predict."""


class LearnerConformance:
    """What every learner must do; a test class inherits it and overrides the fixtures.

    Override `learner_path`, `family_path`, `write` (makes prepared data in a folder, with as many folds as it is told)
    and, where the default genome takes long, `genome`.

    Example:
        class TestLinear(LearnerConformance):
            @pytest.fixture
            def learner_path(self) -> str:
                return "byeori.learners.linear:Linear"

            @pytest.fixture
            def family_path(self) -> str:
                return "byeori.families.plain.linear:LINEAR"

            @pytest.fixture
            def write(self) -> Callable[..., Prepared]:
                return prepared_iris
    """

    @pytest.fixture
    def learner_path(self) -> str:
        """Dotted path of the learner under test."""
        raise NotImplementedError("Override the fixture `learner_path`.")

    @pytest.fixture
    def family_path(self) -> str:
        """Dotted path of a family it trains."""
        raise NotImplementedError("Override the fixture `family_path`.")

    @pytest.fixture
    def write(self) -> Callable[..., Prepared]:
        """A function of a folder and `folds=` that writes prepared data."""
        raise NotImplementedError("Override the fixture `write`.")

    @pytest.fixture
    def genome(self, family_path: str, prepared: Prepared) -> Json:
        """The family's part of a genome that trains quickly."""
        return default(resolve(family_path).space(prepared.schema))

    @pytest.fixture
    def learner(self, learner_path: str) -> Learner:
        """The learner under test."""
        learner: Learner = resolve(learner_path)()
        return learner

    @pytest.fixture
    def prepared(self, write: Callable[..., Prepared], tmp_path: Path) -> Prepared:
        """Prepared data with one split."""
        return write(tmp_path / "prepared", folds=2)

    @pytest.fixture
    def job(self, learner_path: str, family_path: str, genome: Json, prepared: Prepared, tmp_path: Path) -> Job:
        """A whole training on the one split."""
        (tmp_path / "trial").mkdir()
        return Job(
            trial=0,
            learner=learner_path,
            family=family_path,
            genome=genome,
            prepared=str(prepared.folder),
            out=str(tmp_path / "trial"),
            seed=7,
        )

    def test_progress_rises_to_its_end(self, learner: Learner, job: Job) -> None:
        reports = list(learner.train(job))
        steps = [report.progress for report in reports]
        assert steps == sorted(steps)
        assert 0.0 <= steps[0] <= steps[-1] == 1.0
        seconds = [report.seconds for report in reports]
        assert seconds == sorted(seconds)
        assert any("loss" in report.metrics.get("valid", {}) for report in reports)
        assert all(Report.from_json(loads(dumps(report.to_json()))) for report in reports)

    def test_every_value_is_that_of_the_predictions_on_disk(
        self, learner: Learner, job: Job, prepared: Prepared
    ) -> None:
        target = prepared.target()[prepared.valid_rows(job.folds)]
        values = []
        for report in learner.train(job):
            if report.value is not None:
                values.append(report.value)
                assert report.value == score(prepared.schema.metric, target, _valid(job))
                assert resolve(job.learner)().load(_member(job), prepared.schema)
        assert values

    def test_loading_gives_the_predictions_of_the_training(
        self, learner: Learner, job: Job, prepared: Prepared
    ) -> None:
        list(learner.train(job))
        rows = prepared.arrays().take(prepared.valid_rows(job.folds))
        loaded = learner.load(_member(job), prepared.schema).predict(rows)
        assert loaded.dtype == np.float32
        np.testing.assert_allclose(loaded, _valid(job), atol=1e-5, rtol=1e-5)

    def test_a_closed_training_leaves_no_torn_file(self, learner: Learner, job: Job, prepared: Prepared) -> None:
        training = learner.train(job)
        value = None
        for _ in range(4):
            value = getattr(next(training, None), "value", value) or value
        training.close()  # type: ignore[attr-defined]
        assert not [path for path in Path(job.out).rglob(".*")]
        if value is not None:
            assert value == score(prepared.schema.metric, prepared.target()[prepared.valid_rows((0,))], _valid(job))
            assert learner.load(_member(job), prepared.schema)

    def test_keeps_its_deadline(self, learner: Learner, job: Job) -> None:
        seconds = list(learner.train(replace(job, seconds=2.0)))[-1].seconds
        assert seconds < 3.5

    def test_trains_on_everything_for_a_refit(self, learner: Learner, job: Job, prepared: Prepared) -> None:
        last = list(learner.train(replace(job, folds=())))[-1]
        assert last.value is None
        assert last.progress == 1.0
        assert not (Path(job.out) / "valid.npy").exists()
        predicted = learner.load(_member(job), prepared.schema).predict(prepared.arrays().take(prepared.test_rows()))
        assert len(predicted) == prepared.sizes["test"]

    def test_cross_validates(self, learner: Learner, job: Job, write: Callable[..., Prepared], tmp_path: Path) -> None:
        data = write(tmp_path / "folds", folds=3)
        job = replace(job, prepared=str(data.folder), folds=data.validated)
        reports = list(learner.train(job))
        assert [r.progress for r in reports] == sorted(r.progress for r in reports)
        assert reports[-1].progress == pytest.approx(1.0)
        rows = data.valid_rows(job.folds)
        assert reports[-1].value == score(data.schema.metric, data.target()[rows], _valid(job))
        predictor = learner.load(_member(job), data.schema)
        each = [_alone(learner, job, data, fold) for fold in job.folds]
        both = predictor.predict(data.arrays().take(data.test_rows()))
        np.testing.assert_allclose(both, np.mean(each, axis=0), atol=1e-5, rtol=1e-5)

    def test_the_same_seed_trains_the_same_model(self, learner: Learner, job: Job, tmp_path: Path) -> None:
        list(learner.train(job))
        other = replace(job, out=str(tmp_path / "again"))
        Path(other.out).mkdir()
        list(learner.train(other))
        np.testing.assert_array_equal(_valid(job), _valid(other))

    def test_going_on_ends_where_an_undisturbed_training_does(self, learner: Learner, job: Job, tmp_path: Path) -> None:
        list(learner.train(job))
        other = replace(job, out=str(tmp_path / "paused"))
        Path(other.out).mkdir()
        half = list(learner.train(replace(other, until=0.5)))
        assert half[-1].progress <= 1.0
        assert half[-1].value is not None
        whole = list(learner.train(replace(other, attempt=2)))
        assert whole[-1].progress == 1.0
        np.testing.assert_allclose(_valid(other), _valid(job), atol=1e-6, rtol=1e-6)

    def test_loading_needs_no_training_code(self, learner: Learner, job: Job, prepared: Prepared) -> None:
        list(learner.train(job))
        module, _, name = job.learner.partition(":")
        code = (
            f"import sys; from pathlib import Path; from {module} import {name}\n"
            "from byeori._util.json import loads; from byeori.core.data import Prepared\n"
            "from byeori.core.jobs import Member\n"
            f"data = Prepared.open(Path({str(prepared.folder)!r}))\n"
            f"member = Member(folder=Path({job.out!r}), family={job.family!r}, genome=loads({dumps(job.genome)!r}))\n"
            f"answers = {name}().load(member, data.schema).predict(data.arrays().take(data.test_rows()))\n"
            f"print(len(answers), *[m for m in {FORBIDDEN_AFTER_LOAD!r} if m in sys.modules])"
        )
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
        assert done.stdout.split() == [str(prepared.sizes["test"])], done.stderr


def _valid(job: Job) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    values = np.load(Path(job.out) / "valid.npy", allow_pickle=False)
    assert values.dtype == np.float32
    return np.asarray(values)


def _member(job: Job) -> Member:
    return Member(folder=Path(job.out), family=job.family, genome=job.genome)


def _alone(learner: Learner, job: Job, data: Prepared, fold: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Check one fold's model against its out-of-fold predictions; return what it says of the test split."""
    folder = Path(job.out) / f"only{fold}"
    folder.mkdir()
    (folder / "fold0").symlink_to(Path(job.out) / f"fold{fold}")
    predictor = learner.load(replace(_member(job), folder=folder), data.schema)
    rows = data.valid_rows([fold])
    place = np.searchsorted(data.valid_rows(job.folds), rows)
    np.testing.assert_allclose(predictor.predict(data.arrays().take(rows)), _valid(job)[place], atol=1e-5, rtol=1e-5)
    return predictor.predict(data.arrays().take(data.test_rows()))
