"""Tables that come typed: pandas DataFrames, arrays `(X, y)`, Parquet."""

from __future__ import annotations

import datetime as dt
import numbers
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import parquet

from byeori._util.lazy import lazy
from byeori.core.errors import DataError
from byeori.modalities.tables.cells import Cells, Dates, Nested, Numbers, Table, Text
from byeori.modalities.tables.reading import refuse_duplicates

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy("pandas")

FRAME = "the DataFrame"
ARRAY = "the array"


def is_frame(data: object) -> TypeGuard[pd.DataFrame]:
    """Whether the data is a pandas DataFrame; loads pandas only if the data could be one."""
    return type(data).__module__.startswith("pandas") and isinstance(data, pd.DataFrame)


def is_series(data: object) -> TypeGuard[pd.Series[Any]]:
    """Whether the data is a pandas Series."""
    return type(data).__module__.startswith("pandas") and isinstance(data, pd.Series)


def read_frame(frame: pd.DataFrame) -> Table:
    """Return a DataFrame as a table; its index is no column.

    Raises:
        DataError: No rows, no columns, two columns of one name, a kind of cell that no table holds.
    """
    names = [str(name) for name in frame.columns]
    if not names or not len(frame):
        raise DataError(f"{FRAME.capitalize()} has {len(frame)} rows and {len(names)} columns: a table needs both.")
    refuse_duplicates(names, FRAME)
    columns = {name: _series(frame.iloc[:, i], name) for i, name in enumerate(names)}
    return Table(source=FRAME, columns=columns)


def read_pair(features: Any, target: Any, target_name: str | None) -> tuple[Table, str]:
    """Return the pair `(X, y)` as one table, the target last, and the name of the target.

    Args:
        features: A DataFrame or a 2-D array (N, a).
        target: An array, Series or list of N values.
        target_name: What to call the target; None takes the name of the Series, or `target`.

    Raises:
        DataError: X is not two-dimensional, y not one-dimensional, or their lengths differ.
    """
    table = read_features(features)
    values = target if is_series(target) else np.asarray(target)
    if values.ndim == 2 and values.shape[1] == 1:
        values = np.asarray(target)[:, 0]
    if values.ndim != 1:
        raise DataError(f"y has {values.ndim} dimensions: give one value a row, a one-dimensional array or Series.")
    if len(values) != table.rows:
        raise DataError(f"X has {table.rows} rows and y has {len(values)}: they must be as many.")
    name = target_name or (str(values.name) if is_series(values) and values.name is not None else "target")
    while name in table.columns:
        name += "_"
    cells = _series(values, name) if is_series(values) else _array(np.asarray(values), name)
    columns = {**table.columns, name: cells}
    return Table(source=table.source, columns=columns, named=table.named), name


def read_features(features: Any) -> Table:
    """Return X alone as a table: a DataFrame, or a 2-D array whose columns are named `c0, c1, …`.

    Raises:
        DataError: It is neither.
    """
    if is_frame(features):
        return read_frame(features)
    if type(features).__module__.startswith("scipy"):
        raise DataError("X is a sparse matrix: give X.toarray().")
    array = np.asarray(features)
    if array.ndim != 2:
        raise DataError(
            f"X has {array.ndim} dimensions: give a two-dimensional array with a row an item (Reshape your data), or a "
            "DataFrame."
        )
    if not array.size:
        raise DataError(f"X has 0 sample(s) or 0 feature(s) (shape={array.shape}): a minimum of 1 is required of both.")
    columns = {f"c{i}": _array(array[:, i], f"c{i}") for i in range(array.shape[1])}
    return Table(source=ARRAY, columns=columns, named=False)


