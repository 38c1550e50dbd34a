"""The conformance suite must refuse strategies that break each of its rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest

from byeori.core.deciders import Replay, Trace, mutate, sample, walk
from byeori.core.errors import GenomeError
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.testing.spaces import network_space, single_space, small_space
from byeori.testing.strategies import StrategyConformance, play

ORIGIN = Origin(strategy="bad")


class Bad:
    """Proposes by one function of (self, rng); remembers what it was told."""

    def __init__(self, space: Space, propose: Callable[[Bad, Random], Candidate]) -> None:
        self.space = space
        self.propose = propose
        self.told: list[Trial] = []
        self.own = Random()

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        return [self.propose(self, rng) for _ in range(n)]

    def tell(self, ended: Sequence[Trial]) -> None:
        self.told.extend(ended)


class Suite(StrategyConformance):
    trials = 20
    __test__ = False

    def __init__(self, propose: Callable[[Bad, Random], Candidate]) -> None:
        self.propose = propose

    def make(self, space: Space) -> Strategy:
        return Bad(space, self.propose)


def _drawn(bad: Bad, rng: Random) -> Candidate:
    return Candidate(genome=sample(bad.space, rng), origin=ORIGIN)


def _own_dice(bad: Bad, rng: Random) -> Candidate:
    return _drawn(bad, bad.own)


def _child(bad: Bad, rng: Random) -> Candidate:
    parent = bad.told[-1] if bad.told else None
    genome = mutate(bad.space, parent.genome, rng) if parent else sample(bad.space, rng)
    return Candidate(genome=genome, origin=Origin(strategy="bad", parents=(parent.number,) if parent else ()))


def _counts(bad: Bad, rng: Random) -> Candidate:
    return _drawn(bad, Random(bad.own.randrange(10) + len(bad.told)))


def _edits(bad: Bad, rng: Random) -> Candidate:
    for trial in bad.told:
        trial.genome["recipe"]["clip"] = 0.5
    return _drawn(bad, rng)


def _foreign(bad: Bad, rng: Random) -> Candidate:
    return Candidate(genome={"x": 1}, origin=ORIGIN)


@pytest.mark.parametrize(
    ("propose", "check", "error"),
    [
        (_foreign, lambda s: s.test_proposals_are_valid("flat"), GenomeError),
        (_own_dice, lambda s: s.test_same_seed_same_proposals("flat"), AssertionError),
        (_counts, lambda s: s.test_resumed_goes_on_as_if_undisturbed("flat", 0.5), AssertionError),
        (_own_dice, lambda s: s.test_batches_told_at_once_or_one_by_one(), AssertionError),
        (_child, lambda s: s.test_origin_says_where_it_comes_from("flat"), AssertionError),
        (_child, lambda s: s.test_failures_have_no_children(), AssertionError),
        (_edits, lambda s: s.test_told_genomes_are_left_as_they_are(), AssertionError),
        (_drawn, lambda s: s.test_what_is_in_flight_is_not_proposed_again(), AssertionError),
        (_drawn, lambda s: s.test_a_small_space_is_exhausted(), AssertionError),
    ],
)
def test_a_bad_strategy_is_found_out(
    propose: Callable[[Bad, Random], Candidate], check: Callable[[Suite], None], error: type[Exception]
) -> None:
    with pytest.raises(error):
        check(Suite(propose))


def test_play_begins_with_the_default_and_stops_when_nothing_is_left() -> None:
    class Silent:
        def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
            return []

        def tell(self, ended: Sequence[Trial]) -> None:
            self.told = len(ended)

    trials = play(Silent(), small_space(), 10)
    assert [trial.genome for trial in trials] == [{"edge": "none", "depth": 1, "wide": False}]


def test_the_spaces_are_what_they_say() -> None:
    rng = Random(0)
    counts = []
    for _ in range(200):
        trace = Trace(Replay(sample(network_space(), rng)))
        walk(network_space(), trace)
        counts.append(len(trace.seen))
    assert 40 < sum(counts) / len(counts) < 52
    assert (small_space().size, single_space().size) == (12, 1)
