"""The policy: what is done to a batch of training images, drawn anew for each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import radians

import torch
from torch import Tensor

from byeori._util.json import Json
from byeori.nn.augment import colour
from byeori.nn.augment.geometry import affine, box, move, warp

_COLOURS: tuple[tuple[Callable[[Tensor, Tensor], Tensor], float], ...] = (
    (colour.brightness, 0.9),
    (colour.contrast, 0.9),
    (colour.saturation, 0.9),
    (colour.sharpness, 0.9),
    (colour.posterize, 1.0),
    (colour.solarize, 1.0),
    (colour.stretch, 1.0),
)
"""The pixel operations of `trivial`, each with its magnitude at full strength."""

_SHEAR, _SHIFT, _ANGLE, _ZOOM = 0.5, 0.3, 60.0, 0.4
"""The geometry of `trivial` at full strength: factor, share of the side, degrees, factor."""

_MOVES = 6
"""Shear across and along, shift across and along, rotation, zoom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Augment:
    """A policy of augmentation; every figure is the most that is done, and zero does nothing.

    Args:
        shift: Share of the side.
        scale: Factor up or down, less one.
        rotation: Degrees.
        brightness: Share.
        contrast: Share.
        flip: Mirror half of the images left to right.
        cutout: Side of a box that is painted over, as a share of the image's (DeVries & Taylor 2017,
            https://arxiv.org/abs/1708.04552).
        trivial: Strength of the one random operation a sample (TrivialAugment, Müller & Hutter 2021,
            https://arxiv.org/abs/2103.10158).

    Example:
        >>> policy = Augment(shift=0.1, flip=True)
        >>> policy(torch.zeros(4, 3, 8, 8, dtype=torch.uint8), torch.Generator()).shape
        torch.Size([4, 3, 8, 8])
    """

    shift: float = 0.0
    scale: float = 0.0
    rotation: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    flip: bool = False
    cutout: float = 0.0
    trivial: float = 0.0

    def __post_init__(self) -> None:
        shares = (self.shift, self.scale, self.brightness, self.contrast, self.cutout, self.trivial)
        if any(not 0.0 <= share <= 1.0 for share in shares) or self.scale == 1.0 or not 0.0 <= self.rotation <= 180.0:
            raise ValueError(f"A policy's shares are in 0–1, its rotation in 0–180 degrees; got {self}.")

    @staticmethod
    def of(recipe: Json) -> Augment:
        """Return the policy that a genome's image recipe asks for (`augment`, `flip`, `cutout`).

        Example:
            >>> Augment.of({"augment": {"shift": {"fraction": 0.1}}, "flip": True, "cutout": 0.0}).shift
            0.1
        """
        ((name, answers),) = recipe["augment"].items()
        policy = Augment(flip=recipe["flip"], cutout=recipe["cutout"])
        if name == "shift":
            return replace(policy, shift=answers["fraction"])
        if name == "trivial":
            return replace(policy, trivial=answers["strength"])
        if name == "light":
            return _light(policy, answers["strength"])
        return policy

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Return a new batch of the same shape, float in 0–1.

        Args:
            images: (N, C, H, W), uint8, or float in 0–1.
            generator: On the CPU; the same state gives the same batch.
        """
        moved = images if self._warps else self._moved(images, generator)
        out = moved.float().div_(255.0) if moved.dtype == torch.uint8 else moved.float()
        if self._warps:
            out = self._warped(out, generator)
        if self.brightness or self.contrast:
            count = len(out)
            out = colour.tone(
                out,
                _spread(count, generator).to(out.device) * self.brightness,
                _spread(count, generator).to(out.device) * self.contrast,
            )
        if self.trivial:
            out = _trivial(out, self.trivial, generator)
        if self.cutout:
            out = _cut(out, self.cutout, generator)
        return out

    @property
    def _warps(self) -> bool:
        return bool(self.scale or self.rotation)

    def _moved(self, images: Tensor, generator: torch.Generator) -> Tensor:
        if not (self.shift or self.flip):
            return images
        count, (height, width) = len(images), images.shape[-2:]
        down = (_spread(count, generator) * self.shift * height).round().long()
        right = (_spread(count, generator) * self.shift * width).round().long()
        return move(images, down, right, self._flips(count, generator))

    def _warped(self, images: Tensor, generator: torch.Generator) -> Tensor:
        count, (height, width) = len(images), images.shape[-2:]
        matrices = affine(
            (height, width),
            angle=_spread(count, generator) * radians(self.rotation),
            scale=(1.0 + self.scale) ** _spread(count, generator),
            shear=torch.zeros(count, 2),
            right=_spread(count, generator) * self.shift,
            down=_spread(count, generator) * self.shift,
        )
        mirror = torch.where(self._flips(count, generator), -1.0, 1.0)
        matrices[:, 0] *= mirror[:, None]
        return warp(images, matrices)

    def _flips(self, count: int, generator: torch.Generator) -> Tensor:
        if not self.flip:
            return torch.zeros(count, dtype=torch.bool)
        return torch.rand(count, generator=generator) < 0.5


def _light(policy: Augment, strength: float) -> Augment:
    return replace(
        policy,
        shift=min(1.0, 0.1 * strength),
        scale=min(0.9, 0.12 * strength),
        rotation=min(180.0, 10.0 * strength),
        brightness=min(1.0, 0.15 * strength),
        contrast=min(1.0, 0.15 * strength),
    )


def _trivial(images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    count = len(images)
    choice = torch.randint(1 + _MOVES + len(_COLOURS), (count,), generator=generator)
    magnitude = _spread(count, generator) * strength
    images = images.clone()
    moving = ((choice >= 1) & (choice <= _MOVES)).nonzero()[:, 0]
    if len(moving):
        matrices = _one_move((images.shape[2], images.shape[3]), choice[moving] - 1, magnitude[moving])
        images[moving] = warp(images[moving], matrices)
    for number, (change, most) in enumerate(_COLOURS, 1 + _MOVES):
        chosen = (choice == number).nonzero()[:, 0]
        if len(chosen):
            images[chosen] = change(images[chosen], magnitude[chosen].to(images.device) * most)
    return images


def _one_move(size: tuple[int, int], choice: Tensor, magnitude: Tensor) -> Tensor:
    only = torch.nn.functional.one_hot(choice, _MOVES) * magnitude[:, None]
    return affine(
        size,
        shear=only[:, 0:2] * _SHEAR,
        right=only[:, 2] * _SHIFT,
        down=only[:, 3] * _SHIFT,
        angle=only[:, 4] * radians(_ANGLE),
        scale=(1.0 + _ZOOM) ** only[:, 5],
    )


def _cut(images: Tensor, side: float, generator: torch.Generator) -> Tensor:
    count, (height, width) = len(images), images.shape[-2:]
    inside = box(torch.full((count,), side * height), torch.full((count,), side * width), (height, width), generator)
    return torch.where(inside[:, None].to(images.device), images.mean((2, 3), keepdim=True), images)


def _spread(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator) * 2.0 - 1.0
