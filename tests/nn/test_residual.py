from __future__ import annotations

from itertools import product

import pytest
import torch

from byeori.nn.residual import Residual
from byeori.nn.spec import BLOCKS, NORMS, Block


@pytest.mark.parametrize(("kind", "norm"), list(product(BLOCKS, NORMS)))
def test_a_block_begins_as_its_shortcut(kind: str, norm: str) -> None:
    block = Residual(Block(width=16, kind=kind, norm=norm), 16)
    maps = torch.rand(2, 16, 6, 6)
    torch.testing.assert_close(block(maps), maps)


@pytest.mark.parametrize("kind", BLOCKS)
def test_gradients_reach_the_silent_end(kind: str) -> None:
    block = Residual(Block(width=16, kind=kind), 16)
    block(torch.rand(2, 16, 6, 6)).square().sum().backward()
    gamma = block.branch[-1][1].weight
    assert gamma.grad.abs().sum() > 0


def test_a_stride_halves_odd_sizes_upwards() -> None:
    assert Residual(Block(width=24, stride=2), 16)(torch.rand(2, 16, 7, 5)).shape == (2, 24, 4, 3)


def test_inverted_blocks_end_linear() -> None:
    maps = -torch.ones(1, 8, 4, 4)
    assert (Residual(Block(width=8, kind="inverted"), 8)(maps) < 0).all()
    assert (Residual(Block(width=8, kind="basic"), 8)(maps) == 0).all()
