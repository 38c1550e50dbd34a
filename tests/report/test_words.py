from __future__ import annotations

import pytest

from byeori.report.words import changed, decimals, folded, interval, listed, number, picture, span, table


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (0.0, "0"),
        (1.0, "1"),
        (0.123456, "0.1235"),
        (-2500.4, "-2,500"),
        (1.5e12, "1.5e+12"),
        (9e-8, "9e-08"),
    ],
)
def test_a_number_is_readable(value: float | None, said: str) -> None:
    assert number(value) == said


def test_an_interval_has_as_many_places_as_its_width_makes_sense_of() -> None:
    assert interval({"value": 0.006129, "low": 9.5e-8, "high": 0.01868}) == "0.0061 (0.0000 – 0.0187)"
    assert interval({"value": 12345.6, "low": 11000.0, "high": 14000.0}) == "12,346 (11,000 – 14,000)"
    assert interval({"value": 1.0, "low": 1.0, "high": 1.0}) == "1 (1 – 1)"
    assert interval({"value": 1e-12, "low": 0.5e-12, "high": 2e-12}) == "1e-12 (5e-13 – 2e-12)"


def test_what_is_missing_is_a_dash_and_no_error() -> None:
    assert interval(None) == interval({"value": None, "low": 0.0, "high": 1.0}) == "–"
    assert interval({"value": 0.5, "low": None, "high": None}) == "0.5"
    assert picture({"value": 0.5, "low": None, "high": 1.0}, (0.0, 1.0)) == ""
    assert span([None, {"low": None, "high": None}]) == (0.0, 1.0)
    assert table("") == listed([]) == changed([]) == ""


def test_several_intervals_look_alike() -> None:
    found = [{"value": 0.9, "low": 0.85, "high": 0.93}, {"value": 0.5, "low": 0.2, "high": 0.8}]
    assert decimals(found) == 3
    assert [interval(one, 3) for one in found] == ["0.900 (0.850 – 0.930)", "0.500 (0.200 – 0.800)"]


def test_texts_are_escaped() -> None:
    hostile = "<b onclick='x'>"
    pieces = [listed([hostile]), folded(hostile, ""), changed([{"path": hostile, "before": hostile, "after": hostile}])]
    assert all("<b onclick" not in piece for piece in pieces)
    assert "not there" in changed([{"path": "a", "before": None, "after": "1"}])
