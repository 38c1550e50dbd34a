from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from byeori.cli.predict import table_text


def test_rows_come_out_in_order_and_read_back() -> None:
    text = table_text(["input", "prediction", "proba_a,b"], [("x, y.png", "a,b", np.float64(0.25)), ('"q"', "c", 1.0)])
    assert list(csv.reader(io.StringIO(text))) == [
        ["input", "prediction", "proba_a,b"],
        ["x, y.png", "a,b", "0.25"],
        ['"q"', "c", "1.0"],
    ]


@pytest.mark.parametrize("evil", ["=1+1", "+cmd", "-x|y", "@SUM(A1)", "\t=1", " =1"])
def test_text_that_a_spreadsheet_would_run_is_made_harmless(evil: str) -> None:
    (_, row) = csv.reader(io.StringIO(table_text(["input", "prediction"], [("a", evil)]), newline=""))
    assert row[1] == f"'{evil}"


@pytest.mark.parametrize("harmless", ["-1", "+2.5", "-1e-3", "a=b", "7", "", "고양이"])
def test_numbers_and_plain_labels_stay_as_they_are(harmless: str) -> None:
    (_, row) = csv.reader(io.StringIO(table_text(["input", "prediction"], [("a", harmless)])))
    assert row[1] == harmless


def test_a_carriage_return_breaks_no_row() -> None:
    assert table_text(["input"], [("a\r=b",)]) == "input\na =b\n"


def test_headers_are_made_harmless_too() -> None:
    assert table_text(["=x"], []).strip() == "'=x"
