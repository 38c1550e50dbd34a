"""The column asked for: which it is, whether it holds classes or values, its labels and the rows that lack it.

The target is the column named by the user; else one named `target`, `label`, `class` or `y`; else the last one.

The task is classification where the target is text or truth values, or where it holds whole numbers of which at most 20
are different and each stands in five rows on average (two are always classes); else regression. Labels keep the text
they have in the file (`1` stays `1`, `None` and `NA` are labels); blanks around them go where no two labels become one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori.core.errors import DataError, did_you_mean
from byeori.core.schema import CLASSIFICATION, REGRESSION
from byeori.modalities.tables.cells import Cells, Dates, Nested, Numbers, Rows, Table, Text, as_text
from byeori.modalities.tables.columns import best_decimal
from byeori.modalities.tables.parsing import has_codes, is_missing, parse_numbers, parse_truth

OBVIOUS = ("target", "label", "class", "y")
_MANY = 20
_ROWS_A_LABEL = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The column asked for, read.

    Args:
        name: Of the column.
        task: `classification` or `regression`.
        labels: In natural order; empty for regression.
        values: (N,) int64 label indices or float64 values.
        missing: (N,) True for rows without a target.
        decimal: `.` or `,` in the values.
    """

    name: str
    task: str
    labels: tuple[str, ...]
    values: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_]
    decimal: str = "."

    def take(self, rows: Rows) -> Target:
        """Return the target of the rows asked for."""
        return replace(self, values=self.values[rows], missing=self.missing[rows])

    def counts(self) -> dict[str, int]:
        """Return the rows of each label."""
        if not self.labels:
            return {}
        found = np.bincount(self.values[~self.missing], minlength=len(self.labels))
        return {label: int(count) for label, count in zip(self.labels, found, strict=True)}


def choose(table: Table, wanted: str | None) -> str:
    """Return the name of the target column.

    Raises:
        DataError: The column that the user named is not there.
    """
    names = list(table.columns)
    if wanted is not None:
        if wanted not in table.columns:
            raise DataError(f"The target {wanted!r} is no column of {table.source}.{did_you_mean(wanted, names)}")
        return wanted
    for obvious in OBVIOUS if table.named else ():
        for name in names:
            if name.lower() == obvious:
                return name
    return names[-1]


def infer_task(cells: Cells, delimiter: str = "") -> str:
    """Return the task that a target asks for; the module's text has the rule.

    Example:
        >>> infer_task(Numbers(np.array([0.0, 1.0] * 5))), infer_task(Numbers(np.arange(10.0)))
        ('classification', 'regression')
    """
    if isinstance(cells, Text):
        if cells.nominal or has_codes(cells) or parse_truth(cells):
            return CLASSIFICATION
        parsed, _ = best_decimal(cells, delimiter)
        counts = cells.counts()
        good, bad = int(counts[~np.isnan(parsed.values)].sum()), int(counts[parsed.bad].sum())
        if good < 0.9 * (good + bad) or not good:
            return CLASSIFICATION
        values = cells.spread(parsed.values, np.nan)
        return CLASSIFICATION if _few(values) else REGRESSION
    if isinstance(cells, Numbers):
        return CLASSIFICATION if cells.boolean or _few(cells.values) else REGRESSION
    return CLASSIFICATION


