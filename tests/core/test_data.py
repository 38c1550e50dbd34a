from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from byeori._util.json import loads, pretty
from byeori.core.data import PREPARED_FORMAT, TEST, UNUSED, Arrays, Prepared
from byeori.core.errors import DataError
from byeori.core.schema import Column, Health, Schema

SCHEMA = Schema(
    modality="tables",
    task="regression",
    inputs=(Column(name="a", kind="number"),),
    targets=(Column(name="y", kind="value"),),
    metric="rmse",
)


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[..., Prepared]:
    def make(*fold: int, names: list[str] | None = None) -> Prepared:
        (tmp_path / "arrays").mkdir(exist_ok=True)
        np.save(tmp_path / "arrays" / "numbers.npy", np.arange(len(fold), dtype=float)[:, None])
        return Prepared.write(
            tmp_path,
            schema=SCHEMA,
            fitted={"means": [1.0]},
            target=np.arange(len(fold), dtype=float),
            fold=np.array(fold, np.int16),
            names=names or [f"row {n + 1}" for n in range(len(fold))],
            fingerprint="f",
            health=Health(),
            notes=["A note."],
        )

    return make


def test_one_split_validates_fold_0_alone(prepare: Callable[..., Prepared]) -> None:
    found = prepare(1, 0, TEST, 1, UNUSED, 1, 0)
    assert found.sizes == {"train": 3, "valid": 2, "test": 1}
    assert found.validated == (0,)
    assert found.train_rows(0).tolist() == [0, 3, 5]
    assert found.train_rows(None).tolist() == [0, 1, 3, 5, 6], "a refit takes all but the test split and the unused"
    assert found.valid_rows().tolist() == [1, 6]
    assert found.test_rows().tolist() == [2]


def test_cross_validation_validates_every_fold_in_turn(prepare: Callable[..., Prepared]) -> None:
    found = prepare(2, 0, TEST, 1, 0, 2)
    assert found.validated == (0, 1, 2)
    assert found.sizes == {"train": 5, "valid": 5, "test": 1}
    assert found.train_rows(1).tolist() == [0, 1, 4, 5]
    assert found.valid_rows().tolist() == [0, 1, 3, 4, 5]
    assert found.valid_rows([2]).tolist() == [0, 5]
    for fold in found.validated:
        assert not set(found.train_rows(fold)) & set(found.valid_rows([fold]))


def test_what_is_opened_is_what_was_written(prepare: Callable[..., Prepared]) -> None:
    made = prepare(1, 0, TEST)
    opened = Prepared.open(made.folder)
    assert opened == made
    assert opened.fitted == {"means": [1.0]}
    assert opened.notes == ("A note.",)
    assert opened.names() == ["row 1", "row 2", "row 3"]
    assert opened.target().tolist() == [0.0, 1.0, 2.0]
    assert not opened.arrays()["numbers"].flags.writeable


@pytest.mark.parametrize("gone", ["prepared.json", "fold.npy"])
def test_a_part_that_is_gone_is_one_sentence(gone: str, prepare: Callable[..., Prepared]) -> None:
    folder = prepare(1, 0).folder
    (folder / gone).unlink()
    with pytest.raises(DataError, match="delete the folder, it is made again"):
        Prepared.open(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}'])
def test_a_damaged_record_is_one_sentence(text: str, prepare: Callable[..., Prepared]) -> None:
    folder = prepare(1, 0).folder
    (folder / "prepared.json").write_text(text)
    with pytest.raises(DataError, match="delete the folder, it is made again"):
        Prepared.open(folder)


def test_another_format_is_one_sentence(prepare: Callable[..., Prepared]) -> None:
    file = prepare(1, 0).folder / "prepared.json"
    file.write_text(pretty({**loads(file.read_bytes()), "format": PREPARED_FORMAT + 1}))
    with pytest.raises(DataError, match="of another format"):
        Prepared.open(file.parent)


def test_names_that_are_no_utf_8_can_be_written(prepare: Callable[..., Prepared]) -> None:
    names = prepare(1, 0, names=["ok.png", "caf\udce9.png"]).names()
    assert names[0] == "ok.png"
    assert names[1].startswith("caf")


def test_arrays_are_as_long_as_each_other() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        Arrays({"a": np.zeros(2), "b": np.zeros(3)})
    made = Arrays({"a": np.arange(3), "b": np.arange(6).reshape(3, 2)})
    taken = made.take(np.array([2, 0]))
    assert taken["a"].tolist() == [2, 0]
    assert taken["b"].tolist() == [[4, 5], [0, 1]]
    assert len(Arrays({})) == 0
