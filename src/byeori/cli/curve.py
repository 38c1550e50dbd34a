"""A small curve in braille: the best value so far against time, two dots a column, four dots a row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BLANK = 0x2800


def braille(points: Sequence[tuple[float, float]], columns: int, rows: int, until: float | None = None) -> list[str]:
    """Draw a step curve: between two points it stays at the earlier one's value.

    Args:
        points: (time, value), times ascending; a value may be anything finite.
        columns: Width in characters.
        rows: Height in characters.
        until: Time at the right edge; the last point's if left out.

    Returns:
        `rows` lines of `columns` characters, the greatest value on top; nothing where there are no points.

    Example:
        >>> braille([(0, 0.0), (1, 1.0)], columns=4, rows=1)
        ['⣀⣀⣀⣸']
    """
    if not points or columns < 1 or rows < 1:
        return []
    times = [time for time, _ in points]
    first, last = times[0], max(times[-1], until if until is not None else times[-1])
    low, high = min(value for _, value in points), max(value for _, value in points)
    width, height = 2 * columns, 4 * rows
    cells = [[_BLANK] * columns for _ in range(rows)]
    before = None
    for x in range(width):
        time = first + (last - first) * (x / (width - 1))
        value = points[max(0, bisect_right(times, time) - 1)][1]
        y = round((high - value) / (high - low) * (height - 1)) if high > low else height - 1
        for dot in range(min(y, before if before is not None else y), max(y, before if before is not None else y) + 1):
            cells[dot // 4][x // 2] |= _DOTS[x % 2][dot % 4]
        before = y
    return ["".join(map(chr, row)) for row in cells]
