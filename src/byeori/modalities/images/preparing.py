"""Preparing: pictures decoded once into `arrays/image.npy`, split, checked, and put into place whole."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori.core.data import TEST, UNUSED, Prepared
from byeori.core.errors import DataError
from byeori.core.groups import merge
from byeori.core.schema import Schema, Source
from byeori.core.split import Folds, plan_folds, split_rows
from byeori.modalities.images.duplicates import Duplicates, find_duplicates
from byeori.modalities.images.fingerprint import fingerprint_of
from byeori.modalities.images.health import health_of, refuse_unreadable
from byeori.modalities.images.lens import Lens, span
from byeori.modalities.images.listing import FREE, HELD, VALID, Listing
from byeori.modalities.images.passes import NpyWriter, Rows, Seen, look
from byeori.modalities.images.reading import target_of
from byeori.modalities.images.survey import Survey, affordable, survey

_CHAIN = 0.05
_CHAIN_LEAST = 20


def prepare_listing(
    listing: Listing, source: Source, schema: Schema, to: Path, *, seed: int, seconds: float | None
) -> Prepared:
    """Make the prepared folder, or return the one that is there if it fits.

    It is made beside its place and renamed, so a folder in its place is whole.

    Args:
        listing: What the source holds.
        source: For the share of the test split.
        schema: As inferred; its working shape counts.
        to: Where the folder goes.
        seed: Of the splits and samples.
        seconds: Time for it, or None.

    Raises:
        DataError: Too many pictures cannot be read, or what can be read is too little.
    """
    start = monotonic()
    choices = {"schema": schema.to_json(), "test_fraction": source.test_fraction, "seed": seed}
    fingerprint = fingerprint_of(listing, choices)
    there = _there(to, fingerprint)
    if there is not None:
        return there
    target = target_of(listing, schema.labels)
    about = survey(listing, schema.inputs[0].shape)
    left = None if seconds is None else seconds - (monotonic() - start)
    rows, notes = affordable(listing, target, schema.task, about, left, seed)
    beside = to.parent / f".{to.name}.partial"
    try:
        shutil.rmtree(beside, ignore_errors=True)
        (beside / "arrays").mkdir(parents=True)
        seen, lens = _decode(listing, rows, about, beside / "arrays" / "image.npy")
        refuse_unreadable(listing, seen.failed, len(rows))
        counts = counts_of(listing, seen, schema)
        found = find_duplicates(seen)
        Prepared.write(
            beside,
            schema=replace(schema, inputs=(replace(schema.inputs[0], shape=lens.shape),)),
            fitted={**lens.to_json(), "labels": list(schema.labels)},
            target=target[seen.rows],
            fold=_folds(listing, seen, found, target[seen.rows], source, schema, seed),
            names=[listing.names[row] for row in seen.rows.tolist()],
            fingerprint=fingerprint,
            health=health_of(listing, seen, found, lens, counts),
            notes=notes,
        )
        _put(beside, to)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Prepared.open(to)


def counts_of(listing: Listing, seen: Seen, schema: Schema) -> Mapping[str, int]:
    """Return the readable pictures of each label; nothing for values.

    Raises:
        DataError: A class has fewer than two outside the user's own test set.
    """
    if not schema.labels:
        return {}
    index = target_of(listing, schema.labels)[seen.rows]
    learnt = Counter(index[listing.part[seen.rows] != HELD].tolist())
    for i, label in enumerate(schema.labels):
        if learnt[i] < 2:
            some = "1 image" if learnt[i] == 1 else f"{learnt[i]} images"
            raise DataError(
                f"Class {label!r} of {listing.origin} has only {some} that can be read; "
                "at least 2 are needed: add images or remove the class."
            )
    every = Counter(index.tolist())
    return {label: every[i] for i, label in enumerate(schema.labels)}


def _decode(listing: Listing, rows: Rows, about: Survey, to: Path) -> tuple[Seen, Lens]:
    """Decode all; again with a wider lens where a picture has what the sample did not show: colour, greater values."""
    lens = about.lens
    while True:
        with NpyWriter(to, lens.shape) as writer:
            seen = look(listing.items, rows, lens, writer.write, large=about.large)
        if seen.fits(lens):
            return seen, lens
        lens = widened(lens, seen)


def widened(lens: Lens, seen: Seen) -> Lens:
    """Return a lens that loses nothing of what was seen."""
    low, high = lens.low, lens.high
    if not lens.covers(seen.low, seen.high):
        low, high = span(min(low, float(seen.low.min())), max(high, float(seen.high.max())))
    channels = 3 if seen.coloured.any() else lens.channels
    return replace(lens, channels=channels, low=low, high=high)


def _folds(
    listing: Listing,
    seen: Seen,
    found: Duplicates,
    target: npt.NDArray[Any],
    source: Source,
    schema: Schema,
    seed: int,
) -> Folds:
    """Return the fold of every readable picture; given splits are kept, and nothing stands on two sides."""
    part = listing.part[seen.rows]
    same = _sides(found)
    group = None if listing.group is None else np.array([listing.group[row] for row in seen.rows.tolist()])
    held = part == HELD
    if (part == VALID).any():
        return _given(part, target, [same] if group is None else [same, group], source, schema, seed)
    fraction = 0.0 if held.any() else source.test_fraction
    rest = round((part == FREE).sum() * (1 - fraction))
    return split_rows(
        target,
        task=schema.task,
        test_fraction=fraction,
        folds_wanted=plan_folds(rest, schema.task, "images"),
        group=group,
        fixed_test=held if held.any() else None,
        duplicates=same,
        seed=seed,
    )


def _given(
    part: npt.NDArray[np.int8],
    target: npt.NDArray[Any],
    together: list[npt.NDArray[Any]],
    source: Source,
    schema: Schema,
    seed: int,
) -> Folds:
    """Keep a validation part as given; a test part is drawn from the training part where there is none."""
    unit = merge(len(part), together)
    fold: Folds = np.full(len(part), UNUSED, np.int16)
    taken = np.zeros(len(part), np.bool_)
    for given, number in ((HELD, TEST), (VALID, 0)):
        rows = (part == given) & ~taken
        fold[rows] = number
        taken |= np.isin(unit, unit[rows])
    rest = np.flatnonzero(~taken)
    fold[rest] = 1
    if source.test_fraction > 0 and not (part == HELD).any():
        drawn = split_rows(
            target[rest], task=schema.task, test_fraction=source.test_fraction, duplicates=unit[rest], seed=seed
        )
        fold[rest[drawn == TEST]] = TEST
    if not (fold == 0).any() or not (fold == 1).any():
        raise DataError(
            "The validation folder repeats pictures of the other folders, and nothing else is left to validate or "
            "train on: keep each picture in one folder."
        )
    return fold


def _sides(found: Duplicates) -> npt.NDArray[np.int64]:
    """Return ids of what stays on one side; chains of near duplicates too long for that (film) hold exact ones only."""
    ids = found.near.copy()
    sizes = np.bincount(ids)[ids]
    long = sizes > max(_CHAIN_LEAST, _CHAIN * len(ids))
    ids[long] = found.exact[long] + len(ids)
    return ids


def _there(to: Path, fingerprint: str) -> Prepared | None:
    if not (to / "prepared.json").exists():
        return None
    try:
        there = Prepared.open(to)
    except (DataError, KeyError):
        return None
    return there if there.fingerprint == fingerprint and (to / "arrays" / "image.npy").exists() else None


def _put(made: Path, to: Path) -> None:
    """Rename a folder into its place; what is there gives way if it is a preparation, whole or not."""
    if to.exists():
        known = {"arrays", "target.npy", "fold.npy", "names.json", "prepared.json"}
        strange = sorted(name for name in os.listdir(to) if name not in known)
        if strange:
            raise DataError(f"The folder {to} holds {strange[0]!r}, which is no prepared data: give another folder.")
        shutil.rmtree(to)
    os.replace(made, to)
