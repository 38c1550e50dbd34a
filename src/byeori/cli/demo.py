"""`byeori demo`: two small data sets, two models, a comparison, in a minute and without a download."""

from __future__ import annotations

import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from byeori._util.json import Json
from byeori._util.lazy import lazy
from byeori.cli import options as opt
from byeori.cli import samples, show
from byeori.cli.fit import STOPPED
from byeori.cli.live import watching
from byeori.cli.times import seconds, written
from byeori.core.errors import OptionError

if TYPE_CHECKING:
    from byeori import api
    from byeori.study import Study
else:
    api = lazy("byeori.api")

_LEAST = 15.0
"""Seconds below which two studies are no demonstration."""
_DIGITS = 0.68
"""Share of the time that goes to the images."""
_AFTER = 2.0
"""Seconds kept for the comparison."""


def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder to write data, studies and models into.")] = Path("demo"),
    time: Annotated[str, typer.Option(metavar="TIME", help="Wall clock of the whole demonstration.")] = "90s",
    as_json: opt.AsJson = False,
) -> None:
    """Show what Byeori does, in a minute.

    Fits handwritten digits and a table, sets a classic beside them, and downloads nothing.
    """
    limit, started = seconds(time), opt.Session.of(context).started
    if limit < _LEAST:
        raise OptionError(f"A demonstration of {time} is too short for two studies: give --time {_LEAST:.0f}s or more.")
    ends = started + limit
    images, table = out / "digits", out / "tumours.csv"
    pictures, rows = _write(images, table)

    digits = _fit(images, out / "digits-study", _DIGITS * (ends - clock.monotonic() - _AFTER))
    classic = samples.digits_svc(digits.prepared)
    tumours = _fit(table, out / "tumours-study", ends - clock.monotonic() - 0.2, target="diagnosis")

    if as_json:
        show.one_object(
            {"digits": {**digits.summary(), "svc": classic}, "tumours": tumours.summary(), "report": _reports(digits)}
        )
        return
    show.out(f"Handwritten digits: {pictures:,} images of 8 × 8 in 10 classes, in {images}")
    show.out(_result(digits))
    show.out(f"  scikit-learn  test accuracy  {show.number(classic)}   SVC(gamma=0.001), the same rows")
    show.out(f"Breast tumours: {rows:,} rows of 30 measurements and a diagnosis, in {table}")
    show.out(_result(tumours))
    show.out(f"The whole took {written(clock.monotonic() - started)}. Look at")
    show.out(f"  {_reports(digits)}")
    show.out(f"  {_reports(tumours)}")
    show.out(f"and try: byeori predict {digits.model_folder} {images}")


def _write(images: Path, table: Path) -> tuple[int, int]:
    try:
        images.mkdir(parents=True, exist_ok=True)
        return samples.write_digits(images), samples.write_tumours(table)
    except OSError as error:
        raise OptionError(f"{images.parent} cannot be written ({error.strerror}): give another --out.") from None


def _fit(data: Path, out: Path, limit: float, target: str | None = None) -> Study:
    """Fit one data set within its share of the time, counted from now."""
    with watching() as watch:
        study = api.fit(data, out=out, target=target, time=limit, watch=watch, started=clock.monotonic())
    if study.interrupted:
        raise typer.Exit(STOPPED)
    return study


def _result(study: Study) -> str:
    summary: dict[str, Json] = study.summary()
    return (
        f"  Byeori        test {summary['metric']}  {show.number(summary['test'])}   "
        f"{summary['trials']} trials in {written(summary['seconds'])}"
    )


def _reports(study: Study) -> str:
    return str(study.folder / "report.html")
