from __future__ import annotations

from math import inf, nan
from random import Random

import pytest

from byeori._util.json import Json
from byeori._util.seeds import rng_of
from byeori.core.errors import OptionError
from byeori.core.fronts import pareto_front
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Float, Int, Record, Space
from byeori.core.state import ENDED, Trial
from byeori.strategies.pareto import Pareto
from byeori.strategies.random import RandomSearch
from byeori.testing.spaces import flat_space
from byeori.testing.strategies import StrategyConformance, play, trial_of

BOTH = {"error": "min", "speed": "max"}


class TestPareto(StrategyConformance):
    trials = 120

    def make(self, space: Space) -> Strategy:
        return Pareto(space)


class TestParetoOfFew(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return Pareto(space, population=6, crossover=0.3)


def _trial(number: int, facts: Json, loss: float = 1.0) -> Trial:
    genome, origin = {"width": number + 1}, Origin(strategy="x")
    return Trial(number, genome, origin, ENDED, "done", loss, loss, 1, 1.0, 1.0, facts)


def _of_two(number: int, error: object, speed: object) -> Trial:
    return _trial(number, {"objectives": {"error": error, "speed": speed}})


def _parents(strategy: Pareto, n: int = 200) -> set[int]:
    return {c.origin.parents[0] for c in strategy.ask(n, Random(0), ()) if c.origin.parents}


def _wide() -> Record:
    return Record({"width": Int(1, 10**6)})


def test_those_whom_nobody_dominates_stay() -> None:
    strategy = Pareto(_wide(), objectives=BOTH, population=3, crossover=0.0)
    front = [_of_two(0, 0.1, 1.0), _of_two(1, 0.5, 5.0), _of_two(2, 0.9, 9.0)]
    strategy.tell([*front, *(_of_two(n, 0.9, 0.1 * n) for n in (3, 4, 5))])
    assert _parents(strategy) == {0, 1, 2}


def test_of_one_front_those_alone_stay() -> None:
    strategy = Pareto(_wide(), objectives=BOTH, population=3, crossover=0.0)
    strategy.tell([_of_two(n, x, x) for n, x in enumerate([0.0, 0.01, 0.02, 0.5, 0.99, 1.0])])
    assert _parents(strategy) == {0, 3, 5}


def test_equals_do_not_fill_the_population() -> None:
    strategy = Pareto(_wide(), objectives=BOTH, population=2, crossover=0.0)
    strategy.tell([_of_two(0, 0.1, 0.1), _of_two(1, 0.1, 0.1), _of_two(2, 0.1, 0.1), _of_two(3, 0.9, 0.9)])
    assert _parents(strategy) == {0, 3}


@pytest.mark.parametrize("missing", [None, nan, inf, "fast", True])
def test_a_number_that_is_none_has_no_children(missing: object) -> None:
    strategy = Pareto(_wide(), objectives=BOTH, population=2, crossover=0.0)
    strategy.tell([_of_two(0, -9.0, missing), _of_two(1, 0.1, 0.1), _of_two(2, 0.2, 0.2), _trial(3, {})])
    assert _parents(strategy) == {1, 2}


def test_without_names_the_cost_that_is_reported_counts() -> None:
    for cost in ("params", "latency_ms"):
        strategy = Pareto(_wide(), population=2, crossover=0.0)
        rest = [_trial(n, {cost: 10**6}, loss=0.5) for n in (2, 3)]
        strategy.tell([_trial(0, {cost: 10}, loss=0.9), _trial(1, {cost: 10**5}, loss=0.1), *rest])
        assert _parents(strategy) == {0, 1}


def test_without_any_cost_the_loss_alone_counts() -> None:
    strategy = Pareto(_wide(), population=2, crossover=0.0)
    strategy.tell([_trial(n, {}, loss) for n, loss in enumerate([3.0, 1.0, 2.0, 4.0])])
    assert _parents(strategy) == {1, 2}


def test_an_unknown_cost_is_no_merit() -> None:
    strategy = Pareto(_wide(), population=2, crossover=0.0)
    told = [({"params": 0}, 0.9), ({}, 0.8), ({"params": 10}, 0.7), ({"params": 99}, 0.1)]
    strategy.tell([_trial(n, facts, loss) for n, (facts, loss) in enumerate(told)])
    assert _parents(strategy) == {2, 3}


def test_what_is_kept_does_not_grow() -> None:
    strategy = Pareto(_wide(), objectives=BOTH, population=10)
    strategy.tell([_of_two(n, n / 1000, n / 1000) for n in range(1000)])
    assert len(strategy._members) < 20


def _two(genome: Json) -> tuple[float, float]:
    """Return ZDT1, scaled down: the front is y = 1 - sqrt(x), reached where all of the rest is 0."""
    rest = 1 + 9 * sum(genome[f"x{i}"] for i in range(1, 6)) / 5
    return genome["x0"], rest * (1 - (genome["x0"] / rest) ** 0.5)


def _volume(strategy: Strategy, space: Space, seed: int) -> float:
    """Return the area below (1, 10) that 400 trials dominate."""
    seen: list[tuple[float, float]] = []
    while len(seen) < 400:
        found = strategy.ask(8, rng_of(seed, len(seen)), ())
        ended = []
        for candidate in found:
            losses = _two(candidate.genome)
            plain = trial_of(len(seen), Candidate(genome=candidate.genome, origin=candidate.origin), losses[0])
            facts = {"objectives": {"first": losses[0], "second": -losses[1]}}
            ended.append(Trial(plain.number, plain.genome, plain.origin, ENDED, "done", 0.0, 0.0, 1, 1.0, 1.0, facts))
            seen.append(losses)
        strategy.tell(ended)
    area, right = 0.0, 1.0
    for x, y in sorted((seen[i] for i in pareto_front(seen)), reverse=True):
        area += (right - x) * (10.0 - y)
        right = x
    return area


def test_covers_more_of_the_front_than_chance() -> None:
    space = Record({f"x{i}": Float(0.0, 1.0) for i in range(6)})
    way = {"first": "min", "second": "max"}
    for seed in range(3):
        assert _volume(Pareto(space, objectives=way), space, seed) > _volume(RandomSearch(space), space, seed)


def test_one_objective_is_fine() -> None:
    space = flat_space()
    assert len(play(Pareto(space, population=10), space, 60)) == 60


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"objectives": {}}, "objectives"),
        ({"objectives": {"error": "less"}}, "objectives"),
        ({"population": 0}, "population"),
        ({"crossover": 2.0}, "crossover"),
    ],
)
def test_options_out_of_range(options: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        Pareto(flat_space(), **options)  # type: ignore[arg-type]
