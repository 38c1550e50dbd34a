"""A delimited text file → a table of text, by explicit rules: nothing is guessed silently, nothing is dropped.

The delimiter is the one of tab, `;`, `|`, `,` that cuts the first records into equally many fields (quotes respected).
A row with more or fewer fields than the first is an error with its line, a repeated name too. A column without a name
gets its place as name (`c3`); a last column without a name and without a cell is the trace of a trailing delimiter and
is left out. Every cell stays the text it is; what it means is decided in `columns`.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from byeori.core.errors import DataError
from byeori.modalities.tables.cells import Cells, Table, Text
from byeori.modalities.tables.decoding import to_utf8
from byeori.modalities.tables.parsing import read_column

DELIMITERS = ("\t", ";", "|", ",")
_SAMPLE_BYTES = 1 << 17
_SAMPLE_RECORDS = 200
_BLOCK = 1 << 24


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is cut into fields: the delimiter and the character that quotes."""

    delimiter: str
    quote: str = '"'


def read_text(data: bytes, source: str, *, header: bool) -> Table:
    r"""Return the table in the bytes of a CSV or TSV file.

    Args:
        data: The file, unpacked.
        source: What messages call it.
        header: False where the first row is data; columns are then named `c0, c1, …`.

    Returns:
        A table of text columns.

    Raises:
        DataError: No table, no rows, ragged rows, repeated names.

    Example:
        >>> read_text(b"a;b\n1,5;x\n", "t.csv", header=True).delimiter
        ';'
    """
    text, encoding = to_utf8(data, source)
    body = text.lstrip(b"\r\n")
    skipped = text[: len(text) - len(body)].count(b"\n")
    dialect = sniff(body)
    first = next(_records(_head(body), dialect), [])
    names, remarks = _names(first, source) if header else ([f"c{i}" for i in range(len(first))], [])
    if encoding not in ("utf-8", "utf-8-sig"):
        remarks.append(("encoding", f"{source} is not UTF-8; it was read as {encoding}."))
    columns = _parse(body, dialect, len(names), header=header, source=source, skipped=skipped)
    if not len(columns[0]):
        raise DataError(f"{source} has a header but no rows: a table needs rows.")
    table = dict(zip(names, columns, strict=True))
    if header and len(names) > 1 and not first[-1].strip() and _blank(columns[-1]):
        del table[names[-1]]
        remarks = [r for r in remarks if r[0] != "unnamed-column" or sum(not n.strip() for n in first) > 1]
    return Table(source=source, columns=table, named=header, delimiter=dialect.delimiter, remarks=tuple(remarks))


def sniff(body: bytes) -> Dialect:
    r"""Return the dialect of a file from its first records.

    Example:
        >>> sniff(b"a\tb\n1\t2\n").delimiter
        '\t'
    """
    head = _head(body)
    quote = "'" if _single_quoted(body, head) else '"'
    best, share = Dialect(",", quote), 0.0
    for delimiter in DELIMITERS:
        dialect = Dialect(delimiter, quote)
        try:
            widths = Counter(len(r) for r, _ in zip(_records(head, dialect), range(_SAMPLE_RECORDS), strict=False))
        except csv.Error:
            continue
        width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))
        if width < 2:
            continue
        if len(widths) == 1:
            return dialect
        if count / widths.total() >= share:
            best, share = dialect, count / widths.total()
    return best


def _head(body: bytes) -> str:
    """The first lines as text, cut at the end of a line."""
    head = body[:_SAMPLE_BYTES]
    if len(body) > len(head):
        cut = max(head.rfind(b"\n"), head.rfind(b"\r"))
        # One line longer than the sample: all of it, whatever it is.
        head = head[: cut + 1] if cut >= 0 else body[: body.find(b"\n") + 1 or None]
    return head.decode(errors="replace")


def _records(text: str, dialect: Dialect, *, strict: bool = False) -> Iterator[list[str]]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=dialect.delimiter, quotechar=dialect.quote, strict=strict
    )
    return (record for record in reader if record)


