from __future__ import annotations

import numpy as np
import pytest

from byeori.core.errors import DataError
from byeori.modalities.tables.arff import is_arff, read_arff
from byeori.modalities.tables.cells import Dates, Numbers, Table, Text

HEAD = """% a comment
@RELATION 'r'
@Attribute 'a name' { ' lead', plain, 'it\\'s', "100%" }
@attribute n NUMERIC
@attribute i integer
@ATTRIBUTE s string
@attribute d date "yyyy-MM-dd"
@data
"""


def _read(rows: str) -> Table:
    return read_arff((HEAD + rows).encode(), "t.arff")


def _words(table: Table, name: str) -> list[str | None]:
    cells = table.columns[name]
    assert isinstance(cells, Text)
    words = [*cells.strings(), None]
    return [words[code] for code in cells.codes]


def test_each_kind_of_attribute_is_read() -> None:
    table = _read("' lead', 1.5, 2, 'a, b', 2024-03-01\n% no row\n\n?,?,?,?,?\n'it\\'s',-1e3,4,x,\"2024-03-02\"\n")
    assert _words(table, "a name") == [" lead", None, "it's"]
    assert _words(table, "s") == ["a, b", None, "x"]
    numbers, dates = table.columns["n"], table.columns["d"]
    assert isinstance(numbers, Numbers)
    assert isinstance(dates, Dates)
    np.testing.assert_array_equal(numbers.values, [1.5, np.nan, -1000.0])
    assert str(dates.values[0])[:10] == "2024-03-01"
    assert np.isnat(dates.values[1])


def test_nominal_codes_stay_categories() -> None:
    table = read_arff(b"@relation r\n@attribute a {1, 2}\n@attribute b real\n@data\n1,1\n2,2\n", "t.arff")
    assert isinstance(table.columns["a"], Text)
    assert table.columns["a"].nominal


def test_a_percent_sign_in_quotes_is_no_comment() -> None:
    assert _words(_read('"100%",1,1,x,2024-03-01\n'), "a name") == ["100%"]


def test_blanks_of_the_declaration_are_forgiven_in_rows() -> None:
    assert _words(_read("lead,1,1,x,2024-03-01\n"), "a name") == [" lead"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{0 plain, 1 3}", "line 9: a sparse row"),
        ("plain,1,2", "line 9: 3 fields where 5 attributes are declared"),
        ("other,1,2,x,2024-03-01", "line 9: 'other' is not among the values of 'a name'"),
        ("plain,one,2,x,2024-03-01", "line 9: 'one' in 'n' is no number"),
        ("plain,1,2,x,yesterday", "line 9: 'yesterday' in 'd' is no date"),
        ("", "no rows below @data"),
    ],
)
def test_a_wrong_row_is_refused_with_its_line(row: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        _read(row + "\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@relation r\n@attribute a {x\n@data\nx\n", "not closed with a brace"),
        ("@relation r\n@attribute a widget\n@data\nx\n", "'widget', which is not known"),
        ("@relation r\n@attribute a\n@data\nx\n", "is no declaration"),
        ("@relation r\n@attribute a real\n", "has no @data line"),
        ("@relation r\n@data\n1\n", "declares no attribute"),
        ("@relation r\nhello\n@data\n1\n", "'hello' is no ARFF declaration"),
        ("@relation r\n@attribute a real\n@attribute a real\n@data\n1,2\n", "columns of the same name: 'a'"),
    ],
)
def test_a_wrong_header_is_refused(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_arff(text.encode(), "t.arff")


def test_arff_is_known_by_its_first_word() -> None:
    assert is_arff(b"% c\n\n@RELATION x\n")
    assert not is_arff(b"a,b\n@relation,1\n")
