from __future__ import annotations

from math import inf
from random import Random

import pytest

from byeori._util.json import Json
from byeori.core.errors import OptionError
from byeori.core.events import CANCELLED
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Categorical, Int, Record, Space
from byeori.core.state import ENDED, Trial
from byeori.strategies.menndl import Menndl
from byeori.strategies.random import RandomSearch
from byeori.testing.spaces import flat_space, network_space
from byeori.testing.strategies import StrategyConformance, play, trial_of


class TestMenndl(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return Menndl(space)


class TestMenndlOfFew(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return Menndl(space, population=4, tournament=2, crossover=0.9, inherit=True)


def _space() -> Record:
    return Record({"a": Categorical(["good", "fair", "bad"]), "b": Int(1, 10**6), "c": Int(1, 10**6)})


def _bad_fails(genome: Json) -> float:
    return inf if genome["a"] == "bad" else genome["b"] / 1e6


def _trial(number: int, width: int, loss: float) -> Trial:
    return trial_of(number, Candidate(genome={"width": width}, origin=Origin(strategy="x")), loss)


def _bad(strategy: Menndl, n: int = 300) -> int:
    return sum(c.genome["a"] == "bad" for c in strategy.ask(n, Random(0), ()))


def test_what_always_fails_is_hardly_proposed_any_more() -> None:
    space = _space()
    history = play(RandomSearch(space), space, 200, loss=_bad_fails)
    for population in (20, 10_000):  # children, and genomes drawn while the population fills
        warned, careless = (Menndl(space, population=population, veto=veto) for veto in (True, False))
        warned.tell(history)
        careless.tell(history)
        assert _bad(careless) > 15
        assert _bad(warned) <= 3


def test_nothing_is_vetoed_before_enough_has_failed() -> None:
    space = _space()
    few = [trial for trial in play(RandomSearch(space), space, 400, loss=_bad_fails) if trial.genome["a"] != "bad"]
    failed = [t for t in play(RandomSearch(space), space, 60, loss=_bad_fails, seed=1) if t.loss == inf][:8]
    strategies = [Menndl(space, veto=veto) for veto in (True, False)]
    for strategy in strategies:
        strategy.tell([*few, *failed])
    asked = [[c.genome for c in strategy.ask(50, Random(0), ())] for strategy in strategies]
    assert asked[0] == asked[1]


def test_where_all_fails_it_still_proposes() -> None:
    space = _space()
    trials = play(Menndl(space), space, 300, batch=8, loss=lambda genome: inf if genome["b"] > 1000 else 0.0)
    assert len(trials) == 300


def test_ends_that_are_not_the_genomes_fault_teach_nothing() -> None:
    space = _space()
    history = play(RandomSearch(space), space, 200, loss=_bad_fails)
    blameless = [
        Trial(t.number, t.genome, t.origin, ENDED, CANCELLED, t.value, t.loss, 1, 0.5, 1.0, {}) if t.loss == inf else t
        for t in history
    ]
    strategies = [Menndl(space, veto=veto) for veto in (True, False)]
    for strategy in strategies:
        strategy.tell(blameless)
    assert _bad(strategies[0]) == _bad(strategies[1])


def test_the_worst_make_room_and_not_the_oldest() -> None:
    strategy = Menndl(Record({"width": Int(1, 10**6)}), population=3, tournament=1, crossover=0.0)
    losses = [0.0, 5.0, 1.0, 9.0, 2.0, 7.0]
    strategy.tell([_trial(number, number + 1, loss) for number, loss in enumerate(losses)])
    assert {c.origin.parents[0] for c in strategy.ask(60, Random(0), ())} == {0, 2, 4}


def test_the_first_are_random_and_the_rest_children() -> None:
    space = network_space()
    trials = play(Menndl(space), space, 60)
    assert all(not trial.origin.parents for trial in trials[:20])
    assert all(trial.origin.parents for trial in trials[20:])


def test_about_one_answer_changes_and_some_children_have_two_parents() -> None:
    space = flat_space()
    strategy = Menndl(space, crossover=0.5)
    strategy.tell(play(RandomSearch(space), space, 200))
    asked = strategy.ask(400, Random(0), ())
    alone = [len(c.origin.changed) for c in asked if len(c.origin.parents) == 1]
    assert 150 < len(alone) < 280
    assert min(alone) == 1
    assert max(alone) > 1
    assert sum(alone) / len(alone) < 2


def test_finds_a_better_one_than_chance() -> None:
    space = flat_space()

    def loss(genome: Json) -> float:
        return abs(genome["width"] - 240) / 240 + abs(genome["depth"] - 8) / 8 + abs(genome["dropout"] - 0.4)

    def best(strategy: Strategy, seed: int) -> float:
        return min(trial.loss for trial in play(strategy, space, 150, loss=loss, seed=seed))

    bred = sum(best(Menndl(space), seed) for seed in range(8))
    drawn = sum(best(RandomSearch(space), seed) for seed in range(8))
    assert bred < drawn


@pytest.mark.parametrize(
    ("options", "said"),
    [({"population": 0}, "population"), ({"tournament": 0}, "tournament"), ({"crossover": -0.5}, "crossover")],
)
def test_options_out_of_range(options: dict[str, float], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        Menndl(flat_space(), **options)  # type: ignore[arg-type]
