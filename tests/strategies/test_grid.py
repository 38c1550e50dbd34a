from __future__ import annotations

from random import Random

import pytest

from byeori.core.deciders import default, enumerate_all
from byeori.core.errors import OptionError, SpaceError
from byeori.core.genome import genome_key
from byeori.core.protocols import Strategy
from byeori.core.space import Categorical, Checked, Float, Int, OneOf, Record, Repeat, Space
from byeori.strategies.grid import Grid
from byeori.testing.spaces import baseline_space, network_space, small_space
from byeori.testing.strategies import StrategyConformance, play


class TestGrid(StrategyConformance):
    throws_dice = False

    def make(self, space: Space) -> Strategy:
        return Grid(space)


def test_all_of_a_small_space_in_the_order_of_the_odometer() -> None:
    space = small_space()
    asked = [candidate.genome for candidate in Grid(space).ask(99, Random(0), ())]
    assert asked == list(enumerate_all(space))


def test_levels_of_ranges() -> None:
    space = Record({"log": Float(1e-4, 1.0, log=True), "flat": Float(-1.0, 1.0), "one": Float(2.0, 2.0)})
    asked = [candidate.genome for candidate in Grid(space, points=3).ask(99, Random(0), ())]
    assert sorted({genome["log"] for genome in asked}) == pytest.approx([1e-4, 1e-2, 1.0])
    assert {genome["flat"] for genome in asked} == {-1.0, 0.0, 1.0}
    assert {genome["one"] for genome in asked} == {2.0}
    assert len(asked) == 9


def test_branches_lengths_and_what_weight_0_excludes() -> None:
    rate = Record({"rate": Float(0.0, 1.0)})
    space = Record(
        {"kind": OneOf({"a": rate, "b": Record({}), "c": rate}, weights={"c": 0}), "n": Repeat(Int(1, 2), 0, 1)}
    )
    asked = [candidate.genome for candidate in Grid(space, points=2).ask(99, Random(0), ())]
    assert len(asked) == (2 + 1) * (1 + 2)
    assert all("c" not in genome["kind"] for genome in asked)
    assert len(Grid(baseline_space()).ask(9, Random(0), ())) == 9


def test_a_huge_space_is_begun_without_being_listed() -> None:
    asked = Grid(network_space()).ask(50, Random(0), ())
    assert len({genome_key(candidate.genome) for candidate in asked}) == 50


def test_what_was_dropped_is_proposed_again_and_what_ended_is_not() -> None:
    parent = Grid(small_space())
    first = parent.ask(4, Random(0), ())
    assert [c.genome for c in parent.ask(4, Random(1), ())] == [c.genome for c in first]
    trials = play(Grid(small_space()), small_space(), 6)
    parent.tell(trials)
    tried = {genome_key(trial.genome) for trial in trials}
    rest = parent.ask(99, Random(0), ())
    assert len(rest) == 12 - len(tried)
    assert not tried & {genome_key(candidate.genome) for candidate in rest}


def test_what_fails_the_check_is_passed_over() -> None:
    space = Checked(Record({"n": Int(1, 100)}), lambda g: "odd" if g["n"] % 2 else None, check_default=False)
    assert [c.genome["n"] for c in Grid(space).ask(3, Random(0), ())] == [2, 4, 6]
    never = Checked(Record({"n": Int(1, 10**6)}), lambda g: "no", check_default=False)
    with pytest.raises(SpaceError, match="100,000 combinations in a row"):
        Grid(never).ask(1, Random(0), ())


def test_the_default_is_not_tried_twice() -> None:
    space = Record({"a": Categorical(["x", "y"])})
    trials = play(Grid(space), space, 9)
    assert [trial.genome for trial in trials] == [default(space), {"a": "y"}]


def test_options_out_of_range() -> None:
    with pytest.raises(OptionError, match="points"):
        Grid(small_space(), points=1)
