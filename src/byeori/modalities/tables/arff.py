"""A reader of ARFF, the format of Weka, for files as they are: quoted values with leading blanks, `?`, comments.

Nominal attributes become categories, `numeric`, `real` and `integer` numbers, `date` points in time, `string` text.
Source: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from byeori.core.errors import DataError
from byeori.modalities.tables.cells import Cells, Dates, Numbers, Table, Text
from byeori.modalities.tables.decoding import to_utf8
from byeori.modalities.tables.reading import refuse_duplicates

_ATTRIBUTE = re.compile(r"@attribute\s+(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|(\S+?))\s*(\{.*|\s\S.*)$", re.I)
_FIELD = re.compile(r"\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^,]*?))\s*(?:,|$)")
_JAVA = (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S"), ("'", ""))
_ISO = "yyyy-MM-dd'T'HH:mm:ss"


@dataclass(frozen=True, slots=True)
class _Attribute:
    """One declaration: its name, its kind (`nominal number date string`), and what it allows or how a date reads."""

    name: str
    kind: str
    values: tuple[str, ...] = ()
    pattern: str = ""


def is_arff(data: bytes) -> bool:
    """Whether the first line that is neither empty nor a comment begins with `@relation`."""
    for line in data[:65536].removeprefix(b"\xef\xbb\xbf").splitlines():
        if line.strip() and not line.lstrip().startswith(b"%"):
            return line.strip().lower().startswith(b"@relation")
    return False


def read_arff(data: bytes, source: str) -> Table:
    r"""Return the table in the bytes of an ARFF file.

    Args:
        data: The file, unpacked.
        source: What messages call it.

    Raises:
        DataError: A line is no ARFF, a row is ragged or sparse, a value is not among those declared.

    Example:
        >>> table = read_arff(b"@RELATION r\n@ATTRIBUTE a {x, ' y'}\n@DATA\n' y'\n?\n", "t.arff")
        >>> table.columns["a"].codes.tolist(), table.columns["a"].strings()
        ([0, -1], [' y'])
    """
    text, _ = to_utf8(data, source)
    lines = text.decode().splitlines()
    attributes, start = _header(lines, source)
    refuse_duplicates([a.name for a in attributes], source)
    rows: list[list[str | None]] = []
    numbers: list[int] = []
    for at in range(start, len(lines)):
        line = lines[at].strip()
        if not line or line.startswith("%"):
            continue
        if line.startswith("{"):
            raise DataError(
                f"{source}, line {at + 1}: a sparse row ({{…}}); write all its values, or convert it to CSV."
            )
        row = _fields(line)
        if len(row) != len(attributes):
            raise DataError(
                f"{source}, line {at + 1}: {len(row)} fields where {len(attributes)} attributes are declared: "
                "mend the row."
            )
        rows.append(row)
        numbers.append(at + 1)
    if not rows:
        raise DataError(f"{source} has attributes but no rows below @data: a table needs rows.")
    columns = zip(attributes, zip(*rows, strict=True), strict=True)
    return Table(source=source, columns={a.name: _cells(a, values, numbers, source) for a, values in columns})


def _header(lines: Sequence[str], source: str) -> tuple[list[_Attribute], int]:
    attributes: list[_Attribute] = []
    for at, raw in enumerate(lines):
        line = raw.strip()
        word = line.split(None, 1)[0].lower() if line else ""
        if word == "@data":
            if not attributes:
                raise DataError(f"{source} declares no attribute before @data: it has no columns.")
            return attributes, at + 1
        if word == "@attribute":
            attributes.append(_attribute(line, f"{source}, line {at + 1}"))
        elif word and word != "@relation" and not word.startswith("%"):
            raise DataError(
                f"{source}, line {at + 1}: {line[:40]!r} is no ARFF declaration (@relation, @attribute, @data)."
            )
    raise DataError(f"{source} has no @data line: it holds no rows.")


def _attribute(line: str, where: str) -> _Attribute:
    match = _ATTRIBUTE.match(line)
    if match is None:
        raise DataError(f"{where}: {line[:60]!r} is no declaration; expected @attribute NAME TYPE.")
    name = next(_plain(g) for g in match.group(1, 2, 3) if g is not None)
    kind = match.group(4).strip()
    if kind.startswith("{"):
        inside = kind[1 : kind.rfind("}")] if "}" in kind else None
        if inside is None:
            raise DataError(f"{where}: the values of {name!r} are not closed with a brace.")
        return _Attribute(name, "nominal", tuple(v for v in _fields(inside) if v is not None))
    word, _, rest = kind.partition(" ")
    if word.lower() in ("numeric", "real", "integer"):
        return _Attribute(name, "number")
    if word.lower() == "string":
        return _Attribute(name, "string")
    if word.lower() == "date":
        pattern = rest.strip().strip("\"'") or _ISO
        for java, python in _JAVA:
            pattern = pattern.replace(java, python)
        return _Attribute(name, "date", pattern=pattern)
    known = "numeric, real, integer, string, date or {values}"
    raise DataError(f"{where}: attribute {name!r} is of type {word!r}, which is not known: use {known}.")


def _fields(line: str) -> list[str | None]:
    """Cut a row; None for a `?` that is not quoted."""
    if "'" not in line and '"' not in line and "\\" not in line and "%" not in line:
        return [None if field == "?" else field for field in map(str.strip, line.split(","))]
    fields: list[str | None] = []
    at = 0
    while True:
        match = _FIELD.match(line, at)
        if match is None:
            return [*fields, line[at:]]
        single, double, plain = match.group(1, 2, 3)
        quoted = single if single is not None else double
        fields.append(_plain(quoted) if quoted is not None else None if plain == "?" else plain)
        at = match.end()
        if not match.group().endswith(",") or (at == len(line) and not line.endswith(",")):
            return fields


def _plain(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted)


def _cells(attribute: _Attribute, values: Sequence[str | None], lines: Sequence[int], source: str) -> Cells:
    present = [None if v == "" else v for v in values]
    if attribute.kind == "number":
        return Numbers(np.array([_number(v, line, attribute, source) for v, line in zip(present, lines, strict=True)]))
    if attribute.kind == "date":
        found = [_date(v, line, attribute, source) for v, line in zip(present, lines, strict=True)]
        return Dates(np.array(found, dtype="datetime64[us]"))
    if attribute.kind == "nominal":
        allowed = set(attribute.values)
        # Weka trims values outside quotes; some writers quote the declaration and not the rows, with blanks inside.
        trimmed = {v.strip(): v for v in attribute.values}
        present = [v if v is None or v in allowed else trimmed.get(v.strip(), v) for v in present]
        for value, line in zip(present, lines, strict=True):
            if value is not None and value not in allowed:
                shown = ", ".join(attribute.values[:8])
                raise DataError(
                    f"{source}, line {line}: {value!r} is not among the values of {attribute.name!r} ({shown}): "
                    "mend the row or the declaration."
                )
    return Text.of(pa.array(present, pa.string()), nominal=True)


def _number(value: str | None, line: int, attribute: _Attribute, source: str) -> float:
    try:
        return float("nan") if value is None else float(value)
    except ValueError:
        raise DataError(
            f"{source}, line {line}: {value!r} in {attribute.name!r} is no number: mend it, or write ?."
        ) from None


def _date(value: str | None, line: int, attribute: _Attribute, source: str) -> datetime | None:
    try:
        return None if value is None else datetime.strptime(value, attribute.pattern)
    except ValueError:
        raise DataError(
            f"{source}, line {line}: {value!r} in {attribute.name!r} is no date: mend it, or write ?."
        ) from None
