from __future__ import annotations

from collections.abc import Sequence
from random import Random

from byeori.core.deciders import sample
from byeori.core.genome import genome_hash
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Int, Record, Space
from byeori.core.state import Trial
from byeori.strategies.deduplicated import Deduplicated
from byeori.strategies.evolution import Evolution
from byeori.strategies.random import RandomSearch
from byeori.testing.spaces import flat_space, small_space
from byeori.testing.strategies import StrategyConformance, play, trial_of


class Forgetful:
    """Draws at random, whatever was tried; `faces` keeps it to few answers."""

    def __init__(self, space: Space, faces: int | None = None) -> None:
        self.space = space
        self.faces = faces

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        dice = [Random(rng.randrange(self.faces)) if self.faces else rng for _ in range(n)]
        return [Candidate(genome=sample(self.space, one), origin=Origin(strategy="forgetful")) for one in dice]

    def tell(self, ended: Sequence[Trial]) -> None:
        return None


class Silent:
    """Waits for ever."""

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        return []

    def tell(self, ended: Sequence[Trial]) -> None:
        return None


class TestAroundRandom(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return Deduplicated(RandomSearch(space), space)


class TestAroundEvolution(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return Deduplicated(Evolution(space, population=6), space)


class TestAroundTheForgetful(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return Deduplicated(Forgetful(space), space)


def test_changes_nothing_where_nothing_is_proposed_twice() -> None:
    space = flat_space()
    plain, wrapped = Evolution(space), Deduplicated(Evolution(space), space)
    said = [[t.genome for t in play(parent, space, 60)] for parent in (plain, wrapped)]
    assert said[0] == said[1]


def test_a_parent_that_is_stuck_does_not_end_the_study() -> None:
    space = flat_space()
    trials = play(Deduplicated(Forgetful(space, faces=3), space), space, 40, batch=4)
    assert len({genome_hash(trial.genome) for trial in trials}) == 40
    strategies = [trial.origin.strategy for trial in trials]
    assert strategies.count("forgetful") <= 3
    assert strategies.count("deduplicated") >= 36


def test_a_parent_that_waits_is_waited_for() -> None:
    assert list(Deduplicated(Silent(), small_space()).ask(4, Random(0), ())) == []


def test_what_goes_on_with_a_paused_trial_is_no_duplicate() -> None:
    class Resuming:
        def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
            return [Candidate(genome={"a": 1}, origin=Origin(strategy="resuming"), continues=0)]

        def tell(self, ended: Sequence[Trial]) -> None:
            return None

    parent = Deduplicated(Resuming(), Record({"a": Int(1, 1)}))
    parent.tell([trial_of(0, Candidate(genome={"a": 1}, origin=Origin(strategy="x")), 1.0)])
    assert [candidate.continues for candidate in parent.ask(1, Random(0), ())] == [0]
