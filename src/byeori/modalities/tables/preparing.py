"""A table, understood → a folder of prepared arrays: sampled, split, learnt, encoded, written beside and renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from byeori.core.data import Prepared
from byeori.core.errors import DataError, OptionError
from byeori.core.metrics import default_metric, metric, metrics_for
from byeori.core.schema import CLASSIFICATION, Column, Schema, Source
from byeori.core.split import plan_folds, split_rows, stratified_sample
from byeori.modalities.tables.cells import Rows
from byeori.modalities.tables.columns import Feature, fit
from byeori.modalities.tables.duplicates import row_keys, same_rows
from byeori.modalities.tables.encoding import encode_columns
from byeori.modalities.tables.health import examine
from byeori.modalities.tables.target import Target
from byeori.modalities.tables.understand import Understood

MODALITY = "tables"
FITTED_FORMAT = 1
_CELLS_A_SECOND = 1_500_000
"""Cells read and prepared in a second; measured: 1.8 million (a million rows of 20 columns in 11 s, two busy cores)."""
_FEWEST = 1000
_OURS = frozenset({"arrays", "target.npy", "fold.npy", "names.json", "prepared.json"})


@dataclass(frozen=True, slots=True)
class Plan:
    """How a preparation is made.

    Args:
        seed: Of the split.
        fingerprint: Of the source and every choice.
        sample: The rows to keep, or None for all.
    """

    seed: int
    fingerprint: str
    sample: Rows | None


def make(data: Understood, source: Source, schema: Schema, to: Path, plan: Plan) -> Prepared:
    """Split, learn the columns from the rows outside the test split, and write the folder.

    Args:
        data: The source, understood.
        source: What the user said.
        schema: Its task, labels and metric count; the inputs are learnt anew.
        to: The folder; what is there is replaced.
        plan: Seed, fingerprint, sample.

    Raises:
        DataError: No column is left to learn from, or `to` holds files that are none of Byeori's.
    """
    if data.target.labels != schema.labels:
        raise DataError(f"{data.table.source} has other classes than before: it has changed; start the command again.")
    notes = _notes(data, plan.sample)
    if plan.sample is not None:
        data = data.take(plan.sample)
    fold = _split(data, source, plan.seed)
    features = learn(data, np.flatnonzero(fold >= 0))
    fitted = {
        "format": FITTED_FORMAT,
        "columns": list(data.columns),
        "decimal": data.target.decimal,
        "features": [f.to_json() for f in features if f.used],
        "left_out": {f.name: f.kind for f in features if not f.used},
    }
    health = examine(data, features, source)
    _refuse_strangers(to)
    to.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{to.name}.", dir=to.parent))
    try:
        making.chmod(0o755)
        _write_arrays(making, data, features)
        Prepared.write(
            making,
            schema=make_schema(data.target, features, schema.metric),
            fitted=fitted,
            target=data.target.values,
            fold=fold,
            names=data.names,
            fingerprint=plan.fingerprint,
            health=health,
            notes=notes,
        )
        _put(making, to)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return Prepared.open(to)


def learn(data: Understood, rows: Rows | None = None) -> tuple[Feature, ...]:
    """Return what each column is, learnt from the rows given (all but the user's own test rows if None).

    Raises:
        DataError: No column is left to learn from.
    """
    features = fit(data.learnable(rows))
    if not any(f.used for f in features):
        why = ", ".join(f"{f.name!r} ({f.kind})" for f in features[:5])
        raise DataError(
            f"{data.table.source} has no column to learn from; all are left out: {why}. Give a column of numbers or "
            "categories that varies."
        )
    return features


def make_schema(target: Target, features: Sequence[Feature], wanted: str | None) -> Schema:
    """Return the schema of a table: one input a column of the arrays, numbers first.

    Args:
        target: The target, read.
        features: The columns, learnt.
        wanted: Name of the metric; None takes the one that suits.

    Raises:
        OptionError: The metric is unknown, or none of the task.
    """
    inputs = [column for feature in features if feature.used for column in feature.columns()]
    inputs.sort(key=lambda column: column.kind == "category")
    if wanted is not None and target.task not in metric(wanted).tasks:
        known = ", ".join(m.name for m in metrics_for(target.task))
        raise OptionError(f"The metric {wanted!r} is not for {target.task}: give one of {known}.")
    kind = "label" if target.task == CLASSIFICATION else "value"
    return Schema(
        modality=MODALITY,
        task=target.task,
        inputs=tuple(inputs),
        targets=(Column(name=target.name, kind=kind, labels=target.labels),),
        metric=wanted or default_metric(target.task, target.counts()),
    )


def sample_rows(data: Understood, seconds: float | None, seed: int) -> Rows | None:
    """Return the rows to keep so that preparing takes `seconds` at most, or None for all."""
    if seconds is None:
        return None
    keep = max(_FEWEST, int(seconds * _CELLS_A_SECOND / len(data.columns)))
    train = np.flatnonzero(~data.own_test)
    if keep >= len(train):
        return None
    drawn = train[stratified_sample(data.target.values[train], keep, data.target.task, seed)]
    return np.concatenate([drawn, np.flatnonzero(data.own_test)])


def _write_arrays(folder: Path, data: Understood, features: Sequence[Feature]) -> None:
    (folder / "arrays").mkdir()
    for name, array in encode_columns(data.table, features).items():
        with (folder / "arrays" / f"{name}.npy").open("wb") as file:
            np.save(file, array, allow_pickle=False)


def _refuse_strangers(to: Path) -> None:
    strangers = (
        [p.name for p in to.iterdir() if p.name not in _OURS and not p.name.startswith(".")] if to.is_dir() else []
    )
    if strangers or (to.exists() and not to.is_dir()):
        what = f"holds {strangers[0]!r}, which is none of Byeori's" if strangers else "is a file"
        raise DataError(f"{to} {what}: give a folder that is empty or not there.")


def _put(making: Path, to: Path) -> None:
    """Put a finished folder in its place; the old one is out of the way for an instant only."""
    if not to.exists():
        os.replace(making, to)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{to.name}.", dir=to.parent))
    os.replace(to, old)
    os.replace(making, to)
    shutil.rmtree(old, ignore_errors=True)


def _split(data: Understood, source: Source, seed: int) -> npt.NDArray[np.int16]:
    own = data.own_test
    fraction = 0.0 if own.any() else source.test_fraction
    rest = int((~own).sum() * (1.0 - fraction))
    return split_rows(
        data.target.values,
        task=data.target.task,
        test_fraction=fraction,
        folds_wanted=plan_folds(rest, data.target.task, MODALITY, ordered=data.time is not None),
        group=data.group,
        time=data.time,
        fixed_test=own if own.any() else None,
        duplicates=same_rows(row_keys(data.table.only(data.features))),
        seed=seed,
    )


def _notes(data: Understood, sample: Rows | None) -> list[str]:
    notes = [f"{len(data.dropped):,} rows without a target were left out."] if data.dropped else []
    if sample is not None:
        own = int(data.own_test.sum())
        notes.append(
            f"Prepared is a stratified sample of {len(sample) - own:,} of {len(data.names) - own:,} rows, to keep the "
            "promise of time."
        )
    return notes


def found(to: Path, wanted: str) -> Prepared | None:
    """Return what is prepared in a folder, if it is whole and has the fingerprint wanted."""
    if not (to / "prepared.json").is_file():
        return None
    try:
        prepared = Prepared.open(to)
    except DataError:
        return None
    return prepared if prepared.fingerprint == wanted else None
