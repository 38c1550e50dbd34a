from __future__ import annotations

from math import log10
from random import Random

import pytest

from byeori.core.errors import OptionError
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Space
from byeori.strategies.cma_es import CmaEs
from byeori.strategies.random import RandomSearch
from byeori.testing.spaces import flat_space
from byeori.testing.strategies import StrategyConformance, play, trial_of

BOWL = Record({"a": Float(0.0, 1.0), "b": Float(1e-4, 1e2, log=True), "c": Int(1, 200), "d": Categorical(["x", "y"])})


def bowl(genome: dict[str, float]) -> float:
    return (genome["a"] - 0.8) ** 2 + (log10(genome["b"]) / 6) ** 2 + (genome["c"] / 200 - 0.3) ** 2


class TestCmaEs(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return CmaEs(space, population=6)


def test_finds_the_bottom_of_a_bowl() -> None:
    best = [min(trial.loss for trial in play(CmaEs(BOWL), BOWL, 200, loss=bowl, seed=seed)) for seed in range(3)]
    drawn = [
        min(trial.loss for trial in play(RandomSearch(BOWL), BOWL, 200, loss=bowl, seed=seed)) for seed in range(3)
    ]
    assert max(best) < min(drawn) / 10


def test_numbers_of_branches_are_adapted_too() -> None:
    space = OneOf({"p": Record({"x": Float(0.0, 1.0)}), "q": Record({"y": Float(0.0, 1.0)})})
    trials = play(
        CmaEs(space), space, 200, loss=lambda g: abs(next(iter(*(part.values() for part in g.values()))) - 0.7)
    )
    late = [next(iter(part.values())) for trial in trials[-40:] for part in trial.genome.values()]
    assert sum(abs(x - 0.7) < 0.1 for x in late) > 16  # of 40; chance would give 8
    assert {branch for trial in trials[-40:] for branch in trial.genome} == {"p", "q"}


def test_what_others_proposed_moves_the_cloud_and_does_not_tear_it() -> None:
    space = Record({"a": Float(0.0, 1.0), "b": Float(0.0, 1.0)})
    rng = Random(0)

    def told(parent: CmaEs, draw: float) -> list[float]:
        genomes = [{"a": 0.9 + draw * (rng.random() - 0.5), "b": rng.random()} for _ in range(60)]
        parent.tell(
            [
                trial_of(i, Candidate(genome=g, origin=Origin(strategy="other")), (g["a"] - 0.9) ** 2)
                for i, g in enumerate(genomes)
            ]
        )
        return [candidate.genome["a"] for candidate in parent.ask(40, Random(1), ())]

    asked = told(CmaEs(space), 0.2)
    assert sum(a > 0.7 for a in asked) > 30


def test_a_cloud_shrunk_to_a_point_begins_anew() -> None:
    space = Record({"n": Int(1, 4000), "m": Int(1, 4000)})
    trials = play(CmaEs(space), space, 600, loss=lambda genome: 1.0 + (genome["n"] > 0))
    late = [trial.genome["n"] for trial in trials[-200:]]
    assert max(late) - min(late) > 1000


def test_a_space_without_numbers_is_drawn_at_random() -> None:
    space = Record({"a": Categorical(list(range(50))), "b": Categorical(["x", "y"])})
    assert len(play(CmaEs(space), space, 200)) == 100


def test_options_out_of_range() -> None:
    with pytest.raises(OptionError, match="population"):
        CmaEs(flat_space(), population=3)
