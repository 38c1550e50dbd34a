"""Fixtures of the whole suite.

The finished studies are made once a session and shared: read them, copy what is to be changed. They have a number of
trials and no time, so that a busy machine makes them slower and not other ones.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import byeori
from byeori import catalog
from byeori._util.lazy import lazy

if TYPE_CHECKING:  # a single light test is not to wait for what it does not use
    import pandas as pd
    from sklearn import datasets

    from byeori.study import Study
else:
    pd = lazy("pandas")
    datasets = lazy("sklearn.datasets")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data, or a skip that says how to give it."""
    folder = Path(os.environ.get("BYEORI_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set BYEORI_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """400 pictures of 8×8, enough for one split in place of folds, and their ten labels as text."""
    found = datasets.load_digits()
    return found.images[:400].astype(np.uint8), found.target[:400].astype(str)


@pytest.fixture(scope="session")
def patients() -> pd.DataFrame:
    """300 rows of numbers with gaps, a column of categories with gaps, and `diagnosis`."""
    found = datasets.load_breast_cancer(as_frame=True)
    frame = found.data.iloc[:300, :6].copy()
    frame.columns = [name.replace(" ", "_") for name in frame.columns]
    rng = np.random.default_rng(0)
    frame = frame.mask(rng.random(frame.shape) < 0.04)
    size = pd.cut(found.data["mean area"][:300], [0, 450, 700, 5000], labels=["small", "middle", "large"])
    frame["size"] = size.astype(object).where(rng.random(300) > 0.05, None)
    frame["diagnosis"] = np.where(found.target[:300] == 1, "benign", "malignant")
    return frame


@pytest.fixture(scope="session")
def progressions() -> pd.DataFrame:
    """300 rows of numbers and the value `progression`."""
    found = datasets.load_diabetes(as_frame=True)
    return found.data.iloc[:300].assign(progression=found.target[:300])


@pytest.fixture(scope="session")
def image_study(digits: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A finished study of pictures: the default network, one child of the parent, the baselines."""
    measured = {"precision": "fp32", "why": "Measuring takes as long as the rest of so small a study."}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("byeori.session.Session._precision", lambda *_: measured)
        return byeori.fit(digits, out=tmp_path_factory.mktemp("images") / "study", trials=2, workers=2)


@pytest.fixture(scope="session")
def table_study(patients: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A finished study of a table with two classes."""
    out = tmp_path_factory.mktemp("table") / "study"
    return byeori.fit(patients, out=out, target="diagnosis", trials=1, executor="inline")


@pytest.fixture(scope="session")
def regression_study(progressions: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A finished study of a table with a value."""
    out = tmp_path_factory.mktemp("regression") / "study"
    return byeori.fit(progressions, out=out, target="progression", trials=1, executor="inline")


@pytest.fixture
def no_nets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog without networks, so that many children of a table take no time."""
    monkeypatch.setattr(catalog, "ROWS", tuple(row for row in catalog.ROWS if row.learner != "nets"))
