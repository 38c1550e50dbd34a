from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from byeori.modalities.tables.cells import (
    Cells,
    Dates,
    Nested,
    Numbers,
    Table,
    Text,
    fingerprint,
    join,
    number_text,
    take,
)

TEXT = Text.of(pa.array(["b", None, "a", "b"]))
NUMBERS = Numbers(np.array([1.0, np.nan, 2.5, 1.0]))
DATES = Dates(np.array(["2024-01-01", "NaT", "2024-01-02", "2024-01-01"], "datetime64[us]"))


def _seen(cells: Cells) -> list[Any]:
    if isinstance(cells, Text):
        return [*cells.spread(np.array(cells.strings(), object), None)]
    return [] if isinstance(cells, Nested) else [str(value) for value in cells.values]


def test_a_text_is_kept_once_and_counted() -> None:
    assert (TEXT.strings(), TEXT.codes.tolist(), TEXT.counts().tolist()) == (["b", "a"], [0, -1, 1, 0], [2, 1])


@pytest.mark.parametrize("cells", [TEXT, NUMBERS, DATES, Nested(4)])
def test_rows_are_taken_in_the_order_asked_for(cells: Cells) -> None:
    taken = take(cells, np.array([2, 1, 1]))
    assert len(taken) == 3
    assert _seen(taken) == [_seen(cells)[i] for i in (2, 1, 1)] if not isinstance(cells, Nested) else True


def test_few_rows_of_many_texts_drop_the_others() -> None:
    many = Text.of(pa.array([*map(str, range(100)), None]))
    taken = take(many, np.array([100, 7, 3, 7]))
    assert isinstance(taken, Text)
    assert (_seen(taken), len(taken.values)) == ([None, "7", "3", "7"], 2)
    assert len(many.values) == 100


def test_columns_of_a_kind_join_as_they_are_and_others_as_text() -> None:
    assert _seen(join(TEXT, Text.of(pa.array(["c", "a"])))) == ["b", None, "a", "b", "c", "a"]
    assert isinstance(join(NUMBERS, NUMBERS), Numbers)
    assert len(join(DATES, DATES)) == 8
    assert _seen(join(NUMBERS, TEXT)) == ["1", None, "2.5", "1", "b", None, "a", "b"]
    assert len(join(Nested(2), NUMBERS)) == 6


@pytest.mark.parametrize(("value", "text"), [(3.0, "3"), (-0.5, "-0.5"), (1e300, "1e+300"), (0.1, "0.1")])
def test_numbers_are_written_as_people_do(value: float, text: str) -> None:
    assert number_text(value) == text


def test_the_fingerprint_follows_names_and_cells() -> None:
    def of(**columns: Cells) -> str:
        return fingerprint(Table(source="t", columns=columns))

    assert of(a=TEXT, b=DATES) == of(a=TEXT, b=DATES)
    assert len({of(a=TEXT), of(b=TEXT), of(a=NUMBERS), of(a=take(TEXT, np.array([0, 1, 2, 2]))), of(a=Nested(4))}) == 5
