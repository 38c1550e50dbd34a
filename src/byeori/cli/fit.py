"""`byeori fit DATA --out STUDY`: the whole way from data to a model, its report and its proof."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from byeori._util.json import Json
from byeori._util.lazy import lazy
from byeori.cli import options as opt
from byeori.cli import show
from byeori.cli.live import watching
from byeori.cli.times import written

if TYPE_CHECKING:
    from byeori import api
    from byeori.study import Study
else:
    api = lazy("byeori.api")

STOPPED = 130
"""Exit code of a command that Ctrl-C ended."""


def fit(
    context: typer.Context,
    data: opt.Data,
    out: Annotated[Path, typer.Option(help="Folder of the study; the same command goes on with what lies there.")],
    target: opt.Target = None,
    task: opt.Task = None,
    ignore: opt.Ignore = None,
    no_header: opt.NoHeader = False,
    group: opt.Group = None,
    time_column: opt.TimeColumn = None,
    test: Annotated[str | None, typer.Option(metavar="DATA", help="Test set of your own, in the same form.")] = None,
    metric: opt.Metric = None,
    time: opt.Limit = None,
    trials: opt.Trials = None,
    strategy: Annotated[str, typer.Option(help=f"The parent: {opt.names('strategy')}.")] = "council",
    stopper: Annotated[str, typer.Option(help=f"Who ends hopeless children early: {opt.names('stopper')}.")] = "never",
    executor: Annotated[str, typer.Option(help=f"Where children train: {opt.names('executor')}.")] = "local",
    workers: opt.Workers = None,
    max_params: Annotated[int | None, typer.Option(help="Parameters a child may have.")] = None,
    max_latency: Annotated[
        float | None, typer.Option(metavar="MS", help="Milliseconds one prediction may take on this machine.")
    ] = None,
    max_disk: Annotated[int | None, typer.Option(metavar="BYTES", help="Bytes the study's trials may take.")] = None,
    seed: Annotated[int, typer.Option(help="Of every choice; the same seed and --trials give the same study.")] = 0,
    preset: Annotated[str, typer.Option(help="Time if none is given: pilot (10 min), production (1 day).")] = "pilot",
    modality: Annotated[
        str | None, typer.Option(help=f"Kind of data: {opt.names('modality')}; seen from the data if left out.")
    ] = None,
    as_json: opt.AsJson = False,
) -> None:
    """Make a model for data, with a report.

    Checks the data, breeds and trains children, builds a model of the best, and looks at the test split once.
    Killed at any moment, the same command goes on where it was.
    """
    for kind, name in (("strategy", strategy), ("stopper", stopper), ("executor", executor), ("modality", modality)):
        opt.known(kind, name)
    limit = opt.maybe_seconds(time)
    with watching() as watch:
        study = api.fit(
            data,
            out=out,
            target=target,
            task=task,
            ignore=tuple(ignore or ()),
            header=not no_header,
            group=group,
            time_column=time_column,
            test=test,
            metric=metric,
            time=limit,
            trials=trials,
            strategy=strategy,
            stopper=stopper,
            executor=executor,
            workers=workers,
            max_params=max_params,
            max_latency=max_latency,
            max_disk=max_disk,
            seed=seed,
            preset=preset,
            modality=modality,
            watch=watch,
            started=opt.Session.of(context).started,
        )
    print_study(study, as_json)


def print_study(study: Study, as_json: bool) -> None:
    """Print what came out of a study; leave with 130 where Ctrl-C ended it early."""
    summary = study.summary()
    if as_json:
        show.one_object(summary)
    else:
        show.facts(_for_people(study, summary))
    if study.interrupted:
        raise typer.Exit(STOPPED)


def _for_people(study: Study, summary: Mapping[str, Json]) -> dict[str, object]:
    return {
        "study": summary["study"],
        "task": f"{summary['task']}, measured by {summary['metric']}",
        "validation": show.number(summary["valid"]),
        "test": show.number(summary["test"]),
        "trials": summary["trials"],
        "time": written(summary["seconds"]),
        "model": summary["model"],
        "report": study.folder / "report.html",
    }
