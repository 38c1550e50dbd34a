"""What each column is, learnt from the rows outside the test split: number, category, date, or left out and why.

Rules for a column of text, in this order; a column that came as numbers starts at the second:

1. No cells but missing ones → `empty`. All `true`/`false` → number 1/0.
2. All cells numbers (see `parsing`), none an integer with a leading zero → number. At least 98 % numbers, more than 20
   different → number too; the cells that are none are missing, with a warning.
3. At least 98 % dates → date (see `dates`).
4. One value and no missing cell → `constant`. Where cells are missing, whether there is one tells something: kept.
5. As good as every cell different → `text` if it has three words or more on average, else `id`.
6. At most `limit(rows)` different values → category. With more, a category of the most frequent `limit(rows)` if they
   cover half the cells; the rest count as unseen. Otherwise `text`.

Integers stay numbers, be they codes or not. Numbers that count the rows up by one are an `id` where the column has an
id's name or none (`id`, `PassengerId`, `index`, the nameless index that pandas writes).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori.core.schema import Column
from byeori.modalities.tables import dates
from byeori.modalities.tables.cells import Cells, Dates, Nested, Numbers, Table, Text
from byeori.modalities.tables.parsing import MARKERS, Parsed, has_codes, is_missing, parse_numbers, parse_truth

NUMBER = "number"
CATEGORY = "category"
DATE = "date"
CONSTANT = "constant"
EMPTY = "empty"
ID = "id"
TEXT = "text"
NESTED = "nested"
USED = (NUMBER, CATEGORY, DATE)

_MOSTLY = 0.98
_SEVERAL = 20
_ID_NAME = re.compile(r"^(?:c0|id|index|idx|no|nr|row|unnamed:? ?[0-9]+|.*[_ .-](?:id|no|nr|index)|.*[a-z](?:Id|ID))$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What is known of one column.

    Args:
        name: Of the column.
        kind: One of `USED`, or why it is left out: `constant empty id text nested`.
        decimal: `.` or `,` in numbers.
        boolean: True for a number that was `true` or `false`.
        values: The categories, the most frequent first.
        format: How dates are written (`dates.DateFormat.name`), empty where they came as dates.
        parts: Which parts of a date are used.
        unparsable: Cells that should be numbers or dates and are none; they count as missing.
        example: One of these.
        infinite: Cells that hold an infinity; they count as missing.
        distinct: How many different values a category or an unused text has.
        ambiguous: True for dates whose day and month could change places.
    """

    name: str
    kind: str
    decimal: str = "."
    boolean: bool = False
    values: tuple[str, ...] = ()
    format: str = ""
    parts: tuple[str, ...] = ()
    unparsable: int = 0
    example: str = ""
    infinite: int = 0
    distinct: int = 0
    ambiguous: bool = False

    @property
    def used(self) -> bool:
        """Whether a network sees it."""
        return self.kind in USED

    def columns(self) -> tuple[Column, ...]:
        """Return the inputs it becomes."""
        if self.kind == CATEGORY:
            return (Column(name=self.name, kind=CATEGORY, labels=self.values),)
        if self.kind == NUMBER:
            return (Column(name=self.name, kind=NUMBER),)
        return tuple(Column(name=f"{self.name}.{part}", kind=NUMBER) for part in self.parts)

    def to_json(self) -> Json:
        """Return what encoding needs, as JSON."""
        known: dict[str, Json] = {"name": self.name, "kind": self.kind}
        if self.kind == NUMBER:
            known |= {"decimal": self.decimal, "boolean": self.boolean}
        elif self.kind == CATEGORY:
            known |= {"values": list(self.values)}
        elif self.kind == DATE:
            known |= {"format": self.format, "parts": list(self.parts)}
        return known

    @staticmethod
    def from_json(data: Mapping[str, Json]) -> Feature:
        """Read what `to_json` wrote."""
        return Feature(
            name=data["name"],
            kind=data["kind"],
            decimal=data.get("decimal", "."),
            boolean=data.get("boolean", False),
            values=tuple(data.get("values", ())),
            format=data.get("format", ""),
            parts=tuple(data.get("parts", ())),
        )


