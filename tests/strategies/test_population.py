from __future__ import annotations

from math import inf
from random import Random

import pytest

from byeori.core.deciders import replay, sample
from byeori.core.errors import OptionError
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Float, Int, OneOf, Record, Space
from byeori.core.state import Trial
from byeori.strategies.parts.explore import explored
from byeori.strategies.population import Population
from byeori.testing.spaces import flat_space, network_space
from byeori.testing.strategies import StrategyConformance, play, trial_of


class TestPopulation(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return Population(space)


class TestPopulationOfFew(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return Population(space, size=9, step=0.5, quantile=0.5, resample=0.0)


SPACE = Record({"width": Int(8, 64), "recipe": Record({"rate": Float(1e-4, 1.0, log=True), "decay": Float(0.0, 0.5)})})


def rounds(
    strategy: Strategy, count: int, losses: dict[int, float] | None = None
) -> tuple[list[Candidate], list[Trial]]:
    """Play trials one by one; a trial's loss is its number unless said."""
    candidates: list[Candidate] = []
    trials: list[Trial] = []
    for number in range(count):
        (candidate,) = strategy.ask(1, Random(number), ())
        candidates.append(candidate)
        trials.append(trial_of(number, candidate, (losses or {}).get(number, float(number))))
        strategy.tell(trials[-1:])
    return candidates, trials


def test_generations_go_further_and_then_train_whole() -> None:
    candidates, _ = rounds(Population(SPACE, size=4), 24)
    assert [c.until for c in candidates] == [0.25] * 4 + [0.5] * 4 + [0.75] * 4 + [1.0] * 12
    assert all(c.weights_from is None for c in candidates[:4])
    assert all(c.weights_from == c.origin.parents[0] for c in candidates[4:])


def test_architecture_stays_that_of_the_weights() -> None:
    candidates, trials = rounds(Population(SPACE, size=6), 60)
    for candidate in candidates[6:]:
        assert candidate.genome["width"] == trials[candidate.weights_from].genome["width"]


def test_the_worst_quarter_takes_over_from_the_best_and_the_others_go_on() -> None:
    candidates, _ = rounds(Population(SPACE, size=8), 16)
    donors = {c.origin.parents[-1]: c.weights_from for c in candidates[8:]}
    assert all(donors[number] == number for number in range(6))
    assert {donors[6], donors[7]} <= {0, 1}


def test_a_member_that_fails_gives_way_to_a_stranger() -> None:
    strategy = Population(SPACE, size=4)
    candidates, _ = rounds(strategy, 5, {1: inf})
    assert candidates[4].origin.parents == ()
    assert candidates[4].until == 0.25
    (following,) = strategy.ask(1, Random(9), ())
    assert following.origin.parents == (0,)


def test_while_all_train_nothing_is_proposed() -> None:
    strategy = Population(SPACE, size=3)
    found = strategy.ask(9, Random(0), ())
    assert len(found) == 3
    pending = [trial_of(number, candidate) for number, candidate in enumerate(found)]
    assert list(strategy.ask(2, Random(1), pending)) == []


def test_nobody_has_two_successors() -> None:
    strategy = Population(SPACE, size=4)
    rounds(strategy, 4)
    first = strategy.ask(2, Random(0), ())
    pending = [trial_of(4 + number, candidate) for number, candidate in enumerate(first)]
    second = strategy.ask(4, Random(1), pending)
    followed = [c.origin.parents[-1] for c in (*first, *second)]
    assert sorted(followed) == [0, 1, 2, 3]


def test_without_a_size_there_are_more_members_than_workers() -> None:
    strategy = Population(SPACE)
    pending: list[Trial] = []
    for number in range(40):
        (candidate,) = strategy.ask(1, Random(number), pending)
        assert candidate.origin.parents == (), "all members train, so the next is a new one"
        pending.append(trial_of(number, candidate))


def test_what_others_proposed_may_be_copied() -> None:
    strategy = Population(SPACE, size=4, step=1.0)
    rounds(strategy, 4, dict.fromkeys(range(4), 1.0))
    default = Candidate(genome={"width": 33, "recipe": {"rate": 0.1, "decay": 0.1}}, origin=Origin(strategy="default"))
    strategy.tell([trial_of(4, default, 0.0)])
    donors = {c.weights_from for c in strategy.ask(4, Random(0), ())}
    assert 4 in donors


def test_a_recipe_is_explored_and_nothing_else() -> None:
    space = OneOf({"net": network_space()})
    genome = sample(space, Random(0))
    for seed in range(50):
        child = explored(space, genome, Random(seed))
        assert replay(space, child) == child
        assert child["net"]["architecture"] == genome["net"]["architecture"]
    assert any(explored(space, genome, Random(seed)) != genome for seed in range(3))


def test_without_a_recipe_numbers_are_explored_and_options_are_not() -> None:
    space = flat_space()
    genome = sample(space, Random(1))
    children = [explored(space, genome, Random(seed)) for seed in range(50)]
    assert all(replay(space, child) == child for child in children)
    assert {name for child in children for name in child if child[name] != genome[name]} == {
        "rate", "decay", "epochs", "width", "depth", "dropout",
    }  # fmt: skip


def test_numbers_go_up_or_down_by_a_fifth_within_their_bounds() -> None:
    space = Record({"rate": Float(0.1, 1.0), "depth": Int(1, 3), "width": Int(16, 256, step=16)})
    moved = [explored(space, {"rate": 0.5, "depth": 2, "width": 64}, Random(s), resample=0.0) for s in range(40)]
    assert {round(genome["rate"], 9) for genome in moved} == {0.4, 0.6}
    assert {genome["depth"] for genome in moved} == {1, 3}
    assert {genome["width"] for genome in moved} == {48, 80}
    high = [explored(space, {"rate": 1.0, "depth": 3, "width": 256}, Random(s), resample=0.0) for s in range(40)]
    assert {genome["rate"] for genome in high} == {0.8, 1.0}


def test_better_than_its_strangers() -> None:
    space = flat_space()

    def loss(genome: dict[str, float]) -> float:
        return abs(genome["width"] - 240) / 240 + abs(genome["depth"] - 8) / 8 + abs(genome["dropout"] - 0.4)

    for seed in range(3):
        trials = play(Population(space, size=8), space, 120, loss=loss, seed=seed)
        assert min(t.loss for t in trials[60:]) < min(t.loss for t in trials[:9])


@pytest.mark.parametrize(
    "options", [{"size": 1}, {"step": 0.0}, {"step": 1.5}, {"quantile": 0.0}, {"quantile": 0.6}, {"resample": -0.1}]
)
def test_options_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        Population(SPACE, **options)  # type: ignore[arg-type]
