from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byeori.modalities.images.lens import Lens
from byeori.modalities.images.passes import NpyWriter, look

LENS = Lens(height=12, width=12, channels=3)


@pytest.mark.parametrize("large", [True, False])
def test_blocks_come_in_order_without_the_unreadable(paint: Any, large: bool) -> None:
    items: list[Any] = [paint(i, 12) for i in range(200)]
    items[7] = items[150] = np.full((12, 12), np.inf)
    blocks: list[np.ndarray] = []
    seen = look(items, np.arange(200), LENS, blocks.append, large=large)
    assert set(seen.failed) == {7, 150}
    assert seen.rows.tolist() == [i for i in range(200) if i not in (7, 150)]
    np.testing.assert_array_equal(np.concatenate(blocks), [items[i] for i in seen.rows])


def test_threads_change_nothing(paint: Any) -> None:
    items = [paint(i, 30) for i in range(100)]
    one, many = (look(items, np.arange(100), LENS, large=large) for large in (False, True))
    np.testing.assert_array_equal(one.digests, many.digests)
    np.testing.assert_array_equal(one.thumbs, many.thumbs)


def test_nothing_looked_at_is_nothing_seen() -> None:
    assert len(look([], np.arange(0), LENS)) == 0


def test_a_failing_disk_ends_the_pass(paint: Any) -> None:
    def full(block: np.ndarray) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        look([paint(i, 12) for i in range(300)], np.arange(300), LENS, full)


def test_an_array_written_in_blocks_is_an_npy_file(tmp_path: Path) -> None:
    blocks = [np.random.default_rng(i).integers(0, 256, (i, 3, 4, 1), dtype=np.uint8) for i in (5, 1, 7)]
    with NpyWriter(tmp_path / "a.npy", (3, 4, 1)) as writer:
        for block in blocks:
            writer.write(block)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy", mmap_mode="r"), np.concatenate(blocks))
