"""A listing: what a source holds before any picture is opened — items, names, labels, parts."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FREE, VALID, HELD = 0, 1, 2
"""Parts: still to be split, validation as the user gave it, the test set of the user's own."""

SUFFIXES = frozenset([".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".webp"])

_NUMBER = re.compile(r"(\d+)")

Parts = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a source holds.

    Args:
        origin: The source as a message calls it.
        items: Paths, arrays or PIL images.
        names: What each item is called, readable everywhere.
        labels: The text of each item's label or value; None where the source has none.
        part: (n,) `FREE`, `VALID` or `HELD`.
        group: What must never stand on both sides of a split, item by item.
        left_out: Files that are no images, or hidden.
        empty: Folders of classes that hold no image.
        missing: Rows of a CSV whose file is not there.
        target: Name of the target.
    """

    origin: str
    items: Sequence[Any]
    names: tuple[str, ...]
    labels: tuple[str, ...] | None
    part: Parts
    group: tuple[str, ...] | None = None
    left_out: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    target: str = "label"

    def __post_init__(self) -> None:
        lengths = {len(self.items), len(self.names), len(self.part)}
        lengths |= {len(other) for other in (self.labels, self.group) if other is not None}
        if len(lengths) > 1:
            raise ValueError(f"A listing of {self.origin} with parts of different lengths: {sorted(lengths)}.")

    def __len__(self) -> int:
        return len(self.items)

    def take(self, rows: npt.NDArray[np.int64]) -> Listing:
        """Return the listing of some of the items."""
        at = rows.tolist()
        return replace(
            self,
            items=[self.items[i] for i in at],
            names=tuple(self.names[i] for i in at),
            labels=None if self.labels is None else tuple(self.labels[i] for i in at),
            part=self.part[rows],
            group=None if self.group is None else tuple(self.group[i] for i in at),
        )

    def followed_by(self, test: Listing, name: str) -> Listing:
        """Return this listing with another as its test part, whose names are led by `name`.

        A test part of its own gives way and is left out: the user has named another.
        """
        own = self.part == HELD
        kept = self.take(np.flatnonzero(~own))
        left_out = tuple(self.names[i] for i in np.flatnonzero(own).tolist())
        group = None if kept.group is None else (*kept.group, *(test.group or test.names))
        return replace(
            kept,
            items=[*kept.items, *test.items],
            names=(*kept.names, *(f"{name}/{other}" for other in test.names)),
            labels=None if kept.labels is None or test.labels is None else (*kept.labels, *test.labels),
            part=np.concatenate([kept.part, np.full(len(test), HELD)]).astype(np.int8),
            group=group,
            left_out=(*kept.left_out, *left_out, *(f"{name}/{other}" for other in test.left_out)),
            missing=(*kept.missing, *(f"{name}/{other}" for other in test.missing)),
        )


def shown(text: str | os.PathLike[str]) -> str:
    r"""Return text that can be written as UTF-8: bytes of a file name that are none become `\xe9`.

    Example:
        >>> shown("caf\udce9.jpg")
        'caf\\xe9.jpg'
    """
    return os.fspath(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def natural(text: str) -> tuple[str | int, ...]:
    """Return a key that sorts `img2` before `img10`.

    Example:
        >>> sorted(["b10", "b9", "A"], key=natural)
        ['A', 'b9', 'b10']
    """
    parts = _NUMBER.split(text)
    # Texts and numbers take turns, texts first, so that unlike never meets unlike.
    return (*(int(part) if at % 2 else part.casefold() for at, part in enumerate(parts)), text)


def is_image(name: str) -> bool:
    """Say whether a file is called like an image, in capitals too."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def composed(text: str) -> str:
    """Return text in the one form in which equal characters are equal (Unicode NFC)."""
    return unicodedata.normalize("NFC", text)


def one_line(names: Iterable[str], most: int = 3) -> str:
    """Return the first names for a sentence.

    Example:
        >>> one_line(["a", "b", "c", "d"], 2)
        "'a', 'b' and 2 more"
    """
    known = list(names)
    text = ", ".join(repr(name) for name in known[:most])
    return text if len(known) <= most else f"{text} and {len(known) - most} more"


def called(path: Path | str) -> str:
    """Return a path as a message quotes it."""
    return repr(shown(str(path)))
