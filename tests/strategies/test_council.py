from __future__ import annotations

from collections import Counter
from math import inf
from random import Random
from typing import Any

import pytest

from byeori.core.errors import OptionError
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Space
from byeori.strategies.council import FLOOR, LATELY, Council, Tally
from byeori.strategies.random import RandomSearch
from byeori.testing.spaces import flat_space
from byeori.testing.strategies import StrategyConformance, loss_of, play, trial_of


class TestCouncil(StrategyConformance):
    trials = 40

    def make(self, space: Space) -> Strategy:
        return Council(space)


def _loss(genome: dict[str, Any]) -> float:
    return abs(genome["width"] - 240) / 240 + abs(genome["depth"] - 8) / 8 + abs(genome["dropout"] - 0.4)


def test_who_earns_gets_more_turns() -> None:
    tally = Tally({"good": 0.2, "poor": 0.5, "random": 0.1})
    for i in range(60):
        tally.tell("good", -i)
        tally.tell("poor", i)
    shares = tally.shares()
    assert shares["good"] > 0.8
    assert shares["poor"] == pytest.approx(FLOOR, abs=0.02)
    assert sum(shares.values()) == pytest.approx(1.0)


def test_merit_of_long_ago_fades() -> None:
    tally = Tally({"first": 0.3, "second": 0.3})
    for i in range(40):
        tally.tell("first", -i)
        tally.tell("second", i)
    for i in range(80):
        tally.tell("second", -100 - i)
        tally.tell("first", 100 + i)
    shares = tally.shares()
    assert shares["second"] > 0.8


def test_only_the_order_of_losses_counts() -> None:
    one, other = Tally({"a": 0.3, "b": 0.3}), Tally({"a": 0.3, "b": 0.3})
    rng = Random(0)
    for _ in range(200):
        name, loss = rng.choice("ab"), rng.random()
        one.tell(name, loss)
        other.tell(name, 1e6 * loss**3)
    assert one.shares() == other.shares()


def test_failures_earn_nothing_and_strangers_are_only_held_against() -> None:
    tally = Tally({"a": 0.3, "b": 0.3})
    for i in range(20):
        tally.tell("default", float(i))
        tally.tell("a", inf)
        tally.tell("b", 0.5)
    assert tally.shares()["b"] > 0.9


def test_every_member_has_its_turns_and_chance_its_share() -> None:
    space = flat_space()
    trials = play(Council(space), space, 300, batch=20, loss=_loss)
    turns = Counter(trial.origin.strategy for trial in trials[1:])
    assert set(turns) == {"surrogate", "tpe-fast", "evolution", "random"}
    assert turns["random"] >= 0.6 * FLOOR * 300
    assert turns["random"] < max(turns["surrogate"], turns["tpe-fast"])


def test_the_first_are_random() -> None:
    space = flat_space()
    trials = play(Council(space), space, 11)
    assert {trial.origin.strategy for trial in trials[1:10]} == {"random"}


def test_the_tally_is_rebuilt_by_telling_the_history() -> None:
    space = flat_space()
    live = Council(space)
    trials = play(live, space, LATELY + 60, batch=7)
    again = Council(space)
    again.tell(trials)
    assert again.shares == live.shares


def test_members_never_propose_the_same_in_a_round() -> None:
    space = flat_space()
    council = Council(space)
    council.tell(play(RandomSearch(space), space, 50))
    found = council.ask(200, Random(0), ())
    assert len(found) == 200
    assert len({str(candidate.genome) for candidate in found}) == 200


def test_finds_a_better_one_than_chance() -> None:
    space = flat_space()
    ours = sum(min(t.loss for t in play(Council(space), space, 80, loss=_loss, seed=seed)) for seed in range(3))
    drawn = sum(min(t.loss for t in play(RandomSearch(space), space, 80, loss=_loss, seed=seed)) for seed in range(3))
    assert ours < 0.6 * drawn


def test_a_study_of_failures_alone_stays_random() -> None:
    space = flat_space()
    trials = play(Council(space), space, 40, loss=lambda genome: inf)
    assert {trial.origin.strategy for trial in trials[1:]} == {"random"}


def test_a_history_of_other_parents_is_learnt_from() -> None:
    space = flat_space()
    council = Council(space)
    council.tell([trial_of(i, Candidate(genome=t.genome, origin=Origin(strategy="grid")), loss_of(t.genome))
                  for i, t in enumerate(play(RandomSearch(space), space, 40))])  # fmt: skip
    assert {c.origin.strategy for c in council.ask(50, Random(0), ())} > {"random"}


def test_startup_out_of_range() -> None:
    with pytest.raises(OptionError, match="startup"):
        Council(flat_space(), startup=0)
