from __future__ import annotations

import copy
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byeori._util.json import Json, dumps, loads
from byeori.core.deciders import (
    Chooser,
    Cross,
    Default,
    Enumerate,
    Mutate,
    Replay,
    Sample,
    Trace,
    cross,
    default,
    enumerate_all,
    mutate,
    replay,
    sample,
    walk,
)
from byeori.core.errors import GenomeError, SpaceError
from byeori.core.genome import differences, genome_hash
from byeori.core.space import Categorical, Checked, Float, Int, OneOf, Record, Repeat, Space
from byeori.core.walk import At
from byeori.testing.spaces import baseline_space, checked_space, conformance_spaces, flat_space, network_space


def _one_of(branches: dict[str, Space], first_is_dead: bool) -> OneOf:
    dead = first_is_dead and len(branches) > 1
    return OneOf(branches, weights={next(iter(branches)): 0} if dead else None)


NAMES = st.sampled_from(["a", "b", "c", "conv", "벼리"])
LEAVES = st.one_of(
    st.builds(lambda low, span: Float(low, low + span), st.floats(-5, 5), st.floats(0.5, 4)),
    st.builds(lambda low, span: Float(low, low * span, log=True), st.floats(1e-6, 5), st.floats(1.5, 100)),
    st.builds(
        lambda low, steps, step, log: Int(low, low + steps * step, step=step, log=log),
        st.integers(1, 9), st.integers(0, 6), st.integers(1, 4), st.booleans(),
    ),
    st.lists(st.sampled_from(["x", 1, 1.0, True, None, 0]), min_size=1, max_size=4, unique_by=repr).map(Categorical),
)  # fmt: skip
SPACES = st.recursive(
    LEAVES,
    lambda part: st.one_of(
        st.dictionaries(NAMES, part, max_size=4).map(Record),
        st.builds(_one_of, st.dictionaries(NAMES, part, min_size=1, max_size=3), st.booleans()),
        st.builds(lambda item, low, more: Repeat(item, low, low + more), part, st.integers(0, 2), st.integers(0, 3)),
    ),
    max_leaves=12,
)
SEEDS = st.integers(0, 2**32)
quick = settings(max_examples=150, deadline=None, derandomize=True)


@quick
@given(SPACES, SEEDS)
def test_what_is_drawn_replays_clean_and_survives_json(space: Space, seed: int) -> None:
    genome = sample(space, Random(seed))
    back = replay(space, loads(dumps(genome)))
    assert back == genome
    assert genome_hash(back) == genome_hash(genome)
    assert space.alive(genome)
    assert sample(space, Random(seed)) == genome
    assert replay(space, default(space)) == default(space)


@quick
@given(SPACES, SEEDS)
def test_every_mutant_replays_clean_and_differs_in_one_thing(space: Space, seed: int) -> None:
    rng = Random(seed)
    parent = sample(space, rng)
    before = copy.deepcopy(parent)
    if not space.room:
        with pytest.raises(SpaceError, match="one answer"):
            mutate(space, parent, rng)
        return
    for _ in range(5):
        child = mutate(space, parent, rng)
        assert replay(space, child) == child
        assert space.alive(child)
        assert genome_hash(child) != genome_hash(parent)
        assert _changes(space, parent, child) == 1
    assert parent == before


@quick
@given(SPACES, SEEDS, st.sampled_from([0.05, 0.5, 1.0]))
def test_every_mutant_at_a_rate_replays_clean(space: Space, seed: int, rate: float) -> None:
    rng = Random(seed)
    parent = sample(space, rng)
    before = copy.deepcopy(parent)
    if space.room:
        child = mutate(space, parent, rng, rate)
        assert replay(space, child) == child
        assert space.alive(child)
    assert parent == before


@quick
@given(SPACES, SEEDS)
def test_the_quick_way_to_draw_is_the_walk(space: Space, seed: int) -> None:
    one, other = Random(seed), Random(seed)
    for _ in range(3):
        assert dumps(space.bare.sample(one)) == dumps(walk(space, Sample(other)))
    assert one.random() == other.random()


