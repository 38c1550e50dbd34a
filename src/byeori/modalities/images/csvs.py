"""Tables of paths and labels: a CSV or TSV beside its images, or a DataFrame. Every cell is text as it stands."""

from __future__ import annotations

import csv
import io
import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from byeori.core.errors import DataError, OptionError, did_you_mean
from byeori.core.schema import Source
from byeori.modalities.images.listing import Listing, called, shown

_OBVIOUS = ("label", "class", "target")
_PROBE = 50
_NOTHING = frozenset({"nan", "NaT", "<NA>"})


@dataclass(frozen=True, slots=True)
class _Table:
    """Columns of text, all equally long; `base` is the folder that relative paths start from."""

    origin: str
    base: str
    columns: Mapping[str, Sequence[str]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def list_csv(path: Path, source: Source, *, target: str | None, required: bool) -> Listing:
    """List a CSV or TSV of paths and labels; paths are relative to its folder.

    Args:
        path: The file.
        source: Says which column is the group, which to ignore, whether there is a header.
        target: Name of the label column, or None for the obvious one.
        required: Whether there must be labels; False at prediction time.

    Raises:
        DataError: It cannot be read, names no file that is there, or has no such column.
    """
    return _listing(_read(path, source), source, target, required)


def list_frame(frame: Any, source: Source, *, target: str | None, required: bool) -> Listing:
    """List a DataFrame of paths and labels; relative paths start from the working folder."""
    columns = {str(name): [_text(value) for value in frame[name].tolist()] for name in frame.columns}
    columns = {name: values for name, values in columns.items() if name not in source.ignore}
    if not columns or not len(frame):
        raise DataError("The DataFrame is empty: expected a column of paths and a column of labels.")
    return _listing(_Table("the DataFrame", os.getcwd(), columns), source, target, required)


def _listing(table: _Table, source: Source, target: str | None, required: bool) -> Listing:
    paths = _path_column(table)
    label = _label_column(table, paths, target, required)
    found = [_on_disk(table.base, value) for value in table.columns[paths]]
    there = [i for i, one in enumerate(found) if one is not None]
    first = 2 if source.header else 1
    missing = [f"row {i + first}: {shown(table.columns[paths][i])}" for i, one in enumerate(found) if one is None]
    labels = None if label is None else tuple(shown(table.columns[label][i]) for i in there)
    if required and labels is not None and "" in labels:
        empty = [there[i] + first for i, text in enumerate(labels) if not text]
        raise DataError(
            f"The column {label!r} of {table.origin} has no label in row {empty[0]} ({len(empty)} such in all): "
            "fill them in or remove these rows."
        )
    return Listing(
        origin=table.origin,
        items=[found[i] for i in there],
        names=tuple(shown(table.columns[paths][i]) for i in there),
        labels=labels,
        part=np.zeros(len(there), np.int8),
        group=_group(table, source.group if required else None, there),
        missing=tuple(missing),
        target="label" if label is None else label,
    )


def _path_column(table: _Table) -> str:
    """Return the column most of whose first values are files."""
    hits = {
        name: sum(_on_disk(table.base, value) is not None for value in values[:_PROBE])
        for name, values in table.columns.items()
    }
    best = max(hits, key=lambda name: hits[name])
    if not hits[best]:
        # The first values may be the missing ones.
        hits = {
            name: sum(_on_disk(table.base, value) is not None for value in values)
            for name, values in table.columns.items()
        }
        best = max(hits, key=lambda name: hits[name])
    if not hits[best]:
        first = next(iter(table.columns.values()))[0]
        raise DataError(
            f"No column of {table.origin} names files that are there (the first row says {shown(first)!r}): "
            f"mend the paths, they start from the folder {called(os.path.abspath(table.base))}."
        )
    return best


def _label_column(table: _Table, paths: str, target: str | None, required: bool) -> str | None:
    others = [name for name in table.columns if name != paths]
    if target is not None:
        if target in others:
            return target
        if not required:
            return None
        raise DataError(f"{target!r} is no label column of {table.origin}.{did_you_mean(target, others)}")
    for wanted in _OBVIOUS:
        for name in others:
            if name.strip().lower() == wanted:
                return name
    if not required:
        return None
    if not others:
        raise DataError(f"{table.origin[0].upper()}{table.origin[1:]} has a column of paths only: add one of labels.")
    return others[-1]


def _group(table: _Table, name: str | None, there: Sequence[int]) -> tuple[str, ...] | None:
    if name is None:
        return None
    if name not in table.columns:
        raise OptionError(f"The group {name!r} is no column of {table.origin}.{did_you_mean(name, table.columns)}")
    return tuple(shown(table.columns[name][i]) for i in there)


def _on_disk(base: str, value: str) -> str | None:
    """Return the file a cell names, also where cell and file system spell it in different Unicode forms."""
    text = value.strip()
    if not text or "\0" in text:
        return None
    for form in (value, text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD"))):
        path = os.path.join(base, form)
        if os.path.isfile(path):
            return path
    return None


def _read(path: Path, source: Source) -> _Table:
    text = _decoded(path)
    origin = f"the file {called(path)}"
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error as error:
        raise DataError(f"{origin[0].upper()}{origin[1:]} is no CSV ({error}): save it as one again.") from None
    names = rows.pop(0) if rows and source.header else [f"c{i}" for i in range(len(rows[0]) if rows else 0)]
    if not rows:
        raise DataError(f"The file {called(path)} has no rows: expected a path and a label in each.")
    for number, row in enumerate(rows, 2 if source.header else 1):
        if len(row) != len(names):
            raise DataError(
                f"Row {number} of {called(path)} has {len(row)} cell{'s' * (len(row) != 1)} where {len(names)} are "
                "expected: mend the row, or put quotes around cells with a comma."
            )
    if len(set(names)) < len(names):
        raise DataError(f"The file {called(path)} has two columns of one name: rename one of them.")
    # A test set of the user's own need not have the columns that are ignored.
    for name in source.ignore if path == Path(source.data) else ():
        if name not in names:
            raise OptionError(f"--ignore names {name!r}, which is no column of {origin}.{did_you_mean(name, names)}")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names) if name not in source.ignore}
    return _Table(origin, str(path.parent), columns)


def _decoded(path: Path) -> str:
    """Return a file's text: UTF-8 or UTF-16 with a mark, else the Korean code page, else UTF-8 with its odd bytes."""
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "surrogateescape")


def _delimiter(text: str) -> str:
    head = text.split("\n", 1)[0]
    return max(",;\t|", key=head.count)


def _text(value: Any) -> str:
    """Return a cell of a DataFrame as the text a CSV would hold; whole floats without a point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = "" if value is None else str(value)
    return "" if text in _NOTHING and not isinstance(value, str) else text
