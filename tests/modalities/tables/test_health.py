from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from byeori.core.schema import Finding, Health, Source
from byeori.modalities.tables.tables import Tables

Write = Callable[..., Path]
RNG = np.random.default_rng(0)
N = 60


def _frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"x": RNG.normal(size=N), **columns, "kind": ["a", "b"] * (N // 2)})


def _health(data: Any, **said: Any) -> Health:
    tables, source = Tables(), Source(data=data, **{"target": "kind", **said})
    return tables.check(source, tables.infer(source))


def _finding(health: Health, code: str) -> Finding:
    (found,) = [f for f in health.findings if f.code == code]
    return found


def test_a_clean_table_has_no_findings() -> None:
    health = _health(_frame())
    assert health.findings == ()
    assert health.counts == {"a": 30, "b": 30}
    assert {"rows": N, "columns": 2, "missing_cells": 0, "duplicate_rows": 0}.items() <= health.facts.items()


def test_columns_left_out_are_named_with_the_reason() -> None:
    columns: dict[str, Any] = {
        "gone": [None] * N,
        "same": 7,
        "row_id": [f"u{i}" for i in range(N)],
        "note": [f"a long remark {i}" for i in range(N)],
        "list": [[i] for i in range(N)],
    }
    health = _health(_frame(**columns))
    codes = ("all-missing", "constant", "id-like", "free-text", "nested")
    assert [_finding(health, code).items for code in codes] == [(name,) for name in columns]
    assert [_finding(health, code).level for code in codes] == ["warning", "note", "note", "note", "warning"]


def test_missing_cells_are_counted_by_column() -> None:
    word = pd.Series(["None", "brick", "", "?"] * 15)
    facts = _health(_frame(word=word, number=["1", "NA", "", "2.5"] * 15)).facts
    assert facts["missing"] == {"word": 30, "number": 30}
    assert facts["missing_cells"] == 60


def test_equal_rows_and_rows_under_two_labels_are_listed() -> None:
    frame = _frame()
    frame.loc[10] = frame.loc[0]
    frame.loc[11, "x"] = frame.loc[4, "x"]
    health = _health(frame)
    assert _finding(health, "exact-duplicates").items == ("row 11",)
    assert _finding(health, "conflicting-duplicates").items == ("row 5", "row 12")
    assert _finding(health, "conflicting-duplicates").count == 2


def test_rows_of_the_training_table_in_the_test_table_are_listed() -> None:
    frame = _frame()
    test = pd.concat([frame.iloc[[3]], _frame().head(5)])
    assert _finding(_health(frame, test=test), "test-duplicates").items == ("test row 1",)


def test_columns_of_the_test_table_alone_are_noted() -> None:
    assert _finding(_health(_frame(), test=_frame(more=1)), "extra-columns").items == ("more",)


def test_what_was_inferred_is_said(write: Write) -> None:
    rows = "\n".join(f"{x:.4f},{i % 3}" for i, x in enumerate(RNG.normal(size=N)))
    health = _health(write(f"x,grade\n{rows}\n"), target=None)
    assert "column 'grade'" in _finding(health, "target-chosen").message
    assert "3 different whole numbers, taken as classes" in _finding(health, "task-inferred").message


def test_labels_that_differ_by_spelling_and_words_for_missing_are_named() -> None:
    health = _health(_frame().assign(kind=["cat", "Cat", " cat", "ｃat", "dog", "NA"] * 10))
    assert set(_finding(health, "label-spelling").items) == {"cat", "Cat", " cat", "ｃat"}
    assert _finding(health, "missing-like-label").items == ("NA",)


def test_imbalance_names_the_smallest_class() -> None:
    finding = _finding(_health(_frame().assign(kind=["a"] * 55 + ["b"] * 5)), "imbalance")
    assert finding.message == "Class 'a' has 55 rows and class 'b' 5."


def test_leaks_are_suspected_with_the_way_out() -> None:
    finding = _finding(_health(_frame(after=[1.5, 9.5] * 30)), "leak")
    assert finding.items == ("after",)
    assert finding.mend.endswith("--ignore after")


def test_wrong_infinite_and_ambiguous_cells_are_said() -> None:
    size = [f"{i / 7:.2f}" for i in range(N)]
    size[3], size[4] = "wide", "inf"
    when = [f"{1 + i % 12:02d}/{1 + i % 7:02d}/2024" for i in range(N)]
    health = _health(_frame(size=size, when=when))
    assert "1 cells of 'size' are no numbers (for example 'wide')" in _finding(health, "unparsable").message
    assert _finding(health, "infinite").count == 1
    assert "could be day or month first; they were read month first" in _finding(health, "ambiguous-dates").message


def test_many_categories_and_decimal_commas_are_noted(write: Write) -> None:
    rows = [f"{i % 7},{i % 5};{'hub' if i % 2 else f'v{i}'};{'ab'[i % 2 ^ i % 3 == 0]}" for i in range(160)]
    health = _health(write("n;place;kind\n" + "\n".join(rows)))
    assert _finding(health, "high-cardinality").count == 81
    assert _finding(health, "decimal-comma").items == ("n",)


def test_encoding_and_nameless_columns_are_noted(write: Write) -> None:
    rows = "\n".join(f"{x:.3f},{i * i},{'가나'[i % 2]}" for i, x in enumerate(RNG.normal(size=N)))
    health = _health(write(f"값,,kind\n{rows}\n".encode("cp949")))
    assert "read as euc-kr" in _finding(health, "encoding").message
    assert "number 2; called c1" in _finding(health, "unnamed-column").message


def test_wide_tables_and_few_groups_are_warned_of() -> None:
    wide = pd.DataFrame(RNG.normal(size=(N, 70))).assign(kind=["a", "b"] * 30)
    assert "70 columns for 60 rows" in _finding(_health(wide), "wide").message
    assert _finding(_health(_frame(g=[1, 2, 3] * 20), group="g"), "few-groups").count == 3


def test_the_worst_comes_first() -> None:
    levels = [f.level for f in _health(_frame(same=1, gone=[None] * N)).findings]
    assert levels == sorted(levels, key=["error", "warning", "note"].index)
    assert len(levels) == 2
