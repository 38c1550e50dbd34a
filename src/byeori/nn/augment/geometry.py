"""Moving pixels: whole-pixel shifts and flips by index, everything else by one affine grid a sample."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def move(images: Tensor, down: Tensor, right: Tensor, flip: Tensor) -> Tensor:
    """Shift each image by whole pixels and mirror some; the border is continued by reflection.

    Args:
        images: (N, C, H, W), any type.
        down: Pixels (N,) int64; negative moves up.
        right: Pixels (N,) int64; negative moves left.
        flip: Which to mirror left to right, (N,) bool; before the shift.

    Returns:
        Images of the same shape, in channels_last memory.
    """
    height, width = images.shape[-2:]
    rows = _reflect(torch.arange(height) - down[:, None], height)
    columns = _reflect(torch.arange(width) - right[:, None], width)
    columns = torch.where(flip[:, None], width - 1 - columns, columns)
    pixels = torch.arange(len(images))[:, None, None] * (height * width) + rows[:, :, None] * width + columns[:, None]
    flat = images.permute(0, 2, 3, 1).reshape(-1, images.shape[1])
    moved = flat.index_select(0, pixels.reshape(-1).to(images.device))
    return moved.view(len(images), height, width, -1).permute(0, 3, 1, 2)


def warp(images: Tensor, matrices: Tensor) -> Tensor:
    """Map each image by an affine matrix of its own, bilinearly; the border is continued by reflection.

    Args:
        images: Float (N, C, H, W).
        matrices: (N, 2, 3), from places in the result to places in the image, the half side as the unit; see `affine`.

    Returns:
        Images of the same shape.
    """
    grid = functional.affine_grid(matrices.to(images.device, images.dtype), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def affine(
    size: tuple[int, int], *, angle: Tensor, scale: Tensor, shear: Tensor, right: Tensor, down: Tensor
) -> Tensor:
    """Return matrices (N, 2, 3) for `warp`; all zeros (and a scale of one) give the image itself.

    Args:
        size: Height and width, so that a rotation does not stretch an oblong image.
        angle: Radians (N,).
        scale: Factors (N,); above 1 enlarges what is seen.
        shear: Factors (N, 2): across, along.
        right: Shares of the width (N,).
        down: Shares of the height (N,).
    """
    cos, sin, ratio = angle.cos() / scale, angle.sin() / scale, size[0] / size[1]
    across = torch.stack((cos, (sin + shear[:, 0]) * ratio, -2.0 * right), dim=1)
    along = torch.stack(((shear[:, 1] - sin) / ratio, cos, -2.0 * down), dim=1)
    return torch.stack((across, along), dim=1)


def box(heights: Tensor, widths: Tensor, size: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Return masks (N, H, W), true inside one box a sample, its centre anywhere in the image, cut at the border.

    Args:
        heights: Pixels (N,), need not be whole.
        widths: Pixels (N,).
        size: Height and width of the image.
        generator: On the CPU.
    """
    y = torch.rand(len(heights), generator=generator) * size[0]
    x = torch.rand(len(heights), generator=generator) * size[1]
    inside_y = (torch.arange(size[0]) + 0.5 - y[:, None]).abs() < heights[:, None] / 2
    inside_x = (torch.arange(size[1]) + 0.5 - x[:, None]).abs() < widths[:, None] / 2
    return inside_y[:, :, None] & inside_x[:, None, :]


def _reflect(places: Tensor, side: int) -> Tensor:
    places = places % (2 * side)
    return torch.where(places < side, places, 2 * side - 1 - places)
