"""Trials as a table of pandas, for those who would rather look for themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from byeori._util.json import Json
from byeori._util.lazy import lazy
from byeori.core.genome import flatten
from byeori.core.state import Trial

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy("pandas")

FIXED = ("number", "value", "status", "reason", "seconds", "strategy")


def trial_frame(trials: Iterable[Trial], objectives: Sequence[str] = ()) -> pd.DataFrame:
    """Return a row a trial: number, value, the objectives, status, reason, seconds, strategy, then a column a question.

    A question's column is called by its path and empty where a trial was not asked; a branch or a list without
    questions of its own says True where it was chosen. A name that is taken gets `objective:` or `genome:` in front.

    Args:
        trials: As a study has them.
        objectives: Names of several objectives; none where there is but the value.

    Example:
        >>> from byeori.core.jobs import Origin
        >>> genome = {"x": 2, "net": {"plain": {}}}
        >>> trial = Trial(0, genome, Origin(strategy="random"), "ended", "done", 0.5, 0.5, 1, 1.0, 2.0, {})
        >>> trial_frame([trial]).iloc[0].to_dict()
        {'number': 0, 'value': 0.5, 'status': 'ended', 'reason': 'done', 'seconds': 2.0, 'strategy': 'random',
         'x': 2, 'net.plain': True}
    """
    columns = {name: name if name not in FIXED else f"objective:{name}" for name in objectives}
    taken = {*FIXED, *columns.values()}
    rows: list[dict[str, Json]] = []
    for trial in trials:
        measured = trial.facts.get("objectives", {})
        row: dict[str, Json] = {"number": trial.number, "value": trial.value}
        row |= {column: measured.get(name) for name, column in columns.items()}
        row |= {"status": trial.status, "reason": trial.reason, "seconds": trial.seconds}
        row["strategy"] = trial.origin.strategy
        for path, answer in flatten(trial.genome).items():
            column = f"genome:{path}" if path in taken else path or "genome"
            row[column] = True if answer in ({}, []) else answer
        rows.append(row)
    first = ["number", "value", *columns.values(), "status", "reason", "seconds", "strategy"]
    found = pd.DataFrame(rows) if rows else pd.DataFrame(columns=first)
    return found.astype({"number": "int64", "value": "float64", "seconds": "float64"})
