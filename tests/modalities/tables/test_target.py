from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from byeori.core.errors import DataError
from byeori.modalities.tables.cells import Cells, Dates, Numbers, Table, Text
from byeori.modalities.tables.target import Target, choose, encode_target, infer_task, natural, read_target


def _table(cells: Cells, delimiter: str = ",") -> Table:
    return Table(source="t.csv", columns={"y": cells}, delimiter=delimiter)


def _text(*words: str | None) -> Text:
    return Text.of(pa.array(words, pa.string()))


def _labels(*words: str | None) -> Target:
    return read_target(_table(_text(*words)), "y", "classification")


def _choose(names: list[str], wanted: str | None = None, *, named: bool = True) -> str:
    columns = {name: Numbers(np.zeros(1)) for name in names}
    return choose(Table(source="t.csv", columns=columns, named=named), wanted)


def test_the_target_is_the_named_the_obvious_or_the_last() -> None:
    assert _choose(["a", "b"], "a") == "a"
    assert _choose(["Label", "TARGET", "b"]) == "TARGET"
    assert _choose(["y", "a", "Class"]) == "Class"
    assert _choose(["a", "b"]) == "b"
    assert _choose(["c0", "y", "c2"], named=False) == "c2"


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(DataError, match=r"The target 'prise' is no column of t\.csv\. Did you mean 'price'\?"):
        _choose(["price", "size"], "prise")


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (_text(*["a", "b"] * 5), "classification"),
        (_text(*["true", "false"] * 5), "classification"),
        (_text(*["0", "1"] * 5), "classification"),
        (_text(*["01", "02", "03"] * 3), "classification"),
        (_text(*["1", "2", "NA"] * 9), "classification"),
        (_text(*map(str, range(40))), "regression"),
        (_text(*[f"{i}.5" for i in range(5)] * 9), "regression"),
        (_text(*[str(i) for i in range(99)], "oops"), "regression"),
        (Numbers(np.repeat(np.arange(20.0), 5)), "classification"),
        (Numbers(np.repeat(np.arange(21.0), 50)), "regression"),
        (Numbers(np.repeat(np.arange(3.0), 2)), "regression"),
        (Numbers(np.array([1.0, 0.0, np.nan]), boolean=True), "classification"),
        (Text(np.array([0, 1], np.int32), pa.array(["1", "2"]), nominal=True), "classification"),
    ],
)
def test_the_task_follows_the_rule(cells: Cells, task: str) -> None:
    assert infer_task(cells) == task


def test_labels_stay_as_they_are_written() -> None:
    assert _labels("1.0", "1.0", "2", "2").labels == ("1.0", "2")
    words = ("None", "NA", "null", "N/A", "nan")
    target = _labels(*words, *words)
    assert set(target.labels) == set(words)
    assert not target.missing.any()


def test_whole_numbers_are_labels_without_a_point() -> None:
    target = read_target(_table(Numbers(np.array([1.0, np.nan, 2.0, 10.0, 1.0, 2.0, 10.0]))), "y", "classification")
    assert target.labels == ("1", "2", "10")
    assert target.missing.tolist() == [False, True] + [False] * 5


def test_blanks_around_labels_go_unless_they_tell_labels_apart() -> None:
    assert _labels(" a", " b", " a", " b").labels == ("a", "b")
    assert _labels("a", "a ", "a", "a ").labels == ("a", "a ")


def test_empty_and_question_mark_are_missing_labels() -> None:
    target = _labels("a", "", "b", "?", None, "a", "b")
    assert target.missing.tolist() == [False, True, False, True, True, False, False]
    assert target.counts() == {"a": 2, "b": 2}


def test_labels_are_sorted_as_people_expect() -> None:
    assert natural(["b10", "b9", "A1"]) == ["A1", "b9", "b10"]
    assert natural(["-1", "1", "-10"]) == ["-10", "-1", "1"]
    assert natural(["x²", "10", "2a"]) == ["2a", "10", "x²"]


@pytest.mark.parametrize(
    ("words", "task", "said"),
    [
        (["a", "a"], "classification", "is constant: 'a' in all 2 rows"),
        (["5", "5"], "regression", "is constant: '5'"),
        (["", "?"], "classification", "has no value in any row"),
        (
            ["a", "a", "b", "b", "c"],
            "classification",
            r"'c' of 'y' has only 1 row \(row 5 below the header\); at least 2 are needed",
        ),
        (["1", "1", "2"], "classification", "say --task regression"),
        (["1", "2", "x", "y"], "regression", r"is no number in row 3 below the header: 'x' \(2 such rows\)"),
        (["1", "inf", "2"], "regression", "is infinite in row 2"),
    ],
)
def test_a_target_nothing_can_be_learnt_of_is_refused(words: list[str], task: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_target(_table(_text(*words)), "y", task)


def test_dates_are_no_target() -> None:
    with pytest.raises(DataError, match="holds dates"):
        read_target(_table(Dates(np.array(["2024-01-01"], "datetime64[us]"))), "y", "classification")


def test_values_may_have_decimal_commas_and_markers() -> None:
    target = read_target(_table(_text("1,5", "2", "NA"), ";"), "y", "regression")
    np.testing.assert_array_equal(target.values, [1.5, 2.0, np.nan])
    assert (target.decimal, target.missing.tolist()) == (",", [False, False, True])


def test_new_labels_are_encoded_and_unknown_ones_are_minus_one() -> None:
    assert encode_target(_table(_text("b", " a", "z", "")), "y", ["a", "b"], ".").tolist() == [1, 0, -1, -1]
    assert encode_target(_table(Numbers(np.array([2.0, 1.0, 7.0, np.nan]))), "y", ["1", "2.0"], ".").tolist() == [
        1,
        0,
        -1,
        -1,
    ]
    assert encode_target(_table(_text("TRUE", "false")), "y", ["False", "True"], ".").tolist() == [1, 0]
    np.testing.assert_array_equal(encode_target(_table(_text("1,5", "")), "y", [], ","), [1.5, np.nan])
