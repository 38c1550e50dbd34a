"""Every parent of the catalog against random search on toy tables, where theory says that it is better.

Paired by seed: both searches see the same noise. The whole proof is `benchmarks/search/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from math import sqrt
from statistics import fmean, stdev

import pytest

from byeori import catalog
from byeori._util.json import Json
from byeori._util.seeds import rng_of, seed_of
from byeori.core.genome import genome_hash
from byeori.core.protocols import Strategy
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Repeat, Space
from byeori.strategies.random import RandomSearch
from byeori.testing.strategies import play

NOISE = 0.02
SEEDS, TRIALS = 10, 100
EFFORT = {"pareto": (6, 300), "controller": (5, 200), "tpe": (5, 60), "council": (6, 100), "surrogate": (6, 100)}
"""Seeds and trials of those that are dear, or learn late."""
SKIPPED = {
    "random": "it is what the others are held against",
    "sobol": "it learns nothing from what it is told",
    "grid": "it learns nothing from what it is told",
    "gp": "a second a trial; benchmarks/search has it",
    "population": "it needs children with checkpoints",
}
"""Of these, theory or this test's budget says nothing; all others, a newcomer's too, are tried on every toy."""
ONLY_ON = {"cmaes": {"numbers"}, "tpe": {"options", "numbers"}, "controller": {"options", "numbers"}}
"""CMA-ES draws options and branches at random; the others need more seconds on the tree than a test may take."""


def _share(*key: object) -> float:
    return seed_of(*map(str, key)) / 2**63


def _options() -> tuple[Space, Callable[[Json], float]]:
    """Eight choices of four, each with a part of the loss, and neighbours that matter to each other."""
    names = [f"layer{i}" for i in range(8)]

    def loss(genome: Json) -> float:
        alone = fmean(_share(name, genome[name]) for name in names)
        pairs = fmean(_share(a, genome[a], genome[b]) for a, b in pairwise(names))
        return alone + 0.5 * pairs

    return Record({name: Categorical(["skip", "conv3", "conv5", "pool"]) for name in names}), loss


def _numbers() -> tuple[Space, Callable[[Json], float]]:
    """A bowl over four numbers, its bottom away from the middle, and a choice that does little."""
    space = Record(
        {
            "decay": Float(0.0, 1.0),
            "dropout": Float(0.0, 1.0),
            "momentum": Float(0.0, 1.0),
            "width": Int(1, 100),
            "norm": Categorical(["batch", "layer"]),
        }
    )

    def loss(genome: Json) -> float:
        away = (genome["decay"] - 0.8, genome["dropout"] - 0.25, genome["momentum"] - 0.7, genome["width"] / 100 - 0.3)
        return sqrt(sum(x * x for x in away)) + 0.05 * (genome["norm"] == "layer")

    return space, loss


def _tree() -> tuple[Space, Callable[[Json], float]]:
    """A list of blocks of two kinds with questions of their own."""
    block = OneOf({"conv": Record({"filters": Int(1, 64), "kernel": Categorical([3, 5, 7])}), "pool": Record({})})
    space = Record({"rate": Float(1e-4, 1e-1, log=True), "blocks": Repeat(block, 1, 6)})

    def loss(genome: Json) -> float:
        blocks = genome["blocks"]
        convs = [b["conv"] for b in blocks if "conv" in b]
        narrow = fmean([abs(c["filters"] - 48) / 64 for c in convs] or [1.0])
        wrong = fmean([c["kernel"] != 3 for c in convs] or [1.0])
        return abs(len(blocks) - 5) / 5 + abs(len(convs) - 3) / 3 + narrow + wrong + abs(genome["rate"] - 0.02) / 0.1

    return space, loss


TOYS = {"options": _options(), "numbers": _numbers(), "tree": _tree()}


def _cases() -> Iterator[object]:
    for row in catalog.rows("strategy"):
        for toy in TOYS:
            reason = SKIPPED.get(row.name)
            if toy not in ONLY_ON.get(row.name, TOYS):
                reason = f"theory or the time of a test says nothing of {row.name} there"
            marks = [pytest.mark.skip(reason=reason)] if reason else []
            yield pytest.param(row.name, toy, id=f"{row.name}-{toy}", marks=marks)


@cache
def _chance(toy: str, seed: int, trials: int) -> float:
    return _regret(RandomSearch(TOYS[toy][0]), toy, seed, trials)


def _regret(strategy: Strategy, toy: str, seed: int, trials: int) -> float:
    """Return the true loss of the trial that looked best, of equals the first."""
    space, loss = TOYS[toy]

    def seen(genome: Json) -> float:
        return loss(genome) + NOISE * rng_of(seed, genome_hash(genome)).gauss()

    return loss(min(play(strategy, space, trials, loss=seen, seed=seed), key=lambda trial: trial.loss).genome)


@pytest.mark.parametrize(("name", "toy"), list(_cases()))
def test_better_than_chance_beyond_the_standard_error(name: str, toy: str) -> None:
    make = catalog.load("strategy", name)
    seeds, trials = EFFORT.get(name, (SEEDS, TRIALS))
    gains = [_chance(toy, seed, trials) - _regret(make(TOYS[toy][0]), toy, seed, trials) for seed in range(seeds)]
    assert fmean(gains) > 2 * stdev(gains) / sqrt(seeds)


def test_random_search_is_not_better_than_itself() -> None:
    gains = [_chance("options", seed, TRIALS) - _chance("options", seed + SEEDS, TRIALS) for seed in range(SEEDS)]
    assert abs(fmean(gains)) < 2 * stdev(gains) / sqrt(SEEDS)
