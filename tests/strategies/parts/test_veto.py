from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from byeori._util.json import Json
from byeori.core.deciders import sample
from byeori.core.space import Categorical, Float, Int, Record, Repeat, Space
from byeori.strategies.parts import veto as module
from byeori.strategies.parts.veto import Veto
from byeori.testing.spaces import conformance_spaces, flat_space, network_space


def _pools(genome: Json) -> int:
    return sum("pool" in block for block in genome["architecture"]["blocks"])


RULES: dict[str, tuple[Space, Callable[[Json], bool]]] = {
    "an option": (flat_space(), lambda genome: genome["optimizer"] == "lion"),
    "a range": (flat_space(), lambda genome: genome["rate"] > 0.02),
    "a count": (network_space(), lambda genome: _pools(genome) >= 2),
    "a part deep inside": (network_space(), lambda genome: genome["recipe"]["batch"] == 256),
}


@pytest.mark.parametrize("name", RULES)
def test_a_cause_is_found(name: str) -> None:
    space, fails = RULES[name]
    rng, veto = Random(0), Veto(space)
    for _ in range(1000):
        genome = sample(space, rng)
        veto.learn(veto.bins(genome), fails(genome))
    fresh = [sample(space, rng) for _ in range(300)]
    right = sum((veto.doubt(veto.bins(genome)) > 0.5) == fails(genome) for genome in fresh)
    assert right > 280


def test_failures_without_a_cause_are_not_believed_in() -> None:
    space, rng = flat_space(), Random(0)
    veto = Veto(space)
    for _ in range(1000):
        veto.learn(veto.bins(sample(space, rng)), rng.random() < 0.1)
    doubted = sum(veto.doubt(veto.bins(sample(space, rng))) > 0.5 for _ in range(300))
    assert doubted < 10


@pytest.mark.parametrize("name", conformance_spaces())
def test_every_answer_has_a_bin_of_its_question(name: str) -> None:
    space, rng = conformance_spaces()[name], Random(0)
    veto = Veto(space)
    for _ in range(100):
        assert all(0 <= place < len(veto._weights) for place in veto.bins(sample(space, rng)))


@pytest.mark.parametrize(
    "question",
    [Float(1e-5, 1.0, log=True), Float(-3, 7), Int(1, 1000, log=True), Int(0, 5), Int(3, 3), Float(2, 2), Int(0, 99)],
)
def test_bins_rise_with_the_answer_and_the_bounds_are_inside(question: Float | Int) -> None:
    veto = Veto(question)
    steps = [question.low + (question.high - question.low) * i / 200 for i in range(201)]
    answers = [int(x) for x in steps] if isinstance(question, Int) else steps
    bins = [veto.bins(answer)[0] for answer in answers]
    assert bins == sorted(bins)
    assert (bins[0], bins[-1]) == (0, len(veto._weights) - 1)


def test_more_bins_than_weights_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLOTS", 64)
    space = Record({f"q{i}": Categorical(list(range(40))) for i in range(6)} | {"r": Repeat(Int(0, 99), 0, 9)})
    veto, rng = Veto(space), Random(0)
    for _ in range(50):
        veto.learn(veto.bins(sample(space, rng)), rng.random() < 0.5)
    assert len(veto._weights) == 64


def test_weights_stay_bounded() -> None:
    space = Record({"a": Categorical(["x"])})
    veto = Veto(space)
    for _ in range(5000):
        veto.learn(veto.bins({"a": "x"}), True)
    assert 0.99 < veto.doubt(veto.bins({"a": "x"})) <= 1.0
    assert max(map(abs, veto._weights)) <= 6.0
