from __future__ import annotations

from math import exp, inf
from random import Random
from typing import Any

import numpy as np
import pytest

from byeori.core.errors import OptionError
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Categorical, Float, Record, Space
from byeori.strategies.parts.kept import Kept
from byeori.strategies.random import RandomSearch
from byeori.strategies.tpe_fast import TpeFast
from byeori.testing.spaces import flat_space
from byeori.testing.strategies import StrategyConformance, loss_of, play, trial_of


class TestTpeFast(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return TpeFast(space)


def _loss(genome: dict[str, Any]) -> float:
    return abs(genome["width"] - 240) / 240 + abs(genome["depth"] - 8) / 8 + abs(genome["dropout"] - 0.4)


def test_finds_a_better_one_than_chance() -> None:
    space = flat_space()

    def best(strategy: Strategy, seed: int) -> float:
        return min(trial.loss for trial in play(strategy, space, 120, loss=_loss, seed=seed))

    ours = [best(TpeFast(space), seed) for seed in range(6)]
    drawn = [best(RandomSearch(space), seed) for seed in range(6)]
    assert np.mean(ours) < 0.6 * np.mean(drawn)


def test_approaches_a_known_optimum() -> None:
    space = Record({"x": Float(-5, 5), "rate": Float(1e-5, 1, log=True), "act": Categorical(["a", "b", "c"])})

    def loss(genome: dict[str, Any]) -> float:
        return (genome["x"] - 2) ** 2 + abs(np.log10(genome["rate"]) + 2) + (genome["act"] != "b")

    late = [trial.genome for trial in play(TpeFast(space), space, 150, loss=loss)][-50:]
    assert np.median([abs(genome["x"] - 2) for genome in late]) < 0.5
    assert np.median([abs(np.log10(genome["rate"]) + 2) for genome in late]) < 0.5
    assert sum(genome["act"] == "b" for genome in late) > 40


def test_keeps_together_what_belongs_together() -> None:
    # good is (0, 0, …) or (1, 1, …): estimators of one question at a time mix them up
    space = Record({f"q{i}": Categorical(["a", "b"]) for i in range(8)})
    strategy = TpeFast(space)
    rng = Random(0)
    genomes = [{f"q{i}": "ab"[rng.random() < 0.5] for i in range(8)} for _ in range(100)]
    for j, genome in enumerate(genomes[:10]):
        genome.update({f"q{i}": "ab"[j % 2] for i in range(7)})
    strategy.tell([trial_of(n, Candidate(genome=g, origin=Origin(strategy="x")), float(n)) for n, g in
                   enumerate(genomes)])  # fmt: skip
    counts = [list(c.genome.values()).count("a") for c in strategy.ask(12, Random(1), ())]
    assert sum(count <= 2 or count >= 6 for count in counts) >= 9


@pytest.mark.parametrize("change", [exp, lambda x: 1e6 * x - 3, lambda x: x**3])
def test_only_the_order_of_losses_matters(change: Any) -> None:
    space = flat_space()
    genomes = [trial.genome for trial in play(RandomSearch(space), space, 60)]
    asked = []
    for f in (float, change):
        strategy = TpeFast(space)
        strategy.tell([trial_of(n, Candidate(genome=g, origin=Origin(strategy="x")), f(loss_of(g))) for n, g in
                       enumerate(genomes)])  # fmt: skip
        asked.append([c.genome for c in strategy.ask(8, Random(0), ())])
    assert asked[0] == asked[1]


def test_failures_are_kept_away_from() -> None:
    space = Record({"x": Float(0, 1), "y": Float(0, 1)})
    strategy = TpeFast(space)
    trials = play(strategy, space, 120, loss=lambda g: inf if g["x"] > 0.5 else abs(g["x"] - 0.5) + g["y"])
    assert sum(trial.genome["x"] > 0.5 for trial in trials[-50:]) < 25


def test_parents_are_among_the_best() -> None:
    space = flat_space()
    strategy = TpeFast(space)
    trials = play(strategy, space, 100, loss=_loss)
    best = {trial.number for trial in sorted(trials, key=lambda trial: trial.loss)[:10]}
    parents = {parent for c in strategy.ask(30, Random(0), ()) for parent in c.origin.parents}
    assert parents
    assert parents <= best


def test_what_is_kept_is_bounded_and_knows_no_order() -> None:
    trials = [trial_of(n, Candidate(genome={"x": n}, origin=Origin(strategy="x")), float(n * 7919 % 1000)) for n in
              range(1000)]  # fmt: skip
    one, other = Kept(best=5, latest=0, sample=30), Kept(best=5, latest=0, sample=30)
    for trial in trials:
        one.tell(trial)
    for trial in trials[::-1]:
        other.tell(trial)
    best, rest = one.split(5)
    assert [told.loss for told in best] == [0, 1, 2, 3, 4]
    assert 30 <= len(rest) <= 35
    assert one.split(5) == other.split(5)
    assert np.mean([told.number for told in rest]) == pytest.approx(500, abs=150)
    assert one.genome(rest[0].number) == {"x": rest[0].number}


@pytest.mark.parametrize("options", [{"startup": 0}, {"candidates": 0}])
def test_options_out_of_range(options: dict[str, int]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        TpeFast(flat_space(), **options)
