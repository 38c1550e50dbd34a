from __future__ import annotations

from dataclasses import fields

import pytest
import torch
from torch import Tensor

from byeori.nn.augment import Augment

POLICIES = {
    "shift": Augment(shift=0.2),
    "flip": Augment(flip=True),
    "light": Augment.of({"augment": {"light": {"strength": 1.0}}, "flip": True, "cutout": 0.0}),
    "trivial": Augment.of({"augment": {"trivial": {"strength": 1.0}}, "flip": False, "cutout": 0.0}),
    "cutout": Augment(cutout=0.4),
    "tone": Augment(brightness=0.4, contrast=0.4),
    "rotation": Augment(rotation=30.0),
}


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def photo() -> Tensor:
    return torch.rand(1, 3, 12, 12, generator=dice(9)).mul(255).to(torch.uint8)


@pytest.mark.parametrize("name", POLICIES)
def test_the_same_generator_gives_the_same_batch(name: str, photo: Tensor) -> None:
    images = photo.expand(16, -1, -1, -1)
    assert torch.equal(POLICIES[name](images, dice()), POLICIES[name](images, dice()))
    assert not torch.equal(POLICIES[name](images, dice()), POLICIES[name](images, dice(1)))


@pytest.mark.parametrize(
    ("name", "different"), [("flip", 2), ("shift", 20), ("light", 64), ("trivial", 40), ("cutout", 50), ("tone", 64)]
)
def test_every_sample_is_changed_in_its_own_way(name: str, different: int, photo: Tensor) -> None:
    out = POLICIES[name](photo.expand(64, -1, -1, -1), dice())
    assert len(out.flatten(1).unique(dim=0)) >= different


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("channels", [1, 3])
def test_gives_new_floats_in_range(name: str, channels: int) -> None:
    images = torch.rand(32, channels, 9, 14, generator=dice())
    before = images.clone()
    out = POLICIES[name](images, dice())
    assert out.shape == images.shape
    assert out.dtype == torch.float32
    assert out.min() >= 0.0
    assert out.max() <= 1.0
    assert torch.equal(images, before)


def test_a_policy_of_zeros_changes_nothing(photo: Tensor) -> None:
    assert torch.equal(Augment()(photo, dice()), photo.float() / 255.0)
    barely = Augment(shift=1e-9, scale=1e-9, rotation=1e-9, brightness=1e-9, contrast=1e-9, trivial=1e-9)
    out = barely(photo.expand(64, -1, -1, -1), dice())
    torch.testing.assert_close(out, (photo.float() / 255.0).expand(64, -1, -1, -1), rtol=0, atol=1e-4)


def test_small_whole_numbers_stay_zero_to_one() -> None:
    dark = torch.ones(4, 1, 8, 8, dtype=torch.uint8)
    torch.testing.assert_close(Augment(flip=True)(dark, dice()), torch.full((4, 1, 8, 8), 1 / 255))


def test_cutout_covers_the_box_it_says() -> None:
    images = torch.zeros(200, 1, 20, 20)
    images[:, :, ::2] = 1.0
    share = (Augment(cutout=0.5)(images, dice()) == 0.5).float().mean((1, 2, 3))
    assert share.max() == 0.25
    assert share.min() > 0.05


def test_flips_half_of_the_samples() -> None:
    images = torch.zeros(400, 1, 8, 8)
    images[..., 0] = 1.0
    mirrored = Augment(flip=True)(images, dice())[:, 0, 0, -1]
    assert 150 < int(mirrored.sum()) < 250


def test_warping_flips_too() -> None:
    images = torch.zeros(400, 1, 8, 8)
    images[..., :4] = 1.0
    mirrored = Augment(flip=True, rotation=1.0)(images, dice())[:, 0, 4, -1]
    assert 150 < int((mirrored > 0.5).sum()) < 250


@pytest.mark.parametrize("name", [f.name for f in fields(Augment) if f.name != "flip"])
@pytest.mark.parametrize("value", [-0.1, 181.0])
def test_a_policy_checks_itself(name: str, value: float) -> None:
    with pytest.raises(ValueError, match="shares are in 0–1"):
        Augment(**{name: value})
