from __future__ import annotations

import logging
import sys
from math import inf, nan
from random import Random

import optuna
import pytest

from byeori import catalog
from byeori.core.deciders import sample
from byeori.core.errors import OptionError
from byeori.core.events import STOPPED
from byeori.core.genome import genome_key
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Categorical, Checked, Float, Int, OneOf, Record, Repeat, Space
from byeori.core.state import ENDED, Trial
from byeori.core.walk import walk
from byeori.strategies.random import RandomSearch
from byeori.strategies.suggested import Gp, Suggest, Tpe
from byeori.testing.spaces import conformance_spaces, flat_space, small_space
from byeori.testing.strategies import StrategyConformance, play, trial_of


class TestTpe(StrategyConformance):
    trials = 12
    rounds = 2

    def make(self, space: Space) -> Strategy:
        return Tpe(space, startup=6)


class TestTpeUnivariate(StrategyConformance):
    trials = 10
    rounds = 1

    def make(self, space: Space) -> Strategy:
        return Tpe(space, multivariate=False, startup=6)


class TestGp(StrategyConformance):
    trials = 5
    rounds = 1

    def make(self, space: Space) -> Strategy:
        return _hasty(Gp(space, startup=4))


def _hasty(parent: Gp) -> Gp:
    """Let the maximum be looked for less thoroughly, which takes most of the time."""
    thorough = parent._desk._sampler

    def hasty(seed: int) -> optuna.samplers.BaseSampler:
        sampler = thorough(seed)
        sampler._n_preliminary_samples, sampler._n_local_search = 64, 2
        return sampler

    parent._desk._sampler = hasty
    return parent


def _told(parent: Tpe | Gp) -> list[optuna.trial.FrozenTrial]:
    return parent._desk._study.trials


@pytest.mark.parametrize("name", conformance_spaces())
def test_what_is_told_is_what_would_have_been_suggested(name: str) -> None:
    space = conformance_spaces()[name]
    genomes = [sample(space, Random(seed)) for seed in range(20)]
    parent = Tpe(space)
    parent.tell([trial_of(i, Candidate(genome=g, origin=Origin(strategy="x")), 1.0) for i, g in enumerate(genomes)])
    for genome, trial in zip(genomes, _told(parent), strict=True):
        assert walk(space, Suggest(optuna.trial.FixedTrial(trial.params))) == genome


def test_names_are_paths_and_no_two_collide() -> None:
    block = OneOf({"conv": Record({"filters": Int(8, 64, log=True, step=8)}), "pool": Record({}), "n": Int(1, 3)})
    space = Record({"blocks": Repeat(block, 1, 2), "flag": Categorical([True, 1, None, "1"])})
    parent = Tpe(space)
    genome = {"blocks": [{"conv": {"filters": 24}}, {"n": 2}], "flag": 1}
    parent.tell([trial_of(0, Candidate(genome=genome, origin=Origin(strategy="x")), 0.5)])
    (told,) = _told(parent)
    assert told.params == {
        "blocks%": 2, "blocks[0]%": 0, "blocks[0].conv.filters": 24.0, "blocks[1]%": 2, "blocks[1].n": 2, "flag": 1,
    }  # fmt: skip


def test_history_holds_values_failures_and_how_far_the_stopped_came() -> None:
    space = Record({"x": Float(0.0, 1.0)})
    genome = {"x": 0.5}
    ends = [
        trial_of(0, Candidate(genome=genome, origin=Origin(strategy="default")), 0.25),
        trial_of(1, Candidate(genome=genome, origin=Origin(strategy="x")), inf),
        Trial(2, genome, Origin(strategy="x"), ENDED, STOPPED, 0.75, 0.75, 1, 0.25, 1.0, {}),
        trial_of(3, Candidate(genome=genome, origin=Origin(strategy="x")), nan),
    ]
    parent, gp = Tpe(space), Gp(space)
    for strategy in (parent, gp):
        strategy.tell(ends)
    assert [trial.state.name for trial in _told(parent)] == ["COMPLETE", "FAIL", "PRUNED", "FAIL"]
    assert [trial.state.name for trial in _told(gp)] == ["COMPLETE", "FAIL", "COMPLETE", "FAIL"]
    assert _told(parent)[0].value == 0.25
    assert _told(parent)[2].intermediate_values == {250: 0.75}


