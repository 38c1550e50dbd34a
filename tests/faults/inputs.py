"""Wrong and odd inputs: commands run in this process, what a refusal must look like, and small data to spoil."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from byeori.cli.main import run
from byeori.cli.options import Session

QUICK = ("--trials", "1", "--executor", "inline")
"""What makes a fit short, and keeps it in this process."""


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one sentence of a refused input: exit code 2, nothing on stdout, and one line that begins so."""
        said = [line for line in self.err.splitlines() if not line.startswith("[")]
        assert self.code == 2, (self.code, self.err)
        assert self.out == ""
        assert len(said) == 1, self.err
        assert said[0].startswith("Error: ")
        assert said[0].endswith((".", "?"))
        assert len(said[0]) < 1000
        for bad in ("Traceback", "Errno", "fault in Byeori"):
            assert bad not in said[0]
        return said[0]

    @property
    def json(self) -> Any:
        """What a command with --json printed, once it is done."""
        assert self.code == 0, self.err
        assert "Traceback" not in self.err
        return json.loads(self.out)


def say(*arguments: object) -> Answer:
    """Run a command in this process, as `main` does."""
    out, err, before = io.StringIO(), io.StringIO(), sys.excepthook
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run([str(a) for a in arguments], Session(time.monotonic()))
    finally:
        sys.excepthook = before
    return Answer(code, out.getvalue(), err.getvalue())


def refused(answer: Answer, *words: str) -> str:
    """The sentence of a refused input, which names what it must."""
    sentence = answer.sentence
    for word in words:
        assert word in sentence, sentence
    return sentence


def rows_of(
    labels: Sequence[str], count: int = 40, names: Sequence[str] = ("width", "height", "kind")
) -> list[list[str]]:
    """A table whose first column tells the label: the names, then `count` rows that take the labels in turn."""
    dice = random.Random(0)
    found = [list(names)]
    for i in range(count):
        place = i % len(labels)
        found.append([f"{dice.gauss(2.0 * place, 1.0):.3f}", f"{dice.gauss(0.0, 1.0):.3f}", labels[place]])
    return found


def write(path: Path, rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> Path:
    """Write a table as CSV."""
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows(rows)
    return path


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Read what `byeori predict` wrote: the names of the columns, and the rows."""
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert all(len(row) == len(head) for row in rows)
    return head, rows


def plain(cell: str) -> str:
    """A cell as it was before a ' was put before it against spreadsheets."""
    return cell[1:] if cell.startswith("'") else cell


def picture(path: Path, seed: int, size: int = 12) -> Path:
    """Write a small picture of noise, its brightness told by the seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 200, (size, size, 3))
    Image.fromarray((noise + seed % 50).astype(np.uint8)).save(path, format="PNG")
    return path


def pictures(folder: Path, labels: Sequence[str] = ("cat", "dog"), each: int = 6, start: int = 0) -> Path:
    """Write a folder a class."""
    for at, label in enumerate(labels):
        for number in range(each):
            picture(folder / label / f"{number}.png", start + 100 * at + number)
    return folder


def schema_of(study: Path) -> dict[str, Any]:
    """What a study's model says of its data."""
    record: dict[str, Any] = json.loads((study / "model" / "model.json").read_text(encoding="utf-8"))["schema"]
    return record
