"""The options that several commands share, each declared once, and what the whole command line knows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from byeori import catalog
from byeori.cli import times


@dataclass(frozen=True, slots=True)
class Session:
    """What every command is told: when it began (monotonic seconds), and whether faults are shown in full."""

    started: float
    debug: bool = False

    @staticmethod
    def of(context: typer.Context) -> Session:
        """Return the session of a command that runs; a new one where none was made."""
        found = context.find_object(Session)
        return found if found is not None else Session(time.monotonic())


def names(kind: str) -> str:
    """Return the catalog's built-in names of a kind, for a help text."""
    return ", ".join(row.name for row in catalog.ROWS if row.kind == kind)


def known(kind: str, name: str | None) -> None:
    """Look a name up before anything is loaded, so that a typo costs no second.

    Raises:
        OptionError: The catalog does not know it.
    """
    if name is not None:
        catalog.find(kind, name)


def maybe_seconds(text: str | None) -> float | None:
    """Return the seconds of an optional time."""
    return None if text is None else times.seconds(text)


Data = Annotated[
    str,
    typer.Argument(metavar="DATA", help="A folder of images with a folder a class, a CSV, TSV, ARFF, Parquet or npz."),
]
StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="The folder that `byeori fit --out` made.")]
ModelFolder = Annotated[Path, typer.Argument(metavar="MODEL", help="A model's folder, or the study that holds it.")]
Target = Annotated[str | None, typer.Option(help="Column to predict; the obvious one if left out.")]
Task = Annotated[str | None, typer.Option(help="classification or regression; inferred if left out.")]
Ignore = Annotated[list[str] | None, typer.Option(help="Column to leave out; give it once a column.")]
NoHeader = Annotated[
    bool, typer.Option("--no-header", help="The first row of the table is data; columns are named c0, c1, …")
]
Group = Annotated[
    str | None, typer.Option(help="Column whose equal values never stand on both sides of a split (a patient, a lot).")
]
TimeColumn = Annotated[
    str | None, typer.Option("--time-column", help="Column that orders the rows; the latest become the test split.")
]
Metric = Annotated[str | None, typer.Option(help="Metric that ranks the children; the usual one if left out.")]
Limit = Annotated[
    str | None,
    typer.Option("--time", metavar="TIME", help="Wall clock of the whole command: 45s, 10m, 1h30m."),
]
Trials = Annotated[int | None, typer.Option(help="How many children to try; as many as time allows if left out.")]
Workers = Annotated[int | None, typer.Option(help="How many children train at once; one a core if left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
