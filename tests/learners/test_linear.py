from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from byeori.core.data import Prepared
from byeori.core.errors import ModelError
from byeori.core.jobs import Job, Member
from byeori.learners.linear import Linear
from byeori.testing.data import prepared_diabetes, prepared_digits, prepared_iris
from byeori.testing.learners import LearnerConformance

FAMILY = "byeori.families.plain.linear:LINEAR"


@pytest.mark.parametrize("write", [prepared_iris, prepared_diabetes, prepared_digits])
class TestLinear(LearnerConformance):
    @pytest.fixture
    def learner_path(self) -> str:
        return "byeori.learners.linear:Linear"

    @pytest.fixture
    def family_path(self) -> str:
        return FAMILY

    @pytest.fixture
    def write(self, request: pytest.FixtureRequest) -> Callable[..., Prepared]:
        return request.param  # type: ignore[no-any-return]


def _trained(data: Prepared, out: Path, genome: dict[str, object]) -> float:
    out.mkdir()
    job = Job(trial=0, learner="", family=FAMILY, genome=genome, prepared=str(data.folder), out=str(out))
    value = list(Linear().train(job))[-1].value
    assert value is not None
    return value


def test_pictures_are_recognised(tmp_path: Path) -> None:
    assert _trained(prepared_digits(tmp_path / "p"), tmp_path / "out", {"strength": 1.0}) > 0.95


def test_a_strong_hand_keeps_it_at_the_mean(tmp_path: Path) -> None:
    data = prepared_diabetes(tmp_path / "p")
    target = data.target()[data.valid_rows()]
    held = _trained(data, tmp_path / "held", {"strength": 1e9})
    assert held == pytest.approx(float(np.std(target)), rel=0.05)
    assert _trained(data, tmp_path / "free", {"strength": 1.0}) < 0.85 * held


def test_bends_and_pairs_find_what_a_line_does_not(tmp_path: Path) -> None:
    data = prepared_iris(tmp_path / "p", holes=True)
    for name, genome in (
        ("line", {"strength": 1.0}),
        ("bent", {"strength": 1.0, "numbers": {"bent": {"knots": 4}}, "pairs": True, "class_weights": "balanced"}),
    ):
        assert _trained(data, tmp_path / name, genome) > 0.6


def test_a_damaged_model_is_refused_in_a_sentence(tmp_path: Path) -> None:
    data = prepared_iris(tmp_path / "p")
    _trained(data, tmp_path / "out", {"strength": 1.0})
    (tmp_path / "out" / "fold0" / "linear.safetensors").write_bytes(b"half")
    member = Member(folder=tmp_path / "out", family=FAMILY, genome={})
    with pytest.raises(ModelError, match="copy it again"):
        Linear().load(member, data.schema)
    with pytest.raises(ModelError, match="no trained model"):
        Linear().load(replace(member, folder=tmp_path / "p"), data.schema)
