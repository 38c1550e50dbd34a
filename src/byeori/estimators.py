"""The scikit-learn faces: a study behind fit, a model folder behind predict."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from byeori import catalog
from byeori.api import fit
from byeori.core.schema import CLASSIFICATION, REGRESSION
from byeori.model import Model

Labels = npt.NDArray[Any]


class _Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """What the faces share: the signature is the configuration, `fit` runs a study, the model folder predicts.

    Args:
        time: Seconds a fit may take; None for as long as `trials` take.
        trials: Children to breed; None for as many as time allows.
        metric: What ranks the children; one that suits the task where it is None.
        strategy: Catalog name of the parent.
        executor: Catalog name of where children train.
        workers: Children at once; one a processor where it is None.
        folder: Where the study goes; a temporary folder where it is None.
        random_state: Seed of everything.
    """

    def __init__(
        self,
        *,
        time: float | None = 60.0,
        trials: int | None = None,
        metric: str | None = None,
        strategy: str = "council",
        executor: str = "local",
        workers: int | None = None,
        folder: str | None = None,
        random_state: int = 0,
    ) -> None:
        self.time = time
        self.trials = trials
        self.metric = metric
        self.strategy = strategy
        self.executor = executor
        self.workers = workers
        self.folder = folder
        self.random_state = random_state

    def _study(self, X: Any, y: Labels, modality: str, task: str) -> None:
        """Run the study and open its model."""
        folder = Path(self.folder) if self.folder else self._temporary() / "study"
        self.study_ = fit(
            (X, y),
            out=folder,
            task=task,
            test_fraction=0.0,
            metric=self.metric,
            time=self.time,
            trials=self.trials,
            strategy=self.strategy,
            executor=self.executor,
            workers=self.workers,
            seed=int(self.random_state),
            modality=modality,
        )
        self.model_ = Model.load(folder)

    def _temporary(self) -> Path:
        """Return a new folder that goes when this estimator does."""
        folder = tempfile.mkdtemp(prefix="byeori-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def __getstate__(self) -> dict[str, Any]:
        """Take the model's files along; the study stays where it is."""
        state: dict[str, Any] = dict(super().__getstate__())
        model = state.pop("model_", None)
        state.pop("study_", None)
        if model is not None:
            files = (file for file in model.folder.rglob("*") if file.is_file())
            state["_files"] = {file.relative_to(model.folder).as_posix(): file.read_bytes() for file in files}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Put the model's files into a new folder."""
        files = state.pop("_files", None)
        super().__setstate__(state)
        if files is not None:
            folder = self._temporary() / "model"
            for name, content in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
            self.model_ = Model.load(folder)


class _Tabular(_Estimator):
    """Rows of numbers and categories."""

    def _checked(self, X: Any, *, reset: bool) -> pd.DataFrame:
        """Check X as scikit-learn does, and name its columns; a DataFrame keeps its types."""
        if isinstance(X, pd.DataFrame) and not all(isinstance(c, str) for c in X.columns):
            X = X.set_axis([str(c) for c in X.columns], axis=1)
        least = 2 if reset else 1
        checked = validate_data(
            self, X, reset=reset, dtype=None, ensure_all_finite="allow-nan", ensure_min_samples=least
        )
        if isinstance(X, pd.DataFrame):
            return X.reset_index(drop=True)
        if checked.dtype.kind in "OUS":
            checked = check_array(checked, dtype="numeric", ensure_all_finite="allow-nan")
        return pd.DataFrame(checked, columns=[f"c{i}" for i in range(checked.shape[1])])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.non_deterministic = self.time is not None
        return tags


