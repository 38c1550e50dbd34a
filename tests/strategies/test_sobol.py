from __future__ import annotations

from random import Random

import pytest

from byeori.core.genome import genome_key
from byeori.core.protocols import Strategy
from byeori.core.space import Categorical, Checked, Float, Int, OneOf, Record, Repeat, Space
from byeori.strategies import sobol
from byeori.strategies.random import RandomSearch
from byeori.strategies.sobol import Sobol
from byeori.testing.spaces import flat_space, network_space
from byeori.testing.strategies import StrategyConformance, play, trial_of


class TestSobol(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        return Sobol(space)


def _after_the_first(space: Space, n: int, seed: int = 0) -> list[dict[str, float]]:
    return [candidate.genome for candidate in Sobol(space).ask(n + 1, Random(seed), ())[1:]]


def test_points_are_even_in_every_question_and_in_pairs() -> None:
    space = Record({"a": Float(0.0, 1.0), "b": Float(1e-4, 1.0, log=True), "c": Categorical([0, 1, 2, 3])})
    asked = _after_the_first(space, 64)
    assert sorted(int(genome["a"] * 64) for genome in asked) == list(range(64))
    assert [sum(genome["c"] == c for genome in asked) for c in range(4)] == [16] * 4
    assert [sum(10.0**-k <= genome["b"] < 10.0 ** (1 - k) for genome in asked) for k in (1, 2, 3, 4)] == [16] * 4
    cells = {(int(genome["a"] * 8), genome["c"]) for genome in asked}
    assert len(cells) == 32


def test_weights_are_kept() -> None:
    asked = _after_the_first(Record({"a": Categorical(["x", "y"], weights=[3, 1]), "b": Float(0.0, 1.0)}), 64)
    assert sum(genome["a"] == "x" for genome in asked) == 48


def test_every_seed_has_a_sequence_of_its_own() -> None:
    runs = [[genome["a"] for genome in _after_the_first(Record({"a": Float(0.0, 1.0)}), 8, seed)] for seed in (1, 2)]
    assert set(runs[0]).isdisjoint(runs[1])


def test_parallel_workers_share_one_sequence() -> None:
    space = Record({"a": Float(0.0, 1.0)})
    parent, pending = Sobol(space), []
    for number in range(17):
        (candidate,) = parent.ask(1, Random(number), pending)
        pending.append(trial_of(number, candidate))
        if number == 9:
            parent = Sobol(space)  # killed and begun again, with nothing ended
    assert sorted(int(trial.genome["a"] * 16) for trial in pending[1:]) == list(range(16))


def test_proposals_that_nobody_took_do_not_change_the_next() -> None:
    space = flat_space()
    history = play(Sobol(space), space, 10)
    one, other = Sobol(space), Sobol(space)
    for parent in (one, other):
        parent.tell(history)
    other.ask(7, Random(1), ())
    assert one.ask(1, Random(2), ())[0].genome == other.ask(1, Random(2), ())[0].genome


def test_it_joins_a_study_that_others_began() -> None:
    space = flat_space()
    parent = Sobol(space)
    parent.tell(play(RandomSearch(space), space, 30))
    first = [[candidate.genome for candidate in parent.ask(4, Random(1), ())] for _ in range(2)]
    assert first[0] == first[1]
    assert first[0] != [candidate.genome for candidate in parent.ask(4, Random(2), ())]


def test_questions_without_a_dimension_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sobol, "LARGEST", 3)
    space = network_space()
    assert len({genome_key(trial.genome) for trial in play(Sobol(space), space, 40)}) == 40


def test_branches_and_lengths_are_dimensions() -> None:
    space = Record(
        {"kind": OneOf({"p": Record({"x": Float(0.0, 1.0)}), "q": Record({})}), "n": Repeat(Int(1, 8), 1, 4)}
    )
    asked = _after_the_first(space, 64)
    assert len(asked) == 64
    assert 24 <= sum("p" in genome["kind"] for genome in asked) <= 40
    assert all(sum(len(genome["n"]) == n for genome in asked) >= 8 for n in (2, 3, 4))


def test_a_check_that_passes_seldom() -> None:
    space = Checked(Record({"n": Int(0, 10**4)}), lambda g: "no" if g["n"] % 25 else None, check_default=False)
    assert all(candidate.genome["n"] % 25 == 0 for candidate in Sobol(space).ask(20, Random(0), ()))
