"""`byeori catalog`: everything that has a name."""

from __future__ import annotations

from typing import Annotated

import typer

from byeori import catalog as table
from byeori.cli import options as opt
from byeori.cli import show


def catalog(
    kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help=f"Only one kind: {', '.join(table.PLURALS.values())}.")
    ] = None,
    as_json: opt.AsJson = False,
) -> None:
    """List all that has a name.

    Parents, stoppers, executors, kinds of data, kinds of networks, and the plug-ins installed beside Byeori; of parents
    also what they can do.
    """
    only = None if kind is None else table.kind_of(kind)
    rows = [row for each in table.KINDS if only in (None, each) for row in table.rows(each)]
    if as_json:
        facts = [{name: getattr(row, name) for name in ("kind", "name", "path", "summary", "can")} for row in rows]
        show.one_object({"rows": facts})
    elif only == "strategy":
        show.table(("name", "what it is", "can"), [(row.name, row.summary, row.abilities) for row in rows])
    else:
        show.table(("kind", "name", "what it is"), [(row.kind, row.name, row.summary) for row in rows])
