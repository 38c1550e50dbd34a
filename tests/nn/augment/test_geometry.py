from __future__ import annotations

import pytest
import torch

from byeori.nn.augment.geometry import affine, box, move, warp

ZERO = torch.zeros(4, dtype=torch.int64)
NO = torch.zeros(4, dtype=torch.bool)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(4, 3, 6, 9, generator=torch.Generator().manual_seed(0))


def matrices(**changed: torch.Tensor) -> torch.Tensor:
    still = {"angle": torch.zeros(4), "scale": torch.ones(4), "shear": torch.zeros(4, 2), "right": torch.zeros(4)}
    return affine((6, 9), **{**still, "down": torch.zeros(4), **changed})


def test_two_flips_are_none(images: torch.Tensor) -> None:
    once = move(images, ZERO, ZERO, ~NO)
    assert torch.equal(once, images.flip(3))
    assert torch.equal(move(once, ZERO, ZERO, ~NO), images)


def test_moves_whole_pixels_each_its_own_way(images: torch.Tensor) -> None:
    out = move(images, torch.tensor([0, 2, -1, 0]), torch.tensor([0, 0, 0, 3]), NO)
    assert torch.equal(out[0], images[0])
    assert torch.equal(out[1, :, 2:], images[1, :, :-2])
    assert torch.equal(out[2, :, :-1], images[2, :, 1:])
    assert torch.equal(out[3, :, :, 3:], images[3, :, :, :-3])
    assert torch.equal(out[3, :, :, 2], images[3, :, :, 0])


def test_a_shift_beyond_the_image_stays_inside(images: torch.Tensor) -> None:
    out = move(images, torch.tensor([6, -6, 60, 0]), torch.tensor([9, -9, 0, -90]), NO)
    assert torch.equal(out[0], images[0].flip((1, 2)))
    assert torch.equal(out[1], images[1].flip((1, 2)))
    assert torch.equal(out[2:], images[2:])


def test_a_still_matrix_gives_the_image(images: torch.Tensor) -> None:
    torch.testing.assert_close(warp(images, matrices()), images)


def test_warping_agrees_with_moving(images: torch.Tensor) -> None:
    warped = warp(images, matrices(down=torch.full((4,), 2 / 6), right=torch.full((4,), -1 / 9)))
    moved = move(images, ZERO + 2, ZERO - 1, NO)
    torch.testing.assert_close(warped[:, :, 2:, :-1], moved[:, :, 2:, :-1])


def test_a_quarter_turn_of_a_square_is_exact() -> None:
    square = torch.rand(4, 1, 7, 7)
    turn = affine(
        (7, 7),
        angle=torch.full((4,), torch.pi / 2),
        scale=torch.ones(4),
        shear=torch.zeros(4, 2),
        right=torch.zeros(4),
        down=torch.zeros(4),
    )
    out = warp(square, turn)
    assert torch.allclose(out, square.rot90(1, (2, 3)), atol=1e-4) or torch.allclose(
        out, square.rot90(-1, (2, 3)), atol=1e-4
    )


def test_a_rotation_does_not_stretch_an_oblong_image() -> None:
    images = torch.zeros(4, 1, 21, 41)
    images[:, :, 5:16, 15:26] = 1.0
    still = {"scale": torch.ones(4), "shear": torch.zeros(4, 2), "right": torch.zeros(4), "down": torch.zeros(4)}
    out = warp(images, affine((21, 41), angle=torch.full((4,), torch.pi / 2), **still))
    # farther out the square is seen again, reflected
    torch.testing.assert_close(out[..., 10:31], images[..., 10:31], atol=1e-3, rtol=0)


def test_boxes_are_as_large_as_asked() -> None:
    inside = box(torch.full((300,), 4.0), torch.full((300,), 6.0), (16, 16), torch.Generator().manual_seed(0))
    assert inside.sum((1, 2)).max() == 24
    assert inside.any(2).sum(1).max() == 4
    assert len(inside.flatten(1).unique(dim=0)) > 100
