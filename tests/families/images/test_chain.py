from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import pytest

from byeori._util.json import Json
from byeori.core.deciders import default, replay
from byeori.core.errors import GenomeError
from byeori.core.protocols import NetFamily
from byeori.core.schema import Schema
from byeori.families.images.chain import CHAIN
from byeori.testing.families import FamilyConformance


class TestChain(FamilyConformance):
    @pytest.fixture
    def family(self) -> NetFamily:
        return CHAIN

    @pytest.fixture
    def schema(self, any_schema: Schema) -> Schema:
        return any_schema


@pytest.fixture
def schema(make_schema: Callable[..., Schema]) -> Schema:
    return make_schema((16, 16, 3))


def chain_of(schema: Schema, layers: list[Json]) -> Json:
    genome = deepcopy(default(CHAIN.space(schema)))
    genome["architecture"]["layers"] = layers
    return genome


POOL = {"pool": {"kind": "max", "kernel": 2}}


def test_pools_until_one_pixel_and_not_further(schema: Schema) -> None:
    assert CHAIN.params(chain_of(schema, [POOL] * 4), schema) == 3 * 3 + 3
    with pytest.raises(GenomeError, match=r"Layer 5 of 5 divides the size by 2, but only 1×1 pixels of 16×16 are left"):
        CHAIN.params(chain_of(schema, [POOL] * 5), schema)


def test_build_refuses_what_params_refuses(schema: Schema) -> None:
    with pytest.raises(GenomeError, match="Layer 5"):
        CHAIN.build(chain_of(schema, [POOL] * 5), schema)


def test_a_genome_that_collapses_is_refused_by_the_space(schema: Schema) -> None:
    with pytest.raises(GenomeError, match="let fewer layers shrink"):
        replay(CHAIN.space(schema), chain_of(schema, [POOL] * 5))


def test_a_genome_that_costs_too_much_is_refused(schema: Schema) -> None:
    wide = {"width": 64, "kernel": 7, "stride": 1, "activation": "relu", "norm": "batch", "pool": "none"}
    with pytest.raises(GenomeError, match="over the limit of"):
        CHAIN.params(chain_of(schema, [{"conv": wide}] * 12), schema)


def test_width_doubles_with_each_halving(schema: Schema) -> None:
    net = CHAIN.build(default(CHAIN.space(schema)), schema)
    widths = [leaf.shape[0] for leaf in net.layers.parameters() if leaf.dim() == 4]
    assert widths == [24, 48, 96]
