"""The learnt columns applied to a table: numbers with NaN for missing, categories as int32 codes with -1."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori.core.errors import DataError, did_you_mean
from byeori.modalities.tables import dates
from byeori.modalities.tables.cells import Cells, Dates, Nested, Numbers, Table, Text, as_text
from byeori.modalities.tables.columns import CATEGORY, DATE, NUMBER, Feature
from byeori.modalities.tables.parsing import missing_values, parse_numbers, parse_truth

_log = logging.getLogger(__name__)


def encode_columns(table: Table, features: Sequence[Feature], *, warn: bool = False) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a table: `numbers` (N, a) float64 and `categories` (N, b) int32.

    An array without a column is left out. Infinities become missing. A cell that is no number in a column of numbers
    becomes missing.

    Args:
        table: Must hold the columns of all used features.
        features: As learnt; those left out are passed over.
        warn: Log how many cells became missing so; of training data the health check says it.

    Raises:
        DataError: A column is missing, or more than half of a column of numbers are none.
    """
    require(table, [f.name for f in features if f.used])
    numbers: list[npt.NDArray[np.float64]] = []
    categories: list[npt.NDArray[np.int32]] = []
    for feature in features:
        if feature.kind == NUMBER:
            numbers.append(_number(table, feature, warn))
        elif feature.kind == DATE:
            stamps = _stamps(table, feature, warn)
            numbers.extend(dates.part(stamps, part) for part in feature.parts)
        elif feature.kind == CATEGORY:
            categories.append(codes(table.columns[feature.name], feature.values))
    arrays: dict[str, npt.NDArray[Any]] = {}
    if numbers:
        arrays["numbers"] = _stack(numbers, np.dtype(np.float64))
    if categories:
        arrays["categories"] = _stack(categories, np.dtype(np.int32))
    return arrays


def require(table: Table, names: Sequence[str]) -> None:
    """Raise a DataError that names the columns a table lacks and the nearest it has.

    Raises:
        DataError: A column is not there.
    """
    missing = [name for name in names if name not in table.columns]
    if missing:
        more = f" (and {len(missing) - 1} more: {', '.join(map(repr, missing[1:6]))})" if len(missing) > 1 else ""
        raise DataError(
            f"{table.source} has no column {missing[0]!r}{more}: the table must have the columns of the training data."
            f"{did_you_mean(missing[0], table.columns)}"
        )


def codes(cells: Cells, values: Sequence[str]) -> npt.NDArray[np.int32]:
    """Return each cell's index in a vocabulary, -1 for missing and unseen.

    Example:
        >>> codes(Numbers(np.array([2.0, 1.0, np.nan])), ["1", "2.0"])
        array([ 1,  0, -1], dtype=int32)
    """
    where = {value: i for i, value in enumerate(values)}
    text = as_text(cells)
    found = [where.get(word.strip(), -1) for word in text.strings()]
    if isinstance(cells, Numbers) and not cells.boolean:
        # A category that was text in the training data ("2.0", "0.50") may come as a number now.
        by_number = {_float(value): i for value, i in where.items() if _float(value) is not None}
        found = [by_number.get(_float(word), -1) if i < 0 else i for word, i in zip(text.strings(), found, strict=True)]
    return np.asarray(text.spread(np.array(found, np.int32), -1), np.int32)


def _float(word: str) -> float | None:
    if len(word.lstrip("+-")) > 1 and word.lstrip("+-").isdigit() and word.lstrip("+-").startswith("0"):
        return None
    try:
        return float(word)
    except ValueError:
        return None


def _number(table: Table, feature: Feature, warn: bool) -> npt.NDArray[np.float64]:
    cells = table.columns[feature.name]
    if isinstance(cells, Numbers):
        values = cells.values
    elif isinstance(cells, Text):
        parsed = (parse_truth(cells) if feature.boolean else None) or parse_numbers(cells)
        if feature.decimal == ",":
            comma = parse_numbers(cells, ",")
            counts = cells.counts()
            parsed = comma if counts[comma.bad].sum() <= counts[parsed.bad].sum() else parsed
        _judge(table, feature, cells, parsed.bad, "numbers", warn)
        values = cells.spread(parsed.values, np.nan)
    else:
        _refuse(table, feature, "dates" if isinstance(cells, Dates) else "lists", "numbers")
        values = np.full(len(cells), np.nan)
    return np.asarray(np.where(np.isfinite(values), values, np.nan), np.float64)


def _stamps(table: Table, feature: Feature, warn: bool) -> npt.NDArray[np.datetime64]:
    cells = table.columns[feature.name]
    if isinstance(cells, Dates):
        return cells.values
    if not isinstance(cells, Text):
        if isinstance(cells, Nested) or not np.isnan(cells.values).all():
            _refuse(table, feature, "numbers" if isinstance(cells, Numbers) else "lists", "dates")
        return np.full(len(cells), np.datetime64("NaT", "us"))
    form = feature.format
    if not form:
        found = dates.find_format(cells)
        form = found.name if found else "year first"
    stamps = dates.parse(cells.values, form)
    _judge(table, feature, cells, np.isnat(stamps) & ~missing_values(cells, numeric=True), "dates", warn)
    return cells.spread(stamps, np.datetime64("NaT", "us"))


def _judge(table: Table, feature: Feature, cells: Text, bad: npt.NDArray[np.bool_], wanted: str, warn: bool) -> None:
    """Refuse a column where more than half of the cells are not what it wants; log fewer if asked to."""
    counts = cells.counts()
    wrong = int(counts[bad].sum())
    if not wrong:
        return
    example = str(cells.values[int(np.flatnonzero(bad & (counts > 0))[0])])
    if wrong > 0.5 * len(cells):
        raise DataError(
            f"{table.source}: {wrong:,} of {len(cells):,} cells of column {feature.name!r} are no {wanted}, for "
            f"example {example!r}; the column held {wanted} in the training data: mend it."
        )
    if warn:
        message = f"{wrong:,} of {len(cells):,} cells of column {feature.name!r} are no {wanted}"
        _log.warning("%s: %s (for example %r); they count as missing.", table.source, message, example)


def _refuse(table: Table, feature: Feature, given: str, wanted: str) -> None:
    raise DataError(
        f"{table.source}: column {feature.name!r} holds {given}; it held {wanted} in the training data: give {wanted}."
    )


def _stack(columns: Sequence[npt.NDArray[Any]], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    out = np.empty((len(columns[0]), len(columns)), dtype)
    for i, column in enumerate(columns):
        out[:, i] = column
    return out


def positional(table: Table, names: Sequence[str], target: str) -> Table:
    """Return a table without names of its own under the names of the training data, by position.

    Args:
        table: Read without a header, or an array.
        names: The columns of the training data in order, the target among them.
        target: Its name; the table may lack it.

    Raises:
        DataError: It has another number of columns.
    """
    without = [name for name in names if name != target]
    width = len(table.columns)
    if width not in (len(names), len(without)):
        raise DataError(
            f"{table.source} has {width} columns without names where {len(without)} are expected (or {len(names)} with "
            f"{target!r}): give the columns of the training data in their order."
        )
    return table.renamed(names if width == len(names) else without)
