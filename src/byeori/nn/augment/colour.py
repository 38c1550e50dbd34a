"""Changing pixels where they stand: each function takes one magnitude a sample, and zero changes nothing."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_GREY = (0.299, 0.587, 0.114)


def tone(images: Tensor, brightness: Tensor, contrast: Tensor) -> Tensor:
    """Multiply the brightness by 1 + `brightness` and the distance from the image's mean by 1 + `contrast`.

    Args:
        images: Float (N, C, H, W) in 0–1.
        brightness: (N,), -1 or more.
        contrast: (N,), -1 or more.
    """
    gain = (1.0 + brightness) * (1.0 + contrast)
    mean = images.mean((1, 2, 3)) * (1.0 + brightness)
    return (images * _wide(gain) - _wide(mean * contrast)).clamp_(0.0, 1.0)


def brightness(images: Tensor, magnitude: Tensor) -> Tensor:
    """Brighten (or darken, below zero)."""
    return (images * _wide(1.0 + magnitude)).clamp_(0.0, 1.0)


def contrast(images: Tensor, magnitude: Tensor) -> Tensor:
    """Strengthen (or weaken, below zero) the contrast."""
    return tone(images, torch.zeros_like(magnitude), magnitude)


def saturation(images: Tensor, magnitude: Tensor) -> Tensor:
    """Strengthen (or weaken) the colours; an image that is not RGB keeps its own."""
    if images.shape[1] != 3:
        return images
    grey = (images * images.new_tensor(_GREY)[:, None, None]).sum(1, keepdim=True)
    return torch.lerp(grey, images, _wide(1.0 + magnitude)).clamp_(0.0, 1.0)


def sharpness(images: Tensor, magnitude: Tensor) -> Tensor:
    """Sharpen (or blur) against the mean of each pixel's neighbourhood."""
    soft = functional.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
    return torch.lerp(soft, images, _wide(1.0 + magnitude)).clamp_(0.0, 1.0)


def posterize(images: Tensor, magnitude: Tensor) -> Tensor:
    """Keep 8 down to 3 bits a channel; the sign does not matter."""
    levels = _wide(2.0 ** (8.0 - (magnitude.abs() * 5.0).round()))
    coarse = (images * levels).floor() / levels
    return torch.where(levels == 256.0, images, coarse)


def solarize(images: Tensor, magnitude: Tensor) -> Tensor:
    """Turn what is brighter than 1 - |magnitude| into its negative."""
    return torch.where(images > 1.0 - _wide(magnitude.abs()), 1.0 - images, images)


def stretch(images: Tensor, magnitude: Tensor) -> Tensor:
    """Stretch each channel to the whole range, by the share |magnitude|; a flat channel stays."""
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    full = torch.where(high > low, (images - low) / (high - low).clamp_min(1e-6), images)
    return torch.lerp(images, full, _wide(magnitude.abs()))


def _wide(values: Tensor) -> Tensor:
    return values[:, None, None, None]
