from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from byeori._util.json import Json, dumps
from byeori.core.data import Prepared
from byeori.core.errors import Diverged, LimitExceeded, ModelError
from byeori.core.jobs import Job, Member, Report
from byeori.learners.nets import Nets
from byeori.testing.data import prepared_diabetes, prepared_digits, prepared_iris
from byeori.testing.learners import LearnerConformance

from .conftest import CHAIN, MLP, quick

few_digits = partial(prepared_digits, rows=400)


class NetsConformance(LearnerConformance):
    @pytest.fixture
    def learner_path(self) -> str:
        return "byeori.learners.nets:Nets"

    @pytest.fixture
    def genome(self, family_path: str, prepared: Prepared) -> Json:
        return quick(family_path, prepared)


@pytest.mark.parametrize("write", [partial(prepared_iris, holes=True), prepared_diabetes], ids=["iris", "diabetes"])
class TestTables(NetsConformance):
    @pytest.fixture
    def family_path(self) -> str:
        return MLP

    @pytest.fixture
    def write(self, request: pytest.FixtureRequest) -> Callable[..., Prepared]:
        return request.param  # type: ignore[no-any-return]


class TestPictures(NetsConformance):
    @pytest.fixture
    def family_path(self) -> str:
        return CHAIN

    @pytest.fixture
    def write(self) -> Callable[..., Prepared]:
        return few_digits


def _last(job: Job) -> Report:
    return list(Nets().train(job))[-1]


def _values(job: Job) -> np.ndarray:
    return np.load(Path(job.out) / "valid.npy", allow_pickle=False)


