"""Bytes of a text file of unknown encoding → UTF-8 bytes: marks first, then UTF-8, then Korean, then Western."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from pathlib import Path

from byeori._util.files import not_there
from byeori.core.errors import DataError

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CONTROLS = bytes([*range(1, 9), *range(14, 27), *range(28, 32), 127])
_IMAGE = "an image: give a table, as CSV for example"
_BINARY = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive: save the sheet as CSV, or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file: save it as CSV"),
    (b"%PDF", "a PDF: give the table itself as CSV"),
    (b"\x89PNG", _IMAGE),
    (b"\xff\xd8\xff", _IMAGE),
    (b"SQLite format 3", "a database: export the table as CSV"),
    (b"\x93NUMPY", "a NumPy file: load it and give the arrays (X, y)"),
)


_LARGEST = 8 << 30
"""Bytes a packed table may unpack to; a file made to do harm unpacks a thousandfold."""


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, unpacked where they are gzip.

    Raises:
        DataError: There is no such file, it is a folder, empty, unreadable or damaged.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder, and a table is one file: give a CSV, TSV, ARFF or Parquet file.")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(not_there(path)) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): check its rights.") from None
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(_LARGEST + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path} is a damaged gzip file ({error}): fetch it again.") from None
        if len(data) > _LARGEST:
            raise DataError(f"{path} unpacks to more than {_LARGEST >> 30} GiB: unpack it, and give it as Parquet.")
    if not data or data.isspace():
        raise DataError(f"{path} is empty: a table needs a header and rows.")
    return data


def to_utf8(data: bytes, source: str) -> tuple[bytes, str]:
    """Return the text as UTF-8 bytes without a byte-order mark, and the name of the encoding it was in.

    Korean (EUC-KR, then CP949) is taken where most of what is not ASCII decodes to Hangul; Western (CP1252, then
    Latin-1) decodes anything and therefore comes last.

    Args:
        data: As it lies in the file.
        source: What messages call it.

    Raises:
        DataError: It is no text, holds NUL bytes, or mixes encodings.

    Example:
        >>> to_utf8("이름,값".encode("cp949"), "a.csv")[1]
        'euc-kr'
    """
    for magic, what in _BINARY:
        if data.startswith(magic):
            raise DataError(f"{source} is not a table but {what}.")
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None) or _unmarked_utf16(data)
    if encoding and encoding != "utf-8-sig":
        return _decode(data, encoding, source).removeprefix("\ufeff").encode(), encoding.replace("-le", "").replace(
            "-be", ""
        )
    data = data[3:] if encoding else data
    _refuse_binary(data, source)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return _eight_bit(data, source, error)
    return data, encoding or "utf-8"


def _unmarked_utf16(data: bytes) -> str | None:
    head = data[:4096]
    zeros = [head[start::2].count(0) / max(1, len(head) // 2) for start in (0, 1)]
    if zeros[1] > 0.4 and zeros[0] < 0.1:
        return "utf-16-le"
    return "utf-16-be" if zeros[0] > 0.4 and zeros[1] < 0.1 else None


def _decode(data: bytes, encoding: str, source: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{source} begins as {encoding} but byte {error.start:,} is not: save it as UTF-8.") from None
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise DataError(f"{source}, line {line}: a NUL character; a table is text: export it again as UTF-8.")
    return text


def _refuse_binary(data: bytes, source: str) -> None:
    nul = data.find(b"\x00")
    controls = len(data[:65536]) - len(data[:65536].translate(None, _CONTROLS))
    if nul >= 0 and controls <= 0.01 * len(data[:65536]):
        line = data.count(b"\n", 0, nul) + 1
        raise DataError(f"{source}, line {line}: a NUL byte; a table is text: export it again as UTF-8.")
    if nul >= 0 or controls > 0.01 * len(data[:65536]):
        raise DataError(f"{source} is not a table: it holds binary data. Give a CSV, TSV, ARFF or Parquet file.")


def _eight_bit(data: bytes, source: str, error: UnicodeDecodeError) -> tuple[bytes, str]:
    for name in ("euc_kr", "cp949"):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        foreign = [c for c in text[:1_000_000] if ord(c) > 127]
        hangul = sum("가" <= c <= "힣" for c in foreign)
        if hangul >= 0.5 * len(foreign) and (name == "euc_kr" or _paired(data)):
            return text.encode(), name.replace("_", "-")
    if _mostly_utf8(data):
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{source}, line {line}: not UTF-8, while the rest is: two encodings in one file; mend the line."
        )
    for name in ("cp1252", "latin-1"):
        try:
            return data.decode(name).encode(), name
        except UnicodeDecodeError:
            continue
    raise DataError(f"{source} is in no known encoding: save it as UTF-8.")


def _paired(data: bytes) -> bool:
    """Whether bytes above 0xA0 stand mostly in pairs, as in Korean; accented Western letters stand alone."""
    runs = re.findall(rb"[\xa1-\xfe]+", data[:1_000_000])
    return bool(runs) and sum(len(run) for run in runs if len(run) % 2 == 0) >= 0.5 * sum(map(len, runs))


def _mostly_utf8(data: bytes) -> bool:
    text = data[:1_000_000].decode(errors="replace")
    broken = text.count("\ufffd")
    whole = sum(ord(c) > 127 for c in text) - broken
    return whole >= 5 * broken
