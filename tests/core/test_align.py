from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from byeori.core.align import _alike, embedded
from byeori.core.deciders import cross, replay, sample
from byeori.core.space import Categorical, Int, OneOf, Record, Repeat


def test_what_was_put_in_anywhere_shifts_nothing() -> None:
    items = [{"conv": {"filters": n}} for n in range(5)]
    for place in range(6):
        longer = [*items[:place], {"pool": {}}, *items[place:]]
        assert [longer[i] for i in embedded(items, longer)] == items


def test_partners_are_of_one_branch_where_that_can_be() -> None:
    shorter = [{"conv": {"filters": 8}}, {"pool": {}}]
    longer = [{"pool": {}}, {"conv": {"filters": 16}}, {"conv": {"filters": 32}}, {"pool": {}}]
    assert embedded(shorter, longer) == [1, 3]


@pytest.mark.parametrize(("shorter", "longer"), [([], []), ([], [1, 2]), ([1, 2], [1, 2]), ([1, 2], [3, 4, 5])])
def test_nothing_alike_stands_side_by_side(shorter: list[int], longer: list[int]) -> None:
    assert embedded(shorter, longer) == list(range(len(shorter)))


def test_no_other_alignment_is_better() -> None:
    rng = Random(0)
    kinds = [{"conv": {"f": f, "k": k}} for f in (8, 16) for k in (3, 5)] + [{"pool": {}}, {"a": 1, "b": 2, "c": 3}]
    for _ in range(300):
        shorter = rng.choices(kinds, k=rng.randrange(5))
        longer = rng.choices(kinds, k=len(shorter) + rng.randrange(4))

        def score(places: tuple[int, ...], a: list[object] = shorter, b: list[object] = longer) -> float:
            return sum(_alike(x, b[place]) for x, place in zip(a, places, strict=True))

        found = tuple(embedded(shorter, longer))
        assert list(found) == sorted(set(found))
        assert score(found) == pytest.approx(max(map(score, combinations(range(len(longer)), len(shorter)))))


def test_a_crossing_keeps_what_both_parents_have_in_its_place() -> None:
    block = OneOf({"conv": Record({"filters": Int(1, 1000)}), "pool": Record({})})
    space = Record({"blocks": Repeat(block, 1, 8)})
    shared = [{"conv": {"filters": n}} for n in (1, 2, 3, 4)]
    a = {"blocks": shared}
    b = {"blocks": [{"pool": {}}, *shared[:2], {"pool": {}}, *shared[2:]]}
    lengths = set()
    for seed in range(100):
        child = cross(space, a, b, Random(seed))
        assert [x for x in child["blocks"] if "conv" in x] == shared
        lengths.add(len(child["blocks"]))
    assert lengths == {4, 5, 6}


def test_a_crossing_is_as_long_as_its_parents_allow() -> None:
    space = Repeat(OneOf({"a": Record({"x": Int(1, 3)}), "b": Record({"y": Categorical(["p", "q"])})}), 0, 7)
    rng = Random(1)
    for _ in range(500):
        a, b = sample(space, rng), sample(space, rng)
        child = cross(space, a, b, rng)
        assert min(len(a), len(b)) <= len(child) <= max(len(a), len(b))
        assert replay(space, child) == child