def read_parquet(path: Path) -> Table:
    """Return the table of a Parquet file.

    Raises:
        DataError: It is damaged, or has no rows.
    """
    try:
        table = parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet ({error}): write it again.") from None
    if not table.num_rows or not table.num_columns:
        raise DataError(f"{path} has {table.num_rows} rows and {table.num_columns} columns: a table needs both.")
    # pandas keeps its index as a column of this name; it is no column of the user's.
    names = [n for n in map(str, table.column_names) if not n.startswith("__index_level_")]
    refuse_duplicates(names, str(path))
    return Table(source=str(path), columns={name: _arrow(table.column(name)) for name in names})


def _series(series: pd.Series[Any], name: str) -> Cells:
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        words = [str(value) for value in dtype.categories]
        return Text(np.asarray(series.cat.codes, np.int32), pa.array(words, pa.string()), nominal=True)
    if pd.api.types.is_bool_dtype(dtype):
        return Numbers(_floats(series), boolean=True)
    if pd.api.types.is_complex_dtype(dtype):
        raise DataError(f"Complex data not supported: column {name!r} holds complex numbers; split it in two columns.")
    if pd.api.types.is_numeric_dtype(dtype):
        return Numbers(_floats(series))
    if pd.api.types.is_datetime64_any_dtype(dtype):
        plain = series.dt.tz_convert("UTC").dt.tz_localize(None) if isinstance(dtype, pd.DatetimeTZDtype) else series
        return Dates(plain.to_numpy(dtype="datetime64[us]"))
    if pd.api.types.is_timedelta64_dtype(dtype):
        return Numbers(np.asarray(series.dt.total_seconds(), np.float64))
    return _objects(series.astype(object).where(series.notna(), None).tolist())


def _floats(series: pd.Series[Any]) -> npt.NDArray[np.float64]:
    return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan), np.float64)


def _array(column: npt.NDArray[Any], name: str) -> Cells:
    kind = column.dtype.kind
    if kind == "b":
        return Numbers(column.astype(np.float64), boolean=True)
    if kind in "iuf":
        return Numbers(column.astype(np.float64))
    if kind == "M":
        return Dates(column.astype("datetime64[us]"))
    if kind == "c":
        raise DataError(f"Complex data not supported: column {name!r} holds complex numbers; split it in two columns.")
    return _objects(column.tolist())


def _objects(values: Sequence[Any]) -> Cells:
    """Cells of mixed Python objects: numbers if all are, dates if all are, else text."""
    kept = [None if value is None or value is pd.NA or value != value else value for value in values]
    present = [value for value in kept if value is not None]
    if present and all(isinstance(v, bool | np.bool_) for v in present):
        return Numbers(np.array([np.nan if v is None else float(v) for v in kept]), boolean=True)
    if present and all(isinstance(v, numbers.Real) or type(v).__name__ == "Decimal" for v in present):
        return Numbers(np.array([np.nan if v is None else float(v) for v in kept]))
    if present and all(isinstance(v, dt.date) for v in present):
        return Dates(np.array([None if v is None else np.datetime64(v, "us") for v in kept], "datetime64[us]"))
    if any(isinstance(v, list | dict | tuple | set | np.ndarray) for v in present):
        return Nested(len(kept))
    return Text.of(pa.array([None if v is None else str(v) for v in kept], pa.string()))


def _arrow(column: Any) -> Cells:
    kind = column.type
    whole = column.combine_chunks()
    if pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type):
        return Text.of(whole, nominal=True)
    if pa.types.is_boolean(kind):
        return Numbers(_arrow_floats(whole.cast(pa.uint8())), boolean=True)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Numbers(_arrow_floats(whole))
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        # Through microseconds without a zone: Arrow keeps zoned stamps in UTC.
        stamps = whole.cast(pa.timestamp("us", tz=getattr(kind, "tz", None)), safe=False)
        return Dates(stamps.to_numpy(zero_copy_only=False).astype("datetime64[us]"))
    if pa.types.is_nested(kind):
        return Nested(len(whole))
    if pa.types.is_null(kind):
        return Numbers(np.full(len(whole), np.nan))
    return Text.of(whole.cast(pa.string()))


def _arrow_floats(array: Any) -> npt.NDArray[np.float64]:
    return np.asarray(array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
