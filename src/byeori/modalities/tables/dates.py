"""Text → points in time → numbers: days since 1970 and the parts that repeat (month, day of week, hour).

Read are ISO 8601 (`2024-03-01`, `2024-03-01T12:30:00Z`), the same with `/` or `.`, `01.03.2024`, `03/01/2024`,
`1 March 2024` and `Mar 1, 2024`, each with or without a time. Years have four digits. Stamps with an offset become UTC.
Whether the day or the month comes first is decided by what parses the column; where both do, `/` puts the month first
and `.` and `-` the day, and the health check says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute

from byeori.modalities.tables.cells import Text
from byeori.modalities.tables.parsing import missing_values

PARTS = ("days", "year", "month", "day", "weekday", "hour")
"""Days since 1970-01-01 with the fraction of the day, and the parts; weekday 0 is Monday."""

SHARE = 0.98
"""The share of the cells that must parse before a column of text is one of dates."""

_TIME = (
    r"(?:(?:[ T]|, ?)(?P<H>[0-9]{1,2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:[.,](?P<F>[0-9]{1,9}))?)?"
    r" ?(?P<A>[AaPp][Mm])?(?P<Z>Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
)
_Y, _B = r"(?P<y>[0-9]{4})", r"(?P<b>[A-Za-z]{3,9})"
_M, _D = r"(?P<m>[0-9]{1,2})", r"(?P<d>[0-9]{1,2})"
_FORMATS = {
    "year first": f"^{_Y}[-/.]{_M}[-/.]{_D}{_TIME}",
    "day first": f"^{_D}[-/.]{_M}[-/.]{_Y}{_TIME}",
    "month first": f"^{_M}[-/.]{_D}[-/.]{_Y}{_TIME}",
    "day, month by name": f"^{_D}[ -]{_B}[.,]?[ -]{_Y}{_TIME}",
    "month by name, day": rf"^{_B}\.? {_D},? {_Y}{_TIME}",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class DateFormat:
    """How the dates of a column are written.

    Args:
        name: `year first`, `day first`, `month first`, `day, month by name` or `month by name, day`.
        ambiguous: True where day and month could as well change places.
    """

    name: str
    ambiguous: bool = False


def find_format(text: Text) -> DateFormat | None:
    """Return how nearly all the cells of a column are written as dates, or None if they are not.

    Example:
        >>> find_format(Text.of(pa.array(["31.12.2024", "1.2.2025"]))).name
        'day first'
    """
    counts = np.where(missing_values(text, numeric=True), 0, text.counts())
    trimmed = compute.utf8_trim_whitespace(text.values)
    used = np.flatnonzero(counts)
    total = int(counts.sum())
    if not total:
        return None
    probe = trimmed.take(pa.array(used[:50]))
    shares = {}
    for name in _FORMATS:
        if (~np.isnat(parse(probe, name))).mean() < 0.5:
            continue
        shares[name] = int(counts[~np.isnat(parse(trimmed, name))].sum()) / total
    best = max(shares, key=lambda name: shares[name], default="")
    if not best or shares[best] < SHARE:
        return None
    if shares.get("day first") == shares.get("month first") and best in ("day first", "month first"):
        slash = "/" in trimmed[int(used[0])].as_py()
        return DateFormat("month first" if slash else "day first", ambiguous=True)
    return DateFormat(best)


def parse(values: object, name: str) -> npt.NDArray[np.datetime64]:
    """Return an Arrow array of texts as datetime64[us], NaT where one is no date of the named format.

    Args:
        values: Arrow array of strings.
        name: As in `DateFormat`.
    """
    found = compute.extract_regex(compute.utf8_trim_whitespace(values), pattern=_FORMATS[name])
    valid = found.is_valid().to_numpy(zero_copy_only=False)
    fields = {found.type.field(i).name: found.field(i) for i in range(found.type.num_fields)}
    year, day = _ints(fields["y"], valid), _ints(fields["d"], valid)
    month = _ints(fields["m"], valid) if "m" in fields else _month_numbers(fields["b"], valid)
    hour, minute, second = (_ints(fields[key], valid) for key in "HMS")
    hour = _half_days(fields["A"], hour)
    valid = valid & (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1000)
    valid &= (hour < 24) & (minute < 60) & (second < 61)
    months = (np.where(valid, year, 1970) - 1970) * 12 + np.where(valid, month, 1) - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]") + (day - 1)
    valid &= days.astype("datetime64[M]").astype(np.int64) == months
    micro = ((hour * 60 + minute) * 60 + second) * 1_000_000 + _micro(fields["F"]) - _offset(fields["Z"])
    stamps = days.astype("datetime64[us]") + micro.astype("timedelta64[us]")
    return np.where(valid, stamps, np.datetime64("NaT", "us"))


def parts_of(stamps: npt.NDArray[np.datetime64]) -> tuple[str, ...]:
    """Return the parts worth having: the days, and those that vary."""
    present = stamps[~np.isnat(stamps)]
    return tuple(p for p in PARTS if p == "days" or len(np.unique(part(present, p))) > 1)


def part(stamps: npt.NDArray[np.datetime64], name: str) -> npt.NDArray[np.float64]:
    """Return one part of points in time as float64, NaN where there is none.

    Example:
        >>> part(np.array(["2024-03-01T12:00"], "datetime64[us]"), "weekday")
        array([4.])
    """
    days, months = stamps.astype("datetime64[D]"), stamps.astype("datetime64[M]")
    missing = np.isnat(stamps)
    whole: npt.NDArray[np.int64]
    if name == "days":
        return np.where(missing, np.nan, stamps.astype(np.int64) / 86_400_000_000)
    if name == "year":
        whole = stamps.astype("datetime64[Y]").astype(np.int64) + 1970
    elif name == "month":
        whole = months.astype(np.int64) % 12 + 1
    elif name == "day":
        whole = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    elif name == "weekday":
        whole = (days.astype(np.int64) + 3) % 7
    else:
        whole = (stamps - days).astype(np.int64) // 3_600_000_000
    return np.where(missing, np.nan, whole.astype(np.float64))


def _ints(field: object, valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The digits of a group as integers; 0 where the group is empty or nothing matched."""
    empty = compute.equal(compute.fill_null(field, ""), "")
    numbers = compute.if_else(empty, "0", field).cast(pa.int64())
    return np.where(valid, numbers.fill_null(0).to_numpy(zero_copy_only=False), 0)