@quick
@given(SPACES, SEEDS)
def test_every_crossing_replays_clean_and_has_answers_of_its_parents_only(space: Space, seed: int) -> None:
    rng = Random(seed)
    a, b = sample(space, rng), sample(space, rng)
    before = copy.deepcopy([a, b])
    child = cross(space, a, b, rng)
    assert replay(space, child) == child
    assert space.alive(child)
    assert _answers(space, child) <= _answers(space, a) | _answers(space, b)
    assert [a, b] == before


@quick
@given(SPACES, SEEDS)
def test_a_part_is_completed(space: Space, seed: int) -> None:
    rng = Random(seed)
    genome = sample(space, rng)
    if isinstance(genome, dict) and genome and isinstance(space, Record):
        gone = next(iter(genome))
        part = {key: answer for key, answer in genome.items() if key != gone}
        whole = replay(space, part, Default())
        assert {key: whole[key] for key in part} == part
        assert whole[gone] == default(space.parts[gone])
        with pytest.raises(GenomeError, match="missing"):
            replay(space, part)


def _answers(space: Space, genome: Json) -> set[bytes]:
    """Return what is answered where; an aligned item may stand in another place than in its parent."""
    trace = Trace(Replay(genome))
    walk(space, trace)
    chosen = [(at, choice) for at, question, choice in trace.seen if not isinstance(question, Repeat)]
    return {dumps([["%" if isinstance(key, int) else key for key in at], choice]) for at, choice in chosen}


def _changes(question: Space, a: Json, b: Json) -> int:
    """Count changes by the book: a leaf, a branch, an item put in, taken out or swapped counts one."""
    if dumps(a) == dumps(b):
        return 0
    if isinstance(question, Record):
        return sum(_changes(question.child(key), a[key], b[key]) for key in a)
    if isinstance(question, OneOf) and a.keys() == b.keys():
        (branch,) = a
        return _changes(question.child(branch), a[branch], b[branch])
    if isinstance(question, Repeat):
        if len(a) == len(b):
            unlike = [i for i, (x, y) in enumerate(zip(a, b, strict=True)) if dumps(x) != dumps(y)]
            if len(unlike) == 2 and [a[i] for i in unlike] == [b[i] for i in reversed(unlike)]:
                return 1
            return sum(_changes(question.child(i), a[i], b[i]) for i in unlike)
        longer, shorter = (a, b) if len(a) > len(b) else (b, a)
        return 1 if any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer))) else 2
    return 1


def test_mutation_reaches_every_kind_of_change() -> None:
    space = Repeat(OneOf({"a": Record({"n": Int(1, 9)}), "b": Record({})}), 1, 4)
    parent = [{"a": {"n": 5}}, {"b": {}}]
    rng = Random(0)
    children = [mutate(space, parent, rng) for _ in range(300)]
    assert {len(child) for child in children} == {1, 2, 3}
    assert [{"b": {}}, {"a": {"n": 5}}] in children
    assert any(child[0].keys() == {"b"} for child in children if len(child) == 2)
    assert any(child[0].get("a", {}).get("n", 5) != 5 for child in children if len(child) == 2)


def test_mutation_is_even_over_the_places() -> None:
    space = Record({name: Categorical([1, 2]) for name in "abcde"})
    rng, parent = Random(0), {name: 1 for name in "abcde"}
    changed = [differences(parent, mutate(space, parent, rng))[0] for _ in range(5000)]
    assert all(850 < changed.count(name) < 1150 for name in "abcde")


def test_a_mutant_shares_what_it_does_not_change() -> None:
    space = network_space()
    rng = Random(0)
    parent = sample(space, rng)
    child = mutate(space, parent, rng)
    shared = [child[key] is parent[key] for key in parent]
    assert shared.count(True) == 1


def test_a_rate_changes_about_that_share() -> None:
    space = Record({f"q{i}": Categorical([1, 2, 3]) for i in range(40)})
    rng = Random(0)
    parent = sample(space, rng)
    counts = [len(differences(parent, mutate(space, parent, rng, 0.25))) for _ in range(200)]
    assert 8.5 < sum(counts) / len(counts) < 11.5
    assert all(differences(parent, mutate(space, parent, rng, 1e-9)) for _ in range(20))


