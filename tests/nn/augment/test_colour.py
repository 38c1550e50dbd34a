from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from byeori.nn.augment import colour

CHANGES = [
    colour.brightness,
    colour.contrast,
    colour.saturation,
    colour.sharpness,
    colour.posterize,
    colour.solarize,
    colour.stretch,
]


@pytest.fixture
def images() -> Tensor:
    return torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.8 + 0.1


@pytest.mark.parametrize("change", CHANGES)
def test_zero_changes_nothing_and_more_does(change: Callable[[Tensor, Tensor], Tensor], images: Tensor) -> None:
    out = change(images, torch.tensor([0.0, 0.8, -0.8]))
    torch.testing.assert_close(out[0], images[0])
    assert not torch.allclose(out[1], images[1], atol=1e-2)
    assert not torch.allclose(out[2], images[2], atol=1e-2)
    assert out.min() >= 0.0
    assert out.max() <= 1.0


def test_known_values() -> None:
    grey = torch.full((1, 1, 3, 3), 0.6)
    one = torch.ones(1)
    torch.testing.assert_close(colour.brightness(grey, 0.5 * one), torch.full((1, 1, 3, 3), 0.9))
    torch.testing.assert_close(colour.contrast(grey, 0.9 * one), grey)
    torch.testing.assert_close(colour.solarize(grey, 0.5 * one), torch.full((1, 1, 3, 3), 0.4))
    torch.testing.assert_close(colour.posterize(grey, one), torch.full((1, 1, 3, 3), 0.5))
    torch.testing.assert_close(colour.saturation(grey, one), grey)


def test_full_stretch_reaches_both_ends_and_spares_a_flat_channel(images: Tensor) -> None:
    images[0, 0] = 0.3
    out = colour.stretch(images, torch.ones(3))
    assert torch.equal(out[0, 0], images[0, 0])
    assert out[1:].amin((2, 3)).max() == 0.0
    torch.testing.assert_close(out[1:].amax((2, 3)), torch.ones(2, 3))


def test_tone_is_brightness_then_contrast(images: Tensor) -> None:
    brightness, contrast = torch.tensor([0.1, -0.2, 0.0]), torch.tensor([-0.3, 0.05, 0.1])
    apart = colour.contrast(colour.brightness(images, brightness), contrast)
    torch.testing.assert_close(colour.tone(images, brightness, contrast), apart, atol=2e-2, rtol=0)
