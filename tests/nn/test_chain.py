from __future__ import annotations

from itertools import product

import pytest
import torch

from byeori.nn.chain import Chain
from byeori.nn.spec import Block, Conv, Head, Network, Pool


def network(side: int, channels: int, outputs: int = 5) -> Network:
    layers = (Conv(width=16, stride=2), Block(width=16, squeeze=True), Block(width=32, stride=2), Pool())
    return Network(image=(side, side, channels), layers=layers, head=Head(outputs=outputs))


@pytest.mark.parametrize(("side", "channels"), list(product((8, 28, 32, 64), (1, 3))))
def test_forward_and_backward(side: int, channels: int) -> None:
    net = Chain(network(side, channels)).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        answers = net({"image": torch.rand(4, channels, side, side)})
    assert answers.shape == (4, 5)
    assert answers.dtype == torch.float32
    answers.square().sum().backward()
    assert all(torch.isfinite(leaf.grad).all() for leaf in net.parameters() if leaf.grad is not None)
    assert net.layers[0][0].weight.grad is not None


def test_learns_which_half_is_bright() -> None:
    torch.manual_seed(0)
    net = Chain(network(8, 1, outputs=2))
    images, side = torch.rand(64, 1, 8, 8) * 0.3, torch.arange(64) % 2
    images[side == 1, :, :, 4:] += 0.6
    images[side == 0, :, :, :4] += 0.6
    optimiser = torch.optim.SGD(net.parameters(), 0.05, momentum=0.9)
    for _ in range(20):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(net({"image": images}), side).backward()
        optimiser.step()
    assert (net.eval()({"image": images}).argmax(1) == side).all()


def test_the_same_seed_builds_the_same_network() -> None:
    torch.manual_seed(3)
    one = Chain(network(8, 3)).state_dict()
    torch.manual_seed(3)
    other = Chain(network(8, 3)).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_new_network_is_undecided() -> None:
    torch.manual_seed(0)
    chances = Chain(network(32, 3))({"image": torch.rand(16, 3, 32, 32)}).softmax(1)
    assert (chances - 0.2).abs().max() < 0.1
