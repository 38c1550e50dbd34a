"""Where a child comes from: its line of descent, and what each step changed."""

from __future__ import annotations

import re
from math import isfinite

from byeori._util.json import Json
from byeori.core.genome import describe, differences
from byeori.study import Study

_STEP = re.compile(r"[^.\[\]]+|\[\d+\]")
_WIDTH = 60


def lineage(study: Study) -> list[Json]:
    """Return the best single child's line of descent, the oldest first, and what each step changed.

    Each entry has the trial, its strategy, its parents, its value, and what `changes` returned.

    Args:
        study: A finished study.
    """
    state = study.state
    number: int | None = study.outcome["choice"]["single"]
    line: list[Json] = []
    while number is not None:
        trial = state.trial(number)
        parents = trial.origin.parents
        parent = parents[0] if parents and parents[0] < number else None
        line.append(
            {
                "trial": number,
                "family": next(iter(trial.genome)),
                "strategy": trial.origin.strategy,
                "parents": list(parents),
                "value": trial.value if isfinite(trial.value) else None,
                "changed": [] if parent is None else changes(state.trial(parent).genome, trial.genome),
            }
        )
        number = parent
    return line[::-1]


def changes(before: Json, after: Json) -> list[Json]:
    """Return `path`, `before` and `after` for each place where a child differs from its parent, in words; None for what
    is not there.

    Args:
        before: The parent's genome.
        after: The child's.

    Example:
        >>> changes({"rate": 0.1, "act": {"relu": {}}}, {"rate": 0.2, "act": {"gelu": {}}})[0]
        {'path': 'rate', 'before': '0.1', 'after': '0.2'}
        >>> changes({"act": {"relu": {}}}, {"act": {"gelu": {}}})
        [{'path': 'act', 'before': 'relu', 'after': 'gelu'}]
    """
    found: list[Json] = []
    for path in differences(before, after):
        old, new = _part(before, after, path), _part(after, before, path)
        branch = isinstance(old, _Branch) or isinstance(new, _Branch)
        found.append({"path": path.rpartition(".")[0] if branch else path, "before": _said(old), "after": _said(new)})
    return found


class _Branch(dict[str, Json]):
    """A OneOf whose branch is another than the one asked for."""


def _part(genome: Json, other: Json, path: str) -> Json:
    """Return what a genome has at a path: its part, the branch it has instead, or `...` for nothing."""
    steps = _STEP.findall(path)
    for index, step in enumerate(steps):
        last = index == len(steps) - 1
        if step.startswith("["):
            place = int(step[1:-1])
            inserted = last and isinstance(other, list) and len(genome) < len(other)
            if inserted or place >= len(genome):
                return ...
            genome = genome[place]
            other = other[place] if isinstance(other, list) and place < len(other) else None
            continue
        instead = isinstance(other, dict) and len(genome) == len(other) == 1 and genome.keys() != other.keys()
        if last and instead:
            return _Branch(genome)
        if step not in genome:
            return ...
        genome = genome[step]
        other = other.get(step) if isinstance(other, dict) else None
    return genome


def _said(part: Json) -> str | None:
    return None if part is ... else describe(part, _WIDTH)
