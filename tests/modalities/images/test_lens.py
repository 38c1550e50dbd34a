from __future__ import annotations

import numpy as np
import pytest

from byeori.modalities.images.lens import Lens, choose_lens, span


def _side(width: int, height: int, count: int = 1_000) -> int:
    return choose_lens(np.array([[width, height]]), coloured=True, low=0, high=255, count=count).height


def test_the_side_follows_the_median_short_side() -> None:
    sides = {(28, 28): 28, (32, 32): 32, (64, 48): 48, (100, 100): 64, (200, 300): 96, (4000, 3000): 128, (3, 5): 8}
    assert {size: _side(*size) for size in sides} == sides


def test_many_large_pictures_are_made_smaller() -> None:
    assert [_side(500, 500, n) for n in (16_000, 20_000, 40_000, 10_000_000)] == [128, 96, 64, 64]


def test_aspects_that_vary_are_kept() -> None:
    alike, varied = np.array([[60, 40]] * 10), np.array([[60, 40], [40, 60]] * 5)
    assert not choose_lens(alike, coloured=True, low=0, high=255, count=10).pad
    assert choose_lens(varied, coloured=True, low=0, high=255, count=10).pad


def test_hardly_more_than_a_range_is_that_range() -> None:
    assert span(0, 1.004) == (0.0, 1.0)
    assert span(-0.001, 1) == (0.0, 1.0)
    assert span(0, 16) == (0.0, 16.0)
    assert span(0, 70_000) == (0.0, 70_000 // 1.01 + 1)


def test_a_lens_survives_json_and_checks_itself() -> None:
    lens = Lens(height=8, width=9, channels=3, pad=True, low=-1, high=1)
    assert Lens.from_json({**lens.to_json(), "labels": []}) == lens
    for wrong in ({"channels": 2}, {"height": 0}, {"low": 1.0, "high": 1.0}):
        with pytest.raises(ValueError, match=r"picture of|range from"):
            Lens(**{"height": 8, "width": 8, "channels": 1, **wrong})  # type: ignore[arg-type]