def _few(values: npt.NDArray[np.float64]) -> bool:
    present = values[~np.isnan(values)]
    if not np.isfinite(present).all() or (present != np.floor(present)).any():
        return False
    return len(np.unique(present)) <= min(_MANY, max(2, len(present) // _ROWS_A_LABEL))


def read_target(table: Table, name: str, task: str) -> Target:
    """Return the target of training data.

    Raises:
        DataError: It holds dates or lists, no value at all, one value only, a class of one row, or (regression) text.
    """
    cells = table.columns[name]
    if isinstance(cells, Dates | Nested):
        held = "dates" if isinstance(cells, Dates) else "lists"
        raise DataError(f"The target {name!r} holds {held}: choose a column of labels or numbers with --target.")
    target = _labels(cells, name) if task == CLASSIFICATION else _values(table, name)
    if target.missing.all():
        raise DataError(f"The target {name!r} has no value in any row of {table.source}: choose another with --target.")
    present = target.values[~target.missing]
    if len(present) == 1:
        raise DataError(
            f"{table.source} has 1 row with a target, and one row is not enough to learn from and to judge by: "
            "give more rows."
        )
    if (present == present[0]).all():
        only = target.labels[0] if target.labels else f"{present[0]:g}"
        raise DataError(
            f"The target {name!r} is constant: {only!r} in all {len(present)} rows. There is nothing to learn; "
            "choose another with --target."
        )
    for label, count in target.counts().items():
        if count == 1:
            row = int(np.flatnonzero((target.values == target.labels.index(label)) & ~target.missing)[0])
            more = " If the target is a quantity, say --task regression." if _numeric(target.labels) else ""
            raise DataError(
                f"The class {label!r} of {name!r} has only 1 row ({_place(table, row)}); at least 2 are needed, one to "
                f"learn from and one to judge by: remove the row or merge the class with another.{more}"
            )
    return target


def encode_target(table: Table, name: str, labels: Sequence[str], decimal: str) -> npt.NDArray[Any]:
    """Return the target of new data: label indices, -1 for unknown and missing ones; or values, NaN for missing ones.

    Raises:
        DataError: A value of a regression target is no number.
    """
    cells = table.columns[name]
    if not labels:
        return _values(table, name, decimal).values
    where = {label: i for i, label in enumerate(labels)}
    text = as_text(cells)
    loose = {label.strip().casefold(): i for label, i in where.items()} if _truths(labels) else {}
    by_number = {float(v): i for v, i in where.items()} if isinstance(cells, Numbers) and _numeric(labels) else {}
    found = []
    for word in text.strings():
        index = where.get(word, where.get(word.strip(), loose.get(word.strip().casefold(), -1)))
        found.append(by_number.get(float(word), -1) if index < 0 and by_number and not _truths([word]) else index)
    return text.spread(np.array(found, np.int64), -1)


def _truths(labels: Sequence[str]) -> bool:
    return {label.strip().casefold() for label in labels} <= {"true", "false"}


def _labels(cells: Cells, name: str) -> Target:
    text = as_text(cells)
    counts = text.counts()
    words = text.strings()
    used = [word for word, count in zip(words, counts, strict=True) if count and not is_missing(word)]
    tidy = len({word.strip() for word in used}) == len(used)
    labels = natural([word.strip() if tidy else word for word in used])
    where = {label: i for i, label in enumerate(labels)}
    index = [-1 if is_missing(word) else where.get(word.strip() if tidy else word, -1) for word in words]
    values = text.spread(np.array(index, np.int64), -1)
    return Target(name=name, task=CLASSIFICATION, labels=tuple(labels), values=values, missing=values < 0)


def _values(table: Table, name: str, decimal: str | None = None) -> Target:
    cells = table.columns[name]
    where = f"The target {name!r} of {table.source}"
    other_task = ", or say --task classification" if decimal is None else ""
    if isinstance(cells, Text):
        if decimal is None:
            parsed, decimal = best_decimal(cells, table.delimiter)
        else:
            parsed = parse_numbers(cells, decimal)
        bad = cells.spread(parsed.bad, False)
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"{where} is no number in {_place(table, row)}: {cells.values[int(cells.codes[row])].as_py()!r} "
                f"({int(bad.sum()):,} such rows). Mend or remove them{other_task}."
            )
        values = cells.spread(parsed.values, np.nan)
    elif isinstance(cells, Numbers):
        values = cells.values
    else:
        raise DataError(f"{where} holds no numbers: choose a column of numbers with --target.")
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0])
        raise DataError(f"{where} is infinite in {_place(table, row)}: give a finite number, or leave the cell empty.")
    missing = np.isnan(values)
    return Target(name=name, task=REGRESSION, labels=(), values=values, missing=missing, decimal=decimal or ".")


def _place(table: Table, row: int) -> str:
    """Say which row it is, so that it is found in a spreadsheet too, which counts the header."""
    return f"row {row + 1} below the header" if table.named and table.delimiter else f"row {row + 1}"


def natural(labels: Sequence[str]) -> list[str]:
    """Return labels in the order people expect: numbers by size, digits inside a text by value.

    Example:
        >>> natural(["10", "9", "1.5"]), natural(["v10", "v9"])
        (['1.5', '9', '10'], ['v9', 'v10'])
    """
    if _numeric(labels):
        return sorted(labels, key=lambda label: (float(label), label))
    return sorted(labels, key=lambda label: (_chunks(label), label))


def _numeric(labels: Sequence[str]) -> bool:
    return all(re.fullmatch(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*", label) for label in labels)


def _chunks(label: str) -> list[tuple[int, int, str]]:
    plain = unicodedata.normalize("NFKC", label).casefold()
    return [(0, int(c), "") if c.isascii() and c.isdigit() else (1, 0, c) for c in re.split(r"([0-9]+)", plain) if c]
