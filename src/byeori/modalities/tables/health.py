"""What would spoil a study of a table, found before any training and said in plain sentences."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori.core.schema import CLASSIFICATION, Finding, Health, Source
from byeori.modalities.tables import columns as kinds
from byeori.modalities.tables.cells import Cells, Dates, Nested, Text
from byeori.modalities.tables.columns import Feature, limit
from byeori.modalities.tables.duplicates import conflicts, repeats, row_keys, same_rows
from byeori.modalities.tables.leaks import find_leaks
from byeori.modalities.tables.parsing import MARKERS, missing_values
from byeori.modalities.tables.understand import Understood, is_pair

_IMBALANCE = 10
_WIDE = 1000
_SHOWN = 20


def examine(data: Understood, features: Sequence[Feature], source: Source) -> Health:
    """Return what the health check finds.

    Args:
        data: The source, understood.
        features: Its columns, learnt.
        source: What the user said.
    """
    facts = _facts(data, features)
    findings = [
        *_reading(data, source),
        *_columns(data, features),
        *_labels(data),
        *_duplicates(data, facts),
        *_shape(data, features, source),
        *_leaks(data, features),
    ]
    return Health.of(findings, data.target.counts(), facts)


def _note(code: str, message: str, items: Iterable[str] = (), count: int | None = None, mend: str = "") -> Finding:
    return _finding("note", code, message, items, count, mend)


def _warning(code: str, message: str, items: Iterable[str] = (), count: int | None = None, mend: str = "") -> Finding:
    return _finding("warning", code, message, items, count, mend)


def _finding(level: str, code: str, message: str, items: Iterable[str], count: int | None, mend: str) -> Finding:
    listed = tuple(items)
    return Finding(
        level=level,
        code=code,
        message=message,
        items=listed[:_SHOWN],
        count=len(listed) if count is None else count,
        mend=mend,
    )


def _reading(data: Understood, source: Source) -> list[Finding]:
    """What was inferred and left out while reading."""
    target = data.target
    found = [_note(code, message) for code, message in data.table.remarks]
    if source.target is None and not is_pair(source.data):
        message = f"The target is taken to be column {target.name!r}."
        found.append(_note("target-chosen", message, [target.name], mend="Name another with --target."))
    if source.task is None and target.labels and all(_is_number(label) for label in target.labels):
        message = f"{target.name!r} has {len(target.labels)} different whole numbers, taken as classes."
        found.append(_note("task-inferred", message, target.labels, mend="For a quantity say --task regression."))
    if data.dropped:
        message = f"Rows without a target, left out: {len(data.dropped):,}."
        found.append(_warning("missing-target", message, data.dropped, mend="Fill the targets in, or remove the rows."))
    if data.extra:
        message = f"Columns of the test table that the training table lacks, passed over: {_list(data.extra)}."
        found.append(_note("extra-columns", message, data.extra))
    for role, name in (("group", source.group), ("time", source.time_column)):
        if name is not None:
            message = f"Column {name!r} is the {role} column: it steers the split and is no feature, nor are its parts."
            found.append(_note(f"{role}-column", message, [name]))
    if data.time is not None and (np.diff(data.time[~data.own_test]) < 0).any():
        message = f"The rows are not sorted by {source.time_column!r}; the split sorts them, the table stays as it is."
        found.append(_note("unsorted-time", message))
    return found


_LEFT_OUT = (
    (kinds.EMPTY, "warning", "all-missing", "Without a value in any row, left out", "Fill them in or remove them."),
    (kinds.CONSTANT, "note", "constant", "With one value only, left out", ""),
    (kinds.ID, "note", "id-like", "Identifying rows (a value of its own in each), left out", ""),
    (kinds.TEXT, "note", "free-text", "Free text or too many different values, left out", "Split out what matters."),
    (kinds.NESTED, "warning", "nested", "Lists or records, left out", "Flatten them into plain columns."),
)


def _columns(data: Understood, features: Sequence[Feature]) -> list[Finding]:
    """What is to be said of single columns."""
    found = []
    for kind, level, code, what, mend in _LEFT_OUT:
        names = [f.name for f in features if f.kind == kind]
        if names:
            found.append(_finding(level, code, f"{what}: {_list(names)}.", names, None, mend))
    for f in features:
        if f.unparsable:
            message = (
                f"{f.unparsable:,} cells of {f.name!r} are no numbers (for example {f.example!r}); taken as missing."
            )
            found.append(
                _warning("unparsable", message, [f.name], f.unparsable, "Mend the cells, or leave them empty.")
            )
        if f.ambiguous:
            message = f"The dates of {f.name!r} could be day or month first; they were read {f.format}."
            found.append(_warning("ambiguous-dates", message, [f.name], mend="Write dates as 2024-03-01."))
        if f.kind == kinds.CATEGORY and f.distinct > limit(data.table.rows):
            message = (
                f"{f.name!r} has {f.distinct:,} different values; the {len(f.values)} most frequent are kept apart."
            )
            found.append(_note("high-cardinality", message, [f.name], f.distinct))
    commas = [f.name for f in features if f.decimal == ","]
    if commas:
        found.append(_note("decimal-comma", f"Decimal commas were read in {_list(commas)}.", commas))
    infinite = [f.name for f in features if f.infinite]
    if infinite:
        message = f"Infinite values count as missing in {_list(infinite)}."
        found.append(_note("infinite", message, infinite, sum(f.infinite for f in features)))
    return found


def _labels(data: Understood) -> list[Finding]:
    """Classes: balance, spelling, words that mean missing."""
    labels, counts = data.target.labels, data.target.counts()
    if not labels:
        return []
    found = []
    alike: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        alike[" ".join(unicodedata.normalize("NFKC", label).casefold().split())].append(label)
    same = [label for group in alike.values() if len(group) > 1 for label in group]
    if same:
        message = f"Labels that differ by case, blanks or width alone stay different: {_list(same)}."
        found.append(_warning("label-spelling", message, same, mend="Write each class in one way."))
    words = [label for label in labels if label.strip().lower() in MARKERS]
    if words:
        message = f"{_list(words)} may mean a missing target; here each is a label like any other."
        found.append(
            _warning("missing-like-label", message, words, mend="Leave the cell empty where there is no answer.")
        )
    most, least = max(labels, key=lambda c: counts[c]), min(labels, key=lambda c: counts[c])
    if counts[most] >= _IMBALANCE * counts[least]:
        message = f"Class {most!r} has {counts[most]:,} rows and class {least!r} {counts[least]:,}."
        mend = "Rank by balanced_accuracy or macro_f1, or collect more rows of the small classes."
        found.append(_warning("imbalance", message, [least], mend=mend))
    return found


def _duplicates(data: Understood, facts: dict[str, Json]) -> list[Finding]:
    """Equal rows: among the training rows, under two labels, and on both sides of the user's own split."""
    found = []
    keys = row_keys(data.table.only(data.features))
    target = data.target.values
    train = np.flatnonzero(~data.own_test)
    kept = same_rows(keys[train])
    again = train[repeats(_with_target(keys[train], target[train]))]
    facts["duplicate_rows"] = len(again)
    if len(again):
        message = f"Rows that repeat an earlier row exactly: {len(again):,}."
        mend = (
            "They are kept on one side of the split."
            if kept is not None
            else "The columns are so few that rows repeat by nature; they are split freely."
        )
        found.append(_warning("exact-duplicates", message, _called(data, again), len(again), mend))
    if data.target.task == CLASSIFICATION:
        clash = train[conflicts(keys[train], target[train])]
        if len(clash):
            message = f"Rows with the same features as a row of another class: {len(clash):,}."
            mend = "Look at them: a wrong label, or a column is missing."
            found.append(_warning("conflicting-duplicates", message, _called(data, clash), len(clash), mend))
    both = np.flatnonzero(data.own_test & np.isin(keys, keys[train]))
    if len(both):
        message = f"Rows of the test table that also stand in the training table: {len(both):,}."
        mend = "Remove them from one: they make the test look better than it is."
        found.append(_warning("test-duplicates", message, _called(data, both), len(both), mend))
    return found


