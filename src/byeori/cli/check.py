"""`byeori check DATA`: what is this data, and what would spoil a study, before any training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from byeori._util.lazy import lazy
from byeori._util.text import brief
from byeori.cli import options as opt
from byeori.cli import show
from byeori.core.schema import Finding, Health, Source

if TYPE_CHECKING:
    from byeori import api
else:
    api = lazy("byeori.api")

_ITEMS = 5
"""How many files, rows or columns of a finding are named; `--json` has twenty."""
_WIDTH = 120
"""Characters of an item that are shown."""
_CLASSES = 20
"""How many classes are counted out; `--json` has all."""


def check(
    data: opt.Data,
    target: opt.Target = None,
    task: opt.Task = None,
    ignore: opt.Ignore = None,
    no_header: opt.NoHeader = False,
    group: opt.Group = None,
    time_column: opt.TimeColumn = None,
    as_json: opt.AsJson = False,
) -> None:
    """Look at data before any training.

    Says what it is and what would spoil a study. Ends with exit code 2 where no study can be made of it.
    """
    source = Source(
        data=data,
        target=target,
        task=task,
        ignore=tuple(ignore or ()),
        header=not no_header,
        group=group,
        time_column=time_column,
    )
    health = api.check(source)
    if as_json:
        show.one_object(health.to_json())
    else:
        print_health(health)
    if any(finding.level == "error" for finding in health.findings):
        raise typer.Exit(2)


def print_health(health: Health) -> None:
    """Print a health record for people."""
    rows: dict[str, object] = {name: _fact(value) for name, value in health.facts.items() if value not in ({}, [], "")}
    if health.counts:
        rows["classes"] = _classes(health.counts)
    show.facts(rows)
    if not health.findings:
        show.out("Nothing found that would spoil a study.")
    for finding in health.findings:
        show.out()
        for line in _lines(finding):
            show.out(line)


def _lines(finding: Finding) -> list[str]:
    lines = [f"{finding.level}: {' '.join(finding.message.split())}"]
    if finding.items:
        more = max(finding.count, len(finding.items)) - _ITEMS
        some = ", ".join(brief(item, _WIDTH) for item in finding.items[:_ITEMS])
        lines.append(f"    {some}{f' and {more:,} more' if more > 0 else ''}")
    if finding.mend:
        lines.append(f"    {finding.mend}")
    return lines


def _classes(counts: Mapping[str, int]) -> str:
    some = ", ".join(f"{brief(label)} {count:,}" for label, count in list(counts.items())[:_CLASSES])
    return some if len(counts) <= _CLASSES else f"{some} and {len(counts) - _CLASSES:,} more"


def _fact(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_fact(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return " × ".join(map(_fact, value)) if len(value) <= 3 else ", ".join(map(_fact, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
