from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from random import Random

import pytest

from byeori._util.json import Json
from byeori.core.errors import OptionError
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Int, Record, Space
from byeori.core.state import Trial
from byeori.strategies.evolution import Evolution
from byeori.strategies.random import RandomSearch
from byeori.strategies.with_proxy import WithProxy
from byeori.testing.strategies import StrategyConformance, loss_of, play

SPACE = Record({"width": Int(1, 1000)})


class TestAroundRandom(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return WithProxy(RandomSearch(space), loss_of, propose=4)


class TestAroundEvolution(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return WithProxy(Evolution(space, population=6), loss_of, propose=3)


def test_the_best_of_every_m_is_kept() -> None:
    asked = RandomSearch(SPACE).ask(20, Random(3), ())
    best = [max(c.genome["width"] for c in asked[i : i + 5]) for i in range(0, 20, 5)]
    kept = WithProxy(RandomSearch(SPACE), lambda genome: genome["width"], propose=5).ask(4, Random(3), ())
    assert [candidate.genome["width"] for candidate in kept] == best


def test_a_score_that_says_something_helps() -> None:
    def mean(strategy: Strategy) -> float:
        trials = play(strategy, SPACE, 60, loss=lambda genome: abs(genome["width"] - 700))
        return sum(trial.loss for trial in trials) / len(trials)

    nearer = WithProxy(RandomSearch(SPACE), lambda genome: -abs(genome["width"] - 600), propose=8)
    assert mean(nearer) < 0.6 * mean(RandomSearch(SPACE))


def _raises(genome: Json) -> float:
    if genome["width"] < 800:
        raise ValueError("no idea")
    return -1000.0


def _unsure(genome: Json) -> float:
    return nan if genome["width"] < 800 else -1000.0


@pytest.mark.parametrize("score", [_raises, _unsure])
def test_a_score_that_fails_counts_as_worst(score: Callable[[Json], float]) -> None:
    kept = WithProxy(RandomSearch(SPACE), score, propose=50).ask(4, Random(0), ())
    assert all(candidate.genome["width"] >= 800 for candidate in kept)


def test_a_score_that_always_fails_leaves_the_first() -> None:
    asked = RandomSearch(SPACE).ask(6, Random(0), ())
    assert WithProxy(RandomSearch(SPACE), lambda genome: nan, propose=3).ask(2, Random(0), ()) == [asked[0], asked[3]]


def test_a_fault_of_the_program_is_shown() -> None:
    def misspelt(genome: Json) -> float:
        return wdith  # type: ignore[name-defined,no-any-return]  # noqa: F821

    with pytest.raises(NameError):
        WithProxy(RandomSearch(SPACE), misspelt).ask(1, Random(0), ())


def test_what_goes_on_with_a_paused_trial_is_not_scored() -> None:
    class Resuming:
        def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
            origin = Origin(strategy="resuming")
            new = [Candidate(genome={"width": i}, origin=origin) for i in range(1, n)]
            return [*new, Candidate(genome={"width": 9}, origin=origin, continues=0)]

        def tell(self, ended: Sequence[Trial]) -> None:
            return None

    kept = WithProxy(Resuming(), lambda genome: genome["width"], propose=4).ask(2, Random(0), ())
    assert [candidate.continues for candidate in kept] == [0, None]
    assert kept[1].genome["width"] == 4


def test_proposals_below_one_are_refused() -> None:
    with pytest.raises(OptionError, match="propose=0"):
        WithProxy(RandomSearch(SPACE), loss_of, propose=0)
