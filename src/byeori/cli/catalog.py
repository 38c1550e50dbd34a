"""`byeori catalog`: everything that has a name."""

from __future__ import annotations

from typing import Annotated

import typer

from byeori import catalog as table
from byeori.cli import options as opt
from byeori.cli import show
from byeori.core.errors import OptionError, did_you_mean


def catalog(
    kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help=f"Only one kind: {', '.join(table.KINDS)}.")
    ] = None,
    as_json: opt.AsJson = False,
) -> None:
    """List all that has a name.

    Parents, stoppers, executors, kinds of data, kinds of networks, and the plug-ins installed beside Byeori.
    """
    if kind is not None and kind not in table.KINDS:
        raise OptionError(f"Unknown kind {kind!r}.{did_you_mean(kind, table.KINDS)}")
    rows = [row for each in table.KINDS if kind in (None, each) for row in table.rows(each)]
    if as_json:
        facts = [{"kind": row.kind, "name": row.name, "path": row.path, "summary": row.summary} for row in rows]
        show.one_object({"rows": facts})
    else:
        show.table(("kind", "name", "what it is"), [(row.kind, row.name, row.summary) for row in rows])
