"""`byeori predict MODEL DATA -o out.csv`: one row an input, in order: input, prediction, proba_<label>."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from byeori._util.files import write_whole
from byeori._util.lazy import lazy
from byeori.cli import options as opt
from byeori.cli import show
from byeori.core.errors import OptionError

if TYPE_CHECKING:
    from byeori import api
else:
    api = lazy("byeori.api")


_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""How text begins that a spreadsheet takes for a formula; some take the full-width signs too."""


def predict(
    model: opt.ModelFolder,
    data: opt.Data,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="CSV", help="File to write; stdout if left out.")
    ] = None,
    no_header: opt.NoHeader = False,
    as_json: opt.AsJson = False,
) -> None:
    """Predict new data.

    Gives one row an input, in order, with a probability for each label.
    Text that a spreadsheet would take for a formula (it begins with = + - @ and is no number) gets a ' before it.
    """
    if output is not None and not output.parent.is_dir():
        raise OptionError(f"There is no folder {output.parent} to write {output.name} into: make it first.")
    frame = api.load(model).predict(data, header=not no_header).frame()
    columns = [str(column) for column in frame.columns]
    rows: list[Sequence[object]] = [tuple(row) for row in frame.itertuples(index=False, name=None)]
    if output is not None:
        _write(output, table_text(columns, rows))
        if as_json:
            show.one_object({"output": str(output), "rows": len(rows)})
        else:
            show.err(f"{len(rows):,} predictions written to {output}")
    elif as_json:
        show.one_object({"predictions": [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]})
    else:
        show.out(table_text(columns, rows).removesuffix("\n"))


def table_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Return a table as CSV that is safe to open in a spreadsheet.

    Example:
        >>> table_text(["input", "prediction"], [("a.png", "=1+1"), ("b.png", "-1")])
        "input,prediction\na.png,'=1+1\nb.png,-1\n"

    Source: https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_safe(column) for column in columns])
    writer.writerows([_safe(_plain(value)) for value in row] for row in rows)
    return text.getvalue()


def _safe(value: object) -> object:
    """Put an apostrophe before text that a spreadsheet would run; a stray carriage return would break the row."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r", " ")
    return f"'{text}" if text.lstrip().startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _plain(value: object) -> object:
    """Return numpy's numbers as Python's, which know how to be written."""
    return value.item() if hasattr(value, "item") else value


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise OptionError(f"{path} cannot be written ({error.strerror}): give another --output.") from None