def test_weight_zero_is_left_but_never_entered() -> None:
    space = baseline_space()
    rng = Random(0)
    baseline = {"majority": {}}
    assert replay(space, baseline) == baseline
    assert all("majority" not in sample(space, rng) for _ in range(200))
    assert all("majority" not in mutate(space, baseline, rng) for _ in range(50))
    other = sample(space, rng)
    for pair in ((baseline, other), (other, baseline)):
        assert all(cross(space, *pair, rng) == other for _ in range(50))
    assert all("majority" not in mutate(space, other, rng, 0.9) for _ in range(100))


def test_weight_zero_deep_in_a_parent_is_not_crossed_into() -> None:
    item = Record({"act": Categorical(["relu", "old"], weights=[1, 0]), "n": Int(1, 9)})
    space = Record({"blocks": Repeat(item, 1, 4)})
    clean = {"blocks": [{"act": "relu", "n": 1}]}
    dead = {"blocks": [{"act": "old", "n": 2}, {"act": "relu", "n": 3}, {"act": "old", "n": 4}]}
    rng = Random(0)
    for _ in range(200):
        assert space.alive(cross(space, clean, dead, rng))
        assert space.alive(cross(space, dead, clean, rng))


@pytest.mark.parametrize(
    ("genome", "said"),
    [
        (
            {"rate": 0.5, "blocks": [{"conv": {"n": 12}}]},
            r"blocks\[0\]\.conv\.n is 12, but should be a whole number from 1",
        ),
        (
            {"rate": 0.5, "blocks": [{"conv": {"n": 2}}], "rat": 1},
            "rat is no question of this space. Did you mean 'rate'",
        ),
        ({"rat": 0.5, "blocks": [{"conv": {"n": 2}}]}, "rat is no question"),
        ({"rate": 0.5}, "blocks is missing; it should be a list of 1 to 2 items"),
        ({"rate": 0.5, "blocks": []}, r"blocks is \[\], but should be a list of 1 to 2"),
        ({"rate": 0.5, "blocks": {"conv": 1}}, "should be a list"),
        ({"rate": 0.5, "blocks": [{"con": {}}]}, r"blocks\[0\]\.con is no branch of this space. Did you mean 'conv'"),
        ({"rate": 0.5, "blocks": [{}]}, r"blocks\[0\] is \{\}, but should be an object with one key"),
        ({"rate": 0.5, "blocks": [{"conv": {"n": 1}, "pool": {}}]}, "one key"),
        ({"rate": 0.5, "blocks": [{"conv": None}]}, r"blocks\[0\]\.conv is None"),
        ({"rate": True, "blocks": [{"pool": {}}]}, "rate is True"),
        ([], "The genome is"),
        (None, "The genome is None"),
        ({"rate": "x" * 200, "blocks": [{"pool": {}}]}, "…, but should be a number"),
    ],
)
def test_what_a_space_does_not_allow_is_refused_with_its_path(genome: Json, said: str) -> None:
    block = OneOf({"conv": Record({"n": Int(1, 9)}), "pool": Record({})})
    space = Record({"rate": Float(0, 1), "blocks": Repeat(block, 1, 2)})
    with pytest.raises(GenomeError, match=said):
        replay(space, genome)


def test_replay_spells_a_genome_as_the_space_does() -> None:
    space = Record({"b": Float(0, 2), "a": Int(1, 3)})
    assert dumps(replay(space, {"a": 1, "b": 1})) == b'{"b":1.0,"a":1}'


def test_parts_deep_inside_are_completed() -> None:
    space = Record({"net": OneOf({"a": Record({"n": Int(1, 9), "m": Int(1, 9)})}), "blocks": Repeat(Int(1, 9), 1, 3)})
    assert replay(space, {"net": {"a": {"m": 1}}}, Default()) == {"net": {"a": {"n": 5, "m": 1}}, "blocks": [5]}
    assert replay(space, {"net": {}}, Default()) == default(space)
    drawn = replay(space, {"blocks": [1, 2]}, Sample(Random(0)))
    assert drawn["blocks"] == [1, 2]


