"""Text of other people's in sentences of ours: on one line, and no longer than can be read."""

from __future__ import annotations


def brief(text: str, width: int = 60) -> str:
    r"""Return text on one line, cut where it is longer than `width` characters.

    Example:
        >>> brief("two\n lines"), brief("a" * 100, 5)
        ('two lines', 'aaaa…')
    """
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"
