from __future__ import annotations

import pytest

from byeori.core.errors import DataError
from byeori.modalities.tables.cells import Numbers, Text
from byeori.modalities.tables.reading import read_text, sniff


def _column(text: str, name: str, *, header: bool = True) -> list[str | None]:
    cells = read_text(text.encode(), "t.csv", header=header).columns[name]
    assert isinstance(cells, Text)
    words = cells.strings()
    return [words[code] for code in cells.codes]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_found_with_quotes_respected(delimiter: str) -> None:
    text = f'a{delimiter}b\n"x{delimiter}, ;y"{delimiter}1\nz{delimiter}2\n'
    table = read_text(text.encode(), "t.csv", header=True)
    assert list(table.columns) == ["a", "b"]
    assert table.delimiter == delimiter
    assert _column(text, "a") == [f"x{delimiter}, ;y", "z"]


def test_decimal_commas_do_not_make_the_comma_a_delimiter() -> None:
    assert sniff(b"1,5;2,5\n3,5;4,5\n").delimiter == ";"


def test_quotes_hold_delimiters_line_ends_and_quotes() -> None:
    assert _column('a,b\n"x\ny","p ""q"" r"\n"1",2\n', "a") == ["x\ny", "1"]
    assert _column('a,b\n"x\ny","p ""q"" r"\n"1",2\n', "b") == ['p "q" r', "2"]


def test_single_quotes_quote_where_all_fields_close_them() -> None:
    assert _column("a,b\n'x, y','1'\n'z',2\n", "a") == ["x, y", "z"]
    assert _column("a,b\n's-Gravenhage,1\nx,2\n", "a") == ["'s-Gravenhage", "x"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_each_line_end_is_read(end: str) -> None:
    assert _column(end.join(["a,b", "x,1", "y,2", ""]), "a") == ["x", "y"]


def test_blank_lines_are_no_rows() -> None:
    assert _column("\n\na,b\n\nx,1\n\n\ny,2\n", "a") == ["x", "y"]


@pytest.mark.parametrize(
    ("text", "line", "fields"),
    [
        ("a,b\n1,2\n3,4,5\n", 3, 3),
        ("a,b,c\n1,2,3\n4,5\n", 3, 2),
        ('a,b\n"x\ny",2\n3\n', 4, 1),
        ("\n\na,b\n1,2\n3,4,5\n", 5, 3),
        ("a,b\n1,2\n\n\n3,4,5\n", 5, 3),
    ],
)
def test_a_ragged_row_is_refused_with_line_and_both_counts(text: str, line: int, fields: int) -> None:
    width = text.lstrip("\n").split("\n")[0].count(",") + 1
    with pytest.raises(DataError, match=f"t.csv, line {line}: {fields} fields? where the first row has {width}"):
        read_text(text.encode(), "t.csv", header=True)


def test_rows_one_field_longer_than_the_header_do_not_become_an_index() -> None:
    with pytest.raises(DataError, match="line 2: 3 fields where the first row has 2"):
        read_text(b"a,b\n1,2,3\n4,5,6\n", "t.csv", header=True)


def test_an_open_quote_is_refused_with_its_line() -> None:
    with pytest.raises(DataError, match="line 3: a quote is opened and never closed"):
        read_text(b'a,b\n1,2\n3,"4\n5,6\n', "t.csv", header=True)


def test_an_odd_quote_inside_a_field_is_a_character() -> None:
    assert _column('a,b\n5" pipe,1\nx,2\n', "a") == ['5" pipe', "x"]


def test_duplicate_names_are_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"same name: 'x' \(columns 1, 3\)"):
        read_text(b"x,y,x\n1,2,3\n", "t.csv", header=True)


def test_a_column_without_a_name_is_called_by_its_place() -> None:
    table = read_text(b"a,,c\n1,2,3\n", "t.csv", header=True)
    assert list(table.columns) == ["a", "c1", "c"]
    assert [code for code, _ in table.remarks] == ["unnamed-column"]


def test_a_trailing_delimiter_makes_no_column() -> None:
    table = read_text(b"a,b,\n1,2,\n3,4,\n", "t.csv", header=True)
    assert list(table.columns) == ["a", "b"]
    assert table.remarks == ()


def test_without_a_header_columns_are_numbered() -> None:
    table = read_text(b"1,x\n2,y\n", "t.csv", header=False)
    assert list(table.columns) == ["c0", "c1"]
    assert (table.rows, table.named) == (2, False)


def test_a_header_alone_is_no_table() -> None:
    with pytest.raises(DataError, match="has a header but no rows"):
        read_text(b"a,b\n", "t.csv", header=True)


def test_one_column_keeps_its_empty_cells() -> None:
    assert _column("a\n1\n\n3\n", "a") == ["1", "", "3"]


def test_another_encoding_than_utf8_is_remarked() -> None:
    table = read_text("이름,값\n가나,1\n".encode("cp949"), "t.csv", header=True)
    assert list(table.columns) == ["이름", "값"]
    assert table.remarks[0][0] == "encoding"


def test_a_bom_is_no_part_of_the_first_name() -> None:
    assert list(read_text(b"\xef\xbb\xbfa,b\n1,2\n", "t.csv", header=True).columns) == ["a", "b"]


def test_long_columns_of_ever_new_numbers_are_numbers_at_once_unless_they_are_codes() -> None:
    rows = "\n".join(f"{i}.5,{i:06d},{i}" for i in range(12_000))
    columns = read_text(f"a,b,c\n{rows}\n".encode(), "t.csv", header=True).columns
    assert isinstance(columns["a"], Numbers)
    assert columns["a"].values[3] == 3.5
    assert isinstance(columns["b"], Text)
    assert isinstance(columns["c"], Numbers)


def test_a_line_longer_than_the_sample_is_read() -> None:
    names = ",".join(f"column_{i}" for i in range(20_000))
    table = read_text(f"{names}\n{','.join(['1'] * 20_000)}\n".encode(), "t.csv", header=True)
    assert len(table.columns) == 20_000
