"""What a command prints: results on stdout, everything else on stderr, JSON as one object."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from byeori._util.json import Json, dumps


def out(text: str = "") -> None:
    """Print one line of the result."""
    sys.stdout.write(text + "\n")


def err(text: str) -> None:
    """Print one line about the result."""
    sys.stderr.write(text + "\n")


def one_object(value: Json) -> None:
    """Print a result as one JSON object on one line."""
    sys.stdout.write(dumps(value).decode() + "\n")


def facts(rows: Mapping[str, object]) -> None:
    """Print names and values, aligned.

    Example:
        >>> facts({"task": "classification", "trials": 12})
        task    classification
        trials  12
    """
    width = max(map(len, rows), default=0)
    for name, value in rows.items():
        out(f"{name:<{width}}  {value}")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table as wide as the terminal, without a frame, so that it can be cut and pasted."""
    view = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        view.add_column(column, overflow="fold")
    for row in rows:
        view.add_row(*row)
    Console(highlight=False, markup=False).print(view)


def number(value: float | None) -> str:
    """Return a figure as people read it; a dash where there is none.

    Example:
        >>> number(0.97312), number(1234.5), number(None)
        ('0.9731', '1234', '–')
    """
    if value is None or value != value:
        return "–"
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
