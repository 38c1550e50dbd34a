"""From stored arrays to what a network takes: the same steps in training and in prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from byeori.core.data import Array, Arrays

Batch: TypeAlias = dict[str, Tensor]

IMAGE = "image"


def stored(arrays: Arrays) -> Batch:
    """Return arrays as tensors in their small stored types, images as (N, H, W, C) uint8.

    Args:
        arrays: Rows copied out of a memory map, or any arrays; float64 becomes float32, int32 stays.
    """
    return {name: torch.from_numpy(_small(part)) for name, part in arrays.parts.items()}


def ready(batch: Mapping[str, Tensor], *, device: str = "cpu") -> Batch:
    """Return a stored batch as a network takes it.

    Args:
        batch: From `stored`.
        device: Where the network lies.

    Returns:
        `image` (N, C, H, W) float32 in 0–1, channels last in memory; numbers float32; categories int64.
    """
    return {name: _ready(name, tensor.to(device, non_blocking=True)) for name, tensor in batch.items()}


def _ready(name: str, tensor: Tensor) -> Tensor:
    if name == IMAGE:
        # (N, H, W, C) seen as (N, C, H, W) is channels last already: no copy but the one to float.
        return tensor.permute(0, 3, 1, 2).float().div_(255.0)
    return tensor.float() if tensor.is_floating_point() else tensor.long()


def _small(part: Array) -> Array:
    kind = np.float32 if part.dtype == np.float64 else part.dtype
    return np.array(part, dtype=kind, order="C")