def limit(rows: int) -> int:
    """Return how many categories a column of so many cells may have: 5 % of them, at least 50, at most 1,000."""
    return min(1000, max(50, rows // 20))


def fit(table: Table) -> tuple[Feature, ...]:
    """Return what each column of a table is.

    Args:
        table: The rows to learn from, the columns that may be features.
    """
    return tuple(fit_column(name, cells, table.delimiter, table.named) for name, cells in table.columns.items())


def fit_column(name: str, cells: Cells, delimiter: str = "", named: bool = True) -> Feature:
    """Return what one column is; see the module's text for the rules.

    Args:
        name: Of the column.
        cells: The rows to learn from.
        delimiter: Of the file; decimal commas are tried with `;` alone.
        named: False where the name was made up and tells nothing.

    Example:
        >>> fit_column("x", Numbers(np.array([1.0, 2.0, np.nan]))).kind
        'number'
    """
    if isinstance(cells, Nested):
        return Feature(name=name, kind=NESTED)
    if isinstance(cells, Dates):
        return _date(name, cells.values, "")
    if isinstance(cells, Numbers):
        return _number(name, cells.values, named, Feature(name=name, kind=NUMBER, boolean=cells.boolean))
    return (None if cells.nominal else _text_as_number(name, cells, delimiter, named)) or _text(name, cells)


def _text_as_number(name: str, cells: Text, delimiter: str, named: bool) -> Feature | None:
    counts = cells.counts()
    truth = parse_truth(cells)
    if truth is not None:
        feature = Feature(name=name, kind=NUMBER, boolean=True)
        return _number(name, cells.spread(truth.values, np.nan), named, feature)
    parsed, decimal = best_decimal(cells, delimiter)
    good, bad = int(counts[~np.isnan(parsed.values)].sum()), int(counts[parsed.bad].sum())
    if not good and not bad:
        # Nothing but markers: "None" throughout is a constant category, "" throughout is empty.
        return None
    several = bad and good >= _MOSTLY * (good + bad) and len(np.unique(parsed.values[counts > 0])) > _SEVERAL
    if (bad and not several) or has_codes(cells):
        return None
    example = str(cells.values[int(np.flatnonzero(parsed.bad & (counts > 0))[0])]) if bad else ""
    feature = Feature(name=name, kind=NUMBER, decimal=decimal, unparsable=bad, example=example)
    return _number(name, cells.spread(parsed.values, np.nan), named, feature)


def best_decimal(cells: Text, delimiter: str) -> tuple[Parsed, str]:
    """Return the column read as numbers, and the decimal sign that explains more of it."""
    counts = cells.counts()
    parsed = parse_numbers(cells)
    bad = counts[parsed.bad].sum()
    if bad and delimiter == ";":
        comma = parse_numbers(cells, ",")
        if counts[comma.bad].sum() < bad:
            return comma, ","
    return parsed, "."


def _number(name: str, values: npt.NDArray[np.float64], named: bool, feature: Feature) -> Feature:
    present = values[np.isfinite(values)]
    if not len(present):
        return Feature(name=name, kind=EMPTY)
    if len(present) == len(values) and present.min() == present.max():
        return Feature(name=name, kind=CONSTANT, example=f"{present[0]:g}")
    if named and len(values) >= _SEVERAL and _ID_NAME.match(name) and bool((np.diff(values) == 1).all()):
        return Feature(name=name, kind=ID, distinct=len(values))
    return replace(feature, infinite=int(np.isinf(values).sum()))


def _date(name: str, stamps: npt.NDArray[np.datetime64], form: str, ambiguous: bool = False) -> Feature:
    present = stamps[~np.isnat(stamps)]
    if not len(present):
        return Feature(name=name, kind=EMPTY)
    if len(present) == len(stamps) and present.min() == present.max():
        return Feature(name=name, kind=CONSTANT, example=str(present[0]))
    return Feature(name=name, kind=DATE, format=form, parts=dates.parts_of(stamps), ambiguous=ambiguous)


def _text(name: str, cells: Text) -> Feature:
    found = None if cells.nominal else dates.find_format(cells)
    if found is not None:
        stamps = dates.parse(cells.values, found.name)
        return _date(name, cells.spread(stamps, np.datetime64("NaT", "us")), found.name, found.ambiguous)
    counts = _merged(cells)
    total = sum(counts.values())
    if not total:
        return Feature(name=name, kind=EMPTY)
    if len(counts) == 1 and total == len(cells):
        return Feature(name=name, kind=CONSTANT, example=next(iter(counts)))
    distinct = len(counts)
    if (distinct == total >= 10) or (distinct >= 0.9 * total and total >= _SEVERAL):
        return Feature(name=name, kind=TEXT if _words(list(counts)) >= 3 else ID, distinct=distinct)
    allowed = limit(total)
    # Equally frequent values stand in the order of their text, so that the order of the rows does not matter.
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    if distinct > allowed and sum(counts[value] for value in ordered[:allowed]) < 0.5 * total:
        return Feature(name=name, kind=TEXT, distinct=distinct)
    return Feature(name=name, kind=CATEGORY, values=tuple(ordered[:allowed]), distinct=distinct)


def _merged(cells: Text) -> Counter[str]:
    """Rows per text, blanks around it removed, missing cells left out."""
    merged: Counter[str] = Counter()
    for word, count in zip(cells.strings(), cells.counts().tolist(), strict=True):
        if count and not is_missing(word):
            merged[word.strip()] += count
    if merged and all(word.lower() in MARKERS for word in merged):
        # "NA" and nothing else is a way to write a missing cell.
        return Counter()
    return merged


def _words(values: Sequence[str]) -> float:
    sample = values[:1000]
    return sum(len(value.split()) for value in sample) / len(sample)
