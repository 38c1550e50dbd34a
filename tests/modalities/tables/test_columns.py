from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from byeori._util.json import dumps, loads
from byeori.modalities.tables.cells import Dates, Nested, Numbers, Text
from byeori.modalities.tables.columns import Feature, fit_column, limit


def _fit(words: list[str | None], *, name: str = "x", delimiter: str = ",", nominal: bool = False) -> Feature:
    return fit_column(name, Text.of(pa.array(words, pa.string()), nominal=nominal), delimiter)


def test_numbers_with_markers_are_numbers() -> None:
    assert _fit(["1", "2.5", "NA", "?", "", "null", "N/A", "NaN", "None"]).kind == "number"


def test_words_for_missing_are_categories_among_words() -> None:
    feature = _fit(["None", "brick", "None", "NA", "", "?"])
    assert (feature.kind, feature.values) == ("category", ("None", "NA", "brick"))


def test_integers_with_leading_zeros_are_categories() -> None:
    feature = _fit(["00123", "00123", "45", "00001"])
    assert (feature.kind, feature.values) == ("category", ("00123", "00001", "45"))


def test_integers_stay_numbers_few_as_they_are() -> None:
    assert _fit(["1", "2", "3", "1"]).kind == "number"


def test_declared_categories_are_never_numbers() -> None:
    assert _fit(["1", "2", "1"], nominal=True).values == ("1", "2")


def test_truth_values_are_numbers() -> None:
    feature = _fit(["true", "False", "TRUE", ""])
    assert (feature.kind, feature.boolean) == ("number", True)


def test_decimal_commas_are_read_with_semicolons_alone() -> None:
    assert _fit(["1,5", "2", "3,25"], delimiter=";").decimal == ","
    assert _fit(["1,5", "2", "3,25", "2"], delimiter=",").kind == "category"
    assert _fit(["1.5", "2", "3.25"], delimiter=";").decimal == "."


def test_a_few_wrong_cells_do_not_make_a_long_column_of_numbers_text() -> None:
    feature = _fit([f"{i / 7:.3f}" for i in range(200)] + ["> 30", "unknown"])
    assert (feature.kind, feature.unparsable, feature.example) == ("number", 2, "> 30")
    assert _fit(["1", "2", "3"] * 50 + ["many"]).kind == "category"


def test_infinite_cells_are_counted() -> None:
    assert _fit(["1", "inf", "-Infinity", "2"]).infinite == 2
    assert fit_column("x", Numbers(np.array([1.0, np.inf, 2.0]))).infinite == 1


@pytest.mark.parametrize("words", [["5", "5", "5"], ["a", "a", "a"], ["2024-01-01"] * 3])
def test_one_value_is_constant(words: list[str | None]) -> None:
    assert _fit(words).kind == "constant"


def test_one_value_and_missing_cells_tell_something() -> None:
    assert _fit(["5", "", "5"]).kind == "number"
    assert _fit(["a", "", "a"]).kind == "category"


@pytest.mark.parametrize("words", [["", "?", ""], ["NA", "NA", ""], [None, None]])
def test_no_value_is_empty(words: list[str | None]) -> None:
    assert _fit(words).kind == "empty"


def test_a_text_of_its_own_in_each_row_is_an_id_or_text() -> None:
    assert _fit([f"u{i}x" for i in range(40)]).kind == "id"
    assert _fit([f"a sentence about item {i}" for i in range(40)]).kind == "text"
    assert _fit(["a", "b", "c", "d"]).kind == "category"


@pytest.mark.parametrize(("name", "kind"), [("PassengerId", "id"), ("row_id", "id"), ("c0", "id"), ("age", "number")])
def test_numbers_that_count_the_rows_are_an_id_where_the_name_says_so(name: str, kind: str) -> None:
    assert _fit([str(i) for i in range(100, 150)], name=name).kind == kind
    assert _fit([str(i * i) for i in range(50)], name=name).kind == "number"
    assert fit_column("c0", Numbers(np.arange(50.0)), named=False).kind == "number"


def test_many_categories_are_cut_to_the_frequent_or_left_out_as_text() -> None:
    frequent = [f"city {i % 40}" for i in range(400)] + [f"hamlet{i % 30}" for i in range(60)]
    feature = _fit(list(frequent))
    assert (feature.kind, len(feature.values), feature.distinct) == ("category", limit(460), 70)
    rare = [f"v{i % 150}" for i in range(300)]
    assert _fit(list(rare)).kind == "text"
    assert [limit(10), limit(2_000), limit(10**6)] == [50, 100, 1000]


def test_categories_stand_by_frequency_then_by_text_blanks_removed() -> None:
    assert _fit(["b", " a", "c", "a ", "b", "a", "d"]).values == ("a", "b", "c", "d")


def test_dates_become_the_parts_that_vary() -> None:
    feature = _fit(["2024-01-05", "2024-02-05", "2024-03-05"])
    assert [c.name for c in feature.columns()] == ["x.days", "x.month", "x.weekday"]
    assert {c.kind for c in feature.columns()} == {"number"}
    assert fit_column("x", Dates(np.array(["2024-01-01", "2025-01-01"], "datetime64[us]"))).kind == "date"


def test_lists_are_left_out() -> None:
    assert fit_column("x", Nested(3)).kind == "nested"


@pytest.mark.parametrize(
    "words", [["1,5", "2", "3,25"], ["true", "false"], ["a", "b", "a"], ["2024-01-05", "2024-02-06"]]
)
def test_what_encoding_needs_survives_json(words: list[str | None]) -> None:
    feature = _fit(words, delimiter=";")
    again = Feature.from_json(loads(dumps(feature.to_json())))
    assert again.to_json() == feature.to_json()
    assert again.columns() == feature.columns()
