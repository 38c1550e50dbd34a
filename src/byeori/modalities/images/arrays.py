"""Arrays of pictures: pairs in memory, .npz files, and the idx files that MNIST came in."""

from __future__ import annotations

import gzip
import os
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from byeori.core.errors import DataError
from byeori.modalities.images.listing import FREE, HELD, VALID, Listing, called, shown

_KEY = re.compile(
    r"(?:(train|training|test|val|valid|validation)_)?(x|images?|data|y|labels?|targets?)(?:_(train|test|val|valid))?"
)
_PICTURES = frozenset({"x", "image", "images", "data"})
_IDX = re.compile(r"(.*)images([-.])idx3-ubyte(\.gz)?$", re.IGNORECASE)
_MAGIC = {3: 2051, 1: 2049}
_PART_OF = {None: FREE, "train": FREE, "training": FREE, "test": HELD}
_THIN = 8
_DAMAGE = (OSError, AttributeError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)

Any_ = npt.NDArray[Any]


def list_pair(pictures: Any, labels: Any) -> Listing:
    """List pictures in memory with a label each.

    Args:
        pictures: An array (N, H, W[, C]), or a sequence of paths, arrays or PIL images.
        labels: N labels or values; one-hot rows are taken too.

    Raises:
        DataError: Shapes that are no pictures, or counts that differ.
    """
    items = items_of(pictures)
    texts = _texts(np.asarray(labels), "the labels")
    return _paired("the arrays", items, texts, FREE, "image")


def list_new(pictures: Any) -> Listing:
    """List pictures in memory without labels; an array (h, w, 3) is one picture."""
    shape: tuple[int, ...] = getattr(pictures, "shape", ())
    items = items_of(pictures[None] if len(shape) == 3 and shape[2] in (3, 4) and shape[1] > _THIN else pictures)
    names = [shown(one) if isinstance(one, str) else f"image {i}" for i, one in enumerate(items, 1)]
    return Listing(
        origin="the pictures given",
        items=items,
        names=tuple(names),
        labels=None,
        part=np.zeros(len(items), np.int8),
    )


def items_of(pictures: Any) -> list[Any]:
    """Return pictures one by one: paths, arrays (h, w[, c]) and PIL images.

    Raises:
        DataError: An array of another shape; no pictures at all.
    """
    if isinstance(pictures, Sequence) and not isinstance(pictures, str):
        items = [_item(one) for one in pictures]
    else:
        array = _stack(np.asarray(pictures))
        items = list(array)
    if not items:
        raise DataError("No pictures were given: expected an array (N, H, W) or (N, H, W, C), or a list of paths.")
    return items


