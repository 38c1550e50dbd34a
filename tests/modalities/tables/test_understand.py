from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from byeori.core.errors import DataError
from byeori.core.schema import Source
from byeori.modalities.tables.understand import Understood, read, read_source, understand

Write = Callable[..., Path]
FRAME = pd.DataFrame({"a": [1.5, 2, 3, 4, 5, 6], "b": list("uvwuvw"), "g": [1, 1, 2, 2, 3, 3], "y": list("xzxzxx")})


def _understand(data: Any, test: Any = None, **said: Any) -> Understood:
    source = Source(data=data, test=test, **said)
    tables = [None if d is None else read_source(d, header=True, target=source.target) for d in (data, test)]
    assert tables[0] is not None
    return understand(source, tables[0], tables[1])


def test_columns_with_a_part_in_the_split_are_no_features() -> None:
    found = _understand(FRAME, group="g", time_column="a")
    assert found.features == ("b",)
    assert found.group is not None
    assert found.group.tolist() == [0, 0, 1, 1, 2, 2]
    assert found.time is not None
    assert found.time.tolist() == [1.5, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"target": "z"}, "The target 'z' is no column"),
        ({"ignore": ("bb",)}, r"--ignore names 'bb', which is no column of the DataFrame\. Did you mean 'b'\?"),
        ({"group": "gg"}, "--group names 'gg'"),
        ({"time_column": "when"}, "--time-column names 'when'"),
        ({"ignore": ("y",)}, "'y' is the target and cannot be given to --ignore"),
        ({"group": "g", "ignore": ("g",)}, "'g' is given to --group and to --ignore"),
        ({"ignore": ("a", "b", "g")}, "no column besides the target 'y'"),
        ({"time_column": "b"}, r"'b' holds neither numbers nor dates \('u'\)"),
    ],
)
def test_what_the_user_said_wrong_is_named(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        _understand(FRAME, **said)


def test_a_group_column_with_one_group_is_refused_and_rows_without_one_stand_alone() -> None:
    with pytest.raises(DataError, match="'g' has one value in all rows"):
        _understand(FRAME.assign(g=7), group="g")
    alone = _understand(FRAME.assign(g=[1, None, None, 1, 2, 2]), group="g").group
    assert alone is not None
    assert len(set(alone.tolist())) == 4


def test_rows_without_a_time_are_refused() -> None:
    with pytest.raises(DataError, match=r"no time in row 2 \(1 such rows\)"):
        _understand(FRAME.assign(a=[1, None, 3, 4, 5, 6]), time_column="a")


@pytest.mark.parametrize("copy", [list("xzxzxx"), pd.Categorical(list("xzxzxx")), [" x", "z ", "x", "z", "x", "x"]])
def test_a_column_equal_to_the_target_is_refused(copy: Any) -> None:
    with pytest.raises(DataError, match=r"Column 'copy' equals the target 'y'.*--ignore copy"):
        _understand(FRAME.assign(copy=copy)[["a", "copy", "y"]])


def test_a_number_equal_to_a_regression_target_is_refused() -> None:
    frame = pd.DataFrame({"a": np.arange(30) ** 2, "b": np.arange(30), "y": np.arange(30) ** 2.0})
    with pytest.raises(DataError, match="Column 'a' equals the target"):
        _understand(frame)
    assert _understand(frame, ignore=("a",)).features == ("b",)


def test_an_array_with_a_column_equal_to_y_is_taken() -> None:
    assert _understand((FRAME[["a"]], FRAME["a"])).features == ("a",)


def test_a_test_table_stands_below_and_missing_columns_are_named() -> None:
    found = _understand(FRAME, FRAME.head(2).assign(extra=1, a=[70, 80]))
    assert found.own_test.tolist() == [False] * 6 + [True] * 2
    assert found.names[-2:] == ("test row 1", "test row 2")
    assert found.extra == ("extra",)
    assert found.learnable().rows == 6
    with pytest.raises(DataError, match="has no column 'b'"):
        _understand(FRAME, FRAME.drop(columns="b"))


def test_a_label_of_the_test_table_alone_is_refused() -> None:
    with pytest.raises(DataError, match="The label 'new' of the DataFrame, row 2, is not in the training data"):
        _understand(FRAME, FRAME.head(3).assign(y=["x", "new", "new"]))


def test_test_rows_of_another_type_are_joined_as_text() -> None:
    found = _understand(FRAME, FRAME.head(2).assign(a=["1.5", "n/a"]))
    assert found.table.rows == 8


@pytest.mark.parametrize("name", ["t.csv", "t.dat"])
def test_one_column_is_no_table_to_learn_from(write: Write, name: str) -> None:
    with pytest.raises(DataError, match="no column besides the target 'a'"):
        _understand(write("a\n1\n2\n1\n2\n", name))


def test_arff_and_parquet_are_known_by_content(write: Write, tmp_path: Path) -> None:
    assert list(read(write("@relation r\n@attribute a real\n@data\n1\n", "t.txt")).columns) == ["a"]
    FRAME.to_parquet(tmp_path / "t.bin")
    assert list(read(tmp_path / "t.bin").columns) == ["a", "b", "g", "y"]
