from __future__ import annotations

from random import Random

import pytest

from byeori._util.json import Json
from byeori.core.deciders import mutate, sample
from byeori.core.genome import describe, differences, flatten, genome_hash, genome_key
from byeori.testing.spaces import network_space


def test_the_hash_is_the_same_in_every_version() -> None:
    genome = {"rate": 0.001, "blocks": [{"conv": {"n": 32}}, {"pool": {}}], "act": None, "flip": True, "벼리": "ㄱ"}
    assert genome_hash(genome) == "ece72961ae22938e2d1eed682f6994fe"
    assert genome_hash(dict(reversed(genome.items()))) == genome_hash(genome)
    assert genome_key(genome) < 2**64


@pytest.mark.parametrize(("a", "b"), [({"a": 1}, {"a": True}), ({"a": 1}, {"a": 1.0}), ([], {}), (None, 0)])
def test_what_differs_in_type_differs_in_hash(a: Json, b: Json) -> None:
    assert genome_hash(a) != genome_hash(b)
    assert differences(a, b)


@pytest.mark.parametrize(
    ("a", "b", "paths"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ("b",)),
        ({"a": {"conv": {"n": 1}}}, {"a": {"pool": {}}}, ("a.pool",)),
        ([1, 2, 3], [1, 9, 2, 3], ("[1]",)),
        ({"x": [1, 2, 3]}, {"x": [2, 3]}, ("x[0]",)),
        ({"x": [1, 2]}, {"x": [2, 1]}, ("x[0]", "x[1]")),
        ({"x": []}, {"x": [1, 2]}, ("x[0]", "x[1]")),
        ({"x": [1, 1]}, {"x": [1, 1, 1]}, ("x[2]",)),
        ({"x": [{"n": 1}, {"n": 2}]}, {"x": [{"n": 1}, {"n": 3}]}, ("x[1].n",)),
        ({"x": [1, 2, 3, 4]}, {"x": [1, 9, 4]}, ("x[1]", "x[2]")),
        ({"a": 1, "b": 2}, {"a": 1, "c": 2}, ("c", "b")),
        (1, 2, ("",)),
        ({"a": 1}, {"a": 1}, ()),
    ],
)
def test_differences(a: Json, b: Json, paths: tuple[str, ...]) -> None:
    assert differences(a, b) == paths


def test_no_difference_means_an_equal_hash() -> None:
    rng = Random(0)
    space = network_space()
    for _ in range(100):
        a = sample(space, rng)
        b = mutate(space, a, rng)
        assert differences(a, b)
        assert genome_hash(a) != genome_hash(b)


def test_flatten_keeps_every_leaf() -> None:
    genome = {"a": {"conv": {"n": 1}}, "b": [], "c": [1, {"d": None}]}
    assert flatten(genome) == {"a.conv.n": 1, "b": [], "c[0]": 1, "c[1].d": None}
    assert flatten(3) == {"": 3}


@pytest.mark.parametrize(
    ("genome", "text"),
    [
        ({"majority": {}}, "majority"),
        ({"trees": {"leaves": 31, "rate": 0.0512345}}, "trees(leaves=31, rate=0.0512)"),
        ({"a": {"n": 1, "m": True}, "b": [1, 1, 2]}, "a=(n=1, m=true), b=[2×1, 2]"),
        ({"opt": {"adamw": {"rate": 0.001}}, "edge": None}, "opt=adamw(rate=0.001), edge=none"),
        ({"blocks": [{"pool": {}}, {"pool": {}}]}, "blocks=2×pool"),
        ({"blocks": []}, "blocks=[]"),
        (3, "3"),
    ],
)
def test_describe(genome: Json, text: str) -> None:
    assert describe(genome) == text


def test_describe_is_no_wider_than_asked() -> None:
    genome = sample(network_space(), Random(0))
    assert len(describe(genome)) == 80
    assert describe(genome).endswith("…")
    assert len(describe(genome, 300)) > 80
