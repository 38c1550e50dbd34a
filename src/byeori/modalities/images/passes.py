"""One pass over many pictures: decoded in threads, handed on in order, and looked at while they are in the cache."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori.core.errors import DataError
from byeori.modalities.images.decode import decode, strict
from byeori.modalities.images.lens import Lens

THUMB = 16
_CHUNK = 64
_LARGE = 96 * 96
_MAX_HEADER = 128

Rows = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a pass saw; the readable pictures in order.

    Args:
        rows: (n,) places of the readable pictures among the items.
        failed: Place → why the picture cannot be decoded.
        sizes: (n, 2) int32 width and height as they came.
        coloured: (n,) whether the lens made a coloured picture grey.
        low: (n,) smallest value of pictures that are not 8-bit, else 0.
        high: (n,) largest value of them, else 0.
        digests: (n,) uint64 hash of the pixels at working shape.
        thumbs: (n, 16, 16) uint8 grey.
        blank: (n,) whether all pixels are equal.
    """

    rows: Rows
    failed: dict[int, str]
    sizes: npt.NDArray[np.int32]
    coloured: npt.NDArray[np.bool_]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    digests: npt.NDArray[np.uint64]
    thumbs: Pixels
    blank: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rows)

    @staticmethod
    def nothing() -> Seen:
        """Return what a pass over no picture sees."""
        no, flag = np.empty(0), np.empty(0, np.bool_)
        return Seen(
            rows=no.astype(np.int64),
            failed={},
            sizes=np.empty((0, 2), np.int32),
            coloured=flag,
            low=no,
            high=no,
            digests=no.astype(np.uint64),
            thumbs=np.empty((0, THUMB, THUMB), np.uint8),
            blank=flag,
        )

    def fits(self, lens: Lens) -> bool:
        """Say whether the lens lost nothing: no colour, no value outside of its range."""
        return not self.coloured.any() and lens.covers(self.low, self.high)


def look(
    items: Sequence[Any],
    rows: Rows,
    lens: Lens,
    keep: Callable[[Pixels], object] | None = None,
    *,
    large: bool = True,
) -> Seen:
    """Decode pictures in parallel and say what was seen.

    Args:
        items: Paths, arrays or PIL images.
        rows: Which of them, in the order wanted.
        lens: The working shape.
        keep: Called in order with blocks (n, height, width, channels) of the readable pictures.
        large: False where most pictures are small: then decoding is mostly Python and one thread is the quickest.

    Raises:
        OSError: `keep` could not write.
    """
    threads = (os.cpu_count() or 1) if large else 1
    blocks: list[Seen] = []
    with strict():
        for pixels, seen in _in_order(items, rows, lens, threads):
            if keep is not None and len(seen):
                keep(pixels)
            blocks.append(seen)
    return _joined(blocks)


def is_large(sizes: npt.NDArray[np.int32]) -> bool:
    """Say whether pictures of such sizes gain from threads (Pillow releases the lock while it decodes)."""
    return bool(np.median(sizes.prod(axis=1, dtype=np.int64)) >= _LARGE)


class NpyWriter:
    """An .npy file of uint8 rows written one block after the other, its length known only at the end.

    Args:
        path: Where the file goes.
        shape: Of one row.
    """

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self._file = path.open("wb")
        self._shape = shape
        self._rows = 0

    def __enter__(self) -> NpyWriter:
        self._file.write(bytes(_MAX_HEADER))
        return self

    def write(self, block: Pixels) -> None:
        """Append rows."""
        self._file.write(np.ascontiguousarray(block).data)
        self._rows += len(block)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file as file:
            file.seek(0)
            header = {"descr": "|u1", "fortran_order": False, "shape": (self._rows, *self._shape)}
            text = repr(header).encode().ljust(_MAX_HEADER - 11) + b"\n"
            file.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)


def _in_order(items: Sequence[Any], rows: Rows, lens: Lens, threads: int) -> Iterator[tuple[Pixels, Seen]]:
    """Yield blocks in order with a bounded number of them in flight."""
    chunks = [rows[i : i + _CHUNK] for i in range(0, len(rows), _CHUNK)]
    if threads == 1 or len(rows) < 8:
        yield from (_block(items, chunk, lens) for chunk in chunks)
        return
    if len(chunks) < 4 * threads:  # a few large pictures must not lie in one chunk
        chunks = [rows[i : i + 4] for i in range(0, len(rows), 4)]
    flight: deque[Future[tuple[Pixels, Seen]]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for chunk in chunks:
            flight.append(pool.submit(_block, items, chunk, lens))
            if len(flight) > 4 * threads:
                yield flight.popleft().result()
        while flight:
            yield flight.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _block(items: Sequence[Any], rows: Rows, lens: Lens) -> tuple[Pixels, Seen]:
    pixels = np.empty((len(rows), *lens.shape), np.uint8)
    kept: list[int] = []
    failed: dict[int, str] = {}
    facts: list[tuple[int, int, bool, float, float]] = []
    for row in rows.tolist():
        try:
            picture = decode(items[row], lens)
        except DataError as error:
            failed[row] = str(error)
            continue
        pixels[len(kept)] = picture.pixels
        kept.append(row)
        facts.append((*picture.size, picture.coloured, picture.low, picture.high))
    pixels = pixels[: len(kept)]
    table = np.array(facts, np.float64).reshape(-1, 5)
    digests = [int.from_bytes(blake2b(one.data, digest_size=8).digest(), "little") for one in pixels]
    thumbs = _thumbs(pixels)
    blank = np.ptp(thumbs.reshape(len(thumbs), THUMB * THUMB), axis=1) == 0
    for at in np.flatnonzero(blank):
        blank[at] = (pixels[at] == pixels[at, 0, 0]).all()
    return pixels, Seen(
        rows=np.array(kept, np.int64),
        failed=failed,
        sizes=table[:, :2].astype(np.int32),
        coloured=table[:, 2] > 0,
        low=table[:, 3],
        high=table[:, 4],
        digests=np.array(digests, np.uint64),
        thumbs=thumbs,
        blank=blank,
    )


def _thumbs(pixels: Pixels) -> Pixels:
    """Shrink a block to grey thumbnails by box averages: two matrix products for all pictures at once."""
    grey = pixels[..., 0].astype(np.float32)
    for channel in range(1, pixels.shape[3]):  # adding planes is four times quicker than a mean over a short axis
        grey += pixels[..., channel]
    grey /= pixels.shape[3]
    down, across = box_weights(grey.shape[1], THUMB), box_weights(grey.shape[2], THUMB)
    return np.rint(down @ grey @ across.T).astype(np.uint8)


def box_weights(size: int, to: int) -> npt.NDArray[np.float32]:
    """Return the (to, size) matrix that averages `size` pixels to `to`, borders shared in proportion.

    Example:
        >>> box_weights(4, 2).tolist()
        [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]]
    """
    edges = np.linspace(0, size, to + 1)
    left, right = edges[:-1, None], edges[1:, None]
    pixel = np.arange(size)[None, :]
    overlap = np.clip(np.minimum(right, pixel + 1) - np.maximum(left, pixel), 0, None)
    weights: npt.NDArray[np.float32] = (overlap * (to / size)).astype(np.float32)
    return weights


def _joined(blocks: Sequence[Seen]) -> Seen:
    blocks = blocks or [Seen.nothing()]
    failed = {row: why for block in blocks for row, why in block.failed.items()}
    parts = {f.name: np.concatenate([getattr(b, f.name) for b in blocks]) for f in fields(Seen) if f.name != "failed"}
    return Seen(failed=failed, **parts)
