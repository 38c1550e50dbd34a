"""Pictures of classes or values: inferred, checked, decoded once to one memory-mapped array, encoded the same way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori.core.data import Arrays, Encoded, Prepared
from byeori.core.errors import DataError, OptionError
from byeori.core.metrics import default_metric, metric, metrics_for
from byeori.core.schema import CLASSIFICATION, Column, Health, Schema, Source
from byeori.modalities.images.duplicates import find_duplicates
from byeori.modalities.images.health import health_of, refuse_unreadable
from byeori.modalities.images.lens import Lens, span
from byeori.modalities.images.listing import HELD, Listing
from byeori.modalities.images.passes import Seen, look
from byeori.modalities.images.preparing import counts_of, prepare_listing, widened
from byeori.modalities.images.reading import labels_of, read, read_new, target_of, task_of
from byeori.modalities.images.survey import survey

INPUT = "image"
"""Name of the one input, and of the prepared array (N, H, W, C) uint8."""


class Images:
    """The modality of images: one label, or one value, a picture."""

    def infer(self, source: Source) -> Schema:
        """Say what the pictures are and what is asked of them; opens a sample of them.

        Raises:
            DataError: It is no set of images, or none that can be learnt from.
            OptionError: An option that does not fit.
        """
        listing = read(source)
        task = task_of(source, listing)
        labels = labels_of(listing) if task == CLASSIFICATION else ()
        if not labels:
            target_of(listing, ())
        return Schema(
            modality="images",
            task=task,
            inputs=(Column(name=INPUT, kind="image", shape=survey(listing).lens.shape),),
            targets=(Column(name=listing.target, kind="label" if labels else "value", labels=labels),),
            metric=_metric(source, task, listing),
        )

    def check(self, source: Source, schema: Schema) -> Health:
        """Decode every picture and say what would spoil a study; nothing is written.

        Raises:
            DataError: More than one image in five cannot be read, or too few are left of a class.
        """
        listing = read(source)
        about = survey(listing, schema.inputs[0].shape)
        everything = np.arange(len(listing))
        seen = look(listing.items, everything, about.lens, large=about.large)
        refuse_unreadable(listing, seen.failed, len(listing))
        counts = counts_of(listing, seen, schema)
        return health_of(listing, seen, find_duplicates(seen), widened(about.lens, seen), counts)

    def prepare(self, source: Source, schema: Schema, to: Path, *, seed: int, seconds: float | None = None) -> Prepared:
        """Decode once, check, split, write `to`; return at once what is there if its fingerprint fits.

        Where a picture shows what the sample of `infer` did not, colour for example, the prepared schema's shape is
        the wider one. `fitted` is the lens and the labels.

        Raises:
            DataError: As `check`; or `to` holds something that is no preparation.
        """
        start = monotonic()
        listing = read(source)
        left = None if seconds is None else seconds - (monotonic() - start)
        return prepare_listing(listing, source, schema, to, seed=seed, seconds=left)

    def encode(self, source: Source, schema: Schema, fitted: Json) -> Encoded:
        """Bring new pictures to working shape, in the order given; with targets where the source has labels.

        Raises:
            DataError: A file that cannot be decoded or is not there; the sentence names it.
        """
        listing = read_new(source, schema.target.name)
        if listing.missing:
            raise DataError(f"The file in {listing.missing[0]} of {listing.origin} is not there: mend the path.")
        lens = _same_range(Lens.from_json(fitted), listing.items)
        pixels, seen = _pixels(listing.items, lens)
        if lens.high == 255.0 and not lens.covers(seen.low, seen.high):
            # 16-bit pictures for a model of 8-bit ones: they are brought down by their own range.
            pixels, seen = _pixels(listing.items, replace(widened(lens, seen), channels=lens.channels))
        for row, why in seen.failed.items():
            raise DataError(f"The image {listing.names[row]} {why}: mend it or leave it out.")
        return Encoded(names=listing.names, arrays=Arrays({INPUT: pixels}), target=_target(source, listing, schema))


def _pixels(items: Sequence[Any], lens: Lens) -> tuple[npt.NDArray[np.uint8], Seen]:
    pixels = np.empty((len(items), *lens.shape), np.uint8)
    done = 0

    def keep(block: npt.NDArray[np.uint8]) -> None:
        nonlocal done
        pixels[done : done + len(block)] = block
        done += len(block)

    return pixels, look(items, np.arange(len(items)), lens, keep)


def _metric(source: Source, task: str, listing: Listing) -> str:
    if source.metric is None:
        learnt = (text for text, part in zip(listing.labels or (), listing.part, strict=True) if part != HELD)
        return default_metric(task, Counter(learnt) if task == CLASSIFICATION else ())
    name = metric(source.metric).name
    known = [one.name for one in metrics_for(task)]
    if name not in known:
        raise OptionError(f"The metric {name!r} is not for {task}: give one of {', '.join(known)}.")
    return name


def _target(source: Source, listing: Listing, schema: Schema) -> npt.NDArray[Any] | None:
    """Return the targets, or None where there are none: no labels, empty cells, or folders that are no classes."""
    if listing.labels is None or not any(listing.labels):
        return None
    in_folders = isinstance(source.data, str | Path) and Path(source.data).is_dir()
    if not schema.labels:
        return None if in_folders else target_of(listing, ())
    target = target_of(listing, schema.labels)
    return None if in_folders and (target < 0).all() else target


def _same_range(lens: Lens, items: Sequence[Any]) -> Lens:
    """Return the lens, but for floats that come in 0–1 where training had 0–255, or the other way round."""
    floats = [item for item in items if isinstance(item, np.ndarray) and item.dtype.kind == "f" and item.size]
    if len(floats) < len(items) or lens.low < 0:
        return lens
    peak = max(float(item.max()) for item in floats)
    other = peak <= 1.0 if lens.high == 255.0 else lens.high == 1.0 and 1.5 < peak <= 255.0
    if not other:
        return lens
    low, high = span(0.0, peak)
    return replace(lens, low=low, high=high)