def _month_numbers(field: object, valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    short = compute.utf8_lower(compute.utf8_slice_codeunits(compute.fill_null(field, ""), 0, 3))
    where = compute.fill_null(compute.index_in(short, value_set=pa.array(_MONTHS)), -1)
    return np.where(valid, where.to_numpy(zero_copy_only=False).astype(np.int64) + 1, 0)


def _half_days(field: object, hour: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    half = compute.utf8_lower(compute.fill_null(field, "")).to_numpy(zero_copy_only=False)
    return np.where(half == "pm", hour % 12 + 12, np.where(half == "am", hour % 12, hour))


def _micro(field: object) -> npt.NDArray[np.int64]:
    digits = compute.utf8_slice_codeunits(compute.utf8_rpad(compute.fill_null(field, ""), 6, "0"), 0, 6)
    return np.asarray(digits.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)


def _offset(field: object) -> npt.NDArray[np.int64]:
    """The offset from UTC in microseconds."""
    zones = compute.fill_null(field, "").dictionary_encode()
    minutes = []
    for zone in zones.dictionary.to_pylist():
        if zone in ("", "Z"):
            minutes.append(0)
            continue
        size = int(zone[1:3]) * 60 + int(zone[-2:])
        minutes.append(-size if zone[0] == "-" else size)
    table = np.array(minutes or [0], np.int64) * 60_000_000
    return np.asarray(table[zones.indices.to_numpy(zero_copy_only=False)], np.int64)
