from __future__ import annotations

from random import Random

import numpy as np
import pytest

from byeori.core.deciders import enumerate_all, sample
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Repeat
from byeori.strategies.parts.mixture import Features, Mixture
from byeori.strategies.parts.slots import Slots
from byeori.testing.spaces import conformance_spaces


def _mixture(space: Record, count: int, seed: int = 0) -> tuple[Slots, Features, Mixture]:
    slots = Slots(space)
    features = Features(slots)
    rows = np.array([slots.row(sample(space, Random(seed + i))) for i in range(count)]).reshape(count, len(slots))
    return slots, features, Mixture(features, rows, np.ones(count))


@pytest.mark.parametrize("count", [0, 1, 5])
def test_probabilities_of_all_genomes_sum_to_one(count: int) -> None:
    block = OneOf({"conv": Record({"width": Int(1, 3), "act": Categorical(["relu", "gelu"])}), "pool": Record({})})
    space = Record({"blocks": Repeat(block, 0, 2), "rate": Categorical([0.1, 0.2, 0.4], weights=[2, 1, 1])})
    slots, features, mixture = _mixture(space, count)
    rows = np.array([slots.row(genome) for genome in enumerate_all(space)])
    assert np.exp(mixture.log_density(features.of(rows))).sum() == pytest.approx(1.0)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_density_of_a_range_integrates_to_one(count: int) -> None:
    _, features, mixture = _mixture(Record({"x": Float(0, 4)}), count)
    grid = (np.arange(20000) + 0.5)[:, None] / 20000
    assert np.exp(mixture.log_density(features.of(grid))).mean() == pytest.approx(1.0, abs=1e-3)


def test_draws_follow_the_density() -> None:
    space = Record({"a": Categorical(["x", "y", "z"]), "b": Repeat(Int(1, 3), 0, 2)})
    slots, features, mixture = _mixture(space, 3)
    _, rows = mixture.draw(20000, np.random.default_rng(0))
    for genome in enumerate_all(space):
        row = slots.row(genome)
        share = (np.nan_to_num(rows, nan=-1) == np.nan_to_num(row, nan=-1)).all(axis=1).mean()
        assert share == pytest.approx(np.exp(mixture.log_density(features.of(row[None]))[0]), abs=0.01)


@pytest.mark.parametrize("name", conformance_spaces())
def test_draws_are_genomes(name: str) -> None:
    space = conformance_spaces()[name]
    slots, features, mixture = _mixture(space, 6)
    _, rows = mixture.draw(50, np.random.default_rng(1))
    for row in rows:
        written = slots.row(slots.genome(row.tolist()))
        np.testing.assert_array_equal(np.isnan(written), np.isnan(row))
    assert np.isfinite(mixture.log_density(features.of(rows))).all()
