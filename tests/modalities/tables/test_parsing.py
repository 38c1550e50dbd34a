from __future__ import annotations

import math

import pyarrow as pa
import pytest

from byeori.modalities.tables.cells import Text
from byeori.modalities.tables.parsing import has_codes, parse_numbers, parse_truth


def _one(word: str, decimal: str = ".") -> tuple[float, bool]:
    # A word that is no number beside it keeps Arrow's quick way from being taken alone.
    parsed = parse_numbers(Text.of(pa.array([word, "no number"])), decimal)
    quick = parse_numbers(Text.of(pa.array([word])), decimal)
    assert bool(parsed.bad[0]) == bool(quick.bad[0])
    assert math.isnan(parsed.values[0]) == math.isnan(quick.values[0])
    return float(parsed.values[0]), bool(parsed.bad[0])


@pytest.mark.parametrize(
    ("word", "value"),
    [("1", 1), (" 2.5 ", 2.5), ("+3", 3), ("-.5", -0.5), ("4.", 4), ("1e-3", 0.001), ("1E5", 1e5), ("-inf", -math.inf)],
)
def test_numbers_are_read(word: str, value: float) -> None:
    assert _one(word) == (value, False)


@pytest.mark.parametrize("word", ["", "?", "NA", "n/a", "NaN", "nan", "NULL", "None", "  "])
def test_markers_are_missing_and_not_wrong(word: str) -> None:
    value, bad = _one(word)
    assert math.isnan(value)
    assert not bad


@pytest.mark.parametrize("word", ["1,000", "1_000", "0x10", "1.2.3", "5 kg", "١", "1,5", "abc", "--1"])
def test_what_is_no_number_is_never_guessed(word: str) -> None:
    value, bad = _one(word)
    assert math.isnan(value)
    assert bad


def test_decimal_commas_are_read_where_asked_for() -> None:
    assert _one("1,5", ",") == (1.5, False)
    assert _one("7", ",") == (7.0, False)
    assert parse_numbers(Text.of(pa.array(["1.234,5", "x"])), ",").bad.all()


def test_truth_values_are_ones_and_zeros() -> None:
    parsed = parse_truth(Text.of(pa.array(["True", "FALSE", "", "true"])))
    assert parsed is not None
    assert parsed.values.tolist()[:2] == [1.0, 0.0]
    assert parse_truth(Text.of(pa.array(["true", "maybe"]))) is None
    assert parse_truth(Text.of(pa.array(["", "NA"]))) is None


@pytest.mark.parametrize(("word", "code"), [("00123", True), ("-01", True), ("00", True), ("0", False), ("0.5", False)])
def test_leading_zeros_make_a_code(word: str, code: bool) -> None:
    assert has_codes(Text.of(pa.array([word, "5"]))) is code
