"""Text → numbers and truth values, by rules that never guess.

A number is digits with at most one decimal point and an exponent; blanks around it do not count. Thousands separators
are not numbers. A decimal comma is tried only in files delimited by `;` and only where the point explains less.
Integers written with a leading zero (`00123`) are codes: a column that holds one is no column of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute

from byeori.modalities.tables.cells import Numbers, Text

ALWAYS_MISSING = frozenset({"", "?"})
"""Cells that are missing in every column."""

MARKERS = ALWAYS_MISSING | {"na", "n/a", "nan", "null", "none"}
"""Cells that are missing in a column of numbers or dates, in any case; elsewhere "None" or "NA" may be a category."""

_NUMBER = r"(?i)^(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|[+-]?inf(?:inity)?)$"
_COMMA = r"(?i)^[+-]?(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)(?:e[+-]?[0-9]+)?$"
_LONG, _PROBE = 10_000, 2_000
_TRUTH = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True, slots=True)
class Parsed:
    """The distinct texts of a column, read as numbers.

    Args:
        values: One float64 a distinct text; NaN for markers and for what is no number.
        bad: True for what is neither a number nor a marker.
    """

    values: npt.NDArray[np.float64]
    bad: npt.NDArray[np.bool_]


def parse_numbers(text: Text, decimal: str = ".") -> Parsed:
    """Return the distinct texts of a column as numbers.

    Args:
        text: The column.
        decimal: `.`, or `,` for decimal commas (plain integers are read too).

    Example:
        >>> parse_numbers(Text.of(pa.array(["1.5", " 2", "NA", "x"]))).values.tolist()
        [1.5, 2.0, nan, nan]
    """
    trimmed = compute.utf8_trim_whitespace(text.values)
    marked = missing_values(text, numeric=True)
    none = pa.scalar(None, pa.string())
    try:
        cast = compute.if_else(pa.array(marked), none, trimmed).cast(pa.float64())
    except pa.ArrowInvalid:
        plain = compute.match_substring_regex(trimmed, _NUMBER if decimal == "." else _COMMA)
        pointed = compute.replace_substring(trimmed, decimal, ".")
        cast = compute.if_else(plain, pointed, none).cast(pa.float64())
    values = np.asarray(cast.to_numpy(zero_copy_only=False), np.float64)
    return Parsed(values, np.isnan(values) & ~marked)


def read_column(column: Any) -> Text | Numbers:
    """Return a column of a text file, as numbers at once where it is long, of ever new texts, and all of them numbers.

    Such a column would gain nothing from looking at each distinct text once. All others stay text.

    Args:
        column: Arrow array of strings.
    """
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    probe = whole.slice(0, _PROBE)
    if len(whole) < _LONG or len(probe.unique()) < 0.9 * _PROBE:
        return Text.of(whole)
    trimmed = compute.utf8_trim_whitespace(whole)
    missing = compute.is_in(compute.utf8_lower(trimmed), value_set=pa.array(sorted(MARKERS)))
    try:
        cast = compute.if_else(missing, pa.scalar(None, pa.string()), trimmed).cast(pa.float64())
    except pa.ArrowInvalid:
        return Text.of(whole)
    if _coded(trimmed).any():
        return Text.of(whole)
    return Numbers(np.asarray(cast.to_numpy(zero_copy_only=False), np.float64))


def parse_truth(text: Text) -> Parsed | None:
    """Return the distinct texts as 1 and 0 where all are `true`, `false` (in any case) or missing; else None."""
    if len(text.values) > 20:
        return None
    words = [w.strip().lower() for w in text.strings()]
    values = np.array([_TRUTH.get(w, np.nan) for w in words], np.float64)
    bad = np.array([w not in _TRUTH and w not in MARKERS for w in words], bool)
    used = text.counts() > 0
    if (bad & used).any() or np.isnan(values[used]).all():
        return None
    return Parsed(values, bad)


def has_codes(text: Text) -> bool:
    """Whether any used text is an integer with a leading zero, such as `00123`.

    Example:
        >>> has_codes(Text.of(pa.array(["00123", "5"]))), has_codes(Text.of(pa.array(["0.5", "0"])))
        (True, False)
    """
    return bool((_coded(text.values) & (text.counts() > 0)).any())


def _coded(values: Any) -> npt.NDArray[np.bool_]:
    found = compute.match_substring_regex(values, r"^\s*[+-]?0[0-9]+\s*$")
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)


def missing_values(text: Text, *, numeric: bool) -> npt.NDArray[np.bool_]:
    """Return which of the distinct texts of a column mean a missing cell.

    Args:
        text: The column.
        numeric: True in a column of numbers or dates, where the words for missing count too.

    Example:
        >>> missing_values(Text.of(pa.array(["NA", "?", "x"])), numeric=False).tolist()
        [False, True, False]
    """
    plain = compute.utf8_lower(compute.utf8_trim_whitespace(text.values))
    found = compute.is_in(plain, value_set=pa.array(sorted(MARKERS if numeric else ALWAYS_MISSING)))
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)


def is_missing(word: str) -> bool:
    """Whether a cell is missing in any column."""
    return word.strip() in ALWAYS_MISSING
