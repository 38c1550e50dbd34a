from __future__ import annotations

from math import exp, inf
from random import Random

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from byeori._util.json import Json
from byeori.core.deciders import sample
from byeori.core.errors import OptionError
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Repeat, Space
from byeori.core.walk import walk
from byeori.strategies.controller import CLIP, Controller, Pack, Policy, surrogate
from byeori.strategies.parts.speaker import Speaker
from byeori.strategies.parts.tokens import Token, Vocabulary
from byeori.testing.spaces import baseline_space, flat_space, network_space
from byeori.testing.strategies import StrategyConformance, play, trial_of


class TestController(StrategyConformance):
    trials = 24

    def make(self, space: Space) -> Strategy:
        return Controller(space, batch=8)


class TestReinforceWithoutMemory(StrategyConformance):
    trials = 24

    def make(self, space: Space) -> Strategy:
        return Controller(space, algorithm="reinforce", recurrent=False, rate=0.1, batch=1)


ORIGIN = Origin(strategy="x")
XOR = Record({f"{bit}{group}": Categorical([0, 1]) for group in range(6) for bit in "abc"})


def odd(genome: Json) -> float:
    """Return less the more of the six groups of three bits have an odd sum: no bit, and no pair, says anything."""
    return -sum((genome[f"a{g}"] + genome[f"b{g}"] + genome[f"c{g}"]) % 2 for g in range(6)) / 6


def told(number: int, genome: Json, loss: float) -> object:
    return trial_of(number, Candidate(genome=genome, origin=ORIGIN), loss)


def packed(policy: Policy, genomes: list[Json]) -> Pack:
    return Pack.of([policy.vocabulary.read(genome) for genome in genomes], policy.vocabulary)


def stirred(space: Space, recurrent: bool = True) -> Policy:
    """Return a policy with opinions."""
    policy = Policy(Vocabulary(space), recurrent=recurrent)
    dice = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weights in policy.parameters():
            weights += 0.3 * torch.randn(weights.shape, generator=dice)
    return policy


# ------------------------------------------------------------------------------------------------------- gradients


@pytest.mark.parametrize("clip", [None, CLIP])
def test_the_gradient_on_a_bandit_is_the_analytic_one(clip: float | None) -> None:
    means = torch.tensor([0.1, 0.7, 0.4, 0.9], dtype=torch.float64)
    policy = stirred(Record({"arm": Categorical(["a", "b", "c", "d"])}), recurrent=False).double()
    shares = torch.softmax(policy.bias.detach(), 0)
    logs, _ = policy.score(packed(policy, [{"arm": arm} for arm in "abcd"]))
    # every arm once, as often as it is drawn: the expectation, with any baseline
    surrogate(logs, logs.detach(), shares * (means - 0.3), clip).sum().backward()
    wanted = shares * (means - (shares * means).sum())
    assert policy.bias.grad is not None
    assert torch.allclose(policy.bias.grad, wanted, atol=1e-6, rtol=0)


def test_the_gradient_of_a_recurrent_policy_is_that_of_the_expected_reward() -> None:
    space = Record({"a": Categorical([0, 1]), "b": OneOf({"x": Record({}), "y": Record({"n": Int(1, 3)})})})
    genomes = [{"a": a, "b": b} for a in (0, 1) for b in ({"x": {}}, *({"y": {"n": n}} for n in (1, 2, 3)))]
    rewards = torch.tensor([0.3, -1.0, 2.0, 0.5, 0.1, 0.7, -0.2, 1.5], dtype=torch.float64)
    policy = stirred(space).double()
    pack = packed(policy, genomes)

    def shares() -> torch.Tensor:
        logs, _ = policy.score(pack)
        return torch.zeros(len(genomes), dtype=torch.float64).index_add(0, pack.trial, logs).exp()

    assert float(shares().detach().sum()) == pytest.approx(1.0, abs=1e-12)
    expected = torch.autograd.grad((shares() * rewards).sum(), list(policy.parameters()))
    logs, _ = policy.score(pack)
    gains = (shares().detach() * (rewards - 0.4))[pack.trial]
    learnt = torch.autograd.grad(surrogate(logs, logs.detach(), gains, CLIP).sum(), list(policy.parameters()))
    for one, other in zip(expected, learnt, strict=True):
        assert torch.allclose(one, other, atol=1e-9)


def test_a_ratio_is_driven_no_further_than_its_clip() -> None:
    before = torch.zeros(4, dtype=torch.float64)
    logs = torch.tensor([0.5, -0.5, 0.5, -0.5], dtype=torch.float64, requires_grad=True)
    surrogate(logs, before, torch.tensor([1.0, -1.0, -1.0, 1.0]), CLIP).sum().backward()
    assert logs.grad is not None
    assert logs.grad.tolist() == pytest.approx([0.0, 0.0, -exp(0.5), exp(-0.5)])


# -------------------------------------------------------------------------------------------------- distributions


def test_it_begins_with_what_chance_would_do() -> None:
    space = Record(
        {
            "act": Categorical(["relu", "gelu", "never"], weights=[3, 1, 0]),
            "width": Int(1, 8, log=True),
            "blocks": Repeat(Int(1, 2), 1, 4),
        }
    )
    policy = Policy(Vocabulary(space))
    found = [walk(space, Speaker(policy.voice, policy.vocabulary, Random(i))) for i in range(1000)]
    drawn = [sample(space, Random(-1 - i)) for i in range(1000)]
    for ask in (lambda g: g["act"] == "relu", lambda g: g["width"] == 1, lambda g: len(g["blocks"]) == 4):
        assert sum(map(ask, found)) == pytest.approx(sum(map(ask, drawn)), abs=90)
    assert all(genome["act"] != "never" for genome in found)


