"""Prepared data: arrays decoded once, split once, memory-mapped by every process.

On disk, in `prepared/`:

    prepared.json        format, fingerprint, schema, fitted, notes, health
    arrays/<name>.npy    one row an item: images `image` (N, H, W, C) uint8; tables `numbers` (N, a) float64
                         with NaN for missing, `categories` (N, b) int32 with -1 for missing or unseen
    target.npy           (N,) int64 label indices, or float64 values
    fold.npy             (N,) int16: -1 is the test split, 0 … k-1 the fold in which a row is validated, -2 an unused
                         row (left out to keep a promise of time)
    names.json           what each row is called: a path, or `row 17`

With one split (k = 2) fold 0 is the validation split and fold 1 is never validated; in cross-validation every
fold is. `Prepared.validated` says which: `(0,)` or `(0, …, k-1)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori._util.files import write_whole
from byeori._util.json import Json, loads, pretty
from byeori.core.errors import DataError
from byeori.core.schema import Health, Schema

PREPARED_FORMAT = 1
TEST = -1
UNUSED = -2

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Arrays:
    """Named arrays with one row an item; what a predictor predicts on.

    Args:
        parts: Name → array; all of the same length.

    Example:
        >>> a = Arrays({"numbers": np.zeros((3, 2))})
        >>> len(a), len(a.take(np.array([0, 2])))
        (3, 2)
    """

    parts: Mapping[str, Array]

    def __post_init__(self) -> None:
        if len({len(a) for a in self.parts.values()}) > 1:
            raise ValueError(f"Arrays of different lengths: { ({k: len(v) for k, v in self.parts.items()}) }.")

    def __len__(self) -> int:
        return len(next(iter(self.parts.values()), ()))

    def __getitem__(self, name: str) -> Array:
        return self.parts[name]

    def take(self, rows: npt.NDArray[np.int64]) -> Arrays:
        """Return the rows asked for, copied out of the memory map."""
        return Arrays({name: array[rows] for name, array in self.parts.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """Items made ready for prediction by the same steps as the training data.

    Args:
        names: What each item is called, in the order given.
        arrays: The encoded items.
        target: Label indices (-1 for a label the model does not know) or values; None where the data has no target.
    """

    names: tuple[str, ...]
    arrays: Arrays
    target: Array | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A prepared data set: the folder and what must be known of it. Made by `write`, read by `open`.

    Args:
        folder: Where it lies.
        fingerprint: Hash of the source and of every choice made; equal means equal data and splits.
        schema: With the working shapes.
        fitted: What the modality learnt from the rows outside the test split (JSON); copied into model.json.
        sizes: Rows in `train`, `valid` and `test`; in cross-validation every row outside the test split is in both.
        validated: The folds that are validated in turn.
        health: What the health check found.
        notes: Sentences for the report ("trained on a stratified sample of 5,000 of 50,000").
    """

    folder: Path
    fingerprint: str
    schema: Schema
    fitted: Json
    sizes: Mapping[str, int]
    validated: tuple[int, ...]
    health: Health
    notes: tuple[str, ...] = ()

    @staticmethod
    def write(
        folder: Path,
        *,
        schema: Schema,
        fitted: Json,
        target: Array,
        fold: npt.NDArray[np.int16],
        names: Sequence[str],
        fingerprint: str,
        health: Health,
        notes: Sequence[str] = (),
    ) -> Prepared:
        """Write everything but the arrays, which the modality has put into `folder/arrays` before.

        prepared.json is written last, so a folder that has it is whole.
        """
        with (folder / "target.npy").open("wb") as file:
            np.save(file, target, allow_pickle=False)
        with (folder / "fold.npy").open("wb") as file:
            np.save(file, fold.astype(np.int16), allow_pickle=False)
        readable = [name.encode(errors="replace").decode() for name in names]
        (folder / "names.json").write_text(pretty(readable), encoding="utf-8")
        record = {
            "format": PREPARED_FORMAT,
            "fingerprint": fingerprint,
            "schema": schema.to_json(),
            "fitted": fitted,
            "notes": list(notes),
            "health": health.to_json(),
        }
        write_whole(folder / "prepared.json", pretty(record))
        return Prepared.open(folder)

    @staticmethod
    def open(folder: Path) -> Prepared:
        """Open a prepared folder.

        Raises:
            DataError: It is not whole, or of another format.
        """
        try:
            record = loads((folder / "prepared.json").read_bytes())
            fold = np.load(folder / "fold.npy", mmap_mode="r", allow_pickle=False)
            kinds = {column["kind"] for column in record["schema"]["inputs"]}
            _check_arrays(folder, len(fold), [name for kind, name in _ARRAYS.items() if kind in kinds])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DataError(
                f"The prepared data in {folder} cannot be read ({error}): delete the folder, it is made again."
            ) from None
        if record["format"] != PREPARED_FORMAT:
            raise DataError(f"The prepared data in {folder} is of another format: delete the folder, it is made again.")
        kept = np.asarray(fold[fold >= 0])
        folds = int(kept.max()) + 1 if len(kept) else 0
        holdout = folds <= 2
        sizes = {
            "train": int((kept != 0).sum()) if holdout else len(kept),
            "valid": int((kept == 0).sum()) if holdout else len(kept),
            "test": int((fold == TEST).sum()),
        }
        return Prepared(
            folder=folder,
            fingerprint=record["fingerprint"],
            schema=Schema.from_json(record["schema"]),
            fitted=record["fitted"],
            sizes=sizes,
            validated=(0,) if holdout else tuple(range(folds)),
            health=Health.from_json(record["health"]),
            notes=tuple(record["notes"]),
        )

    def arrays(self) -> Arrays:
        """Return the arrays, memory-mapped read-only: every process reads the same pages."""
        files = sorted((self.folder / "arrays").glob("*.npy"))
        return Arrays({f.stem: np.load(f, mmap_mode="r", allow_pickle=False) for f in files})

    def target(self) -> Array:
        """Return the targets of all rows, memory-mapped."""
        target: Array = np.load(self.folder / "target.npy", mmap_mode="r", allow_pickle=False)
        return target

    def folds(self) -> npt.NDArray[np.int16]:
        """Return the fold of every row; see the module's text."""
        folds: npt.NDArray[np.int16] = np.load(self.folder / "fold.npy", mmap_mode="r", allow_pickle=False)
        return folds

    def names(self) -> list[str]:
        """Return what each row is called."""
        return list(loads((self.folder / "names.json").read_bytes()))

    def train_rows(self, fold: int | None) -> npt.NDArray[np.int64]:
        """Return the rows to train on when `fold` is validated; None trains on all but the test split."""
        folds = self.folds()
        return np.flatnonzero((folds >= 0) & (folds != fold) if fold is not None else folds >= 0)

    def valid_rows(self, folds: Sequence[int] | None = None) -> npt.NDArray[np.int64]:
        """Return the rows validated in the given folds (all validated ones if None), in ascending order."""
        return np.flatnonzero(np.isin(self.folds(), self.validated if folds is None else list(folds)))

    def test_rows(self) -> npt.NDArray[np.int64]:
        """Return the rows of the test split."""
        return np.flatnonzero(self.folds() == TEST)


_ARRAYS = {"image": "image", "number": "numbers", "category": "categories"}
"""Kind of column → the array that holds its like."""


def _check_arrays(folder: Path, rows: int, names: Sequence[str]) -> None:
    """Raise a ValueError or an OSError where an array is missing, cut short, or of other rows; reads headers alone."""
    for file in (folder / "target.npy", *(folder / "arrays" / f"{name}.npy" for name in names)):
        found = len(np.load(file, mmap_mode="r", allow_pickle=False))
        if found != rows:
            raise ValueError(f"{file.name} has {found} rows, {rows} are expected")
