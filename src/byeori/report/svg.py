"""Small charts as inline SVG: no script, no network, readable in print. Colours are Okabe and Ito's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from math import ceil, floor, isfinite, log10
from statistics import quantiles

BLUE, ORANGE, GREEN, GREY, RED = "#0072b2", "#e69f00", "#009e73", "#999999", "#d55e00"

_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 14, 26, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart: points, a name, a colour; `dots` draws points instead."""

    points: Sequence[tuple[float, float]]
    name: str
    colour: str = BLUE
    dots: bool = False


def chart(lines: Sequence[Line], *, x: str, y: str, width: int = 520, height: int = 260, outliers: bool = True) -> str:
    """Return a line chart; nothing where there is no point.

    Args:
        lines: What is drawn; points that are no numbers are left out.
        x: Name of the horizontal axis.
        y: Name of the vertical axis.
        width: Of the picture, pixels.
        height: Of the picture, pixels.
        outliers: Whether the vertical axis reaches them; else they are drawn at its end.
    """
    clean = [replace(line, points=_finite(line.points)) for line in lines]
    every = [p for line in clean for p in line.points]
    if not every:
        return ""
    across, sides = _ticks([p[0] for p in every], outward=False)
    up, ends = _ticks([p[1] for p in every] if outliers else _usual([p[1] for p in every]), outward=True)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        right, top = _share(point[0], *sides), _share(point[1], *ends)
        high = height - _BOTTOM - top * (height - _TOP - _BOTTOM)
        return round(_LEFT + right * (width - _LEFT - _RIGHT), 1), round(high, 1)

    parts = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(y)} against {escape(x)}">']
    for tick in up:
        _, at = place((sides[0], tick))
        parts.append(f'<line x1="{_LEFT}" y1="{at}" x2="{width - _RIGHT}" y2="{at}" class="grid"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4}" text-anchor="end">{_number(tick)}</text>')
    for tick in across:
        at, _ = place((tick, ends[0]))
        parts.append(f'<text x="{at}" y="{height - _BOTTOM + 16}" text-anchor="middle">{_number(tick)}</text>')
    parts.extend(_drawn(line, [place(p) for p in line.points]) for line in clean)
    parts.append(f'<text x="{(_LEFT + width - _RIGHT) / 2}" y="{height - 6}" text-anchor="middle">{escape(x)}</text>')
    parts.append(f'<text x="4" y="12">{escape(y)}</text></svg>')
    legend = "".join(
        f'<span><i style="background:{line.colour}"></i>{escape(line.name)}</span>' for line in clean if line.points
    )
    return f'<figure>{"".join(parts)}<figcaption class="legend">{legend}</figcaption></figure>'


def bar(value: float, low: float, high: float, span: tuple[float, float], colour: str = BLUE) -> str:
    """Return a value with its interval as a small picture in a table's cell.

    Args:
        value: The value.
        low: Lower end of its interval.
        high: Upper end of its interval.
        span: What the picture's edges stand for.
        colour: Of the line and the dot.
    """
    first, last = span
    width = (last - first) or 1.0

    def at(number: float) -> float:
        return round(5 + 150 * min(1.0, max(0.0, (number - first) / width)), 1)

    return (
        '<svg viewBox="0 0 160 16" class="bar" aria-hidden="true">'
        f'<line x1="{at(low)}" y1="8" x2="{at(high)}" y2="8" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{at(value)}" cy="8" r="4" fill="{colour}"/></svg>'
    )


def _drawn(line: Line, places: Sequence[tuple[float, float]]) -> str:
    if line.dots or len(places) == 1:
        return "".join(f'<circle cx="{a}" cy="{b}" r="2.5" fill="{line.colour}" opacity="0.7"/>' for a, b in places)
    path = " ".join(f"{a},{b}" for a, b in places)
    return f'<polyline points="{path}" fill="none" stroke="{line.colour}" stroke-width="2"/>'


def _finite(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [p for p in points if isfinite(p[0]) and isfinite(p[1])]


def _usual(values: Sequence[float]) -> list[float]:
    """Return the values that are not far out: within three interquartile ranges of the quartiles (Tukey)."""
    if len(values) < 8:
        return list(values)
    first, _, third = quantiles(values, n=4)
    reach = 3 * (third - first)
    return [v for v in values if first - reach <= v <= third + reach] if reach else list(values)


def _ticks(values: Sequence[float], *, outward: bool) -> tuple[list[float], tuple[float, float]]:
    """Return about five round numbers, and the axis' ends: the values' own, or the round numbers outside of them."""
    low, high = min(values), max(values)
    if low == high:
        pad = abs(low) * 0.1 or 1.0
        low, high = low - pad, high + pad
    rough = (high - low) / 4
    unit = 10.0 ** floor(log10(rough))
    step = unit * next(s for s in (1, 2, 2.5, 5, 10) if s * unit >= rough * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    ticks = [float(f"{i * step:.12g}") for i in range(first, last + 1)]
    if outward:
        return ticks, (ticks[0], ticks[-1])
    return [t for t in ticks if low <= t <= high], (low, high)


def _share(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _number(value: float) -> str:
    if value and (abs(value) >= 1e5 or abs(value) < 1e-3):
        return f"{value:.2g}"
    return f"{value:.5g}"
