"""A source → what a study needs of it: one table of the rows that have a target, and what each column is for.

A test table of the user's own stands below the training rows, so that both go through the same steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori.core.errors import DataError, did_you_mean
from byeori.core.schema import CLASSIFICATION, Source
from byeori.modalities.tables import dates
from byeori.modalities.tables.arff import is_arff, read_arff
from byeori.modalities.tables.cells import Cells, Dates, Nested, Numbers, Rows, Table, Text, as_text
from byeori.modalities.tables.columns import best_decimal
from byeori.modalities.tables.decoding import read_bytes
from byeori.modalities.tables.encoding import codes, require
from byeori.modalities.tables.frames import is_frame, read_features, read_frame, read_pair, read_parquet
from byeori.modalities.tables.parsing import parse_numbers
from byeori.modalities.tables.reading import read_text
from byeori.modalities.tables.target import Target, choose, infer_task, read_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A source, read and understood but for what its columns are.

    Args:
        table: The rows that have a target, all columns but the ignored ones; the user's own test rows come last.
        names: What each row is called.
        own_test: (N,) True for rows of the user's own test table.
        target: Read on these rows.
        features: Names of the columns that may be features.
        columns: Names of all columns of the source in its order.
        group: (N,) ids, or None.
        time: (N,) float64, or None.
        dropped: Names of the rows left out because they have no target.
        extra: Columns of the test table that the training table lacks.
    """

    table: Table
    names: tuple[str, ...]
    own_test: npt.NDArray[np.bool_]
    target: Target
    features: tuple[str, ...]
    columns: tuple[str, ...]
    group: npt.NDArray[np.int64] | None = None
    time: npt.NDArray[np.float64] | None = None
    dropped: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    def learnable(self, rows: Rows | None = None) -> Table:
        """Return the columns that may be features, of the rows given (all but the user's own test rows if None)."""
        rows = np.flatnonzero(~self.own_test) if rows is None else rows
        table = self.table.only(self.features)
        return table if len(rows) == table.rows else table.take(rows)

    def take(self, rows: Rows) -> Understood:
        """Return the same of the rows asked for."""
        return replace(
            self,
            table=self.table.take(rows),
            names=tuple(self.names[row] for row in rows),
            own_test=self.own_test[rows],
            target=self.target.take(rows),
            group=None if self.group is None else self.group[rows],
            time=None if self.time is None else self.time[rows],
        )


def is_pair(data: object) -> bool:
    """Whether the data is `(X, y)`."""
    return isinstance(data, tuple) and len(data) == 2


def read(data: Any, *, header: bool = True) -> Table:
    """Return the table in a file, a DataFrame or an array.

    Raises:
        DataError: It is none, or cannot be read.
    """
    if is_frame(data):
        return read_frame(data)
    if not isinstance(data, str | Path):
        return read_features(data)
    path = Path(data)
    content = read_bytes(path)
    if content[:4] == b"PAR1":
        return read_parquet(path)
    if path.suffix.lower() == ".arff" or is_arff(content):
        return read_arff(content, str(path))
    return read_text(content, str(path), header=header)


def understand(source: Source, table: Table, test: Table | None) -> Understood:
    """Return what a study needs of a source.

    Args:
        source: What the user said.
        table: Its data, read; for a pair `(X, y)` with y as the last column.
        test: Its test data, read in the same way, or None.

    Raises:
        DataError: A column that the user named is not there, or the target is not one a study can be made of.
    """
    name = list(table.columns)[-1] if is_pair(source.data) else choose(table, source.target)
    _check_names(source, table, name)
    kept = [column for column in table.columns if column not in source.ignore]
    features = tuple(c for c in kept if c not in (name, source.group, source.time_column))
    if not features:
        raise DataError(
            f"{table.source} has no column besides the target {name!r} to learn from: give at least one more column "
            "(if there should be more, check the delimiter)."
        )
    whole = table.only(kept)
    extra: tuple[str, ...] = ()
    if test is not None:
        require(test, kept)
        extra = tuple(c for c in test.columns if c not in table.columns)
        whole = whole.under(test)
    task = source.task or infer_task(whole.columns[name], whole.delimiter)
    alone = read_target(table, name, task)
    target = read_target(whole, name, task) if test is not None else alone
    _check_labels(alone, target, test)
    own = np.arange(whole.rows) >= table.rows
    called = np.array(
        [f"row {i + 1}" for i in range(table.rows)] + [f"test row {i + 1}" for i in range(int(own.sum()))]
    )
    rows = np.flatnonzero(~target.missing)
    if len(rows) < whole.rows:
        dropped, called = called[target.missing], called[rows]
        whole, own, target = whole.take(rows), own[rows], target.take(rows)
    else:
        dropped = called[:0]
    if not is_pair(source.data):
        _refuse_copy(whole, features, target)
    return Understood(
        table=whole,
        names=tuple(called.tolist()),
        own_test=own,
        target=target,
        features=features,
        columns=tuple(table.columns),
        group=None if source.group is None else _group(whole, source.group),
        time=None if source.time_column is None else _time(whole, source.time_column, called),
        dropped=tuple(dropped.tolist()),
        extra=extra,
    )


