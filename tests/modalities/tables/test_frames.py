from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from byeori.core.errors import DataError
from byeori.modalities.tables.cells import Dates, Nested, Numbers, Text, as_text
from byeori.modalities.tables.frames import read_features, read_frame, read_pair, read_parquet


def test_each_dtype_of_a_frame_has_its_kind() -> None:
    frame = pd.DataFrame(
        {
            "int": [1, 2],
            "nullable": pd.array([1, None], "Int64"),
            "bool": [True, False],
            "boolean": pd.array([True, None], "boolean"),
            "cat": pd.Categorical([3, None]),
            "text": ["a", None],
            "date": pd.to_datetime(["2024-01-01", None]),
            "zoned": pd.to_datetime(["2024-01-01T09:00+09:00", None], utc=True),
            "delta": pd.to_timedelta([1, 2], unit="D"),
            "decimal": [Decimal("1.5"), None],
            "days": [date(2024, 1, 1), None],
            "lists": [[1], [2]],
            7: [1.0, np.inf],
        }
    )
    columns = read_frame(frame).columns
    kinds = {name: type(cells) for name, cells in columns.items()}
    numbers = ("int", "nullable", "bool", "boolean", "delta", "decimal", "7")
    assert {name for name, kind in kinds.items() if kind is Numbers} == set(numbers)
    assert {name for name, kind in kinds.items() if kind is Dates} == {"date", "zoned", "days"}
    assert kinds["lists"] is Nested
    nullable, boolean, cat = columns["nullable"], columns["boolean"], columns["cat"]
    assert isinstance(nullable, Numbers)
    assert np.isnan(nullable.values[1])
    assert isinstance(boolean, Numbers)
    assert boolean.boolean
    assert isinstance(cat, Text)
    assert cat.nominal
    assert cat.strings() == ["3"]
    assert cat.codes.tolist() == [0, -1]
    zoned = columns["zoned"]
    assert isinstance(zoned, Dates)
    assert str(zoned.values[0]).startswith("2024-01-01T00:00")


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(DataError, match="same name: '1'"):
        read_frame(pd.DataFrame([[1, 2]], columns=[1, "1"]))


def test_an_empty_frame_is_refused() -> None:
    with pytest.raises(DataError, match="0 rows and 1 columns"):
        read_frame(pd.DataFrame({"a": []}))


def test_a_pair_is_a_table_with_the_target_last() -> None:
    table, name = read_pair(np.zeros((3, 2)), [1, 2, 3], None)
    assert (list(table.columns), name, table.named) == (["c0", "c1", "target"], "target", False)
    table, name = read_pair(pd.DataFrame({"price": [1.0, 2.0]}), pd.Series([1, 2], name="price"), None)
    assert (list(table.columns), name) == (["price", "price_"], "price_")


def test_a_column_vector_is_a_target() -> None:
    assert read_pair(np.zeros((2, 1)), np.array([[1.0], [2.0]]), None)[0].rows == 2


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (np.zeros(3), np.zeros(3), "X has 1 dimensions.*Reshape your data"),
        (np.zeros((3, 2)), np.zeros((3, 2)), "y has 2 dimensions"),
        (np.zeros((3, 2)), np.zeros(4), "X has 3 rows and y has 4"),
        (np.zeros((0, 2)), np.zeros(0), "0 sample"),
        (np.zeros((3, 2), complex), np.zeros(3), "Complex data not supported"),
    ],
)
def test_a_pair_that_does_not_fit_is_refused(x: object, y: object, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_pair(x, y, None)


def test_an_array_of_objects_is_typed_by_column() -> None:
    columns = read_features(np.array([[1, "x", True], [2.5, None, False]], object)).columns
    assert [type(cells) for cells in columns.values()] == [Numbers, Text, Numbers]


def test_numbers_become_text_as_people_write_them() -> None:
    text = as_text(Numbers(np.array([1.0, np.nan, 2.5])))
    assert (text.strings(), text.codes.tolist()) == (["1", "2.5"], [0, -1, 1])
    assert as_text(Numbers(np.array([1.0, 0.0]), boolean=True)).strings() == ["False", "True"]


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "n": [1, 2],
            "t": ["a", None],
            "b": [True, None],
            "d": pd.to_datetime(["2024-01-01", None]),
            "c": pd.Categorical(["x", "y"]),
            "l": [[1], [2]],
            "e": [None, None],
        },
        index=[5, 6],
    )
    frame.to_parquet(tmp_path / "t.parquet")
    columns = read_parquet(tmp_path / "t.parquet").columns
    kinds = {name: type(cells).__name__ for name, cells in columns.items()}
    expected = {"n": "Numbers", "t": "Text", "b": "Numbers", "d": "Dates", "c": "Text", "l": "Nested", "e": "Numbers"}
    assert kinds == expected


def test_zoned_stamps_of_parquet_are_utc(tmp_path: Path) -> None:
    stamps = pa.array([0, None], pa.timestamp("ms", tz="Asia/Seoul"))
    parquet.write_table(pa.table({"when": stamps, "x": [1, 2]}), tmp_path / "t.parquet")
    cells = read_parquet(tmp_path / "t.parquet").columns["when"]
    assert isinstance(cells, Dates)
    assert str(cells.values[0]) == "1970-01-01T00:00:00.000000"


def test_damaged_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_parquet(tmp_path / "t.parquet")
