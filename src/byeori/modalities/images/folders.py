"""Folders of images: a folder a class, `train/ valid/ test/` above them where the user has split already, or flat."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from byeori.core.errors import DataError
from byeori.modalities.images.listing import FREE, HELD, VALID, Listing, called, is_image, natural, one_line, shown

_PARTS = {
    "train": FREE,
    "training": FREE,
    "valid": VALID,
    "val": VALID,
    "validation": VALID,
    "test": HELD,
    "testing": HELD,
}
_JUNK = frozenset({"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information"})
_NAMES = "PNG, JPEG, BMP, GIF, TIFF or WEBP"


@dataclass(slots=True)
class _Found:
    """What a walk through one folder gathers; paths, and names relative to the source."""

    items: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    part: list[int] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


def list_folder(root: str) -> Listing:
    """List a folder that holds a folder a class, split or not.

    Raises:
        DataError: It is empty, its images lie flat, or it holds no class.
    """
    found, origin = _Found(), f"the folder {called(root)}"
    folders, files, others = _entries(root)
    found.left_out += [os.path.join(root, other) for other in others]
    parts = _parts(root, folders)
    flat = [name for name in files if is_image(name)]
    if not parts:
        if flat and not any(_holds_images(os.path.join(root, name)) for name in folders):
            raise DataError(
                f"The {len(flat)} images in {called(root)} lie flat: put them into one folder a class "
                "(cats/1.jpg, dogs/2.jpg), or give a CSV of paths and labels."
            )
        found.left_out += [os.path.join(root, name) for name in files]
        _classes(found, root, folders, FREE)
    else:
        found.left_out += [os.path.join(root, name) for name in files]
        found.left_out += [os.path.join(root, name) + os.sep for name in folders if name not in parts]
        for name, part in parts.items():
            _split_folder(found, os.path.join(root, name), part)
    if not found.items:
        raise DataError(_nothing(root, found))
    return Listing(
        origin=origin,
        items=found.items,
        names=_relative(root, found.items),
        labels=tuple(found.labels),
        part=np.array(found.part, np.int8),
        left_out=_relative(root, found.left_out),
        empty=_relative(root, found.empty),
    )


def list_pictures(root: str) -> Listing:
    """List all images in a folder to predict on; the folders in it are the labels where all images lie in folders.

    Raises:
        DataError: It holds no image.
    """
    folders, files, _ = _entries(root)
    flat = [os.path.join(root, name) for name in files if is_image(name)]
    if not flat:
        return list_folder(root)
    below = _Found()
    for name in folders:
        _gather(below, os.path.join(root, name), set())
    items = [*flat, *below.items]
    left_out = [*(os.path.join(root, name) for name in files if not is_image(name)), *below.left_out]
    return Listing(
        origin=f"the folder {called(root)}",
        items=items,
        names=_relative(root, items),
        labels=None,
        part=np.zeros(len(items), np.int8),
        left_out=_relative(root, left_out),
    )


def _parts(root: str, folders: Sequence[str]) -> dict[str, int]:
    """Return the split folders, or nothing where the names are those of classes.

    There is a training folder with folders in it, and the others are parts too or at least hold folders themselves.
    """
    parts = {name: _PARTS[name.lower()] for name in folders if name.lower() in _PARTS}
    deep = {name for name in parts if _entries(os.path.join(root, name))[0]}
    if not any(parts[name] == FREE for name in deep):
        return {}
    return parts if len(parts) == len(folders) or len(deep) > 1 else {}


def _split_folder(found: _Found, folder: str, part: int) -> None:
    folders, files, others = _entries(folder)
    found.left_out += [os.path.join(folder, name) for name in (*files, *others)]
    _classes(found, folder, folders, part)


def _classes(found: _Found, root: str, folders: Sequence[str], part: int) -> None:
    for name in folders:
        folder, before = os.path.join(root, name), len(found.items)
        _gather(found, folder, set())
        count = len(found.items) - before
        if not count:
            found.empty.append(folder)
        found.labels += [shown(name)] * count
        found.part += [part] * count


def _gather(found: _Found, folder: str, above: set[tuple[int, int]]) -> None:
    """Gather the images in a folder and in those below; a link that leads upwards is not followed twice."""
    status = os.stat(folder)
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    folders, files, others = _entries(folder)
    for name in files:
        (found.items if is_image(name) else found.left_out).append(os.path.join(folder, name))
    found.left_out += [os.path.join(folder, name) for name in others]
    for name in folders:
        _gather(found, os.path.join(folder, name), above | {here})


def _entries(folder: str) -> tuple[list[str], list[str], list[str]]:
    """Return the names of folders, of files, and of what is hidden or neither, each in natural order."""
    folders, files, others = [], [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name in _JUNK:
                    others.append(entry.name)
                elif entry.is_dir():
                    folders.append(entry.name)
                else:
                    files.append(entry.name)
    except OSError as error:
        raise DataError(
            f"The folder {called(folder)} cannot be read ({error.strerror}): mend its permissions."
        ) from None
    return sorted(folders, key=natural), sorted(files, key=natural), sorted(others, key=natural)


def _holds_images(folder: str) -> bool:
    found = _Found()
    _gather(found, folder, set())
    return bool(found.items)


def _nothing(root: str, found: _Found) -> str:
    others = f"; it holds {one_line(_relative(root, found.left_out))}" if found.left_out else ""
    return f"The folder {called(root)} holds no images{others}: expected folders of {_NAMES} files, one folder a class."


def _relative(root: str, paths: Sequence[str]) -> tuple[str, ...]:
    cut = len(root.rstrip(os.sep)) + 1
    return tuple(shown(path[cut:]) for path in paths)
