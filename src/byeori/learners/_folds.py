"""Cross-validation as every learner does it: a model a fold, out-of-fold predictions together, one value.

With several folds the first value comes when the last fold has a prediction: before, no file could hold a prediction of
every row that is asked for. Where time is short, the folds share what is left equally, so each of them ends.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from byeori._util.files import write_whole
from byeori.core.data import Arrays, Prepared
from byeori.core.errors import LimitExceeded
from byeori.core.jobs import Job
from byeori.core.metrics import score
from byeori.core.schema import CLASSIFICATION, Schema
from byeori.learners._folders import fold_folder

Floats = npt.NDArray[np.float32]

VALID = "valid.npy"
_PART = "checkpoint-valid.npy"


def folds_of(job: Job) -> tuple[int | None, ...]:
    """Return the folds to train in turn; `(None,)` is one model on all rows outside the test split."""
    return job.folds or (None,)


def share(job: Job, elapsed: float, left: int) -> float | None:
    """Return the seconds one of the folds that are left may take; None without a limit.

    Args:
        job: With its seconds.
        elapsed: Seconds since it began.
        left: Folds that have not begun.
    """
    return None if job.seconds is None else max(0.0, job.seconds - elapsed) / left


def peak_memory() -> int:
    """Return the peak memory of this process in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Board:
    """The out-of-fold predictions of a job, and their value once all are there.

    Args:
        job: Predictions of its earlier attempts are read from `job.out`.
        prepared: The data.
    """

    def __init__(self, job: Job, prepared: Prepared) -> None:
        self._out = Path(job.out)
        self._folds = job.folds
        self._prepared = prepared
        self._target = np.asarray(prepared.target()[prepared.valid_rows(job.folds)])
        self._parts: dict[int, Floats] = dict(self._found())
        self.value: float | None = None
        if self.complete and (self._out / VALID).is_file():
            self.value = self._score()

    @property
    def complete(self) -> bool:
        """Whether every fold has a prediction."""
        return bool(self._folds) and len(self._parts) == len(self._folds)

    def keep(self, fold: int, prediction: Floats) -> None:
        """Take a fold's prediction, for its validated rows in ascending order; write valid.npy if it is whole."""
        self._parts[fold] = prediction
        if len(self._folds) > 1:
            _save(fold_folder(self._out, fold) / _PART, prediction)
        if self.complete:
            _save(self._out / VALID, self.prediction())
            self.value = self._score()

    def prediction(self) -> Floats:
        """Return the predictions of all folds in the order of `prepared.valid_rows(job.folds)`."""
        rows = np.concatenate([self._prepared.valid_rows([fold]) for fold in self._folds])
        return np.concatenate([self._parts[fold] for fold in self._folds])[np.argsort(rows)]

    def _score(self) -> float:
        return float(score(self._prepared.schema.metric, self._target, self.prediction()))

    def _found(self) -> Iterator[tuple[int, Floats]]:
        single = len(self._folds) == 1
        for fold in self._folds:
            path = self._out / VALID if single else fold_folder(self._out, fold) / _PART
            if path.is_file():
                yield fold, np.load(path, allow_pickle=False)


def latency_ms(job: Job, predict: Callable[[Arrays], object], arrays: Arrays) -> float:
    """Return the median milliseconds of one item's prediction; those of several folds' models add up.

    Args:
        job: Its limit is held against it.
        predict: One fold's model.
        arrays: At least one row.

    Raises:
        LimitExceeded: It takes longer than `job.max_latency`.
    """
    one = arrays.take(np.zeros(1, dtype=np.int64))
    times: list[float] = []
    predict(one)
    while len(times) < 20 and sum(times) < 0.4:
        begun = time.perf_counter()
        predict(one)
        times.append(time.perf_counter() - begun)
    latency = 1e3 * float(np.median(times)) * len(folds_of(job))
    hold_latency(job, latency)
    return latency


def hold_latency(job: Job, latency: float) -> None:
    """Hold a latency in milliseconds against the limit of a job.

    Raises:
        LimitExceeded: It is over the limit.
    """
    if job.max_latency is not None and latency > job.max_latency:
        raise LimitExceeded(
            f"One prediction takes {latency:.2f} ms and may take {job.max_latency:g} ms: a smaller model is needed."
        )


def measures(schema: Schema, target: npt.NDArray[np.generic], prediction: Floats) -> dict[str, float]:
    """Return the validation curves' figures: the loss (log loss, or mean squared error) and the study's metric.

    Args:
        schema: With the metric.
        target: (N,) labels or values.
        prediction: (N, classes) or (N,).
    """
    if schema.task == CLASSIFICATION:
        loss = score("log_loss", target, prediction)
    else:
        loss = float(np.mean((prediction - target.astype(np.float64)) ** 2))
    return {"loss": float(loss), schema.metric: float(score(schema.metric, target, prediction))}


def class_weights(kind: str, target: npt.NDArray[np.generic], classes: int) -> npt.NDArray[np.float64]:
    """Return a weight a class whose mean over the rows is 1.

    Args:
        kind: `none`, `balanced` (1 / share) or `sqrt` (its root).
        target: (N,) labels.
        classes: How many there are; one without rows weighs 0.

    Example:
        >>> class_weights("balanced", np.array([0, 0, 0, 1]), 2).round(2).tolist()
        [0.67, 2.0]
    """
    counts = np.bincount(target.astype(np.int64), minlength=classes).astype(np.float64)
    power = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}[kind]
    raw = np.where(counts > 0, np.maximum(counts, 1.0) ** -power, 0.0)
    return np.asarray(raw * counts.sum() / max(1e-12, float((raw * counts).sum())))


def spread(values: npt.NDArray[np.generic], margin: float = 0.25) -> tuple[float, float]:
    """Return the range in which a regression model may answer: that of the training targets and a margin, so that
    one strange row cannot be answered with millions.

    Args:
        values: (N,) training targets.
        margin: Share of their range added on either side.

    Example:
        >>> spread(np.array([0.0, 4.0]))
        (-1.0, 5.0)
    """
    low, high = float(np.min(values)), float(np.max(values))
    return low - margin * (high - low), high + margin * (high - low)


def _save(path: Path, values: Floats) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda file: np.save(file, values, allow_pickle=False), durable=False)
