"""A network from its record: the input, one layer after another, the head."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from byeori.nn.blocks import Answer, Input, convolution, pooling
from byeori.nn.residual import Residual
from byeori.nn.spec import Block, Conv, Layer, Network


class Chain(nn.Module):
    """The module of a `Network`.

    Args:
        spec: What to build; plain layers and residual blocks in any order.

    Raises:
        GenomeError: The sizes collapse.

    Example:
        >>> import torch
        >>> from byeori.nn.spec import Conv, Head, Network, Pool
        >>> net = Chain(Network(image=(8, 8, 1), layers=(Conv(width=8), Pool()), head=Head(outputs=3)))
        >>> net({"image": torch.rand(2, 1, 8, 8)}).shape
        torch.Size([2, 3])
    """

    def __init__(self, spec: Network) -> None:
        super().__init__()
        spec.sizes()
        height, width, channels = spec.image
        self.input = Input((height, width), channels)
        layers = []
        for layer in spec.layers:
            layers.append(_module(layer, channels))
            channels = layer.width_after(channels)
        self.layers = nn.Sequential(*layers)
        self.head = Answer(spec.head, channels)

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return logits (N, outputs), or values (N,), of `batch["image"]`, float (N, C, H, W) in 0–1."""
        answers: Tensor = self.head(self.layers(self.input(batch["image"])))
        return answers


def _module(layer: Layer, channels: int) -> nn.Module:
    if isinstance(layer, Conv):
        return convolution(layer, channels)
    if isinstance(layer, Block):
        return Residual(layer, channels)
    return pooling(layer)
