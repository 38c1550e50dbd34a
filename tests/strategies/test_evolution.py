from __future__ import annotations

from math import inf
from random import Random

import pytest

from byeori.core.errors import OptionError
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Checked, Int, Record, Space
from byeori.strategies.evolution import Evolution
from byeori.strategies.random import RandomSearch
from byeori.testing.spaces import flat_space, network_space
from byeori.testing.strategies import StrategyConformance, play, trial_of


class TestEvolution(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return Evolution(space)


class TestEvolutionOfFew(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return Evolution(space, population=4, tournament=2, crossover=0.9, inherit=True)


def _trial(number: int, width: int, loss: float) -> object:
    return trial_of(number, Candidate(genome={"width": width}, origin=Origin(strategy="x")), loss)


def _parents(strategy: Evolution, n: int = 40) -> set[int]:
    return {parent for c in strategy.ask(n, Random(0), ()) for parent in c.origin.parents}


def test_the_first_are_random_and_the_rest_children() -> None:
    space = flat_space()
    trials = play(Evolution(space), space, 60)
    assert all(not trial.origin.parents for trial in trials[:20])
    assert all(trial.origin.parents for trial in trials[20:])


def test_age_is_the_number_and_not_the_time_of_the_end() -> None:
    strategy = Evolution(Record({"width": Int(1, 10**6)}), population=3, tournament=3)
    young = [_trial(number, number, 1.0) for number in (7, 8, 9)]
    strategy.tell([*young, _trial(1, 1, 0.0)])
    assert _parents(strategy) <= {7, 8, 9}


def test_the_best_of_the_population_have_most_children() -> None:
    strategy = Evolution(Record({"width": Int(1, 10**6)}), population=20, tournament=20)
    strategy.tell([_trial(number, number, float(number != 5)) for number in range(20)])
    first = [c.origin.parents[0] for c in strategy.ask(50, Random(0), ())]
    assert first.count(5) > 25


def test_failures_never_enter_the_population() -> None:
    strategy = Evolution(Record({"width": Int(1, 10**6)}), population=5)
    strategy.tell([_trial(number, number, inf if number % 2 else 1.0) for number in range(20)])
    assert _parents(strategy) <= set(range(10, 20, 2))


def test_population_grows_with_the_history() -> None:
    space = Record({"width": Int(1, 10**6)})
    few, many = Evolution(space), Evolution(space)
    few.tell([_trial(number, number, 1.0) for number in range(100)])
    many.tell([_trial(number, number, 1.0) for number in range(2000)])
    assert min(_parents(few, 300)) >= 80
    assert 1900 <= min(_parents(many, 300)) < 1980


def test_weights_come_from_the_first_parent_where_asked() -> None:
    space = flat_space()
    trials = play(Evolution(space), space, 40)
    for inherit in (False, True):
        strategy = Evolution(space, inherit=inherit)
        strategy.tell(trials)
        for candidate in strategy.ask(20, Random(0), ()):
            assert candidate.weights_from == (candidate.origin.parents[0] if inherit else None)


def test_without_crossover_exactly_one_thing_changes() -> None:
    space = flat_space()
    trials = play(Evolution(space, crossover=0.0), space, 80)
    assert all(len(trial.origin.changed) == 1 for trial in trials[20:])


def test_crossover_gives_two_parents_to_its_share() -> None:
    space = network_space()
    strategy = Evolution(space, crossover=0.5)
    strategy.tell(play(Evolution(space), space, 60))
    two = sum(len(c.origin.parents) == 2 for c in strategy.ask(200, Random(0), ()))
    assert 50 < two < 130


def test_a_parent_with_no_possible_child_does_not_end_the_search() -> None:
    space = Checked(Record({"a": Int(1, 9), "b": Int(1, 9)}), lambda g: None if g["a"] == g["b"] else "uneven")
    trials = play(Evolution(space, population=2), space, 50)
    assert len(trials) == 9


def test_finds_a_better_one_than_chance() -> None:
    space = flat_space()

    def loss(genome: dict[str, float]) -> float:
        return abs(genome["width"] - 240) / 240 + abs(genome["depth"] - 8) / 8 + abs(genome["dropout"] - 0.4)

    def best(strategy: Strategy, seed: int) -> float:
        return min(trial.loss for trial in play(strategy, space, 150, loss=loss, seed=seed))

    evolved = sum(best(Evolution(space), seed) for seed in range(8))
    drawn = sum(best(RandomSearch(space), seed) for seed in range(8))
    assert evolved < drawn


@pytest.mark.parametrize(
    ("options", "said"),
    [({"population": 0}, "population"), ({"tournament": 0}, "tournament"), ({"crossover": 1.5}, "crossover")],
)
def test_options_out_of_range(options: dict[str, float], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        Evolution(flat_space(), **options)  # type: ignore[arg-type]
