"""`byeori resume STUDY`: go on with a study that was stopped, or give a finished one more time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from byeori._util.lazy import lazy
from byeori.cli import options as opt
from byeori.cli.fit import print_study
from byeori.cli.live import watching

if TYPE_CHECKING:
    from byeori import api
else:
    api = lazy("byeori.api")


def resume(
    context: typer.Context,
    study: opt.StudyFolder,
    time: opt.Limit = None,
    trials: opt.Trials = None,
    workers: opt.Workers = None,
    reopen_test: Annotated[
        bool, typer.Option("--reopen-test", help="Go on though the test was looked at; the report counts the looks.")
    ] = False,
    as_json: opt.AsJson = False,
) -> None:
    """Go on with a study.

    With the data and everything else that was asked then; time, trials and workers may differ.
    """
    limit = opt.maybe_seconds(time)
    with watching() as watch:
        found = api.resume(
            study,
            time=limit,
            trials=trials,
            workers=workers,
            reopen_test=reopen_test,
            watch=watch,
            started=opt.Session.of(context).started,
        )
    print_study(found, as_json)
