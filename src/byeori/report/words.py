"""Numbers and small pieces of HTML, as the page has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import floor, log10

from byeori._util.json import Json
from byeori.report.svg import GREEN, bar


def number(value: float | None) -> str:
    """Return a figure as people read it; a dash where there is none.

    Example:
        >>> number(0.97312), number(12345.6), number(0.0), number(None)
        ('0.9731', '12,346', '0', '–')
    """
    if value is None:
        return "–"
    if 1000 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.4g}" if not value or abs(value) >= 1e-3 else f"{value:.2g}"


def interval(found: Mapping[str, float | None] | None, places: int | None = None) -> str:
    """Return a value with its interval, to as many places as the interval's width makes sense of.

    Args:
        found: `value`, `low` and `high`.
        places: Decimal places, where several are to look alike.

    Example:
        >>> interval({"value": 0.99375, "low": 0.98125, "high": 1.0})
        '0.9938 (0.9812 – 1.0000)'
        >>> interval({"value": 57.757, "low": 50.3, "high": 66})
        '57.8 (50.3 – 66.0)'
    """
    if not found or found.get("value") is None:
        return "–"
    value, low, high = found["value"], found.get("low"), found.get("high")
    if low is None or high is None or value is None:
        return number(value)
    places = decimals([found]) if places is None else places
    if places > 6:
        return f"{number(value)} ({number(low)} – {number(high)})"
    return f"{value:,.{places}f} ({low:,.{places}f} – {high:,.{places}f})"


def decimals(found: Sequence[Mapping[str, float | None] | None]) -> int:
    """Return the decimal places that show three figures of the widest interval; 7 where there is no width."""
    widths = [(i.get("high") or 0.0) - (i.get("low") or 0.0) for i in found if i]
    widest = max(widths, default=0.0)
    return max(0, 2 - floor(log10(widest))) if widest > 0 else 7


def count(value: float | None) -> str:
    """Return a whole number with commas; a dash for none and for 0."""
    return "–" if not value else f"{int(value):,}"


def times(number_: int) -> str:
    """Return `once`, or `3 times`."""
    return "once" if number_ == 1 else f"{number_} times"


def span(found: Sequence[Json]) -> tuple[float, float]:
    """Return the lowest low and the highest high of intervals."""
    lows = [i["low"] for i in found if i and i.get("low") is not None]
    highs = [i["high"] for i in found if i and i.get("high") is not None]
    return (min(lows, default=0.0), max(highs, default=1.0))


def picture(found: Json, edges: tuple[float, float], colour: str = GREEN) -> str:
    """Return the bar of an interval; nothing where a number is missing."""
    if not found or any(found.get(key) is None for key in ("value", "low", "high")):
        return ""
    return bar(found["value"], found["low"], found["high"], edges, colour)


def section(title: str, body: str) -> str:
    """Return a section of the page."""
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def table(rows: str, *, kind: str = "") -> str:
    """Return a table that scrolls by itself where the page is narrow."""
    return f'<div class="wide"><table class="{kind}">{rows}</table></div>' if rows else ""


def listed(items: Sequence[str], *, kind: str = "") -> str:
    """Return a list of texts, escaped; nothing where there are none."""
    inner = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f'<ul class="{kind}">{inner}</ul>' if inner else ""


def folded(title: str, body: str) -> str:
    """Return what is shown when its title is clicked."""
    return f"<details><summary>{escape(title)}</summary>{body}</details>"


def changed(steps: Sequence[Mapping[str, str | None]]) -> str:
    """Return what changed from a parent to a child as a list."""
    lines = "".join(
        f"<li><code>{escape(step['path'] or 'family')}</code> "
        f"{_answer(step['before'])} → <b>{_answer(step['after'])}</b></li>"
        for step in steps
    )
    return f"<ul>{lines}</ul>" if lines else ""


def _answer(said: str | None) -> str:
    return "<i>not there</i>" if said is None else escape(said)
