"""Residual blocks: a branch of convolutions beside a shortcut, which the block is when training begins."""

from __future__ import annotations

from torch import Tensor, nn

from byeori.nn.blocks import ConvNormAct, SqueezeExcite, StochasticDepth, activation
from byeori.nn.spec import Block


class Residual(nn.Module):
    """A residual block of any kind; see `byeori.nn.spec.Block`.

    The last norm of the branch starts at zero, so the block starts as its shortcut. An inverted block has a linear
    sum (Sandler et al. 2018); the others end in their activation (He et al. 2016).

    Args:
        spec: What to build.
        channels: Channels of what comes in.
    """

    def __init__(self, spec: Block, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inside = channels
        for part in spec.branch(channels):
            last = ConvNormAct(part, inside)
            layers.append(last)
            inside = part.width_after(inside)
        last.silence()
        if spec.squeeze:
            layers.append(SqueezeExcite(spec.width))
        if spec.drop:
            layers.append(StochasticDepth(spec.drop))
        self.branch = nn.Sequential(*layers)
        self.shortcut = _shortcut(spec, channels)
        self.after = nn.Identity() if spec.kind == "inverted" else activation(spec.activation)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (N, width, H / stride, W / stride)."""
        out: Tensor = self.after(self.branch(maps) + self.shortcut(maps))
        return out


def _shortcut(spec: Block, channels: int) -> nn.Module:
    conv = spec.shortcut(channels)
    if conv is None:
        return nn.Identity()
    project = ConvNormAct(conv, channels)
    if spec.stride == 1:
        return project
    return nn.Sequential(nn.AvgPool2d(spec.stride, ceil_mode=True, count_include_pad=False), project)
