"""The small parts of image networks: input, convolution with norm and activation, pooling, attention, head.

All of them work with channels_last and under bf16 autocast, and start well: Kaiming weights, zero biases.
"""

from __future__ import annotations

from math import gcd

import torch
from torch import Tensor, nn
from torch.nn import functional

from byeori.nn.spec import Conv, Head, Pool, squeezed

INPUT_MEAN = 0.5
INPUT_STD = 0.25


class Input(nn.Module):
    """Bring images in 0–1 to the size and the scale a network expects, so that prediction needs nothing else.

    Args:
        size: Height and width the network was made for; others are resized bilinearly.
        channels: Channels of the images.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, size: tuple[int, int], channels: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("mean", torch.full((1, channels, 1, 1), INPUT_MEAN))
        self.register_buffer("std", torch.full((1, channels, 1, 1), INPUT_STD))

    def forward(self, images: Tensor) -> Tensor:
        """Return images (N, C, height, width), standardised."""
        if images.shape[-2:] != self.size:
            images = functional.interpolate(images, self.size, mode="bilinear", align_corners=False)
        return (images - self.mean) / self.std


class ConvNormAct(nn.Sequential):
    """One plain or depthwise convolution with its norm and activation.

    Args:
        spec: Not separable; `convolution` takes those too.
        channels: Channels of what comes in.
    """

    def __init__(self, spec: Conv, channels: int) -> None:
        width = spec.width_after(channels)
        conv = nn.Conv2d(
            channels,
            width,
            spec.kernel,
            spec.stride,
            padding=spec.kernel // 2,
            groups=channels if spec.kind == "depthwise" else 1,
            bias=spec.norm == "none",
        )
        nn.init.kaiming_normal_(conv.weight, mode="fan_out" if spec.kind == "conv" else "fan_in", nonlinearity="relu")
        if conv.bias is not None:
            nn.init.zeros_(conv.bias)
        layers: list[nn.Module] = [conv]
        if spec.norm != "none":
            layers.append(normalisation(spec.norm, width))
        if spec.activation != "none":
            layers.append(activation(spec.activation))
        super().__init__(*layers)

    def silence(self) -> None:
        """Let it start by giving zeros: the last part of a residual branch, so that the block begins as its shortcut
        (Goyal et al. 2017)."""
        last = self[1] if len(self) > 1 and isinstance(self[1], (nn.BatchNorm2d, nn.GroupNorm)) else self[0]
        weight = last.weight
        if isinstance(weight, Tensor):
            nn.init.zeros_(weight)


def convolution(spec: Conv, channels: int) -> nn.Sequential:
    """Return the module of a convolution of any kind."""
    modules = []
    for part in spec.parts(channels):
        modules.append(ConvNormAct(part, channels))
        channels = part.width_after(channels)
    return modules[0] if len(modules) == 1 else nn.Sequential(*modules)


def normalisation(name: str, width: int) -> nn.Module:
    """Return a norm by name: `batch`, or `group` with eight channels a group where that divides."""
    return nn.BatchNorm2d(width) if name == "batch" else nn.GroupNorm(width // gcd(width, 8), width)


def activation(name: str) -> nn.Module:
    """Return an activation by name; only ReLU can work in place, the others need their input for the gradient."""
    if name == "relu":
        return nn.ReLU(inplace=True)
    kinds: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "silu": nn.SiLU, "hardswish": nn.Hardswish}
    return kinds[name]() if name in kinds else nn.Identity()


def pooling(spec: Pool) -> nn.Module:
    """Return a pooling module; sizes are rounded up, and what lies outside the image does not count."""
    if spec.kernel == 2:
        if spec.kind == "max":
            return nn.MaxPool2d(2, ceil_mode=True)
        return nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False)
    if spec.kind == "max":
        return nn.MaxPool2d(3, spec.stride, padding=1)
    return nn.AvgPool2d(3, spec.stride, padding=1, count_include_pad=False)


class SqueezeExcite(nn.Module):
    """Weigh the channels by what the whole image shows (Hu et al. 2018, https://arxiv.org/abs/1709.01507)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.down = nn.Linear(width, squeezed(width))
        self.up = nn.Linear(squeezed(width), width)
        nn.init.kaiming_normal_(self.down.weight, nonlinearity="relu")
        nn.init.normal_(self.up.weight, std=0.01)
        nn.init.zeros_(self.down.bias)
        nn.init.zeros_(self.up.bias)

    def forward(self, maps: Tensor) -> Tensor:
        """Return the maps (N, C, H, W), each channel weighed by 0 to 1."""
        weights = self.up(functional.relu(self.down(maps.mean((2, 3)))))
        return maps * torch.sigmoid(weights)[:, :, None, None].to(maps.dtype)


class StochasticDepth(nn.Module):
    """Leave a branch out of some samples in training (Huang et al. 2016, https://arxiv.org/abs/1603.09382)."""

    def __init__(self, drop: float) -> None:
        super().__init__()
        self.drop = drop

    def forward(self, branch: Tensor) -> Tensor:
        """Return the branch (N, …), zero for the samples dropped, scaled up for the others."""
        if not self.training or self.drop == 0.0:
            return branch
        keep = torch.rand(len(branch), *[1] * (branch.dim() - 1), device=branch.device) >= self.drop
        return branch * (keep / (1.0 - self.drop)).to(branch.dtype)


class Answer(nn.Module):
    """Global pooling, dropout, perhaps a hidden layer, and the outputs.

    Args:
        spec: What to build.
        channels: Channels of the maps that come in.
    """

    def __init__(self, spec: Head, channels: int) -> None:
        super().__init__()
        self.pool = spec.pool
        self.dropout = nn.Dropout(spec.dropout)
        features = spec.features(channels)
        self.hidden = nn.Linear(features, spec.hidden) if spec.hidden else None
        self.last = nn.Linear(spec.hidden or features, spec.outputs)
        if self.hidden is not None:
            nn.init.kaiming_normal_(self.hidden.weight, nonlinearity="relu")
            nn.init.zeros_(self.hidden.bias)
        nn.init.normal_(self.last.weight, std=0.01)
        nn.init.zeros_(self.last.bias)

    def forward(self, maps: Tensor) -> Tensor:
        """Return float32 logits (N, outputs), or (N,) where there is one output."""
        pooled = []
        if self.pool != "max":
            pooled.append(maps.mean((2, 3)))
        if self.pool != "average":
            pooled.append(maps.amax((2, 3)))
        features = self.dropout(torch.cat(pooled, dim=1))
        if self.hidden is not None:
            features = self.dropout(functional.relu(self.hidden(features)))
        answers: Tensor = self.last(features).float()
        return answers.squeeze(1) if answers.shape[1] == 1 else answers
