"""What every strategy must keep to, as tests to inherit, and a study without an engine to run one in.

class TestMine(StrategyConformance):
    def make(self, space):
        return Mine(space)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import inf, isfinite, nan
from random import Random

import pytest

from byeori._util.json import Json, dumps, loads
from byeori._util.seeds import rng_of, seed_of
from byeori.core.deciders import default, replay
from byeori.core.events import DIVERGED, DONE
from byeori.core.genome import differences, flatten, genome_hash
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Space
from byeori.core.state import ENDED, RUNNING, Trial
from byeori.testing.spaces import conformance_spaces, flat_space, network_space, single_space, small_space

SPACES = conformance_spaces()


def trial_of(number: int, candidate: Candidate, loss: float | None = None) -> Trial:
    """Return a candidate as a trial, with a genome that went through the log; in flight where it has no loss yet.

    Args:
        number: Of the trial.
        candidate: What was proposed.
        loss: What it came to; infinite for a failure, None while it runs.
    """
    genome = loads(dumps(candidate.genome))
    if loss is None:
        return Trial(number, genome, candidate.origin, RUNNING, "", nan, inf, 1, 0.0, 0.0, {})
    reason, value = (DONE, loss) if isfinite(loss) else (DIVERGED, nan)
    return Trial(number, genome, candidate.origin, ENDED, reason, value, loss, 1, 1.0, 1.0, {})


def loss_of(genome: Json) -> float:
    """Return a loss that answers have a say in: a made-up share for each of them, summed."""
    shares = [seed_of(path, str(answer)) / 2**63 for path, answer in flatten(genome).items()]
    return sum(shares) / (len(shares) or 1)


def play(
    strategy: Strategy,
    space: Space,
    trials: int,
    *,
    batch: int = 1,
    history: Sequence[Trial] = (),
    loss: Callable[[Json], float] = loss_of,
    seed: int = 0,
) -> list[Trial]:
    """Run a study of a strategy without an engine: trial 0 is the default genome, a batch ends as it was proposed.

    Args:
        strategy: New, and told nothing.
        space: The questions.
        trials: How many in all; fewer where the strategy has nothing left to propose.
        batch: How many are asked for at once.
        history: Trials of an earlier run to resume.
        loss: Genome → loss.
        seed: Of the study.

    Returns:
        All trials, those of `history` first.
    """
    done = list(history)
    if done:
        strategy.tell(done)
    else:
        first = default(space)
        done.append(trial_of(0, Candidate(genome=first, origin=Origin(strategy="default")), loss(first)))
        strategy.tell(done[:1])
    while len(done) < trials:
        found = strategy.ask(min(batch, trials - len(done)), rng_of(seed, "ask", len(done)), ())
        if not found:
            break
        ended = [trial_of(len(done) + i, candidate, loss(candidate.genome)) for i, candidate in enumerate(found)]
        strategy.tell(ended)
        done.extend(ended)
    return done


class StrategyConformance:
    """Inherit from it, name the class `Test…`, and write `make`."""

    trials = 80
    """Trials in a study of these tests; more where a strategy shows itself later only."""
    rounds = 20
    """Rounds of proposals without a word in between; fewer where one takes long."""
    throws_dice = True
    """Whether another seed makes another search; False where the order of proposals is the space's own."""

    def make(self, space: Space) -> Strategy:
        """Return a new strategy that was told nothing."""
        raise NotImplementedError("A conformance class writes `make(space)`.")

    @pytest.mark.parametrize("name", SPACES)
    def test_proposals_are_valid(self, name: str) -> None:
        space = SPACES[name]
        for trial in play(self.make(space), space, self.trials, batch=4):
            assert replay(space, trial.genome) == trial.genome
            assert trial.number == 0 or space.bare.alive(trial.genome), "a weight of 0 was proposed"

    @pytest.mark.parametrize("name", SPACES)
    def test_same_seed_same_proposals(self, name: str) -> None:
        space = SPACES[name]
        runs = [_said(play(self.make(space), space, self.trials, batch=3)) for _ in range(2)]
        assert runs[0] == runs[1]

    def test_randomness_is_the_one_handed_in(self) -> None:
        space = flat_space()
        runs = [_said(play(self.make(space), space, self.trials, seed=seed)) for seed in (1, 2)]
        assert (runs[0] != runs[1]) is self.throws_dice

    @pytest.mark.parametrize("name", ["flat", "network", "checked"])
    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
    def test_resumed_goes_on_as_if_undisturbed(self, name: str, share: float) -> None:
        space = SPACES[name]
        straight = play(self.make(space), space, self.trials)
        resumed = play(self.make(space), space, self.trials, history=straight[: int(share * len(straight))])
        assert _said(resumed) == _said(straight)

    def test_batches_told_at_once_or_one_by_one(self) -> None:
        space = flat_space()
        history = play(self.make(space), space, self.trials)
        once, singly = self.make(space), self.make(space)
        once.tell(history)
        for trial in history:
            singly.tell([trial])
        asked = [_said_of(s.ask(4, Random(5), ())) for s in (once, singly)]
        assert asked[0] == asked[1]

    @pytest.mark.parametrize("name", ["flat", "network"])
    def test_origin_says_where_it_comes_from(self, name: str) -> None:
        space = SPACES[name]
        trials = play(self.make(space), space, self.trials, batch=5)
        for trial in trials[1:]:
            origin = trial.origin
            assert origin.strategy
            assert all(0 <= parent < trial.number for parent in origin.parents)
            if origin.parents:
                assert origin.changed == differences(trials[origin.parents[0]].genome, trial.genome)
            else:
                assert origin.changed == ()

    def test_told_genomes_are_left_as_they_are(self) -> None:
        space = network_space()
        strategy = self.make(space)
        trials = play(strategy, space, self.trials)
        before = [dumps(trial.genome) for trial in trials]
        for i in range(self.rounds):
            strategy.ask(4, Random(i), ())
        assert [dumps(trial.genome) for trial in trials] == before

    @pytest.mark.parametrize("n", [1, 2, 7, 64])
    def test_proposes_as_many_as_asked_at_most(self, n: int) -> None:
        space = flat_space()
        strategy = self.make(space)
        assert 0 < len(strategy.ask(n, Random(0), ())) <= n
        strategy.tell(play(self.make(space), space, self.trials))
        assert 0 < len(strategy.ask(n, Random(0), ())) <= n
        assert len(strategy.ask(0, Random(0), ())) == 0

    def test_what_is_in_flight_is_not_proposed_again(self) -> None:
        space = small_space()
        strategy = self.make(space)
        pending: list[Trial] = []
        for number in range(200):
            found = strategy.ask(1, rng_of(0, number), pending)
            if not found:
                break
            pending.append(trial_of(number, found[0]))
        assert pending
        assert _distinct(pending)

    @pytest.mark.parametrize("name", ["flat", "network", "small"])
    def test_failures_are_survived(self, name: str) -> None:
        space = SPACES[name]
        failed = play(self.make(space), space, self.trials, batch=4, loss=lambda genome: inf)
        assert len(failed) > 1
        some = play(self.make(space), space, self.trials, batch=4, loss=_fails_often)
        assert all(replay(space, trial.genome) == trial.genome for trial in some)

    def test_failures_have_no_children(self) -> None:
        space = flat_space()
        trials = play(self.make(space), space, self.trials, loss=_fails_often)
        assert all(isfinite(trials[parent].loss) for trial in trials for parent in trial.origin.parents)

    def test_a_small_space_is_exhausted(self) -> None:
        for space, count in ((small_space(), 12), (single_space(), 1)):
            strategy = self.make(space)
            trials = play(strategy, space, 500, batch=5)
            assert len(trials) <= count, "a genome was tried twice"
            assert _distinct(trials)
            assert list(strategy.ask(5, Random(99), ())) == []

    def test_late_results_in_any_order(self) -> None:
        space = flat_space()
        strategy = self.make(space)
        rng = Random(3)
        pending: list[Trial] = []
        for number in range(self.trials):
            found = strategy.ask(1, rng_of(1, number), pending)
            pending.extend(trial_of(number, candidate) for candidate in found)
            if len(pending) >= 8 or not found:
                late = pending.pop(int(rng.random() * len(pending)))
                ended = trial_of(late.number, Candidate(genome=late.genome, origin=late.origin), loss_of(late.genome))
                strategy.tell([ended])
        assert strategy.ask(1, Random(0), pending)

    def test_a_baseline_has_no_children(self) -> None:
        space = SPACES["baseline"]
        strategy = self.make(space)
        baseline = Candidate(genome={"majority": {}}, origin=Origin(strategy="baseline"))
        trials = [trial_of(0, baseline, -100.0), *play(self.make(space), space, self.trials)[1:]]
        strategy.tell(trials)
        for candidate in strategy.ask(32, Random(0), ()):
            assert 0 not in candidate.origin.parents
            assert "majority" not in candidate.genome


def _said(trials: Iterable[Trial]) -> list[bytes]:
    return [dumps([trial.genome, trial.origin.to_json()]) for trial in trials]


def _said_of(candidates: Iterable[Candidate]) -> list[bytes]:
    return [dumps([c.genome, c.origin.to_json(), c.weights_from, c.continues, c.until]) for c in candidates]


def _distinct(trials: Sequence[Trial]) -> bool:
    return len({genome_hash(trial.genome) for trial in trials}) == len(trials)


def _fails_often(genome: Json) -> float:
    loss = loss_of(genome)
    return inf if int(loss * 1e6) % 3 else loss
