"""What a source means: its form is recognised, listed, joined with the user's own test set, and judged as a task."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori._util.files import not_there
from byeori.core.errors import DataError, OptionError, did_you_mean
from byeori.core.schema import CLASSIFICATION, REGRESSION, Source
from byeori.modalities.images import arrays, csvs, folders
from byeori.modalities.images.listing import HELD, Listing, called, composed, is_image, natural, shown

_TABLES = frozenset({".csv", ".tsv", ".txt"})
_PACKED = frozenset({".zip", ".tar", ".gz", ".tgz", ".xz", ".bz2", ".7z", ".rar"})
_FORMS = "a folder with a folder a class, a CSV of paths and labels, an .npz, or idx files"
_MANY_VALUES = 20


def read(source: Source) -> Listing:
    """List a source to train on, its own test set included, and check that a study can be made of it.

    Raises:
        DataError: It is not there, holds no images, no labels, one class, or a class of one image.
        OptionError: An option that images, or this form of them, do not have.
    """
    listing = _listed(source.data, source, source.target, required=True)
    if source.time_column is not None:
        raise OptionError("Images are not ordered by time: leave --time-column out, or give --group.")
    _refuse_columns(source, listing)
    if source.test is not None:
        test = _listed(source.test, replace(source, group=None), source.target, required=True)
        name = Path(os.fspath(source.test)).name if isinstance(source.test, str | os.PathLike) else "test"
        listing = listing.followed_by(test, shown(name))
    return listing


def read_new(source: Source, target: str) -> Listing:
    """List a source to predict on, in the order given; with labels where it has some.

    Args:
        source: Its `data` in any form that can be trained on, or pictures alone: a file, a flat folder, a list, `X`.
        target: What the target was called in training.

    Raises:
        DataError: It is not there, or holds no pictures.
    """
    return _listed(source.data, source, source.target or (target if target != "label" else None), required=False)


def task_of(source: Source, listing: Listing) -> str:
    """Return the task asked for, or the one the labels suggest: many different broken numbers mean regression."""
    if source.task is not None:
        return source.task
    labels = [text for text, part in zip(listing.labels or (), listing.part, strict=True) if part != HELD]
    values = {_number(text) for text in labels}
    numbers = None not in values and len(values) > max(_MANY_VALUES, len(labels) // 2)
    broken = numbers and any(value is not None and not value.is_integer() for value in values)
    return REGRESSION if broken else CLASSIFICATION


def labels_of(listing: Listing) -> tuple[str, ...]:
    """Return the labels outside the user's own test set in natural order.

    Raises:
        DataError: One class, a class of one image, or labels in the test set that are not among them.
    """
    texts = listing.labels or ()
    counts = Counter(text for text, part in zip(texts, listing.part, strict=True) if part != HELD)
    labels = tuple(sorted(counts, key=natural))
    if len(labels) < 2:
        raise DataError(_one_class(listing, labels))
    single = [label for label in labels if counts[label] == 1]
    if single:
        at = next(i for i, text in enumerate(texts) if text == single[0])
        raise DataError(
            f"Class {single[0]!r} of {listing.origin} has only 1 image ({listing.names[at]}); at least 2 are needed: "
            "add images or remove the class."
        )
    known = LabelIndex(labels)
    for text, part, name in zip(texts, listing.part, listing.names, strict=True):
        if part == HELD and known.of(text) < 0:
            raise DataError(
                f"The test set has the class {text!r} ({name}), which the training data have not: mend its "
                f"name, or leave it out.{did_you_mean(text, labels)}"
            )
    return labels


def target_of(listing: Listing, labels: Sequence[str]) -> npt.NDArray[Any]:
    """Return the target of every item: indices of labels (-1 for an unknown one), or values where there are no labels.

    Raises:
        DataError: A value that is no number.
    """
    texts = listing.labels or ()
    if labels:
        known = LabelIndex(labels)
        return np.array([known.of(text) for text in texts], np.int64)
    values = [_number(text) for text in texts]
    for value, text, name in zip(values, texts, listing.names, strict=True):
        if value is None:
            raise DataError(
                f"The value {text!r} of {name} is no number, and regression needs one in each row: "
                "mend it, or say --task classification."
            )
    return np.array(values, np.float64)


class LabelIndex:
    """Labels and their places; a text in another Unicode form finds its label too.

    Args:
        labels: In order.

    Example:
        >>> LabelIndex(["cat", "caf\u00e9"]).of("cafe\u0301")
        1
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._exact = {label: i for i, label in enumerate(labels)}
        self._composed: dict[str, int] = {}
        for i, label in enumerate(labels):
            self._composed.setdefault(composed(label), i)

    def of(self, text: str) -> int:
        """Return the place of a label, -1 for one that is unknown."""
        found = self._exact.get(text)
        return self._composed.get(composed(text), -1) if found is None else found


