from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from byeori.modalities.tables.cells import Text
from byeori.modalities.tables.dates import find_format, parse, part, parts_of


def _parsed(words: list[str]) -> list[str]:
    text = Text.of(pa.array(words))
    form = find_format(text)
    assert form is not None
    return [str(stamp) for stamp in parse(pa.array(words), form.name).astype("datetime64[s]")]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["2024-03-01", "2024-12-31"], "2024-03-01T00:00:00"),
        (["2024/3/1", "2024/12/31"], "2024-03-01T00:00:00"),
        (["2024-03-01 12:30", "2024-12-31 00:00"], "2024-03-01T12:30:00"),
        (["2024-03-01T12:30:15.250Z", "2024-12-31T00:00:00Z"], "2024-03-01T12:30:15"),
        (["2024-03-01T09:00:00+09:00", "2024-03-01T09:00:00-0130"], "2024-03-01T00:00:00"),
        (["01.03.2024", "31.12.2024"], "2024-03-01T00:00:00"),
        (["03/01/2024", "12/31/2024"], "2024-03-01T00:00:00"),
        (["3/1/2024 1:05 PM", "12/31/2024 12:00 AM"], "2024-03-01T13:05:00"),
        (["1 March 2024", "31 Dec 2024"], "2024-03-01T00:00:00"),
        (["Mar 1, 2024", "December 31, 2024"], "2024-03-01T00:00:00"),
    ],
)
def test_common_ways_to_write_dates_are_read(words: list[str], first: str) -> None:
    assert _parsed(words)[0] == first


@pytest.mark.parametrize(
    "words",
    [
        ["2024-13-01", "2024-02-30", "2024-00-10"],
        ["12", "13"],
        ["1.5", "2.5"],
        ["a", "b"],
        ["1-2-3", "4-5-6"],
        ["", "NA"],
        ["2024-01-01", "soon", "later"],
    ],
)
def test_what_is_no_date_is_none(words: list[str]) -> None:
    assert find_format(Text.of(pa.array(words))) is None


def test_a_column_nearly_all_dates_is_one_and_the_rest_is_missing() -> None:
    words = [f"2024-01-{1 + i % 28:02d}" for i in range(99)] + ["unknown"]
    form = find_format(Text.of(pa.array(words)))
    assert form is not None
    assert np.isnat(parse(pa.array(words), form.name)).sum() == 1


def test_day_and_month_are_told_apart_by_what_parses_and_else_are_ambiguous() -> None:
    first = find_format(Text.of(pa.array(["01/02/2024", "13/02/2024"])))
    second = find_format(Text.of(pa.array(["01/02/2024", "02/13/2024"])))
    third = find_format(Text.of(pa.array(["01/02/2024", "02/03/2024"])))
    fourth = find_format(Text.of(pa.array(["01.02.2024", "02.03.2024"])))
    assert first
    assert second
    assert third
    assert fourth
    assert [f.name for f in (first, second, third, fourth)] == ["day first", "month first", "month first", "day first"]
    assert [f.ambiguous for f in (first, second, third, fourth)] == [False, False, True, True]


def test_parts_are_numbers_and_missing_stays_missing() -> None:
    stamps = np.array(["1969-12-31T18:00", "2024-02-29T23:59", "NaT"], "datetime64[us]")
    expected = {
        "days": [-0.25, 19782 + 1439 / 1440],
        "year": [1969, 2024],
        "month": [12, 2],
        "day": [31, 29],
        "weekday": [2, 3],
        "hour": [18, 23],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(part(stamps, name), [*values, np.nan])


def test_only_parts_that_vary_are_used() -> None:
    assert parts_of(np.array(["2024-01-01", "2024-01-02"], "datetime64[us]")) == ("days", "day", "weekday")
    assert "hour" in parts_of(np.array(["2024-01-01T01", "2024-01-02T05"], "datetime64[us]"))
