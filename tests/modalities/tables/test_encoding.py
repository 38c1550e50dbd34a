from __future__ import annotations

import logging

import numpy as np
import pyarrow as pa
import pytest

from byeori.core.errors import DataError
from byeori.modalities.tables.cells import Cells, Dates, Nested, Numbers, Table, Text
from byeori.modalities.tables.columns import Feature
from byeori.modalities.tables.encoding import codes, encode_columns, positional

NUMBER = Feature(name="n", kind="number")
DATE = Feature(name="d", kind="date", format="day first", parts=("year", "month"))


def _text(*words: str | None) -> Text:
    return Text.of(pa.array(words, pa.string()))


def _encode(feature: Feature, cells: Cells) -> list[float]:
    arrays = encode_columns(Table(source="new.csv", columns={feature.name: cells}), [feature])
    (array,) = arrays.values()
    return list(array[:, 0].tolist())


def test_numbers_come_first_and_each_array_has_its_type() -> None:
    features = [Feature(name="c", kind="category", values=("a", "b")), NUMBER, Feature(name="k", kind="constant")]
    table = Table(source="t", columns={"n": Numbers(np.array([1.0, np.inf])), "c": _text("b", "z")})
    arrays = encode_columns(table, features)
    assert {name: (a.dtype.name, a.shape) for name, a in arrays.items()} == {
        "numbers": ("float64", (2, 1)),
        "categories": ("int32", (2, 1)),
    }
    np.testing.assert_array_equal(arrays["numbers"][:, 0], [1.0, np.nan])
    assert arrays["categories"][:, 0].tolist() == [1, -1]
    assert set(encode_columns(table, [NUMBER])) == {"numbers"}


def test_text_numbers_and_truth_values_are_coerced() -> None:
    np.testing.assert_array_equal(_encode(NUMBER, _text("1", " 2.5", "NA", None)), [1.0, 2.5, np.nan, np.nan])
    truth = Feature(name="n", kind="number", boolean=True)
    assert _encode(truth, _text("true", "False")) == [1.0, 0.0]
    assert _encode(truth, _text("1", "0")) == [1.0, 0.0]
    assert _encode(truth, Numbers(np.array([1.0, 0.0]), boolean=True)) == [1.0, 0.0]


def test_decimal_commas_are_read_where_the_training_data_had_them() -> None:
    comma = Feature(name="n", kind="number", decimal=",")
    assert _encode(comma, _text("1,5", "2")) == [1.5, 2.0]
    assert _encode(comma, _text("1.5", "2")) == [1.5, 2.0]


def test_wrong_cells_are_missing_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        table = Table(source="new.csv", columns={"n": _text("1", "x", "3")})
        quiet, loud = encode_columns(table, [NUMBER]), encode_columns(table, [NUMBER], warn=True)
    np.testing.assert_array_equal(quiet["numbers"][:, 0], [1.0, np.nan, 3.0])
    np.testing.assert_array_equal(quiet["numbers"], loud["numbers"])
    assert len(caplog.records) == 1
    assert "1 of 3 cells of column 'n' are no numbers (for example 'x')" in caplog.text


def test_a_column_mostly_wrong_is_refused() -> None:
    with pytest.raises(DataError, match="2 of 3 cells of column 'n' are no numbers, for example 'x'"):
        _encode(NUMBER, _text("1", "x", "y"))


@pytest.mark.parametrize("cells", [Dates(np.array(["2024-01-01"], "datetime64[us]")), Nested(1)])
def test_dates_and_lists_are_no_numbers(cells: Cells) -> None:
    with pytest.raises(DataError, match="it held numbers in the training data"):
        _encode(NUMBER, cells)


def test_a_missing_column_is_named_with_the_nearest() -> None:
    with pytest.raises(DataError, match=r"new\.csv has no column 'age'.*Did you mean 'Age'\?"):
        encode_columns(
            Table(source="new.csv", columns={"Age": _text("1")}), [Feature(name="age", kind="number"), NUMBER]
        )


def test_dates_are_read_in_the_learnt_format() -> None:
    assert _encode(DATE, _text("01.02.2024", "31.12.2023")) == [2024.0, 2023.0]
    stamps = Dates(np.array(["2024-02-01"], "datetime64[us]"))
    assert _encode(DATE, stamps) == [2024.0]
    assert np.isnan(_encode(DATE, Numbers(np.array([np.nan])))).all()
    with pytest.raises(DataError, match="holds numbers; it held dates"):
        _encode(DATE, Numbers(np.array([1.0])))
    with pytest.raises(DataError, match="are no dates"):
        _encode(DATE, _text("soon", "later"))


def test_dates_that_came_typed_may_come_as_text() -> None:
    typed = Feature(name="d", kind="date", parts=("year",))
    assert _encode(typed, _text("2024-03-01", "2023-03-01")) == [2024.0, 2023.0]


def test_categories_are_found_whatever_the_type() -> None:
    assert codes(_text(" a", "b", "B", None), ["b", "a"]).tolist() == [1, 0, -1, -1]
    assert codes(Numbers(np.array([1.0, 0.5, 3.0])), ["1", "0.500000"]).tolist() == [0, 1, -1]
    assert codes(Numbers(np.array([123.0])), ["00123"]).tolist() == [-1]


def test_columns_without_names_are_taken_by_position() -> None:
    table = Table(source="x", columns={f"c{i}": Numbers(np.array([float(i)])) for i in range(2)}, named=False)
    assert list(positional(table, ["a", "y", "b"], "y").columns) == ["a", "b"]
    assert list(positional(table, ["a", "y"], "y").columns) == ["a", "y"]
    with pytest.raises(DataError, match="2 columns without names where 3 are expected"):
        positional(table, ["a", "b", "y", "c"], "y")
