"""The table of metrics, and the few questions asked of it: score, decide, bootstrap, compare.

A target is (N,) int64 label indices or float64 values; a prediction (N, K) probabilities or (N,) values. A prediction
that is no number counts as the worst there is and never raises: the decision is wrong, the error infinite.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from byeori.core import scorers
from byeori.core.bootstrap import Interval, difference, interval
from byeori.core.errors import DataError, OptionError, did_you_mean
from byeori.core.schema import CLASSIFICATION, REGRESSION, TASKS
from byeori.core.scorers import Maker, Numbers, Scorer, Tally, decide

__all__ = [
    "METRICS",
    "Interval",
    "Metric",
    "bootstrap",
    "decide",
    "default_metric",
    "metric",
    "metrics_for",
    "paired",
    "score",
    "scorer",
]

_IMBALANCE = 5.0
"""Above this ratio of the largest class to the smallest, plain accuracy rewards forgetting the smallest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One way to say how good predictions are.

    Args:
        name: As written in options and files.
        tasks: The tasks it is for.
        maximize: True where larger is better.
        summary: One line for people.
        make: Turns target, prediction and scale into a scorer of weights.
        undefined: The value where there is none, for example the AUC of one class.
        tally: Where the metric looks at decisions alone: the value from counts per class; None otherwise.
    """

    name: str
    tasks: tuple[str, ...]
    maximize: bool
    summary: str
    make: Maker
    undefined: float = 0.0
    tally: Tally | None = None

    def __post_init__(self) -> None:
        if not self.tasks or set(self.tasks) - set(TASKS):
            raise ValueError(f"Metric {self.name!r} is for tasks {self.tasks}; known: {', '.join(TASKS)}.")

    @property
    def decides(self) -> bool:
        """Whether it looks at decisions alone, so that a decision scale changes it."""
        return self.tally is not None

    @property
    def sign(self) -> float:
        """1 where larger is better, else -1: `sign · value` is to be made large."""
        return 1.0 if self.maximize else -1.0


def _decided(name: str, tally: Tally, summary: str) -> Metric:
    return Metric(
        name=name,
        tasks=(CLASSIFICATION,),
        maximize=True,
        summary=summary,
        make=scorers.of_decisions(tally),
        tally=tally,
    )


def _plain(name: str, task: str, maximize: bool, make: Maker, summary: str, undefined: float = 0.0) -> Metric:
    return Metric(name=name, tasks=(task,), maximize=maximize, summary=summary, make=make, undefined=undefined)


METRICS: Mapping[str, Metric] = {
    m.name: m
    for m in (
        _decided("accuracy", scorers.accuracy, "Share of items whose class is right."),
        _decided(
            "balanced_accuracy", scorers.balanced_accuracy, "Mean over the classes of the share that is recognised."
        ),
        _decided("macro_f1", scorers.macro_f1, "Mean over the classes of the F1 score (precision with recall)."),
        _plain("auc", CLASSIFICATION, True, scorers.auc, "Chance that an item of a class outranks another's.", 0.5),
        _plain("log_loss", CLASSIFICATION, False, scorers.log_loss, "Mean negative log probability of the true class."),
        _plain(
            "calibration_error",
            CLASSIFICATION,
            False,
            scorers.calibration_error,
            "How far confidence lies from accuracy on average (15 bins of equal width).",
        ),
        _plain("rmse", REGRESSION, False, scorers.rmse, "Root of the mean squared error, in the target's unit."),
        _plain("mae", REGRESSION, False, scorers.mae, "Mean absolute error, in the target's unit."),
        _plain("r2", REGRESSION, True, scorers.r2, "Share of the target's variance that is explained."),
    )
}
"""Name → metric."""


def metric(name: str) -> Metric:
    """Return a metric by name.

    Raises:
        OptionError: There is none of that name.

    Example:
        >>> metric("auc").maximize
        True
    """
    if name not in METRICS:
        raise OptionError(f"Unknown metric {name!r}.{did_you_mean(name, METRICS)}")
    return METRICS[name]


def metrics_for(task: str) -> tuple[Metric, ...]:
    """Return the metrics of a task in the order of the table.

    Example:
        >>> [m.name for m in metrics_for("regression")]
        ['rmse', 'mae', 'r2']
    """
    return tuple(m for m in METRICS.values() if task in m.tasks)


def default_metric(task: str, counts: Mapping[str, int] | Iterable[int] = ()) -> str:
    """Return the metric that suits a task: accuracy, balanced accuracy where classes are lopsided, RMSE for values.

    Args:
        task: `classification` or `regression`.
        counts: Items per class, as a mapping or bare; classes without items are left out of the judgement.

    Returns:
        `balanced_accuracy` where the largest class is more than 5 times the smallest.

    Example:
        >>> default_metric("classification", {"yes": 260, "no": 10923})
        'balanced_accuracy'
    """
    if task == REGRESSION:
        return "rmse"
    sizes = [n for n in (counts.values() if isinstance(counts, Mapping) else counts) if n > 0]
    lopsided = bool(sizes) and max(sizes) > _IMBALANCE * min(sizes)
    return "balanced_accuracy" if lopsided else "accuracy"


def score(
    name: str,
    target: Numbers,
    prediction: Numbers,
    weight: Numbers | None = None,
    *,
    scale: Sequence[float] | None = None,
) -> float:
    """Return a metric's value.

    Args:
        name: Of the metric.
        target: (N,) label indices, or values.
        prediction: (N, K) probabilities, or (N,) values.
        weight: (N,), not negative, or None for ones.
        scale: A multiplier a class that decisions are made with (see `decide`); only metrics of decisions look at it.

    Raises:
        OptionError: There is no such metric.
        DataError: There is nothing to measure on, or a label the prediction has no column for.
        ValueError: The shapes do not fit each other.

    Example:
        >>> score("accuracy", np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]))
        0.6666666666666666
    """
    measure, undefined = scorer(name, target, prediction, scale=scale), metric(name).undefined
    weights = np.ones(len(target)) if weight is None else np.asarray(weight, dtype=np.float64)
    if weights.shape != (len(target),) or not np.all(weights >= 0) or not weights.sum() > 0:
        raise ValueError(f"Weights are {len(target)} numbers, none negative and not all 0; got shape {weights.shape}.")
    value = float(measure(weights[None])[0])
    return undefined if isnan(value) else value


def scorer(name: str, target: Numbers, prediction: Numbers, *, scale: Sequence[float] | None = None) -> Scorer:
    """Return a function of weights (R, N) that gives R values of a metric; for many scores of one prediction."""
    found = metric(name)
    target, prediction = _checked(found, np.asarray(target), np.asarray(prediction))
    if scale is not None and len(scale) != prediction.shape[-1]:
        raise ValueError(f"A decision scale has one number a class, {prediction.shape[-1]}; got {len(scale)}.")
    return found.make(target, prediction, scale if found.decides else None)


def bootstrap(
    name: str,
    target: Numbers,
    prediction: Numbers,
    *,
    rounds: int = 500,
    seed: int = 0,
    scale: Sequence[float] | None = None,
) -> Interval:
    """Return a metric's value with its 95 % bootstrap interval and standard error; arguments as in `score`.

    Rounds in which the metric is not defined (one class drawn) are left out.
    """
    measure = scorer(name, target, prediction, scale=scale)
    return interval(measure, len(target), rounds=rounds, seed=seed, undefined=metric(name).undefined)


def paired(
    name: str,
    target: Numbers,
    a: Numbers,
    b: Numbers,
    rounds: int = 500,
    seed: int = 0,
) -> Interval:
    """Return by how much prediction `b` is better than `a`, both measured on the same bootstrap draws.

    Args:
        name: Of the metric.
        target: (N,) label indices, or values.
        a: The prediction that is to be beaten.
        b: The other one, of the same shape.
        rounds: Bootstrap rounds.
        seed: Of the draws.

    Returns:
        The difference in the metric's better direction: positive where `b` is better.

    Example:
        >>> y = np.array([0.0, 1.0, 2.0, 3.0])
        >>> paired("mae", y, y + 1.0, y + 0.5).value
        0.5
    """
    first, second = scorer(name, target, a), scorer(name, target, b)
    return difference(first, second, len(target), sign=metric(name).sign, rounds=rounds, seed=seed)


def _checked(found: Metric, target: Numbers, prediction: Numbers) -> tuple[Numbers, Numbers]:
    """Return target and prediction in the one form the makers know."""
    if not len(target):
        raise DataError(f"There is nothing to measure {found.name} on: give at least one item with a true answer.")
    if len(prediction) != len(target):
        raise ValueError(f"{len(prediction)} predictions do not fit {len(target)} targets.")
    if CLASSIFICATION not in found.tasks:
        if prediction.size != len(target):
            raise ValueError(f"{found.name} needs one value an item; got predictions of shape {prediction.shape}.")
        missing = int((~np.isfinite(target)).sum())
        if missing:
            raise DataError(f"{missing} of {len(target)} items have no true value: leave them out to measure the rest.")
        return target.astype(np.float64), prediction.reshape(-1)
    if prediction.ndim != 2:
        raise ValueError(f"{found.name} needs probabilities (items, classes); got shape {prediction.shape}.")
    strange = int((~((target >= 0) & (target < prediction.shape[1]))).sum())
    if strange:
        raise DataError(f"{strange} of {len(target)} items have a label the model does not know: leave them out.")
    return target.astype(np.int64), prediction
