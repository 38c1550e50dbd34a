"""Small charts as inline SVG: no script, no network, readable in print. Colours are Okabe and Ito's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite

BLUE, ORANGE, GREEN, GREY, RED = "#0072b2", "#e69f00", "#009e73", "#999999", "#d55e00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart: points, a name, a colour; `dots` draws points instead."""

    points: Sequence[tuple[float, float]]
    name: str
    colour: str = BLUE
    dots: bool = False


def chart(lines: Sequence[Line], *, x: str, y: str, width: int = 520, height: int = 260) -> str:
    """Return a line chart.

    Args:
        lines: What is drawn; points that are no numbers are left out.
        x: Name of the horizontal axis.
        y: Name of the vertical axis.
        width: Of the picture, pixels.
        height: Of the picture, pixels.
    """
    clean = [Line(points=_finite(line.points), name=line.name, colour=line.colour, dots=line.dots) for line in lines]
    every = [p for line in clean for p in line.points]
    if not every:
        return ""
    left, right, top, bottom = 56, 12, 12, 40
    (x0, x1), (y0, y1) = _range([p[0] for p in every]), _range([p[1] for p in every])

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across = left + (point[0] - x0) / (x1 - x0) * (width - left - right)
        up = height - bottom - (point[1] - y0) / (y1 - y0) * (height - top - bottom)
        return round(across, 1), round(up, 1)

    parts = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(y)} against {escape(x)}">']
    for tick in _ticks(y0, y1):
        _, up = place((x0, tick))
        parts.append(f'<line x1="{left}" y1="{up}" x2="{width - right}" y2="{up}" class="grid"/>')
        parts.append(f'<text x="{left - 6}" y="{up + 4}" text-anchor="end">{_number(tick)}</text>')
    for tick in _ticks(x0, x1):
        across, _ = place((tick, y0))
        parts.append(f'<text x="{across}" y="{height - bottom + 16}" text-anchor="middle">{_number(tick)}</text>')
    parts.extend(_drawn(line, [place(p) for p in line.points]) for line in clean)
    parts.append(f'<text x="{width / 2}" y="{height - 6}" text-anchor="middle">{escape(x)}</text>')
    parts.append(f'<text x="14" y="{top + 2}" class="axis">{escape(y)}</text></svg>')
    legend = "".join(f'<span><i style="background:{line.colour}"></i>{escape(line.name)}</span>' for line in clean)
    return f'<figure>{"".join(parts)}<figcaption class="legend">{legend}</figcaption></figure>'


def bar(value: float, low: float, high: float, span: tuple[float, float], colour: str = BLUE) -> str:
    """Return a value with its interval as a small picture in a table's cell."""
    first, last = span
    width = (last - first) or 1.0

    def at(number: float) -> float:
        return round(4 + 152 * min(1.0, max(0.0, (number - first) / width)), 1)

    return (
        '<svg viewBox="0 0 160 16" class="bar" aria-hidden="true">'
        f'<line x1="{at(low)}" y1="8" x2="{at(high)}" y2="8" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{at(value)}" cy="8" r="4" fill="{colour}"/></svg>'
    )


def _drawn(line: Line, places: Sequence[tuple[float, float]]) -> str:
    if line.dots:
        return "".join(f'<circle cx="{a}" cy="{b}" r="2.5" fill="{line.colour}" opacity="0.6"/>' for a, b in places)
    path = " ".join(f"{a},{b}" for a, b in places)
    return f'<polyline points="{path}" fill="none" stroke="{line.colour}" stroke-width="2"/>'


def _finite(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [p for p in points if isfinite(p[0]) and isfinite(p[1])]


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low == high:
        pad = abs(low) * 0.1 or 1.0
        return low - pad, high + pad
    return low, high


def _ticks(low: float, high: float) -> list[float]:
    return [low + (high - low) * i / 4 for i in range(5)]


def _number(value: float) -> str:
    if value and (abs(value) >= 1e5 or abs(value) < 1e-3):
        return f"{value:.1e}"
    return f"{value:.4g}"
