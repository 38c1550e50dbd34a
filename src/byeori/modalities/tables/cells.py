"""What a table is before anything is learnt from it: named columns of text, numbers or points in time.

A text column keeps each distinct text once and an index a row, so every rule looks at a text once however often it
stands in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from byeori._util.json import dumps

Rows: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Text:
    """A column of text.

    Args:
        codes: (N,) int32 index into `values`; -1 where there is no cell at all.
        values: Arrow array of the distinct texts, as they stand in the file; some may be used by no row.
        nominal: True where the source says that these are categories; they are then never read as numbers or dates.
    """

    codes: npt.NDArray[np.int32]
    values: Any
    nominal: bool = False

    def __len__(self) -> int:
        return len(self.codes)

    @staticmethod
    def of(column: Any, *, nominal: bool = False) -> Text:
        """Return the column for an Arrow array of strings; nulls are missing cells."""
        encoded = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        encoded = encoded if pa.types.is_dictionary(encoded.type) else encoded.dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
        return Text(codes, encoded.dictionary.cast(pa.string()), nominal)

    def counts(self) -> npt.NDArray[np.int64]:
        """Return how many rows hold each distinct text."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))

    def strings(self) -> list[str]:
        """Return the distinct texts."""
        return list(self.values.to_pylist())

    def spread(self, per_value: npt.NDArray[Any], missing: Any) -> npt.NDArray[Any]:
        """Return one entry a row, given one entry for each distinct text and one for missing cells."""
        # Index -1 is the last entry, which is where the one for missing cells stands.
        return np.append(per_value, np.asarray([missing], dtype=per_value.dtype))[self.codes]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column that came as numbers.

    Args:
        values: (N,) float64, NaN where missing; infinities as they came.
        boolean: True where the source says that they are truth values.
    """

    values: npt.NDArray[np.float64]
    boolean: bool = False

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Dates:
    """A column that came as points in time: (N,) datetime64[us], NaT where missing."""

    values: npt.NDArray[np.datetime64]

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Nested:
    """A column of lists or records, which a table model cannot take; it is reported and left out."""

    rows: int

    def __len__(self) -> int:
        return self.rows


Cells: TypeAlias = Text | Numbers | Dates | Nested


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as read.

    Args:
        source: What messages call it: a path, or "the DataFrame".
        columns: Name → cells, in the order of the source.
        named: False where the names were made up (`c0, c1, …`) because the source has none.
        delimiter: Of a text file; empty elsewhere.
        remarks: (code, sentence) about the reading that the user should know.
    """

    source: str
    columns: Mapping[str, Cells]
    named: bool = True
    delimiter: str = ""
    remarks: tuple[tuple[str, str], ...] = ()

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(next(iter(self.columns.values()), ()))

    def take(self, rows: Rows) -> Table:
        """Return the table of the rows asked for."""
        return self._with({name: take(cells, rows) for name, cells in self.columns.items()})

    def only(self, names: Sequence[str]) -> Table:
        """Return the table of the columns asked for, in that order."""
        return self._with({name: self.columns[name] for name in names})

    def under(self, other: Table) -> Table:
        """Return this table with the rows of another one, which has all its columns, below."""
        return self._with({name: join(cells, other.columns[name]) for name, cells in self.columns.items()})

    def renamed(self, names: Sequence[str]) -> Table:
        """Return the table with other column names, in order."""
        return self._with(dict(zip(names, self.columns.values(), strict=True)))

    def _with(self, columns: Mapping[str, Cells]) -> Table:
        return Table(
            source=self.source, columns=columns, named=self.named, delimiter=self.delimiter, remarks=self.remarks
        )


def take(cells: Cells, rows: Rows) -> Cells:
    """Return the cells of the rows asked for."""
    if isinstance(cells, Text):
        codes, values = cells.codes[rows], cells.values
        if len(codes) * 4 < len(values):
            # A few rows of many texts: the texts that no row holds any more are not dragged along.
            used, where = np.unique(codes[codes >= 0], return_inverse=True)
            values = values.take(pa.array(used))
            codes[codes >= 0] = where
        return Text(codes, values, cells.nominal)
    if isinstance(cells, Numbers):
        return Numbers(cells.values[rows], cells.boolean)
    return Dates(cells.values[rows]) if isinstance(cells, Dates) else Nested(len(rows))


def join(above: Cells, below: Cells) -> Cells:
    """Return the cells of two columns, one under the other; of different kinds they become text."""
    if isinstance(above, Numbers) and isinstance(below, Numbers):
        return Numbers(np.concatenate([above.values, below.values]), above.boolean and below.boolean)
    if isinstance(above, Dates) and isinstance(below, Dates):
        return Dates(np.concatenate([above.values, below.values]))
    if isinstance(above, Nested) or isinstance(below, Nested):
        return Nested(len(above) + len(below))
    first, second = as_text(above), as_text(below)
    both = pa.concat_arrays([first.values, second.values]).dictionary_encode()
    codes = both.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    one, two = codes[: len(first.values)], codes[len(first.values) :]
    rows = np.concatenate([first.spread(one, -1), second.spread(two, -1)])
    return Text(rows.astype(np.int32), both.dictionary, first.nominal or second.nominal)


def as_text(cells: Cells) -> Text:
    """Return the cells as text, numbers written as people write them (`1`, not `1.0`)."""
    if isinstance(cells, Text):
        return cells
    if isinstance(cells, Nested):
        return Text(np.full(len(cells), -1, np.int32), pa.array([], pa.string()))
    missing = np.isnat(cells.values) if isinstance(cells, Dates) else np.isnan(cells.values)
    found, where = np.unique(cells.values[~missing], return_inverse=True)
    if isinstance(cells, Dates):
        words = [str(value) for value in found.astype("datetime64[s]")]
    else:
        words = [number_text(float(value), boolean=cells.boolean) for value in found]
    codes = np.full(len(cells), -1, np.int32)
    codes[~missing] = where
    return Text(codes, pa.array(words, pa.string()), nominal=isinstance(cells, Dates))


def number_text(value: float, *, boolean: bool = False) -> str:
    """Return a number as people write it.

    Example:
        >>> number_text(1.0), number_text(2.5), number_text(1.0, boolean=True)
        ('1', '2.5', 'True')
    """
    if boolean:
        return str(bool(value))
    return str(int(value)) if value.is_integer() and abs(value) < 2**63 else repr(value)


def fingerprint(table: Table) -> str:
    """Return a hash of all names and cells."""
    digest = blake2b(digest_size=16)
    for name, cells in table.columns.items():
        digest.update(dumps([name, type(cells).__name__, len(cells)]))
        if isinstance(cells, Text):
            digest.update(cells.codes.tobytes())
            digest.update(dumps(cells.strings()))
        elif not isinstance(cells, Nested):
            digest.update(cells.values.tobytes())
    return digest.hexdigest()
