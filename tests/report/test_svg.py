from __future__ import annotations

import re
from math import inf, nan
from xml.etree import ElementTree

import pytest

from byeori.report.svg import Line, bar, chart


def svg(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture[picture.index("<svg") : picture.index("</svg>") + 6])


def ticks(picture: str) -> list[str]:
    return [text.text or "" for text in svg(picture).iter("text")][:-2]


def test_ticks_are_round_and_hold_the_values_between_them() -> None:
    found = ticks(chart([Line(points=[(1, 0.066), (30, 2.302)], name="loss")], x="epoch", y="loss"))
    assert found == ["0", "1", "2", "3", "10", "20", "30"]


@pytest.mark.parametrize("values", [[5.0], [0.0, 0.0], [-3.0, -3.0], [1e-9, 2e-9], [1e12, 3e12], [-1.0, 1.0]])
def test_every_point_lies_in_the_picture(values: list[float]) -> None:
    picture = chart([Line(points=list(enumerate(values)), name="a", dots=True)], x="x", y="y")
    for circle in svg(picture).iter("circle"):
        assert 0 <= float(circle.attrib["cx"]) <= 520
        assert 0 <= float(circle.attrib["cy"]) <= 260
    assert 4 <= len(ticks(picture)) <= 12


def test_what_is_no_number_is_left_out() -> None:
    assert chart([Line(points=[(0, nan), (1, inf)], name="a")], x="x", y="y") == ""
    picture = chart([Line(points=[(0, 1.0), (1, nan), (2, 2.0)], name="a")], x="x", y="y")
    (line,) = svg(picture).iter("polyline")
    assert len(line.attrib["points"].split()) == 2
    assert "nan" not in picture


def test_outliers_are_drawn_at_the_end_where_they_are_not_wanted() -> None:
    points = [(n, 0.9 + 0.01 * (n % 3)) for n in range(30)] + [(30, 0.1)]
    line = [Line(points=points, name="a", dots=True)]
    assert "0.25" in ticks(chart(line, x="x", y="y"))
    near = chart(line, x="x", y="y", outliers=False)
    assert "0.25" not in ticks(near)
    assert float(list(svg(near).iter("circle"))[-1].attrib["cy"]) == 220.0


def test_names_are_escaped() -> None:
    hostile = '"><script>alert(1)</script>'
    picture = chart([Line(points=[(0, 1), (1, 2)], name=hostile)], x=hostile, y=hostile)
    assert "<script" not in picture
    assert svg(picture).attrib["aria-label"] == f"{hostile} against {hostile}"


def test_a_single_point_is_a_dot() -> None:
    assert len(list(svg(chart([Line(points=[(1, 1)], name="a")], x="x", y="y")).iter("circle"))) == 1


def test_a_bar_keeps_inside_its_edges() -> None:
    found = bar(2.0, -5.0, 9.0, (0.0, 1.0))
    numbers = [float(n) for n in re.findall(r'[xc]\w?="([-\d.]+)"', found)]
    assert min(numbers) >= 5
    assert max(numbers) <= 155
    assert "nan" not in bar(1.0, 1.0, 1.0, (1.0, 1.0))