def test_a_round_leaves_nothing_behind() -> None:
    space = flat_space()
    parent = Tpe(space, startup=4)
    trials = play(Tpe(space), space, 12)
    parent.tell(trials)
    pending = [
        trial_of(50 + i, Candidate(genome=sample(space, Random(i)), origin=Origin(strategy="x"))) for i in range(3)
    ]
    first = parent.ask(3, Random(1), pending)
    assert len(_told(parent)) == 12
    assert [c.genome for c in parent.ask(3, Random(1), pending)] == [c.genome for c in first]
    assert [c.genome for c in parent.ask(3, Random(1), ())] != [c.genome for c in first]


def test_what_is_in_flight_repels() -> None:
    space = Record({"x": Float(0.0, 1.0)})
    genomes = [{"x": i / 40} for i in range(40)]
    history = [
        trial_of(i, Candidate(genome=g, origin=Origin(strategy="x")), abs(g["x"] - 0.5)) for i, g in enumerate(genomes)
    ]
    parent = Tpe(space)
    parent.tell(history)
    near = [trial_of(90 + i, Candidate(genome={"x": 0.45 + i / 999}, origin=Origin(strategy="x"))) for i in range(99)]
    alone = [parent.ask(1, Random(seed), ())[0].genome["x"] for seed in range(20)]
    crowded = [parent.ask(1, Random(seed), near)[0].genome["x"] for seed in range(20)]
    assert sum(0.45 < x < 0.55 for x in alone) > sum(0.45 < x < 0.55 for x in crowded)


@pytest.mark.parametrize("multivariate", [False, True])
def test_finds_a_better_one_than_chance(multivariate: bool) -> None:
    space = Record({f"e{i}": Categorical([0, 1, 2]) for i in range(8)} | {"x": Float(0.0, 1.0)})

    def loss(genome: dict[str, float]) -> float:
        return sum(genome[f"e{i}"] != i % 3 for i in range(8)) + abs(genome["x"] - 0.3)

    def best(parent: Strategy, seed: int) -> float:
        return min(trial.loss for trial in play(parent, space, 60, loss=loss, seed=seed))

    found = [best(Tpe(space, multivariate=multivariate), seed) for seed in range(4)]
    drawn = [best(RandomSearch(space), seed) for seed in range(4)]
    assert sum(found) < sum(drawn)


def test_a_gaussian_process_finds_the_bottom_of_a_bowl() -> None:
    space = Record({"x": Float(0.0, 1.0), "y": Float(1e-4, 1.0, log=True), "c": Categorical(["a", "b"])})

    def loss(genome: dict[str, float]) -> float:
        return (genome["x"] - 0.7) ** 2 + (genome["y"] - 1e-2) ** 2 + (genome["c"] == "a")

    assert min(trial.loss for trial in play(Gp(space, startup=5), space, 18, loss=loss)) < 2e-3


def test_a_gaussian_process_proposes_few_at_once() -> None:
    assert len(Gp(flat_space()).ask(64, Random(0), ())) == 4


def test_a_check_that_refuses_most_is_answered_again_and_then_at_random() -> None:
    space = Checked(Record({"n": Int(0, 10**6)}), lambda g: "no" if g["n"] % 99 else None, check_default=False)
    parent = Tpe(space, startup=2)
    parent.tell([trial_of(i, Candidate(genome={"n": 99 * i}, origin=Origin(strategy="x")), float(i)) for i in range(5)])
    assert all(candidate.genome["n"] % 99 == 0 for candidate in parent.ask(3, Random(0), ()))


def test_nothing_is_tried_twice_though_optuna_would() -> None:
    space = small_space()
    trials = play(Tpe(space, startup=3), space, 50)
    assert len({genome_key(trial.genome) for trial in trials}) == len(trials) == 12


def test_optuna_is_as_loud_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    level = logging.getLogger("optuna").level
    parent = Gp(flat_space(), startup=2)
    parent.tell(play(RandomSearch(flat_space()), flat_space(), 4))
    parent.ask(1, Random(0), ())
    assert capsys.readouterr().err == ""
    assert logging.getLogger("optuna").level == level


@pytest.mark.parametrize("name", ["tpe", "gp", "cmaes"])
def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    row = catalog.find("strategy", name)
    monkeypatch.delitem(sys.modules, row.path.partition(":")[0], raising=False)
    for package in ("optuna", "cmaes"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(OptionError, match=r"pip install 'byeori\[optuna\]'"):
        catalog.load("strategy", name)


@pytest.mark.parametrize("parent", [Tpe, Gp])
def test_options_out_of_range(parent: type[Tpe] | type[Gp]) -> None:
    with pytest.raises(OptionError, match="startup"):
        parent(flat_space(), startup=0)
