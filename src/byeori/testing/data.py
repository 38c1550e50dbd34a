"""Small prepared data sets that come with scikit-learn, for tests of learners, families and executors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_diabetes, load_digits, load_iris

from byeori.core.data import TEST, Array, Prepared
from byeori.core.schema import CLASSIFICATION, REGRESSION, Column, Health, Schema


def prepared_digits(folder: Path, *, rows: int = 1797, folds: int = 2, enlarge: int = 1) -> Prepared:
    """Write the digits (8×8 grey images, ten classes) as prepared images.

    Args:
        folder: Made anew.
        rows: How many of the 1,797.
        folds: 2 for one split, more for cross-validation.
        enlarge: Pixels a side that each pixel becomes.

    Returns:
        The prepared data; a fifth of the rows is the test split.
    """
    digits = load_digits()
    images = np.round(digits.images[:rows] * (255 / 16)).astype(np.uint8)[..., None]
    images = images.repeat(enlarge, axis=1).repeat(enlarge, axis=2)
    schema = Schema(
        modality="images",
        task=CLASSIFICATION,
        inputs=(Column(name="image", kind="image", shape=(8 * enlarge, 8 * enlarge, 1)),),
        targets=(Column(name="digit", kind="label", labels=tuple("0123456789")),),
        metric="accuracy",
    )
    return _write(folder, schema, {"image": images}, digits.target[:rows].astype(np.int64), folds)


def prepared_iris(folder: Path, *, folds: int = 2, holes: bool = False) -> Prepared:
    """Write the irises (four numbers, one made a category too, three classes) as a prepared table.

    Args:
        folder: Made anew.
        folds: 2 for one split, more for cross-validation.
        holes: Leave out every seventh number and every ninth category.
    """
    iris = load_iris()
    numbers = iris.data.astype(np.float64).copy()
    wide = (numbers[:, 1] // 0.5).astype(np.int32)
    categories = (wide - wide.min())[:, None]
    if holes:
        numbers.reshape(-1)[::7] = np.nan
        categories[::9] = -1
    labels = tuple(f"w{n}" for n in range(int(categories.max()) + 1))
    inputs = (
        *(Column(name=name, kind="number") for name in iris.feature_names),
        Column(name="wide", kind="category", labels=labels),
    )
    schema = Schema(
        modality="tables",
        task=CLASSIFICATION,
        inputs=inputs,
        targets=(Column(name="species", kind="label", labels=tuple(iris.target_names)),),
        metric="accuracy",
    )
    return _write(folder, schema, {"numbers": numbers, "categories": categories}, iris.target.astype(np.int64), folds)


def prepared_diabetes(folder: Path, *, folds: int = 2, metric: str = "rmse") -> Prepared:
    """Write the diabetes data (ten numbers, a value from 25 to 346) as a prepared table.

    Args:
        folder: Made anew.
        folds: 2 for one split, more for cross-validation.
        metric: That ranks trials.
    """
    diabetes = load_diabetes()
    schema = Schema(
        modality="tables",
        task=REGRESSION,
        inputs=tuple(Column(name=name, kind="number") for name in diabetes.feature_names),
        targets=(Column(name="progression", kind="value"),),
        metric=metric,
    )
    return _write(
        folder, schema, {"numbers": diabetes.data.astype(np.float64)}, diabetes.target.astype(np.float64), folds
    )


def write_prepared(
    folder: Path, schema: Schema, arrays: dict[str, Array], target: Array, fold: npt.NDArray[np.int16]
) -> Prepared:
    """Write arrays as prepared data.

    Args:
        folder: Made, with its parents.
        schema: What they are.
        arrays: `image`, or `numbers` and `categories`.
        target: (N,) labels or values.
        fold: (N,), see `byeori.core.data`.
    """
    (folder / "arrays").mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / "arrays" / f"{name}.npy", array, allow_pickle=False)
    return Prepared.write(
        folder,
        schema=schema,
        fitted={},
        target=target,
        fold=fold,
        names=[f"row {n}" for n in range(len(target))],
        fingerprint=f"{schema.target.name}-{len(target)}-{int(fold.max())}",
        health=Health(),
    )


def _write(folder: Path, schema: Schema, arrays: dict[str, Array], target: Array, folds: int) -> Prepared:
    """Split by chance, a fifth each for the test split and, with one split, for validation."""
    place = np.random.default_rng(0).permutation(len(target))
    fold = np.full(len(target), TEST, dtype=np.int16)
    if folds == 2:
        fold[place % 5 == 1] = 0
        fold[place % 5 > 1] = 1
    else:
        kept = place % 5 > 0
        fold[kept] = (place[kept] // 5) % folds
    return write_prepared(folder, schema, arrays, target, fold)
