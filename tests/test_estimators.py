from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from byeori import catalog
from byeori.core.errors import DataError, OptionError, StudyError
from byeori.estimators import ImageClassifier, TabularClassifier, TabularRegressor

MEMORY = "/dev/shm"
TINY: dict[str, Any] = {"time": None, "trials": 1, "executor": "inline"}
Digits = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def linear_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are learnt by linear models alone: what is tested is the face, a tenth of a second a fit."""
    keep = ("linear", "majority")
    rows = tuple(row for row in catalog.ROWS if row.kind != "family" or row.name in keep)
    monkeypatch.setattr(catalog, "ROWS", rows)
    if os.access(MEMORY, os.W_OK):  # half of such a fit is waiting for the disk
        monkeypatch.setattr(tempfile, "tempdir", MEMORY)


@pytest.fixture(scope="module")
def iris() -> tuple[np.ndarray, np.ndarray]:
    found = load_iris()
    return found.data, found.target


EXPECTED_FAILED_CHECKS: dict[str, str] = {}
"""Check → why the faces cannot pass it; none today."""


@pytest.mark.usefixtures("linear_only")
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")  # inside scikit-learn
@parametrize_with_checks(
    [TabularClassifier(**TINY), TabularRegressor(**TINY)],
    expected_failed_checks=lambda _: EXPECTED_FAILED_CHECKS,
)
def test_the_faces_keep_to_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


# ------------------------------------------------------------------------------------------------ kinds of labels


@pytest.mark.usefixtures("linear_only")
@pytest.mark.parametrize(
    "names",
    [
        np.array(["setosa", "versicolor", "virginica"]),
        np.array([7, -1, 300]),
        np.array([0.0, 1.0, 2.0]),
        np.array(["10", "9", "1"], dtype=object),
        np.array(["벼리", "b c", "-"]),
    ],
    ids=["text", "whole numbers", "floats", "digits as text", "odd text"],
)
def test_labels_come_back_as_they_were_given(names: np.ndarray, iris: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = iris
    fitted = TabularClassifier(**TINY).fit(X, names[y])
    assert fitted.classes_.tolist() == sorted(names.tolist())
    assert fitted.classes_.dtype == names.dtype
    said = fitted.predict(X)
    assert said.dtype == names.dtype
    assert (said == names[y]).mean() > 0.9
    proba = fitted.predict_proba(X)
    assert proba.shape == (150, 3)
    assert (fitted.classes_[proba.argmax(axis=1)] == said).all()
    assert np.allclose(proba.sum(axis=1), 1.0)


@pytest.mark.usefixtures("linear_only")
def test_labels_may_be_truth_values(iris: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = iris
    said = TabularClassifier(**TINY).fit(X, y == 0).predict(X)
    assert said.dtype == bool
    assert (said == (y == 0)).all()


# ----------------------------------------------------------------------------------------------------- data frames


def test_a_frame_keeps_its_categories_and_its_gaps(patients: pd.DataFrame) -> None:
    X, y = patients.drop(columns="diagnosis"), patients["diagnosis"]
    X["size"] = X["size"].astype("category")
    fitted = TabularClassifier(**TINY).fit(X.iloc[:250], y.iloc[:250])
    assert fitted.feature_names_in_.tolist() == list(X.columns)
    kinds = {column.name: column.kind for column in fitted.model_.schema.inputs}
    assert kinds["size"] == "category"
    assert fitted.score(X.iloc[250:], y.iloc[250:]) > 0.7
    assert np.array_equal(fitted.predict(X.iloc[250:]), fitted.predict(X.iloc[250:].reset_index(drop=True)))


@pytest.mark.usefixtures("linear_only")
def test_columns_in_another_order_are_refused(patients: pd.DataFrame) -> None:
    X, y = patients.drop(columns="diagnosis"), patients["diagnosis"]
    fitted = TabularClassifier(**TINY).fit(X, y)
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(X[X.columns[::-1]])


@pytest.mark.usefixtures("linear_only")
def test_columns_named_by_numbers_are_taken(iris: tuple[np.ndarray, np.ndarray]) -> None:
    frame = pd.DataFrame(iris[0])
    assert TabularClassifier(**TINY).fit(frame, iris[1]).score(frame, iris[1]) > 0.9


# ---------------------------------------------------------------------------------------- inside scikit-learn's own


@pytest.mark.usefixtures("linear_only")
def test_it_works_in_a_pipeline_and_in_cross_validation(
    iris: tuple[np.ndarray, np.ndarray], progressions: pd.DataFrame
) -> None:
    pipeline = make_pipeline(StandardScaler(), TabularClassifier(**TINY))
    assert cross_val_score(pipeline, *iris, cv=3).min() > 0.85
    X, y = progressions.drop(columns="progression"), progressions["progression"]
    columns = make_column_transformer((StandardScaler(), list(X.columns[:4])), remainder="passthrough")
    assert cross_val_score(make_pipeline(columns, TabularRegressor(**TINY)), X, y, cv=2).min() > 0.3


@pytest.mark.usefixtures("linear_only")
def test_it_can_be_searched_over(iris: tuple[np.ndarray, np.ndarray]) -> None:
    search = GridSearchCV(TabularClassifier(**TINY), {"strategy": ["random", "evolution"]}, cv=2).fit(*iris)
    assert search.best_params_["strategy"] in ("random", "evolution")


def test_the_signature_is_the_configuration() -> None:
    for face in (TabularClassifier, TabularRegressor, ImageClassifier):
        made = face(time=3.0, metric="log_loss", random_state=5)
        assert made.get_params()["time"] == 3.0
        assert clone(made).get_params() == made.get_params()
        assert made.set_params(workers=2).workers == 2
    assert is_classifier(TabularClassifier())
    assert is_classifier(ImageClassifier())
    assert is_regressor(TabularRegressor())


@pytest.mark.usefixtures("linear_only")
def test_the_same_seed_gives_the_same_predictions(iris: tuple[np.ndarray, np.ndarray]) -> None:
    first, again = (TabularClassifier(**TINY, random_state=3).fit(*iris).predict_proba(iris[0]) for _ in range(2))
    assert np.array_equal(first, again)


# -------------------------------------------------------------------------------------------------------- on the disk


@pytest.mark.usefixtures("linear_only")
def test_a_temporary_study_goes_with_its_estimator(iris: tuple[np.ndarray, np.ndarray]) -> None:
    fitted = TabularClassifier(**TINY).fit(*iris)
    folder = fitted.study_.folder
    assert folder.is_dir()
    del fitted
    gc.collect()
    assert not folder.exists()


@pytest.mark.usefixtures("linear_only")
def test_a_folder_of_ones_own_stays_and_holds_one_study(iris: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    X, y = iris
    made = TabularClassifier(**TINY, folder=str(tmp_path / "study"))
    first = made.fit(X, y).predict_proba(X)
    assert np.array_equal(made.fit(X, y).predict_proba(X), first), "the same data: the study that is there"
    with pytest.raises(StudyError, match="differs in data"):
        made.fit(X[::-1], y)


@pytest.mark.usefixtures("linear_only")
def test_a_pickled_estimator_predicts_in_another_process(iris: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    X, y = iris
    fitted = TabularClassifier(**TINY).fit(X, y)
    expected = fitted.predict(X[::10]).tolist()
    (tmp_path / "fitted.pickle").write_bytes(pickle.dumps(fitted))
    del fitted
    gc.collect()
    code = (
        "import pickle, sys, pathlib; from sklearn.datasets import load_iris;"
        "fitted = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes());"
        "print(fitted.predict(load_iris().data[::10]).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "fitted.pickle")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(expected)


# ---------------------------------------------------------------------------------------------------------- pictures


def test_pictures_are_learnt_and_predicted(digits: Digits) -> None:
    X, y = digits[0][:150], digits[1][:150].astype(int)
    fitted = ImageClassifier(**{**TINY, "time": 8.0}, metric="accuracy").fit(X, y)
    assert fitted.classes_.tolist() == list(range(10))
    assert fitted.predict_proba(X[:5]).shape == (5, 10)
    assert fitted.predict(X[:5]).dtype == y.dtype
    assert fitted.model_.schema.modality == "images"


def test_what_is_no_picture_is_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"reshape them"):
        ImageClassifier(**TINY).fit(np.zeros((4, 64)), [0, 1, 0, 1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        ImageClassifier(**TINY).fit(np.zeros((4, 8, 8), np.uint8), [0, 1])


# ------------------------------------------------------------------------------------------------------- what is wrong


def test_wrong_options_are_said_at_fit(iris: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(OptionError, match="evolution"):
        TabularClassifier(**{**TINY, "strategy": "evoluton"}).fit(*iris)
    with pytest.raises(OptionError, match="rmse"):
        TabularClassifier(**TINY, metric="rmse").fit(*iris)


def test_one_class_is_not_enough(iris: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(ValueError, match="only one class"):
        TabularClassifier(**TINY).fit(iris[0], np.zeros(150))


def test_columns_that_say_nothing_are_one_sentence() -> None:
    with pytest.raises((DataError, ValueError), match="no column to learn from"):
        TabularRegressor(**TINY).fit(np.ones((20, 2)), np.arange(20.0))
