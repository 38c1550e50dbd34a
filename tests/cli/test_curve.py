from __future__ import annotations

import pytest

from byeori.cli.curve import braille


def dots(lines: list[str]) -> int:
    return sum((ord(c) - 0x2800).bit_count() for line in lines for c in line)


def test_a_curve_has_the_size_asked_for() -> None:
    lines = braille([(0, 0.1), (5, 0.4), (9, 0.9)], columns=12, rows=3, until=20)
    assert [len(line) for line in lines] == [12, 12, 12]


def test_a_rising_curve_begins_at_the_bottom_and_ends_on_top() -> None:
    lines = braille([(0, 0.0), (1, 1.0)], columns=6, rows=2, until=2)
    assert lines[0].startswith("⠀")
    assert lines[-1].startswith("⣀")
    assert ord(lines[0][-1]) & 0x09, "the top dots of the last column are set"


def test_a_falling_curve_is_a_rising_one_upside_down() -> None:
    up = braille([(0, 0.0), (1, 1.0)], 8, 2, until=2)
    down = braille([(0, 1.0), (1, 0.0)], 8, 2, until=2)
    assert dots(up) == dots(down)
    assert up != down


@pytest.mark.parametrize("points", [[(3.0, 0.5)], [(0.0, 0.5), (9.0, 0.5)], [(1.0, 0.2), (1.0, 0.3)]])
def test_flat_and_momentary_curves_are_drawn(points: list[tuple[float, float]]) -> None:
    assert dots(braille(points, 5, 2)) >= 10, "a dot in every one of ten columns"


@pytest.mark.parametrize(("points", "columns", "rows"), [([], 5, 2), ([(0, 1.0)], 0, 2), ([(0, 1.0)], 5, 0)])
def test_nothing_is_drawn_of_nothing(points: list[tuple[float, float]], columns: int, rows: int) -> None:
    assert braille(points, columns, rows) == []
