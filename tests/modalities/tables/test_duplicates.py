from __future__ import annotations

import numpy as np
import pyarrow as pa

from byeori.modalities.tables.cells import Nested, Numbers, Table, Text
from byeori.modalities.tables.duplicates import conflicts, repeats, row_keys, same_rows


def _keys(numbers: list[float], words: list[str]) -> np.ndarray:
    columns = {"n": Numbers(np.array(numbers)), "t": Text.of(pa.array(words)), "l": Nested(len(words))}
    return row_keys(Table(source="t", columns=columns))


def test_equal_rows_have_equal_keys_and_no_others() -> None:
    keys = _keys([1.0, 1.0, 2.0, 1.0], ["a", "b", "a", "a"])
    assert keys[0] == keys[3]
    assert len(set(keys.tolist())) == 3


def test_zeros_and_missing_cells_are_equal_whatever_their_bits() -> None:
    odd = np.frombuffer(np.uint64(0x7FF8000000000123).tobytes(), np.float64)[0]
    keys = _keys([0.0, -0.0, np.nan, float(odd)], ["a"] * 4)
    assert keys[0] == keys[1] != keys[2] == keys[3]


def test_columns_that_change_places_change_the_key() -> None:
    one = Table(source="t", columns={"a": Numbers(np.array([1.0])), "b": Numbers(np.array([2.0]))})
    two = Table(source="t", columns={"a": Numbers(np.array([2.0])), "b": Numbers(np.array([1.0]))})
    assert row_keys(one)[0] != row_keys(two)[0]


def test_the_keys_of_many_rows_do_not_collide() -> None:
    values = np.arange(200_000.0)
    assert len(np.unique(row_keys(Table(source="t", columns={"a": Numbers(values)})))) == 200_000


def test_ids_are_given_for_the_split_unless_rows_repeat_by_nature() -> None:
    ids = same_rows(np.array([5, 6, 5, 7], np.uint64))
    assert ids is not None
    assert ids[0] == ids[2]
    assert len(set(ids.tolist())) == 3
    assert same_rows(np.array([5, 6, 7], np.uint64)) is None
    assert same_rows(np.array([5, 5, 5, 6, 6], np.uint64)) is None


def test_repeats_and_conflicts_name_rows() -> None:
    keys = np.array([1, 2, 1, 2, 3], np.uint64)
    assert repeats(keys).tolist() == [2, 3]
    assert conflicts(keys, np.array([0, 1, 1, 1, 0])).tolist() == [0, 2]