def test_the_root_may_be_a_leaf() -> None:
    rng = Random(0)
    assert replay(Int(1, 9), 4) == 4
    assert mutate(Int(1, 9), 4, rng) != 4
    assert cross(Int(1, 9), 4, 5, rng) in (4, 5)
    assert list(enumerate_all(Int(1, 3))) == [1, 2, 3]
    with pytest.raises(GenomeError, match="The genome is 'x'"):
        replay(Int(1, 9), "x")


@pytest.mark.parametrize(
    ("space", "count"),
    [
        (conformance_spaces()["small"], 12),
        (conformance_spaces()["single"], 1),
        (Repeat(OneOf({"a": Int(1, 2), "b": Record({})}), 0, 2), 1 + 3 + 9),
        (OneOf({"a": Float(0, 1), "b": Int(1, 4)}, weights={"a": 0}), 4),
        (Repeat(Record({}), 1, 3), 3),
    ],
)
def test_enumerate_counts(space: Space, count: int) -> None:
    genomes = list(enumerate_all(space))
    assert len(genomes) == count == space.size
    assert len({genome_hash(genome) for genome in genomes}) == count
    assert all(replay(space, genome) == genome for genome in genomes)


def test_enumerate_can_be_used_again_and_refuses_a_float() -> None:
    wheel = Enumerate()
    assert len(list(wheel.over(Int(1, 3)))) == len(list(wheel.over(Int(4, 6)))) == 3
    with pytest.raises(SpaceError, match=r"net\.rate cannot be tried.*without end"):
        next(enumerate_all(Record({"net": Record({"rate": Float(0, 1)})})))


def test_checks_are_honoured() -> None:
    space, rng = checked_space(), Random(0)
    a, b = sample(space, rng), sample(space, rng)
    for genome in (*(mutate(space, a, rng) for _ in range(50)), *(cross(space, a, b, rng) for _ in range(50))):
        assert space.problem(genome) is None
    assert space.refused > 0
    with pytest.raises(GenomeError, match="384 units are more than"):
        replay(space, {"width": 64, "blocks": ["conv"] * 6})
    completed = replay(space, {"width": 64}, Sample(rng))
    assert len(completed["blocks"]) <= 2
    assert sum(1 for _ in enumerate_all(space)) < len(list(Enumerate().over(space)))


def test_a_check_that_cannot_be_passed_is_said() -> None:
    space = Checked(Record({"n": Int(1, 9)}), lambda genome: None if genome["n"] == 5 else "not five")
    rng = Random(0)
    with pytest.raises(SpaceError, match=r"1,000 genomes mutated from a parent failed the check.*not five"):
        mutate(space, {"n": 5}, rng)
    with pytest.raises(SpaceError, match="completed"):
        replay(space, {"n": 4}, Default())


def test_a_chooser_of_ones_own_chooses_everywhere() -> None:
    class Last(Chooser):
        def choose(self, question: Space, at: At) -> Json:
            return question.high if isinstance(question, (Float, Int, Repeat)) else question.values()[-1]

    genome = walk(baseline_space(), Last())
    assert genome == {"trees": {"leaves": 512, "rate": 0.3}}


@pytest.mark.parametrize("space", [flat_space(), network_space()])
def test_a_trace_holds_every_choice_in_order(space: Space) -> None:
    trace = Trace(Sample(Random(4)))
    genome = walk(space, trace)
    again = Trace(Replay(genome))
    assert walk(space, again) == genome
    assert [(at, choice) for at, _, choice in again.seen] == [(at, choice) for at, _, choice in trace.seen]


def test_mutate_and_cross_are_deciders_too() -> None:
    space, rng = flat_space(), Random(0)
    a, b = sample(space, rng), sample(space, rng)
    assert len(differences(a, walk(space, Mutate(a, rng)))) == 1
    assert replay(space, walk(space, Cross(a, b, rng)))
