"""Mixing samples with each other: mixup blends two images, cutmix pastes a box of one into another."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from byeori.nn.augment.geometry import box

KINDS = ("none", "mixup", "cutmix")


def mix(images: Tensor, targets: Tensor, kind: str, alpha: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Mix every sample of a batch with another one, each in its own proportion.

    Args:
        images: Float (N, C, H, W).
        targets: Class probabilities (N, K), for example one-hot, or values (N,).
        kind: `none`, `mixup` (Zhang et al. 2018, https://arxiv.org/abs/1710.09412) or `cutmix` (Yun et al. 2019,
            https://arxiv.org/abs/1905.04899).
        alpha: The proportion is drawn from Beta(alpha, alpha).
        generator: On the CPU.

    Returns:
        Images and targets of the same shapes.

    Raises:
        ValueError: The kind is unknown.

    Example:
        >>> images, targets = mix(torch.rand(4, 1, 8, 8), torch.eye(4), "mixup", 0.5, torch.Generator())
        >>> targets.sum(1).allclose(torch.ones(4))
        True
    """
    if kind not in KINDS:
        raise ValueError(f"Unknown mix {kind!r}: one of {', '.join(KINDS)}.")
    if kind == "none":
        return images, targets
    count, (height, width) = len(images), images.shape[-2:]
    other = torch.randperm(count, generator=generator).to(images.device)
    keep = _beta(alpha, count, generator)
    if kind == "mixup":
        mixed = torch.lerp(images[other], images, _column(keep, images))
    else:
        side = (1.0 - keep).sqrt()
        inside = box(side * height, side * width, (height, width), generator)
        keep = 1.0 - inside.float().mean((1, 2))
        mixed = torch.where(inside[:, None].to(images.device), images[other], images)
    return mixed, torch.lerp(targets[other], targets, _column(keep, targets))


def _beta(alpha: float, count: int, generator: torch.Generator) -> Tensor:
    # torch's Beta takes no generator; numpy's is seeded from the one given
    seed = int(torch.randint(2**62, (1,), generator=generator))
    return torch.from_numpy(np.random.default_rng(seed).beta(alpha, alpha, count).astype(np.float32))


def _column(values: Tensor, like: Tensor) -> Tensor:
    return values.to(like.device, like.dtype).reshape(-1, *[1] * (like.dim() - 1))
