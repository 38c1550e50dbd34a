from __future__ import annotations

import pytest
import torch
from torch import Tensor

from byeori.nn.augment import mix


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> Tensor:
    """Each image has one value everywhere, and the target of its number."""
    return (torch.arange(32.0) / 32.0)[:, None, None, None].expand(-1, 2, 10, 10).clone()


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_rows_of_targets_sum_to_one(kind: str, images: Tensor) -> None:
    _, targets = mix(images, torch.eye(32), kind, 0.4, dice())
    torch.testing.assert_close(targets.sum(1), torch.ones(32))
    assert (targets >= 0).all()
    assert 1 < int((targets > 0).sum(1).max()) <= 2


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_targets_say_what_is_in_the_image(kind: str, images: Tensor) -> None:
    mixed, values = mix(images, torch.arange(32.0) / 32.0, kind, 1.0, dice())
    torch.testing.assert_close(mixed.mean((1, 2, 3)), values)
    assert not torch.allclose(values, torch.arange(32.0) / 32.0)


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_each_sample_has_its_own_proportion(kind: str, images: Tensor) -> None:
    _, targets = mix(images, torch.eye(32), kind, 1.0, dice())
    assert len(targets.amax(1).unique()) > 10


def test_cutmix_pastes_a_box_and_mixup_blends(images: Tensor) -> None:
    cut, _ = mix(images, torch.eye(32), "cutmix", 1.0, dice())
    blended, _ = mix(images, torch.eye(32), "mixup", 1.0, dice())
    assert max(len(image.unique()) for image in cut) == 2
    assert all(len(image.unique()) == 1 for image in blended)


def test_the_same_generator_mixes_the_same(images: Tensor) -> None:
    first, again, other = (mix(images, torch.eye(32), "mixup", 0.4, dice(seed))[0] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_none_changes_nothing_and_others_are_unknown(images: Tensor) -> None:
    targets = torch.eye(32)
    assert mix(images, targets, "none", 1.0, dice()) == (images, targets)
    with pytest.raises(ValueError, match="Unknown mix 'mosaic'"):
        mix(images, targets, "mosaic", 1.0, dice())