class _Classifying(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """Labels in, labels and probabilities out."""

    def _fit_classes(self, X: Any, y: Any, modality: str) -> Self:
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(f"Classification needs 2 classes or more; y holds only one class, {self.classes_[0]!r}.")
        self._study(X, np.asarray([str(label) for label in y], dtype=object), modality, CLASSIFICATION)
        order = {label: index for index, label in enumerate(self.model_.schema.labels)}
        self._columns = np.asarray([order[str(label)] for label in self.classes_])
        return self

    def _raw(self, X: Any) -> Any:
        return self.model_.predict(X)

    def _proba(self, X: Any) -> npt.NDArray[np.float64]:
        probabilities: npt.NDArray[np.float64] = self._raw(X).raw[:, self._columns]
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        return probabilities

    def _predict(self, X: Any) -> Labels:
        decided = self._raw(X).decided
        back = np.empty(len(self._columns), dtype=np.int64)
        back[self._columns] = np.arange(len(self._columns))
        predicted: Labels = self.classes_[back[decided]]
        return predicted


class TabularClassifier(_Classifying, _Tabular):
    """A classifier for tables with the face of scikit-learn.

    Use it inside scikit-learn's pipelines and searches, or for a model in three lines.

    Args:
        time: Seconds a fit may take; None for as long as `trials` take.
        trials: Children to breed; None for as many as time allows.
        metric: What ranks the children.
        strategy: Catalog name of the parent.
        executor: Catalog name of where children train.
        workers: Children at once.
        folder: Where the study goes; a temporary folder where it is None.
        random_state: Seed of everything.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> TabularClassifier(time=20).fit(X, y).predict(X[:3])  # doctest: +SKIP
        array([0, 0, 0])
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Run a study on a table and its labels.

        Args:
            X: (N, columns) array or DataFrame; missing values are NaN.
            y: (N,) labels.
        """
        return self._fit_classes(self._checked(X, reset=True), y, catalog.TABLES)

    def predict(self, X: Any) -> Labels:
        """Return the label of each row."""
        check_is_fitted(self)
        return self._predict(self._checked(X, reset=False))

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probabilities (N, classes) in the order of `classes_`."""
        check_is_fitted(self)
        return self._proba(self._checked(X, reset=False))


class TabularRegressor(RegressorMixin, _Tabular):  # type: ignore[misc]
    """A regressor for tables with the face of scikit-learn.

    Args:
        time: Seconds a fit may take; None for as long as `trials` take.
        trials: Children to breed; None for as many as time allows.
        metric: What ranks the children.
        strategy: Catalog name of the parent.
        executor: Catalog name of where children train.
        workers: Children at once.
        folder: Where the study goes; a temporary folder where it is None.
        random_state: Seed of everything.

    Example:
        >>> from sklearn.datasets import load_diabetes
        >>> X, y = load_diabetes(return_X_y=True)
        >>> TabularRegressor(time=20).fit(X, y).predict(X[:1])  # doctest: +SKIP
        array([170.])
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Run a study on a table and its values.

        Args:
            X: (N, columns) array or DataFrame; missing values are NaN.
            y: (N,) values.
        """
        frame = self._checked(X, reset=True)
        values = check_array(column_or_1d(y, warn=True), ensure_2d=False, dtype=np.float64)
        check_consistent_length(frame, values)
        self._study(frame, values, catalog.TABLES, REGRESSION)
        return self

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the value of each row."""
        check_is_fitted(self)
        values: npt.NDArray[np.float64] = self.model_.predict(self._checked(X, reset=False)).raw
        return values


class ImageClassifier(_Classifying):
    """A classifier for pictures with the face of scikit-learn.

    Args:
        time: Seconds a fit may take; None for as long as `trials` take.
        trials: Children to breed; None for as many as time allows.
        metric: What ranks the children.
        strategy: Catalog name of the parent.
        executor: Catalog name of where children train.
        workers: Children at once.
        folder: Where the study goes; a temporary folder where it is None.
        random_state: Seed of everything.

    Example:
        >>> from sklearn.datasets import load_digits
        >>> digits = load_digits()
        >>> ImageClassifier(time=30).fit(digits.images, digits.target)  # doctest: +SKIP
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Run a study on pictures and their labels.

        Args:
            X: (N, height, width[, channels]) array of uint8, or of floats in 0–1 or 0–255.
            y: (N,) labels.
        """
        pictures = np.asarray(X)
        if pictures.ndim not in (3, 4):
            raise ValueError(
                f"Pictures have the shape (N, height, width[, channels]); got {pictures.shape}: reshape them."
            )
        return self._fit_classes(pictures, y, catalog.IMAGES)

    def predict(self, X: Any) -> Labels:
        """Return the label of each picture."""
        check_is_fitted(self)
        return self._predict(np.asarray(X))

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probabilities (N, classes) in the order of `classes_`."""
        check_is_fitted(self)
        return self._proba(np.asarray(X))
