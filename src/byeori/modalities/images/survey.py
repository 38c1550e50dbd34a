"""A survey: a sample of the pictures opened, the lens chosen from it, and how many pictures the time allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori.core.errors import DataError
from byeori.core.schema import CLASSIFICATION
from byeori.core.split import stratified_sample
from byeori.modalities.images.lens import Lens, choose_lens
from byeori.modalities.images.listing import HELD, Listing
from byeori.modalities.images.passes import Rows, is_large, look

_SAMPLE = 128
_PROBE = 32
_GLANCE = Lens(height=32, width=32, channels=1)
_LEAST = 20
_BESIDES = 1.3
"""What hashing, comparing and writing cost beside decoding, as a factor."""
_CAREFUL = 0.7


@dataclass(frozen=True, slots=True)
class Survey:
    """What a sample of the pictures says of all.

    Args:
        lens: The one that suits them.
        large: Whether they are so large that threads pay.
    """

    lens: Lens
    large: bool


def survey(listing: Listing, shape: Sequence[int] = ()) -> Survey:
    """Open a spread of the pictures and choose the lens.

    Args:
        listing: What the source holds.
        shape: Height, width and channels where a schema has settled them.

    Raises:
        DataError: None of the sample can be decoded.
    """
    rows = _spread(len(listing), _SAMPLE)
    seen = look(listing.items, rows, _GLANCE)
    if not len(seen):
        row, why = next(iter(seen.failed.items()), (-1, ""))
        example = f" (for example: {listing.names[row]} {why})" if seen.failed else ""
        raise DataError(f"None of the images in {listing.origin} can be read{example}: check the files.")
    deep = seen.high > seen.low
    lens = choose_lens(
        seen.sizes,
        coloured=bool(seen.coloured.any()),
        low=float(seen.low.min()),
        high=float(seen.high.max()) if deep.any() else 255.0,
        count=len(listing),
    )
    if len(shape) == 3:
        height, width, channels = shape
        lens = Lens(height=height, width=width, channels=channels, pad=lens.pad, low=lens.low, high=lens.high)
    return Survey(lens, is_large(seen.sizes))


def affordable(
    listing: Listing, target: npt.NDArray[Any], task: str, about: Survey, seconds: float | None, seed: int
) -> tuple[Rows, list[str]]:
    """Return the pictures that can be prepared in the time, and a sentence for each part that was sampled.

    Training pictures are given up first; a test set of the user's own is kept whole as long as it takes no more than
    half of the time.

    Args:
        listing: What the source holds.
        target: (n,) label indices or values.
        task: `classification` or `regression`.
        about: What the survey said.
        seconds: The time left, or None for as long as it takes.
        seed: Equal seeds and equal room give equal samples.
    """
    everything = np.arange(len(listing))
    if seconds is None or len(listing) <= _SAMPLE:
        return everything, []
    start = monotonic()
    look(listing.items, _spread(len(listing), _PROBE), about.lens, large=about.large)
    took = monotonic() - start
    room = int(max(0.0, seconds - took) * _CAREFUL / max(took / _PROBE * _BESIDES, 1e-9))
    if room >= len(listing):
        return everything, []
    held, free = everything[listing.part == HELD], everything[listing.part != HELD]
    for_held = min(len(held), max(room // 2, room - len(free)))
    kept, notes = [], []
    for rows, most, what in ((free, room - for_held, "images"), (held, for_held, "images of the test set given")):
        some = _sampled(rows, target, most, task, seed)
        kept.append(some)
        if len(some) < len(rows):
            notes.append(
                f"A stratified sample of {len(some):,} of {len(rows):,} {what} is used, to keep the promise of time."
            )
    return np.sort(np.concatenate(kept)), notes


def _sampled(rows: Rows, target: npt.NDArray[Any], most: int, task: str, seed: int) -> Rows:
    """Return a stratified sample of rows, with twenty of each class at least, or all it has."""
    if not len(rows):
        return rows
    values = target[rows]
    classes = len(np.unique(values)) if task == CLASSIFICATION else 1
    chosen = set(stratified_sample(values, max(most, _LEAST * classes), task, seed).tolist())
    if task == CLASSIFICATION:
        order = np.random.default_rng(seed).permutation(len(rows))
        for one in np.unique(values):
            chosen |= set(order[values[order] == one][:_LEAST].tolist())
    return rows[np.array(sorted(chosen), np.int64)]


def _spread(count: int, most: int) -> Rows:
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))
