"""Small tables as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write text or bytes into a file and return its path."""

    def make(content: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


@pytest.fixture
def mixed() -> str:
    """A clean CSV of 120 rows: numbers, a category, a date, missing cells, two classes."""
    rng = np.random.default_rng(0)
    rows = ["size,colour,when,class"]
    for i in range(120):
        size = "" if i % 17 == 0 else f"{rng.normal():.3f}"
        colour = ["red", "green", "blue"][rng.integers(3)]
        rows.append(
            f"{size},{colour},20{10 + i % 12}-0{1 + i % 9}-{10 + i % 18},{'yes' if rng.random() < 0.4 else 'no'}"
        )
    return "\n".join(rows) + "\n"
