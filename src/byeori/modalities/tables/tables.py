"""The modality of tables: CSV, TSV, ARFF, Parquet, a DataFrame, or `(X, y)`, one row an item.

`infer` says what the columns are, `check` what is wrong with them, `prepare` splits, learns the columns from the rows
outside the test split and writes the arrays, `encode` applies what was learnt to new rows.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from byeori._util.files import file_hash
from byeori._util.json import Json, digest
from byeori.core.data import Arrays, Encoded, Prepared
from byeori.core.schema import Health, Schema, Source
from byeori.modalities.tables.cells import Table, fingerprint
from byeori.modalities.tables.columns import Feature
from byeori.modalities.tables.encoding import encode_columns, positional
from byeori.modalities.tables.frames import read_pair
from byeori.modalities.tables.health import examine
from byeori.modalities.tables.preparing import (
    FITTED_FORMAT,
    MODALITY,
    Plan,
    found,
    learn,
    make,
    make_schema,
    sample_rows,
)
from byeori.modalities.tables.target import choose, encode_target
from byeori.modalities.tables.understand import Understood, is_pair, read, read_source, understand


class Tables:
    """Tables, for the catalog; made without arguments.

    The file read last is kept, so that `infer`, `check` and `prepare` of one source read it once.

    Example:
        >>> import numpy as np
        >>> x = np.arange(40.0).reshape(20, 2)
        >>> schema = Tables().infer(Source(data=(x, ["a", "b"] * 10)))
        >>> schema.task, schema.labels, [c.name for c in schema.inputs]
        ('classification', ('a', 'b'), ['c0', 'c1'])
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int, int, bool], Table] = {}

    def infer(self, source: Source) -> Schema:
        """Say what the table is and what is asked of it.

        Args:
            source: The table, and what the user said about it.

        Raises:
            DataError: It is no table, or no study can be made of it; one sentence.
            OptionError: The metric is unknown, or none of the task.
        """
        data = self._understand(source)
        features = learn(data)
        return make_schema(data.target, features, source.metric)

    def check(self, source: Source, schema: Schema) -> Health:
        """Look for what would spoil a study; nothing is written."""
        data = self._understand(_as_inferred(source, schema))
        return examine(data, learn(data), source)

    def prepare(self, source: Source, schema: Schema, to: Path, *, seed: int, seconds: float | None = None) -> Prepared:
        """Read, check, split, learn the columns from the rows outside the test split, and write the arrays.

        Args:
            source: The table, and what the user said about it.
            schema: From `infer`; its task, target and metric count.
            to: The folder to make; what is there is used if its fingerprint fits, else replaced.
            seed: Of the split.
            seconds: What reading and preparing may take; where that does not suffice for all rows, a stratified sample
                is taken and `notes` says so.

        Raises:
            DataError: As `infer`; or `to` holds files that are none of Byeori's.
        """
        asked = _as_inferred(source, schema)
        identity = self._identity(asked, schema, seed)
        whole = digest(identity)
        before = found(to, whole)
        if before is not None:
            return before
        data = self._understand(asked)
        sample = sample_rows(data, seconds, seed)
        wanted = whole if sample is None else digest([identity, len(sample)])
        return found(to, wanted) or make(data, source, schema, to, Plan(seed, wanted, sample))

    def encode(self, source: Source, schema: Schema, fitted: Json) -> Encoded:
        """Make new rows ready by the same steps; columns that the training data lacked are passed over.

        Args:
            source: A table in any of the forms, with or without the target column.
            schema: Of the model.
            fitted: What `prepare` learnt.

        Returns:
            The rows, called `row 1`, `row 2`, …; with a target where the table has the column.

        Raises:
            DataError: A column is missing, or not what it was in the training data.
        """
        table, target = self._new(source, schema.target.name, fitted)
        features = [Feature.from_json(f) for f in fitted["features"]]
        arrays = Arrays(encode_columns(table, features, warn=True))
        values = None if target is None else encode_target(table, target, schema.labels, fitted["decimal"])
        return Encoded(names=tuple(f"row {i + 1}" for i in range(table.rows)), arrays=arrays, target=values)

    def _new(self, source: Source, name: str, fitted: Json) -> tuple[Table, str | None]:
        """Read new rows under the names of the training data; the second is the target column they have, if any."""
        if is_pair(source.data):
            features, answers = source.data
            table = read(features)
            names = [n for n in fitted["columns"] if n != name]
            table = table if table.named else positional(table, names, name)
            both, _ = read_pair(features, answers, name)
            cells = list(both.columns.values())[-1]
            return replace(table, columns={**table.columns, name: cells}), name
        table = self._read(source.data, source.header)
        if not table.named:
            table = positional(table, fitted["columns"], name)
        given = source.target or name
        if given != name:
            choose(table, given)
        return table, given if given in table.columns else None

    def _understand(self, source: Source) -> Understood:
        table = self._whole(source.data, source)
        return understand(source, table, None if source.test is None else self._whole(source.test, source))

    def _whole(self, data: Any, source: Source) -> Table:
        if is_pair(data):
            return read_source(data, header=source.header, target=source.target)
        return self._read(data, source.header)

    def _read(self, data: Any, header: bool) -> Table:
        if not isinstance(data, str | Path) or not Path(data).is_file():
            return read(data, header=header)
        stat = Path(data).stat()
        key = (str(data), stat.st_mtime_ns, stat.st_size, header)
        if key not in self._kept:
            table = read(data, header=header)
            # Two files are in use at once at most: the training table and the user's own test table.
            self._kept = {**dict(list(self._kept.items())[-1:]), key: table}
        return self._kept[key]

    def _identity(self, source: Source, schema: Schema, seed: int) -> Json:
        """What makes two preparations equal."""
        return {
            "modality": MODALITY,
            "format": FITTED_FORMAT,
            "data": self._hash(source.data, source),
            "test": None if source.test is None else self._hash(source.test, source),
            "asked": [source.target, sorted(source.ignore), source.header, source.group, source.time_column],
            "task": [schema.task, schema.metric, list(schema.labels)],
            "test_fraction": source.test_fraction,
            "seed": seed,
        }

    def _hash(self, data: Any, source: Source) -> str:
        if isinstance(data, str | Path) and Path(data).is_file():
            return file_hash(Path(data))
        return fingerprint(self._whole(data, source))


def _as_inferred(source: Source, schema: Schema) -> Source:
    """The source with what was inferred of it said."""
    return replace(source, task=schema.task, target=schema.target.name)