def _single_quoted(body: bytes, head: str) -> bool:
    """Whether `'` quotes in this file: no `"` at all, and each field that begins with `'` ends with it."""
    if '"' in head or "'" not in head or b'"' in body:
        return False
    text = body.decode()
    begun = len(re.findall(r"(?:^|[,;\t|])[ ]*'", text, flags=re.MULTILINE))
    closed = len(re.findall(r"(?:^|[,;\t|])[ ]*'[^'\n\r]*'[ ]*(?=[,;\t|\n\r]|\Z)", text, flags=re.MULTILINE))
    return begun == closed > 0


def _names(first: Sequence[str], source: str) -> tuple[list[str], list[tuple[str, str]]]:
    names = [name.strip() for name in first]
    unnamed = [i for i, name in enumerate(names) if not name]
    for i in unnamed:
        names[i] = f"c{i}"
    refuse_duplicates(names, source)
    if not unnamed:
        return names, []
    which = ", ".join(f"{i + 1}" for i in unnamed[:5])
    called = ", ".join(names[i] for i in unnamed[:5])
    return names, [("unnamed-column", f"Columns without a name in {source}: number {which}; called {called}.")]


def refuse_duplicates(names: Sequence[str], source: str) -> None:
    """Raise a DataError where a column name stands twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = ", ".join(str(i + 1) for i, name in enumerate(names) if name == twice[0])
        raise DataError(
            f"{source} has columns of the same name: {', '.join(map(repr, twice[:5]))} (columns {places}): "
            "rename all but one. If the first row is data and no header, say --no-header."
        )


def _parse(body: bytes, dialect: Dialect, width: int, *, header: bool, source: str, skipped: int) -> list[Cells]:
    names = [str(i) for i in range(width)]
    quoted = dialect.quote.encode() in body
    if quoted and body.count(dialect.quote.encode()) % 2:
        _refuse_open_quote(body, dialect, source, skipped)
    if width == 1 and b"\n\n" in body.replace(b"\r", b""):
        return [_one_column(body, dialect, header)]
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(body),
            arrow_csv.ReadOptions(column_names=names, skip_rows_after_names=int(header), block_size=_BLOCK),
            arrow_csv.ParseOptions(
                delimiter=dialect.delimiter, quote_char=dialect.quote if quoted else False, newlines_in_values=quoted
            ),
            arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in names}, strings_can_be_null=False, check_utf8=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise _why(body, dialect, width, source, skipped, str(error)) from None
    return [read_column(table.column(i)) for i in range(width)]


def _one_column(body: bytes, dialect: Dialect, header: bool) -> Text:
    """A file of one column, where an empty line is a missing cell and not nothing."""
    reader = csv.reader(io.StringIO(body.decode(), newline=""), delimiter=dialect.delimiter, quotechar=dialect.quote)
    cells = [record[0] if record else "" for record in reader]
    return Text.of(pa.array(cells[1:] if header else cells, pa.string()))


def _refuse_open_quote(body: bytes, dialect: Dialect, source: str, skipped: int) -> None:
    reader = csv.reader(
        io.StringIO(body.decode(), newline=""), delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True
    )
    before = 0
    try:
        for _ in reader:
            before = reader.line_num
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise DataError(
                f"{source}, line {before + 1 + skipped}: a quote is opened and never closed: close it, or remove it."
            ) from None


def _why(body: bytes, dialect: Dialect, width: int, source: str, skipped: int, said: str) -> DataError:
    """Find the first row that has another number of fields than the first row, and say so."""
    text = io.StringIO(body.decode(), newline="")
    reader = csv.reader(text, delimiter=dialect.delimiter, quotechar=dialect.quote)
    start = 1
    try:
        for record in reader:
            if record and len(record) != width:
                return DataError(
                    f"{source}, line {start + skipped}: {_fields(len(record))} where the first row has {width}: "
                    f"mend the row (a text that holds {_spoken(dialect.delimiter)} must stand in quotes)."
                )
            start = reader.line_num + 1
    except csv.Error as error:
        said = f"line {start + skipped}: {error}"
    return DataError(f"{source} cannot be read as a table: {said}. Save it again as CSV in UTF-8.")


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"


def _spoken(delimiter: str) -> str:
    return "a tab" if delimiter == "\t" else f"{delimiter!r}"


def _blank(cells: Cells) -> bool:
    return isinstance(cells, Text) and not any(s.strip() for s in cells.strings()) and bool(np.all(cells.codes >= 0))
