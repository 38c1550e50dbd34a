from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from byeori.modalities.images.duplicates import find_duplicates, near_pairs
from byeori.modalities.images.lens import Lens
from byeori.modalities.images.passes import Seen, look


def _seen(pictures: list[np.ndarray]) -> Seen:
    return look(pictures, np.arange(len(pictures)), Lens(height=32, width=32, channels=3), large=False)


def _saved_again(picture: np.ndarray, quality: int = 70) -> np.ndarray:
    out = BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out))


def _groups(found: list[np.ndarray]) -> set[tuple[int, ...]]:
    return {tuple(group.tolist()) for group in found}


def test_copies_and_near_copies_are_found(paint: Any) -> None:
    pictures = [paint(i, 32) for i in range(50)]
    bright = np.clip(pictures[2] * 0.8 + 30, 0, 255).astype(np.uint8)
    small = np.asarray(Image.fromarray(pictures[3]).resize((20, 20)).resize((32, 32)))
    pictures += [pictures[0], _saved_again(pictures[1]), bright, small, _saved_again(pictures[0])]
    found = find_duplicates(_seen(pictures))
    assert _groups(found.groups(exact=True)) == {(0, 50)}
    assert _groups(found.groups(exact=False)) == {(0, 50, 54), (1, 51), (2, 52), (3, 53)}


def test_most_copies_saved_again_are_found_among_many(paint: Any) -> None:
    pictures = [paint(i, 32) for i in range(1500)]
    found = near_pairs(_seen(pictures + [_saved_again(p, 60) for p in pictures[:300]]).thumbs)
    pairs = set(map(tuple, found.tolist()))
    assert sum((i, 1500 + i) in pairs for i in range(300)) > 290
    assert len(pairs) < 310


def test_simple_drawings_are_not_taken_for_each_other() -> None:
    rng = np.random.default_rng(0)
    strokes = []
    for _ in range(600):
        canvas = np.zeros((32, 32, 3), np.uint8)
        left, top, lean = rng.integers(11, 18), rng.integers(3, 8), rng.normal(0, 0.2)
        for y in range(top, top + rng.integers(17, 22)):
            x = int(np.clip(left + lean * (y - top), 0, 29))
            canvas[y, x : x + rng.integers(2, 4)] = rng.integers(180, 256)
        strokes.append(canvas)
    found = find_duplicates(_seen(strokes))
    assert len(strokes) - len(np.unique(found.near)) < 12


def test_flat_pictures_are_compared_exactly_only() -> None:
    flat = [np.full((32, 32, 3), level, np.uint8) for level in (10, 11, 10, 200)]
    found = find_duplicates(_seen(flat))
    assert _groups(found.groups(exact=True)) == {(0, 2)}
    assert found.groups(exact=False) == []


def test_one_picture_has_no_duplicate(paint: Any) -> None:
    assert find_duplicates(_seen([paint(0, 32)])).groups(exact=True) == []
