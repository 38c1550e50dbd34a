from __future__ import annotations

from random import Random

import pytest

from byeori._util.json import Json
from byeori._util.seeds import rng_of
from byeori.core.deciders import sample
from byeori.core.errors import GenomeError
from byeori.core.protocols import Strategy
from byeori.core.space import Int, Record, Space
from byeori.strategies.evolution import Evolution
from byeori.strategies.random import RandomSearch
from byeori.strategies.warm_started import WarmStarted
from byeori.testing.spaces import flat_space, network_space
from byeori.testing.strategies import StrategyConformance, play, trial_of

SPACE = Record({"width": Int(1, 1000)})


def some(space: Space, count: int) -> list[Json]:
    return [sample(space, rng_of("warm", i)) for i in range(count)]


class TestAroundRandom(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return WarmStarted(RandomSearch(space), space, some(space, 5))


class TestAroundEvolution(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return WarmStarted(Evolution(space, population=6), space, some(space, 30))


def test_its_genomes_come_first_and_in_order() -> None:
    space = network_space()
    known = some(space, 7)
    trials = play(WarmStarted(RandomSearch(space), space, known), space, 12, batch=3)
    assert [trial.genome for trial in trials[1:8]] == known
    assert [trial.origin.strategy for trial in trials[1:]] == ["warm-start"] * 7 + ["random"] * 4


def test_what_was_tried_or_is_in_flight_is_skipped() -> None:
    parent = WarmStarted(RandomSearch(SPACE), SPACE, [{"width": n} for n in (1, 2, 3, 2, 1)])
    first = parent.ask(1, Random(0), ())
    pending = [trial_of(0, first[0])]
    assert [c.genome["width"] for c in parent.ask(9, Random(0), pending)] == [2, 3]
    parent.tell([trial_of(1, parent.ask(1, Random(0), pending)[0], 1.0)])
    assert [c.genome["width"] for c in parent.ask(9, Random(0), pending)] == [3]


def test_the_parent_learns_from_them() -> None:
    space = flat_space()
    trials = play(WarmStarted(Evolution(space, population=8), space, some(space, 9)), space, 20)
    assert {parent for trial in trials[10:] for parent in trial.origin.parents} & set(range(2, 10))


def test_a_wrong_genome_is_named_with_its_path() -> None:
    known = [*some(flat_space(), 1), {**some(flat_space(), 1)[0], "rate": 7.0}]
    with pytest.raises(GenomeError, match=r"Genome 1 of a warm start: rate is 7\.0, but should be a number"):
        WarmStarted(RandomSearch(flat_space()), flat_space(), known)


def test_no_genomes_is_the_parent_alone() -> None:
    plain, wrapped = RandomSearch(SPACE), WarmStarted(RandomSearch(SPACE), SPACE, [])
    assert plain.ask(5, Random(1), ()) == wrapped.ask(5, Random(1), ())