def _shape(data: Understood, features: Sequence[Feature], source: Source) -> list[Finding]:
    """The table as a whole."""
    rows, width = int((~data.own_test).sum()), sum(f.used for f in features)
    found = []
    if width > rows or width > _WIDE:
        message = f"The table is wide: {width:,} columns for {rows:,} rows."
        mend = "Leave out columns that cannot matter (--ignore)."
        found.append(_warning("wide", message, mend=mend))
    if data.group is not None:
        groups = len(np.unique(data.group))
        if groups < 10:
            mend = "More groups make the split fairer."
            found.append(_warning("few-groups", f"{source.group!r} has {groups} groups only.", count=groups, mend=mend))
    return found


def _leaks(data: Understood, features: Sequence[Feature]) -> list[Finding]:
    return [
        _warning(
            "leak",
            f"Column {name!r} alone nearly tells the target ({how}).",
            [name],
            mend=f"If it is known only after the answer, leave it out with --ignore {name}",
        )
        for name, how in find_leaks(data, features)
    ]


def _facts(data: Understood, features: Sequence[Feature]) -> dict[str, Json]:
    train = data.learnable()
    missing = {f.name: _missing(train.columns[f.name], f.kind) for f in features}
    return {
        "rows": train.rows,
        "test_rows": int(data.own_test.sum()),
        "columns": len(data.columns),
        "kinds": {f.name: f.kind for f in features},
        "features": sum(f.used for f in features),
        "missing_cells": sum(missing.values()),
        "missing": {name: count for name, count in missing.items() if count},
    }


def _missing(cells: Cells, kind: str) -> int:
    if isinstance(cells, Nested):
        return 0
    if isinstance(cells, Text):
        marked = missing_values(cells, numeric=kind in (kinds.NUMBER, kinds.DATE, kinds.EMPTY))
        return int((cells.codes < 0).sum() + cells.counts()[marked].sum())
    return int(np.isnat(cells.values).sum() if isinstance(cells, Dates) else np.isnan(cells.values).sum())


def _with_target(keys: npt.NDArray[np.uint64], target: npt.NDArray[np.generic]) -> npt.NDArray[np.uint64]:
    ids = np.unique(target, return_inverse=True)[1].astype(np.uint64)
    return np.asarray(keys ^ ((ids + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)), np.uint64)


def _called(data: Understood, rows: npt.NDArray[np.int64]) -> list[str]:
    return [data.names[row] for row in rows[:_SHOWN]]


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(repr(name) for name in names[:5]) + more


def _is_number(label: str) -> bool:
    return label.strip().lstrip("+-").replace(".", "", 1).isdigit()