def list_npz(path: Path, *, required: bool) -> Listing:
    """List an .npz file: `x` and `y` (or `images`, `labels`, …), also with `_train` and `_test` or `train_` before.

    Args:
        path: The file.
        required: Whether there must be labels; False at prediction time.

    Raises:
        DataError: It is damaged, or has no such arrays.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            stored = {name: archive[name] for name in archive.files}
    except _DAMAGE as error:
        raise DataError(f"The file {called(path)} is damaged or no .npz ({error}): save it again.") from None
    parts = _roles(stored)
    if not required and len(parts) == 1 and set(parts[min(parts)]) == {True}:
        return list_new(parts[min(parts)][True])
    if not parts or any(len(roles) < 2 for roles in parts.values()):
        raise DataError(
            f"The file {called(path)} holds {', '.join(sorted(stored)) or 'nothing'}: expected the pictures as `x` "
            "(or `images`) and the labels as `y` (or `labels`), or x_train, y_train, x_test, y_test."
        )
    found = []
    for part, roles in sorted(parts.items()):
        texts = _texts(roles[False], f"the labels in {called(path)}")
        found.append(_paired(f"the file {called(path)}", list(_stack(roles[True])), texts, part, _WORD[part]))
    return _concatenated(found)


def idx_files(path: Path) -> list[Path]:
    """Return the files of pictures in idx format that a path means: itself, or those in the folder."""
    if path.is_file():
        return [path] if _IDX.fullmatch(path.name) else []
    return sorted(path / name for name in os.listdir(path) if _IDX.fullmatch(name))


def list_idx(files: Sequence[Path]) -> Listing:
    """List idx files of pictures, each beside its labels; `t10k-` or `test-` beside another is the test split.

    Raises:
        DataError: A file is damaged, has no labels beside it, or not as many.
    """
    held = [bool(re.match(r"t10k|test", file.name, re.IGNORECASE)) for file in files]
    found = []
    for file, last in zip(files, held, strict=True):
        part = HELD if last and not all(held) else FREE
        labels = _beside(file)
        if labels is None:
            raise DataError(f"Beside {called(file)} there is no file of labels: expected {_labels_name(file.name)!r}.")
        texts = tuple(map(str, read_idx(labels, 1).tolist()))
        found.append(_paired(f"the file {called(file)}", list(read_idx(file, 3)), texts, part, _WORD[part]))
    return _concatenated(found)


def list_new_idx(file: Path) -> Listing:
    """List an idx file of pictures to predict on, with labels where they lie beside it."""
    return list_idx([file]) if _beside(file) is not None else list_new(read_idx(file, 3))


def read_idx(path: Path, axes: int) -> npt.NDArray[np.uint8]:
    """Return an idx file's array of bytes, gzipped or plain.

    Raises:
        DataError: It is damaged or of another kind.
    """
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            data = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"The file {called(path)} is damaged ({error}): fetch it again.") from None
    header = 4 + 4 * axes
    if len(data) < header or int.from_bytes(data[:4], "big") != _MAGIC[axes]:
        raise DataError(f"The file {called(path)} is no idx file of {axes} axes of bytes: fetch it again.")
    shape = tuple(int.from_bytes(data[at : at + 4], "big") for at in range(4, header, 4))
    count = int(np.prod(shape, dtype=np.int64))
    if len(data) != header + count:
        raise DataError(
            f"The file {called(path)} should hold {count} bytes for {shape}, it holds {len(data) - header}: "
            "it is cut off or damaged, fetch it again."
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


_WORD = {FREE: "image", VALID: "validation image", HELD: "test image"}


def _stack(array: Any_) -> Any_:
    """Return an array as (N, H, W[, C]), or say what is wrong with it."""
    if array.dtype.kind not in "biuf":
        raise DataError(f"Pictures hold values of type {array.dtype}: expected numbers from 0 to 255, or from 0 to 1.")
    if array.ndim == 4 and array.shape[1] in (1, 3, 4) and array.shape[3] not in (1, 3, 4):
        array = np.moveaxis(array, 1, 3)  # channels first, as torch has it
    shape = array.shape
    if array.ndim not in (3, 4) or (array.ndim == 4 and shape[3] not in (1, 3, 4)) or min(shape[1:]) < 1:
        raise DataError(f"An array of shape {shape} holds no pictures: expected (N, H, W) or (N, H, W, C), C 1 or 3.")
    return array


def _item(one: Any) -> Any:
    if isinstance(one, str | os.PathLike):
        return os.fspath(one)
    if isinstance(one, Image.Image):
        return one
    array = np.asarray(one)
    if array.ndim == 2:
        return _stack(array[None])[0]
    return _stack(array if array.ndim > 3 else array[None])[0]


def _texts(labels: Any_, what: str) -> tuple[str, ...]:
    """Return labels as text: whole numbers without a point, one-hot rows as the place of their one."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.dtype.kind in "biuf" and ((labels == 0) | (labels == 1)).all():
        if not (labels.sum(axis=1) == 1).all():
            raise DataError(f"Some rows of {what} have several labels or none: expected one label an image.")
        labels = labels.argmax(axis=1)
    if labels.ndim != 1:
        raise DataError(f"Expected one label an image, {what} have the shape {labels.shape}.")
    if labels.dtype.kind == "f" and np.isfinite(labels).all() and (labels == np.rint(labels)).all():
        labels = labels.astype(np.int64)
    texts = [one.decode("utf-8", "surrogateescape") if isinstance(one, bytes) else str(one) for one in labels.tolist()]
    return tuple(shown(text) for text in texts)


def _paired(origin: str, items: list[Any], labels: tuple[str, ...], part: int, word: str) -> Listing:
    if len(items) != len(labels):
        raise DataError(
            f"There are {len(items)} pictures and {len(labels)} labels in {origin}: expected one label a picture."
        )
    names = [shown(one) if isinstance(one, str) else f"{word} {i}" for i, one in enumerate(items, 1)]
    return Listing(
        origin=origin,
        items=items,
        names=tuple(names),
        labels=labels,
        part=np.full(len(items), part, np.int8),
    )


def _concatenated(found: Sequence[Listing]) -> Listing:
    return Listing(
        origin=found[0].origin,
        items=[item for one in found for item in one.items],
        names=tuple(name for one in found for name in one.names),
        labels=tuple(label for one in found for label in one.labels or ()),
        part=np.concatenate([one.part for one in found]),
    )


def _roles(stored: Mapping[str, Any_]) -> dict[int, dict[bool, Any_]]:
    """Return the arrays part by part: True → pictures, False → labels."""
    parts: dict[int, dict[bool, Any_]] = {}
    for name, array in stored.items():
        match = _KEY.fullmatch(name.lower())
        if match:
            part = _PART_OF.get(match[1] or match[3], VALID)
            parts.setdefault(part, {})[match[2] in _PICTURES] = array
    return {FREE: parts[HELD]} if set(parts) == {HELD} else parts


def _labels_name(name: str) -> str:
    match = _IDX.fullmatch(name)
    return f"{match[1]}labels{match[2]}idx1-ubyte" if match else name


def _beside(file: Path) -> Path | None:
    wanted = _labels_name(file.name).lower()
    for name in os.listdir(file.parent):
        if name.lower() in (wanted, f"{wanted}.gz"):
            return file.parent / name
    return None
