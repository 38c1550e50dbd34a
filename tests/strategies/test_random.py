from __future__ import annotations

from random import Random

import pytest

from byeori.core.errors import SpaceError
from byeori.core.protocols import Strategy
from byeori.core.space import Checked, Int, Record, Space
from byeori.strategies.random import RandomSearch
from byeori.testing.spaces import flat_space, small_space
from byeori.testing.strategies import StrategyConformance, play


class TestRandomSearch(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return RandomSearch(space)


def test_fills_what_it_is_asked_for() -> None:
    assert len(RandomSearch(flat_space()).ask(500, Random(0), ())) == 500


def test_every_genome_of_a_small_space_comes_up_once() -> None:
    space = small_space()
    trials = play(RandomSearch(space), space, 100, batch=7)
    assert len(trials) == 12


def test_the_last_of_many_is_found_though_chance_misses_it() -> None:
    space = Record({"n": Int(1, 2000)})
    assert len(play(RandomSearch(space), space, 3000, batch=100)) == 2000


def test_a_check_that_nothing_passes_is_said() -> None:
    space = Checked(Record({"n": Int(1, 9)}), lambda genome: "no", check_default=False)
    with pytest.raises(SpaceError, match="1,000 genomes drawn at random"):
        RandomSearch(space).ask(1, Random(0), ())


def test_a_check_that_passes_seldom_ends_the_search_without_an_error() -> None:
    space = Checked(
        Record({"n": Int(0, 10**6)}), lambda genome: "no" if genome["n"] % 499 else None, check_default=False
    )
    parent = RandomSearch(space)
    assert all(candidate.genome["n"] % 499 == 0 for candidate in parent.ask(20, Random(0), ()))
