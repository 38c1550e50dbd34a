from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch

from byeori.core.deciders import default
from byeori.core.errors import GenomeError, SpaceError
from byeori.core.protocols import NetFamily
from byeori.core.schema import Column, Schema
from byeori.families.images.residual import RESIDUAL
from byeori.testing.families import FamilyConformance


class TestResidual(FamilyConformance):
    @pytest.fixture
    def family(self) -> NetFamily:
        return RESIDUAL

    @pytest.fixture
    def schema(self, any_schema: Schema) -> Schema:
        return any_schema


@pytest.fixture
def small(make_schema: Callable[..., Schema]) -> Schema:
    return make_schema((8, 8, 1))


def test_too_many_halvings_collapse(small: Schema) -> None:
    genome = deepcopy(default(RESIDUAL.space(small)))
    genome["architecture"]["stem"]["stride"] = 2
    genome["architecture"]["stages"] *= 2
    with pytest.raises(GenomeError, match="let fewer layers shrink"):
        RESIDUAL.params(genome, small)


@pytest.mark.parametrize(("side", "left"), [(8, 2), (16, 4), (28, 4), (32, 4), (64, 4), (96, 6)])
def test_the_default_leaves_some_pixels_to_pool(make_schema: Callable[..., Schema], side: int, left: int) -> None:
    schema = make_schema((side, side, 3))
    net = RESIDUAL.build(default(RESIDUAL.space(schema)), schema).eval()
    maps = net.layers(net.input(torch.rand(1, 3, side, side)))
    assert maps.shape[2:] == (left, left)


def test_the_default_is_small(make_schema: Callable[..., Schema]) -> None:
    schema = make_schema((32, 32, 3))
    assert RESIDUAL.params(default(RESIDUAL.space(schema)), schema) < 500_000


def test_resolution_is_what_the_network_sees(make_schema: Callable[..., Schema]) -> None:
    schema = make_schema((32, 24, 3))
    genome = deepcopy(default(RESIDUAL.space(schema)))
    genome["recipe"]["resolution"] = 0.5
    net = RESIDUAL.build(genome, schema).eval()
    images = torch.rand(2, 3, 32, 24)
    assert net.input(images).shape == (2, 3, 16, 12)
    shrunk = torch.nn.functional.interpolate(images, (16, 12), mode="bilinear", align_corners=False)
    torch.testing.assert_close(net({"image": images}), net({"image": shrunk}))


def test_dropout_and_stochastic_depth_are_for_training_alone(make_schema: Callable[..., Schema]) -> None:
    schema = make_schema((16, 16, 3))
    genome = deepcopy(default(RESIDUAL.space(schema)))
    genome["recipe"]["dropout"] = 0.5
    genome["architecture"]["stochastic_depth"] = 0.3
    net = RESIDUAL.build(genome, schema)
    images = {"image": torch.rand(8, 3, 16, 16)}
    torch.manual_seed(0)
    assert not torch.equal(net(images), net(images))
    net.eval()
    assert torch.equal(net(images), net(images))


def test_refuses_data_without_images(small: Schema) -> None:
    table = Schema(
        modality="tables",
        task=small.task,
        inputs=(Column(name="age", kind="number"),),
        targets=small.targets,
        metric="accuracy",
    )
    with pytest.raises(SpaceError, match="needs one input image"):
        RESIDUAL.space(table)


def test_refuses_images_under_eight_pixels(make_schema: Callable[..., Schema]) -> None:
    with pytest.raises(SpaceError, match="4×9 are too small"):
        RESIDUAL.space(make_schema((4, 9, 1)))