def read_source(data: Any, *, header: bool, target: str | None) -> Table:
    """Return training or test data as one table; of a pair `(X, y)` the last column is y."""
    if is_pair(data):
        features, answers = data
        return read_pair(features, answers, target)[0]
    return read(data, header=header)


def _check_names(source: Source, table: Table, target: str) -> None:
    roles = [("ignore", name) for name in source.ignore]
    roles += [("group", source.group)] if source.group is not None else []
    roles += [("time-column", source.time_column)] if source.time_column is not None else []
    for option, name in roles:
        if name not in table.columns:
            raise DataError(
                f"--{option} names {name!r}, which is no column of {table.source}.{did_you_mean(name, table.columns)}"
            )
        if name == target:
            raise DataError(f"Column {name!r} is the target and cannot be given to --{option} too: choose one.")
        if option != "ignore" and name in source.ignore:
            raise DataError(f"Column {name!r} is given to --{option} and to --ignore: choose one.")


def _check_labels(alone: Target, both: Target, test: Table | None) -> None:
    """Refuse labels that only the test table has: no child could ever give them."""
    if test is None or not alone.labels:
        return
    new = [label for label in both.labels if label not in alone.labels]
    if new:
        at = int(np.flatnonzero(both.values == both.labels.index(new[0]))[0]) - len(alone.values) + 1
        raise DataError(
            f"The label {new[0]!r} of {test.source}, row {at}, is not in the training data: mend its spelling, or "
            f"remove the row.{did_you_mean(new[0], alone.labels)}"
        )


def _refuse_copy(table: Table, features: Sequence[str], target: Target) -> None:
    for name in features:
        cells = table.columns[name]
        if isinstance(cells, Nested | Dates):
            continue
        # A hundred rows tell nearly every column from the target; only a copy is compared in full.
        for rows in (np.arange(min(100, table.rows)), np.arange(table.rows)):
            part = table.only([name]).take(rows).columns[name]
            if not np.array_equal(_as_target(part, target), target.values[rows]):
                break
        else:
            raise DataError(
                f"Column {name!r} equals the target {target.name!r} in every row, so it would give the answer away: "
                f"leave it out with --ignore {name}"
            )


def _as_target(cells: Cells, target: Target) -> npt.NDArray[Any]:
    if target.task == CLASSIFICATION:
        return codes(cells, [label.strip() for label in target.labels])
    if isinstance(cells, Text):
        return cells.spread(parse_numbers(cells, target.decimal).values, np.nan)
    return cells.values if isinstance(cells, Numbers) else np.empty(0)


def _group(table: Table, name: str) -> npt.NDArray[np.int64]:
    """Ids of the groups; each row without one is a group of its own."""
    ids = as_text(table.columns[name]).codes.astype(np.int64)
    alone = ids < 0
    if len(np.unique(ids)) == 1 and not alone.any():
        raise DataError(
            f"The group column {name!r} has one value in all rows, so nothing can stand on another side of a split: "
            "choose another column, or leave --group out."
        )
    ids[alone] = ids.max() + 1 + np.arange(int(alone.sum()))
    return ids


def _time(table: Table, name: str, called: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    cells = table.columns[name]
    if isinstance(cells, Text):
        parsed, _ = best_decimal(cells, table.delimiter)
        form = dates.find_format(cells)
        if form is not None:
            cells = Dates(cells.spread(dates.parse(cells.values, form.name), np.datetime64("NaT", "us")))
        elif (parsed.bad & (cells.counts() > 0)).any():
            example = cells.values[int(np.flatnonzero(parsed.bad & (cells.counts() > 0))[0])]
            raise DataError(
                f"The time column {name!r} holds neither numbers nor dates ({str(example)!r}): write dates as "
                "2024-03-01 or 2024-03-01T12:30:00."
            )
        else:
            cells = Numbers(cells.spread(parsed.values, np.nan))
    if isinstance(cells, Nested):
        raise DataError(f"The time column {name!r} holds lists: give numbers or dates.")
    values = dates.part(cells.values, "days") if isinstance(cells, Dates) else cells.values
    if np.isnan(values).any():
        row = called[int(np.flatnonzero(np.isnan(values))[0])]
        raise DataError(
            f"The time column {name!r} has no time in {row} ({int(np.isnan(values).sum()):,} such rows): fill it in, "
            "or remove the rows."
        )
    return np.asarray(values, np.float64)
