from __future__ import annotations

from math import isnan, log

import numpy as np
import pytest

from byeori._util.json import Json
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Repeat
from byeori.explain.columns import Column, answers_of, columns_of, inferred
from byeori.testing.spaces import conformance_spaces, network_space

BLOCK = OneOf(
    {"conv": Record({"filters": Int(8, 64, log=True), "act": Categorical(["relu", "gelu"])}), "pool": Record({})}
)
SPACE = Record(
    {"rate": Float(1e-4, 1e-1, log=True), "wide": Categorical([1, 1.0, True]), "blocks": Repeat(BLOCK, 0, 4)}
)


def conv(filters: int, act: str) -> Json:
    return {"conv": {"filters": filters, "act": act}}


def read(genome: Json) -> dict[str, float]:
    return {f"{c.kind} {c.path}": c.read(answers_of(genome)) for c in columns_of(SPACE)}


def test_a_genome_is_read_by_its_questions() -> None:
    found = read(
        {"rate": 0.01, "wide": True, "blocks": [conv(8, "gelu"), conv(32, "gelu"), {"pool": {}}, conv(8, "relu")]}
    )
    assert found == {
        "number rate": pytest.approx(log(0.01)),
        "choice wide": 2.0,
        "length blocks": 4.0,
        "share blocks[*].pool": 0.25,
        "number blocks[*].conv.filters": pytest.approx((2 * log(8) + log(32)) / 3),
        "choice blocks[*].conv.act": 1.0,
    }


def test_what_is_not_asked_is_not_read() -> None:
    none = read({"rate": 0.01, "wide": 1, "blocks": []})
    assert none["length blocks"] == 0.0
    assert isnan(none["share blocks[*].pool"])
    pools = read({"rate": 0.01, "wide": 1.0, "blocks": [{"pool": {}}]})
    assert pools["share blocks[*].pool"] == 1.0
    assert pools["choice wide"] == 1.0
    assert isnan(pools["number blocks[*].conv.filters"])
    assert isnan(pools["choice blocks[*].conv.act"])


@pytest.mark.parametrize("name", conformance_spaces())
def test_every_column_reads_the_default_within_its_range(name: str, search) -> None:
    space = conformance_spaces()[name]
    columns = columns_of(space)
    assert len({(c.kind, c.path) for c in columns}) == len(columns)
    for trial in search(space, 30, lambda genome: 1.0):
        numbers = [(c, c.read(answers_of(trial.genome))) for c in columns]
        assert all(isnan(x) or c.low <= x <= c.high for c, x in numbers)
        if trial.number == 0:
            assert all(isnan(x) or x == c.standin for c, x in numbers)


def test_genomes_alone_show_what_was_tried() -> None:
    genomes = [
        {"net": {"lr": 10.0**-i, "n": i, "act": "relu" if i % 2 else None, "layers": [{"a": 1}] * i}}
        for i in range(1, 5)
    ]
    found = {c.path: c for c in inferred([answers_of(genome) for genome in genomes])}
    assert found["net.lr"].log
    assert (found["net.lr"].low, found["net.lr"].high) == (pytest.approx(log(1e-4)), pytest.approx(log(0.1)))
    assert (found["net.n"].low, found["net.n"].high, found["net.n"].cells) == (1.0, 4.0, 4)
    assert found["net.act"].options == ("relu", None)
    assert (found["net.layers"].kind, found["net.layers"].high) == ("length", 4.0)


def test_baselines_are_no_options() -> None:
    space = OneOf({"majority": Record({}), "a": Record({}), "b": Record({})}, weights={"majority": 0})
    assert columns_of(space)[0].options == ("a", "b")
    assert isnan(columns_of(space)[0].read(answers_of({"majority": {}})))


def test_of_more_than_two_kinds_of_items_each_has_its_share() -> None:
    shares = [c.path for c in columns_of(network_space()) if c.kind == "share"]
    assert shares == [f"architecture.blocks[*].{kind}" for kind in ("conv", "residual", "pool")]


def test_a_number_beside_its_range_is_at_the_border() -> None:
    column = Column(path="a", kind="number", low=0.0, high=1.0, cells=50)
    assert column.read(answers_of({"a": 7})) == 1.0
    assert np.isnan(column.read(answers_of({"b": 7})))


def test_a_range_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match="'a' is to reach from low to high"):
        Column(path="a", kind="number", low=1.0, high=0.0, cells=50)
