from __future__ import annotations

import pytest
import torch

from byeori.nn.blocks import Answer, Input, SqueezeExcite, StochasticDepth, activation, convolution
from byeori.nn.spec import Conv, Head


def test_input_standardises_and_resizes() -> None:
    part = Input((8, 10), 3)
    out = part(torch.full((2, 3, 16, 20), 0.75))
    assert out.shape == (2, 3, 8, 10)
    assert torch.allclose(out, torch.ones(()))
    assert set(part.state_dict()) == {"mean", "std"}


@pytest.mark.parametrize("name", ["relu", "gelu", "silu", "hardswish"])
def test_activations_keep_their_gradients(name: str) -> None:
    maps = torch.randn(4, 3, requires_grad=True)
    activation(name)(maps * 1.0).sum().backward()
    assert maps.grad is not None
    assert maps.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", ["conv", "separable"])
def test_a_convolution_neither_fades_nor_explodes(kind: str) -> None:
    torch.manual_seed(0)
    maps = torch.randn(2, 64, 16, 16)
    for _ in range(8):
        maps = convolution(Conv(width=64, kind=kind, norm="none"), 64)(maps)
    assert 0.05 < maps.square().mean().sqrt() < 20.0


def test_a_group_norm_takes_any_width() -> None:
    for width in (8, 12, 20, 7):
        assert convolution(Conv(width=width, norm="group"), 4)(torch.randn(1, 4, 6, 6)).shape == (1, width, 6, 6)


def test_squeeze_excitation_weighs_channels() -> None:
    maps = torch.randn(2, 16, 5, 5)
    ratio = SqueezeExcite(16)(maps) / maps
    assert ((ratio > 0) & (ratio < 1)).all()
    torch.testing.assert_close(ratio.amax((2, 3)), ratio.amin((2, 3)))


def test_stochastic_depth_drops_samples_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    part, maps = StochasticDepth(0.25), torch.ones(4000, 2, 1, 1)
    out = part(maps)
    assert out.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert torch.equal(out[:, 0], out[:, 1])
    assert abs(float(out.mean()) - 1.0) < 0.05
    assert torch.equal(part.eval()(maps), maps)


def test_both_pools_stand_side_by_side() -> None:
    maps = torch.randn(2, 4, 3, 3)
    head = Answer(Head(outputs=8, pool="both"), 4)
    torch.nn.init.eye_(head.last.weight)
    torch.testing.assert_close(head(maps), torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], dim=1))