@pytest.mark.parametrize(
    "recipe",
    [
        {"mix": {"mixup": {"alpha": 0.3}}, "augment": {"none": {}}},
        {"mix": {"cutmix": {"alpha": 1.0}}, "class_weights": "balanced", "cutout": 0.2},
        {"optimizer": {"sgd": {"learning_rate": 0.1, "weight_decay": 5e-4}}, "ema": "none", "class_weights": "sqrt"},
        {"augment": {"trivial": {"strength": 0.5}}, "flip": True, "label_smoothing": 0.1},
    ],
    ids=["mixup", "cutmix", "sgd", "trivial"],
)
def test_every_recipe_learns(recipe: Json, tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = few_digits(tmp_path / "p")
    job = job_of(CHAIN, data, quick(CHAIN, data, epochs=8, **recipe))
    reports = list(Nets().train(job))
    assert reports[-1].value is not None
    assert reports[-1].value > 0.3
    train = [r.metrics["train"]["loss"] for r in reports if "train" in r.metrics]
    assert train[-1] < train[0]


def test_a_smaller_resolution_is_trained_and_predicted(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_digits(tmp_path / "p", rows=400, enlarge=2)
    job = job_of(CHAIN, data, quick(CHAIN, data, epochs=8, resolution=0.5))
    value = _last(job).value
    assert value is not None
    assert value > 0.4
    member = Member(folder=Path(job.out), family=CHAIN, genome=job.genome)
    said = Nets().load(member, data.schema).predict(data.arrays().take(data.valid_rows((0,))))
    np.testing.assert_allclose(said, _values(job), atol=1e-5)


def test_bf16_learns_and_is_judged_in_fp32(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = few_digits(tmp_path / "p")
    last = _last(job_of(CHAIN, data, quick(CHAIN, data, epochs=8), precision="bf16"))
    assert last.value is not None
    assert last.value > 0.5


def test_a_loss_that_is_no_number_ends_the_trial(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = few_digits(tmp_path / "p")
    wild = {"sgd": {"learning_rate": 1e30, "weight_decay": 0.0}}
    job = job_of(CHAIN, data, quick(CHAIN, data, optimizer=wild, warmup=0.0))
    with pytest.raises(Diverged, match="no longer a number"):
        _last(job)
    kept = Path(job.out) / "fold0" / "weights.safetensors"
    assert not kept.exists() or math.isfinite(float(_values(job).sum()))


def test_a_slow_network_is_refused_before_it_trains(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = few_digits(tmp_path / "p")
    job = job_of(CHAIN, data, quick(CHAIN, data), max_latency=1e-4)
    with pytest.raises(LimitExceeded, match=r"may take 0\.0001 ms"):
        _last(job)
    assert list(Path(job.out).iterdir()) == []


def test_facts_say_what_a_network_costs(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_iris(tmp_path / "p")
    reports = list(Nets().train(job_of(MLP, data, quick(MLP, data))))
    facts = {name: value for report in reports for name, value in report.facts.items()}
    assert facts["params"] > 1000
    assert facts["precision"] == "fp32"
    assert facts["epochs"] == 4
    assert facts["latency_ms"] > 0
    assert facts["seconds_per_item"] > 0
    assert facts["images_per_second"] > 0


def test_weights_are_inherited_where_shapes_agree(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = few_digits(tmp_path / "p")
    donor = job_of(CHAIN, data, quick(CHAIN, data, epochs=12))
    list(Nets().train(donor))
    short = quick(CHAIN, data, epochs=1, ema="none")
    short["recipe"]["optimizer"] = {"adamw": {"learning_rate": 1e-5, "weight_decay": 0.0}}
    alone, heir = job_of(CHAIN, data, short), job_of(CHAIN, data, short, weights_from=donor.out)
    strange = job_of(CHAIN, data, short, weights_from=str(tmp_path))
    values = [_last(job).value or 0.0 for job in (alone, heir, strange)]
    assert values[1] > values[0] + 0.2
    assert values[2] == values[0]


def test_the_first_model_lies_there_after_one_epoch(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = few_digits(tmp_path / "p")
    job = job_of(CHAIN, data, quick(CHAIN, data, epochs=50), seconds=30.0)
    training = Nets().train(job)
    reports = [next(training), next(training)]
    training.close()
    assert reports[1].value is not None
    assert (Path(job.out) / "fold0" / "net.json").is_file()


def test_a_network_under_a_short_deadline_still_ends_its_cosine(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_digits(tmp_path / "p")
    last = _last(job_of(CHAIN, data, quick(CHAIN, data, epochs=500), seconds=1.5))
    assert last.progress == 1.0
    assert last.step < 500
    assert last.value is not None
    assert last.value > 0.3


def test_training_leaves_the_callers_dice_alone(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_iris(tmp_path / "p")
    torch.manual_seed(11)
    before = torch.get_rng_state()
    list(Nets().train(job_of(MLP, data, quick(MLP, data, dropout=0.3))))
    assert torch.equal(before, torch.get_rng_state())


def test_a_whole_trial_begun_again_says_its_value(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_iris(tmp_path / "p")
    job = job_of(MLP, data, quick(MLP, data))
    first = _last(job)
    again = list(Nets().train(replace(job, attempt=2)))
    assert again[-1].value == first.value
    assert again[-1].progress == 1.0


def test_a_torn_or_foreign_checkpoint_is_not_gone_on_from(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_iris(tmp_path / "p")
    job = job_of(MLP, data, quick(MLP, data))
    list(Nets().train(replace(job, until=0.5)))
    checkpoint = Path(job.out) / "fold0" / "checkpoint.safetensors"
    assert checkpoint.is_file()
    other = replace(job, seed=4)
    assert next(r for r in Nets().train(other) if r.step).step == 1
    list(Nets().train(replace(other, out=job_of(MLP, data, job.genome).out, until=0.5)))
    checkpoint.write_bytes(b"half")
    assert _last(job).progress == 1.0


def test_a_training_killed_at_any_time_has_little_to_do_again(
    tmp_path: Path, job_of: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("byeori.learners._nets_fold._SAVING", 1e9)  # as if saving took no time
    data = few_digits(tmp_path / "p")
    job = job_of(CHAIN, data, quick(CHAIN, data, epochs=6))
    reports = Nets().train(job)
    reached = [next(reports).progress for _ in range(4)][-1]
    reports.close()
    again = [report.progress for report in Nets().train(replace(job, attempt=2))]
    assert min(p for p in again if p) > reached


def test_cross_validation_goes_on_in_the_fold_it_left(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_iris(tmp_path / "p", folds=3)
    job = job_of(MLP, data, quick(MLP, data))
    straight = job_of(MLP, data, job.genome)
    training = Nets().train(job)
    for report in training:
        if report.progress > 0.4:
            break
    training.close()
    assert not (Path(job.out) / "valid.npy").exists()
    assert _last(replace(job, attempt=2)).value == _last(straight).value
    np.testing.assert_allclose(_values(job), _values(straight), atol=1e-6)


def test_damaged_weights_are_refused_in_a_sentence(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_iris(tmp_path / "p")
    job = job_of(MLP, data, quick(MLP, data))
    list(Nets().train(job))
    member = Member(folder=Path(job.out), family=MLP, genome=job.genome)
    other = quick(MLP, data)
    other["architecture"]["width"] = 128
    with pytest.raises(ModelError, match="do not fit their genome"):
        Nets().load(replace(member, genome=other), data.schema)
    (member.folder / "fold0" / "weights.safetensors").write_bytes(b"half")
    with pytest.raises(ModelError, match="cannot be read"):
        Nets().load(member, data.schema)


def test_training_does_not_import_torchs_compiler(tmp_path: Path, job_of: Callable[..., Job]) -> None:
    data = prepared_iris(tmp_path / "p")
    job = job_of(MLP, data, quick(MLP, data))
    code = (
        "import sys; from byeori._util.json import loads; from byeori.core.jobs import Job\n"
        "from byeori.learners.nets import Nets\n"
        "print('torch' in sys.modules)\n"
        "list(Nets().train(Job.from_json(loads(sys.argv[1]))))\n"
        "print('torch._dynamo' in sys.modules)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = replace(job).to_json()
    arguments = [sys.executable, "-c", code, dumps(told).decode()]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, env=env)
    assert done.stdout.split() == ["False", "False"], done.stderr
