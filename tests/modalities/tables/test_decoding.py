from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from byeori.core.errors import DataError
from byeori.modalities.tables.decoding import read_bytes, to_utf8


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        ("이름,값\n가,1\n", "utf-8", "utf-8"),
        ("이름,값\n가,1\n", "utf-8-sig", "utf-8-sig"),
        ("이름,값\n가,1\n", "utf-16", "utf-16"),
        ("name,value\na,1\nb,2\n", "utf-16-le", "utf-16"),
        ("name,value\na,1\nb,2\n", "utf-16-be", "utf-16"),
        ("이름,값\n가나다,1\n", "euc-kr", "euc-kr"),
        ("이름,값\n똠방각하 펲시콜라,1\n", "cp949", "cp949"),
        ("nom,âge\nRené,1\nZoë,2\nJosé,3\n", "latin-1", "cp1252"),
        ("a,b\nMünchen,1\nKöln,2\n", "cp1252", "cp1252"),
    ],
)
def test_each_encoding_is_found_and_gives_the_same_text(text: str, encoding: str, named: str) -> None:
    data, found = to_utf8(text.encode(encoding), "t.csv")
    assert data.decode() == text
    assert found == named


def test_bytes_that_no_windows_table_has_are_latin_1() -> None:
    assert to_utf8(b"a,b\n\x81x,1\n", "t.csv")[1] == "latin-1"


def test_a_nul_byte_is_refused_with_its_line() -> None:
    with pytest.raises(DataError, match=r"t\.csv, line 3: a NUL byte"):
        to_utf8(b"a,b\n" + b"1,2\n" + b"3,\x004\n" + b"5,6\n" * 50, "t.csv")


def test_a_nul_character_in_utf16_is_refused() -> None:
    with pytest.raises(DataError, match="NUL character"):
        to_utf8("a,b\n1,\x00\n".encode("utf-16"), "t.csv")


def test_two_encodings_in_one_file_are_refused_with_the_line() -> None:
    data = ("이름,값\n" + "가나다라,1\n" * 20).encode() + "é,2\n".encode("latin-1")
    with pytest.raises(DataError, match="line 22: not UTF-8, while the rest is"):
        to_utf8(data, "t.csv")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x03\x04rest", "Excel workbook or a zip archive: save the sheet as CSV"),
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n", "image"),
        (bytes(range(256)) * 4, "binary data"),
    ],
)
def test_what_is_no_text_is_refused_by_what_it_is(data: bytes, what: str) -> None:
    with pytest.raises(DataError, match=what):
        to_utf8(data, "t.csv")


def test_gzip_is_unpacked_and_damaged_gzip_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b"a,b\n1,2\n" * 100)
    (tmp_path / "a.csv.gz").write_bytes(whole)
    (tmp_path / "b.csv.gz").write_bytes(whole[:-12])
    assert read_bytes(tmp_path / "a.csv.gz").startswith(b"a,b\n")
    with pytest.raises(DataError, match="damaged gzip"):
        read_bytes(tmp_path / "b.csv.gz")


def test_a_missing_path_names_what_lies_near(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a\n")
    with pytest.raises(DataError, match=r"There is nothing at .*trani\.csv.*Did you mean .*train\.csv"):
        read_bytes(tmp_path / "trani.csv")


@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "e.csv").write_bytes(content)
    with pytest.raises(DataError, match="is empty"):
        read_bytes(tmp_path / "e.csv")


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        read_bytes(tmp_path)
