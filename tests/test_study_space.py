from __future__ import annotations

import pytest

from byeori.core.deciders import replay
from byeori.core.schema import Column, Schema
from byeori.families.images.residual import RESIDUAL
from byeori.study_space import LARGER, NEIGHBOUR, opening_of, study_space, with_larger


def pictures(side: int = 32, channels: int = 3) -> Schema:
    return Schema(
        modality="images",
        task="classification",
        inputs=(Column(name="image", kind="image", shape=(side, side, channels)),),
        targets=(Column(name="label", kind="label", labels=("a", "b", "c")),),
        metric="accuracy",
    )


@pytest.mark.parametrize("side", [8, 28, 32, 64, 128])
def test_larger_networks_are_of_the_space_and_dearer_and_dearer(side):
    schema = pictures(side)
    costs = []
    for cost, genome in RESIDUAL.larger(schema):
        replay(RESIDUAL.space(schema), genome)
        costs.append(cost)
    assert costs == sorted(costs)
    assert costs[0] > 1.5


def test_the_opening_is_the_default_the_baselines_and_neighbours():
    schema = pictures()
    space = study_space(schema)
    opening = opening_of(space, schema, 0)
    assert [c.origin.strategy for c in opening] == ["default", *["baseline"] * 3, *[NEIGHBOUR] * 4]
    assert {next(iter(c.genome)) for c in opening[1:4]} == {"majority", "linear", "boosted"}
    assert all(c.origin.changed for c in opening[4:])
    assert opening == opening_of(space, schema, 0) != opening_of(space, schema, 1)


@pytest.mark.parametrize(
    ("trainings", "cost"), [(0.0, None), (1.7, None), (3.0, 2.2), (4.6, 4.0), (10.0, 8.6), (1000.0, 34.3)]
)
def test_the_default_is_scaled_up_as_far_as_time_allows(trainings, cost):
    schema = pictures()
    space = study_space(schema)
    opening = opening_of(space, schema, 0)
    grown = with_larger(opening, space, schema, trainings)
    if cost is None:
        assert grown == opening
        return
    assert [c.origin.strategy for c in grown[3:6]] == ["baseline", LARGER, NEIGHBOUR]
    (part,) = grown[4].genome.values()
    found = next(c for c, genome in RESIDUAL.larger(schema) if genome == part)
    assert found == pytest.approx(cost, abs=0.1)


def test_a_table_is_not_scaled():
    schema = Schema(
        modality="tables",
        task="regression",
        inputs=(Column(name="x", kind="number"),),
        targets=(Column(name="y", kind="value"),),
        metric="rmse",
    )
    space = study_space(schema)
    opening = opening_of(space, schema, 0)
    assert with_larger(opening, space, schema, 1000.0) == opening
    assert [next(iter(c.genome)) for c in opening][:4] == ["boosted", "majority", "linear", "mlp"]


def test_a_study_that_goes_on_is_not_scaled_up_again():
    schema = pictures()
    space = study_space(schema)
    grown = with_larger(opening_of(space, schema, 0), space, schema, 10.0)
    assert with_larger(grown, space, schema, 1000.0) == grown