def _listed(data: Any, source: Source, target: str | None, *, required: bool) -> Listing:
    """List data of any form; `required` says that it must have labels."""
    if isinstance(data, str | os.PathLike):
        return _listed_path(Path(data), source, target, required)
    if hasattr(data, "columns") and hasattr(data, "dtypes"):
        return csvs.list_frame(data, source, target=target, required=required)
    if _is_pair(data, required):
        return arrays.list_pair(data[0], data[1])
    if required:
        raise DataError(f"Cannot train on a {type(data).__name__} alone: expected a pair (X, y), or {_FORMS}.")
    return arrays.list_new(data)


def _listed_path(path: Path, source: Source, target: str | None, required: bool) -> Listing:
    if not path.exists():
        raise DataError(not_there(path))
    suffix = path.suffix.lower()
    idx = arrays.idx_files(path)
    if idx:
        return arrays.list_idx(idx) if required or path.is_dir() else arrays.list_new_idx(path)
    if path.is_dir():
        return folders.list_folder(str(path)) if required else folders.list_pictures(str(path))
    if suffix in _TABLES:
        return csvs.list_csv(path, source, target=target, required=required)
    if suffix == ".npz":
        return arrays.list_npz(path, required=required)
    if suffix in _PACKED:
        raise DataError(f"The file {called(path)} is packed: unpack it and give the folder.")
    if required and is_image(path.name):
        raise DataError(f"The file {called(path)} is one image: to train, give {_FORMS}.")
    if required:
        raise DataError(f"The file {called(path)} is of no form that is known: expected {_FORMS}.")
    return replace(arrays.list_new([str(path)]), names=(shown(path.name),))


def _refuse_columns(source: Source, listing: Listing) -> None:
    """Refuse names of columns where the data has none: a path to a folder, an npz, idx files."""
    if source.group is not None and listing.group is None:
        raise OptionError(
            f"{_upper(listing.origin)} has no columns, so {source.group!r} is no group: "
            "give a CSV of paths, labels and groups."
        )
    if isinstance(source.data, str | os.PathLike) and Path(source.data).suffix.lower() not in _TABLES:
        for option, name in [("--target", source.target), *(("--ignore", name) for name in source.ignore)]:
            if name is not None:
                raise OptionError(
                    f"{_upper(listing.origin)} has no columns, so {option} {name} names none: leave it out, "
                    "or give a CSV of paths and labels."
                )


def _is_pair(data: Any, required: bool) -> bool:
    """Say whether data are pictures and labels, and not two pictures."""
    if not (isinstance(data, tuple) or (required and isinstance(data, list))) or len(data) != 2:
        return False
    return required or all(hasattr(one, "__len__") and not isinstance(one, str | os.PathLike) for one in data)


def _one_class(listing: Listing, labels: Sequence[str]) -> str:
    only = f"only one class, {labels[0]!r}" if labels else "no class"
    hint = "add images of another class."
    first = listing.items[0] if len(listing) else None
    if labels and isinstance(first, str) and listing.names[0].count(os.sep) > 1 and first.endswith(listing.names[0]):
        # The folder around the folders of the classes was given.
        root = first.removesuffix(listing.names[0])
        hint = f"did you mean the folder {called(os.path.join(root, labels[0]))} in it?"
    return f"{_upper(listing.origin)} has {only}, and at least two are needed: {hint}"


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
