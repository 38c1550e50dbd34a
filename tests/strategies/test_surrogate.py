from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from byeori.core.deciders import sample
from byeori.core.errors import OptionError
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Categorical, Float, Record, Space
from byeori.strategies.parts.nearby import nearby
from byeori.strategies.parts.process import Process, Scales, Views, fitted
from byeori.strategies.parts.slots import Slots
from byeori.strategies.random import RandomSearch
from byeori.strategies.surrogate import Surrogate, _promise
from byeori.testing.spaces import conformance_spaces, flat_space, network_space
from byeori.testing.strategies import StrategyConformance, play, trial_of


class TestSurrogate(StrategyConformance):
    trials = 40

    def make(self, space: Space) -> Strategy:
        return Surrogate(space)


def _seen(space: Space, count: int) -> tuple[Slots, Views, np.ndarray]:
    slots = Slots(space)
    rows = np.array([slots.row(sample(space, Random(i))) for i in range(count)])
    return slots, Views(slots), rows


@pytest.mark.parametrize("space", [flat_space(), network_space()], ids=["flat", "network"])
def test_covariances_are_those_of_a_process(space: Space) -> None:
    _, views, rows = _seen(space, 40)
    process = Process(views, Scales(views), rows, np.zeros(40))
    _, joint = process.joint(rows)
    assert np.linalg.eigvalsh(joint).min() > -1e-9
    np.testing.assert_allclose(np.sqrt(np.diag(joint)), process.guess(rows)[1], atol=1e-6)


def test_what_is_in_flight_makes_its_neighbours_less_unsure() -> None:
    slots, views, rows = _seen(flat_space(), 20)
    process = Process(views, Scales(views), rows, np.zeros(20))
    new = np.array([slots.row(sample(flat_space(), Random(99)))])
    mean, before = process.joint(new)
    same, after = process.joint(new, [new[0]])
    assert after[0, 0] < 0.5 * before[0, 0]
    np.testing.assert_allclose(mean, same)


def test_learns_which_question_matters() -> None:
    space = Record({"a": Float(0, 1), "b": Float(0, 1), "c": Categorical(["x", "y", "z"])})
    _, views, rows = _seen(space, 60)
    losses = np.sin(6 * rows[:, 0])
    scales = fitted(views, rows, (losses - losses.mean()) / losses.std())
    a, b, c = scales.weights
    assert a > 10 * b
    assert a > 10 * c
    assert scales.noise < 0.01


def test_expected_improvement_is_the_integral() -> None:
    for mean, spread in ((0.5, 1.0), (2.0, 0.5), (-1.0, 0.1)):
        (said,) = np.exp(_promise(np.array([mean]), np.array([spread]), 0.0))
        true = quad(lambda y, m=mean, s=spread: -y * norm.pdf(y, m, s), -12, 0)[0]
        assert said == pytest.approx(true, rel=1e-4)
    far = _promise(np.array([6.0, 6.0001, 30.0]), np.ones(3), 0.0)
    assert far[0] > far[1] > far[2]


@pytest.mark.parametrize("name", ["flat", "network", "baseline"])
def test_neighbours_are_genomes_near_by(name: str) -> None:
    space = conformance_spaces()[name]
    slots, _, rows = _seen(space, 8)
    around, near = nearby(slots, rows, np.arange(4), 100, np.random.default_rng(0))
    for row in near:
        again = slots.row(slots.genome(row.tolist()))
        np.testing.assert_array_equal(np.isnan(again), np.isnan(row))
    assert set(around.tolist()) <= {-1, 0, 1, 2, 3}
    alike = [(np.nan_to_num(near[i], nan=-1) == np.nan_to_num(rows[k], nan=-1)).mean() for i, k in
             enumerate(around) if k >= 0]  # fmt: skip
    assert np.median(alike) > 0.6


def test_finds_an_optimum_in_few_trials() -> None:
    space = Record({"x": Float(-5, 5), "rate": Float(1e-5, 1, log=True), "act": Categorical(["a", "b", "c"])})

    def loss(genome: dict[str, Any]) -> float:
        return (genome["x"] - 2) ** 2 + (np.log10(genome["rate"]) + 2) ** 2 + (genome["act"] != "b")

    found = [min(t.loss for t in play(Surrogate(space), space, 50, loss=loss, seed=seed)) for seed in range(3)]
    assert np.median(found) < 0.03


def _asked_after(losses: list[float]) -> list[Any]:
    space = flat_space()
    genomes = [trial.genome for trial in play(RandomSearch(space), space, len(losses))]
    strategy = Surrogate(space)
    ended = [Candidate(genome=genome, origin=Origin(strategy="x")) for genome in genomes]
    strategy.tell([trial_of(n, each, loss) for n, (each, loss) in enumerate(zip(ended, losses, strict=True))])
    return [c.genome for c in strategy.ask(4, Random(0), ())]


def test_the_unit_of_losses_does_not_matter() -> None:
    losses = [float(n * n % 41) for n in range(40)]
    assert _asked_after(losses) == _asked_after([4.0 * loss for loss in losses])


def test_one_divergence_is_as_bad_as_another() -> None:
    losses = [float(n * n % 41) for n in range(40)]
    once, twice = (_asked_after([*losses[:-1], worst]) for worst in (1e3, 1e30))
    assert once == twice != _asked_after(losses)


def test_losses_that_are_all_alike_are_survived() -> None:
    assert len(_asked_after([0.5] * 40)) == 4
    assert len(_asked_after([0.5] * 30 + [1e9] * 10)) == 4


@pytest.mark.parametrize("options", [{"startup": 0}, {"candidates": 0}, {"greedy": 2.0}])
def test_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        Surrogate(flat_space(), **options)