@pytest.mark.parametrize("recurrent", [True, False])
def test_what_is_said_is_what_is_scored(recurrent: bool) -> None:
    space = Record(
        {"a": Categorical([0, 1, 2]), "b": Repeat(OneOf({"x": Record({"n": Int(1, 3)}), "y": Int(1, 2)}), 0, 2)}
    )
    policy = stirred(space, recurrent)
    dice = Random(0)
    said = [walk(space, Speaker(policy.voice, policy.vocabulary, dice)) for _ in range(4000)]
    for genome in ({"a": 1, "b": []}, {"a": 2, "b": [{"y": 1}]}, {"a": 0, "b": [{"x": {"n": 2}}]}):
        logs, _ = policy.score(packed(policy, [genome]))
        share = exp(float(logs.detach().sum()))
        assert said.count(genome) / 4000 == pytest.approx(share, abs=4 * (share / 4000) ** 0.5 + 1e-3)


def test_the_density_of_a_range_is_one_in_all_and_where_answers_are_drawn() -> None:
    space = Record({"rate": Float(0.0, 1.0)})
    policy = stirred(space)
    asked = policy.vocabulary.asked[0].number

    def density(place: float) -> float:
        with torch.no_grad():
            logs, _ = policy.score(Pack.of([[Token(asked, 0, 0, place)]], policy.vocabulary))
        return exp(float(logs))

    with torch.no_grad():
        policy.bias += torch.tensor([2.0, -3.0])
    assert quad(density, 0.0, 1.0, limit=100)[0] == pytest.approx(1.0, abs=1e-6)
    dice = Random(0)
    drawn = [walk(space, Speaker(policy.voice, policy.vocabulary, dice))["rate"] for _ in range(4000)]
    for edge in np.quantile(drawn, [0.1, 0.5, 0.9]):
        share = sum(x <= edge for x in drawn) / 4000
        assert quad(density, 0.0, edge, limit=100)[0] == pytest.approx(share, abs=0.03)


def test_heat_makes_it_less_decided() -> None:
    space = Record({"a": Categorical([0, 1])})
    policy = Policy(Vocabulary(space))
    with torch.no_grad():
        policy.bias += torch.tensor([4.0, 0.0])
    dice = Random(0)

    def others(heat: float) -> int:
        return sum(walk(space, Speaker(policy.voice, policy.vocabulary, dice, heat=heat))["a"] for _ in range(500))

    assert others(1.0) < 30 < others(8.0)


# ------------------------------------------------------------------------------------------------------- learning


def late(strategy: Strategy, trials: int = 320) -> float:
    ended = play(strategy, XOR, trials, batch=8, loss=odd)
    return -sum(trial.loss for trial in ended[-80:]) / 80


def test_memory_solves_what_independent_answers_cannot() -> None:
    assert late(Controller(XOR)) > 0.7
    assert late(Controller(XOR, recurrent=False)) < 0.62


def test_it_finds_where_numbers_are_good() -> None:
    space = Record({"rate": Float(1e-5, 1.0, log=True), "width": Int(1, 4096, log=True), "depth": Int(1, 8)})

    def loss(genome: Json) -> float:
        return abs(np.log10(genome["rate"]) + 4) + abs(np.log2(genome["width"]) - 9) / 3 + abs(genome["depth"] - 7) / 4

    trials = play(Controller(space), space, 250, batch=8, loss=loss)
    first, last = (sum(t.loss for t in part) / 50 for part in (trials[:50], trials[-50:]))
    assert last < 0.6 * first


def test_a_policy_depends_on_what_was_told_alone() -> None:
    space = network_space()
    history = play(Controller(space), space, 30)
    once, singly = Controller(space), Controller(space)
    once.tell(history)
    once.ask(5, Random(7), ())
    for trial in history:
        singly.ask(2, Random(trial.number), ())
        singly.tell([trial])
    for one, other in zip(once.policy.parameters(), singly.policy.parameters(), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(once.policy.bias, Controller(space).policy.bias)


def test_nothing_is_drawn_from_the_generator_of_torch() -> None:
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    space = flat_space()
    play(Controller(space, batch=4), space, 12)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_failures_are_unlearnt() -> None:
    space = Record({"a": Categorical(["good", "bad"]), "n": Int(1, 10**6)})
    trials = play(Controller(space), space, 200, loss=lambda g: inf if g["a"] == "bad" else g["n"] / 1e6)
    assert sum(trial.genome["a"] == "bad" for trial in trials[-60:]) < 12


def test_a_baseline_teaches_nothing() -> None:
    space = baseline_space()
    strategy = Controller(space, batch=2)
    before = strategy.policy.bias.detach().clone()
    strategy.tell([told(n, {"majority": {}}, -1.0) for n in range(9)])
    assert torch.equal(strategy.policy.bias, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"algorithm": "dqn"}, "'ppo' or 'reinforce'; got 'dqn'"),
        ({"rate": 0.0}, "rate=0.0"),
        ({"batch": 0}, "batch=0"),
        ({"entropy": -1.0}, "entropy=-1.0"),
    ],
)
def test_options_out_of_range(options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Controller(flat_space(), **options)  # type: ignore[arg-type]
