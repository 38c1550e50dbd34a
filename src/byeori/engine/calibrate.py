"""What is set on validation rows after training: a temperature for confidence, a multiplier a class for decisions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from byeori.core import metrics
from byeori.core.metrics import Metric
from byeori.core.schema import CLASSIFICATION
from byeori.core.scorers import LEAST, Floats, Labels, Numbers, Tally
from byeori.core.split import split_rows

COLDEST, HOTTEST = 0.05, 20.0
"""Limits of a temperature."""
_ROWS = 100_000
"""Rows a temperature or thresholds are set on; more would cost time and change the third digit."""
_ACCURACY_ROWS = 200
"""Below so many rows plain accuracy is not tuned: its optimum is near argmax and what is found there is luck."""
_FOLDS = 5
"""Folds in which thresholds are tried on rows that they were not set on."""
_PASSES = 5
_CUTS = 200
"""Cut points tried for one class among many; between two classes all are."""
_WORK = 1_000_000_000
"""Rows x classes² beyond which multipliers are not sought."""


def temperature(probabilities: Numbers, target: Numbers, weight: Numbers | None = None) -> float:
    """Return the temperature T with which `softmax(log p / T)` has the least log loss.

    Above 1 the model was too sure. The log loss is convex in 1/T, so a Newton search kept between bounds finds it.

    Args:
        probabilities: (N, K) on validation rows; rows that are not all numbers are left out.
        target: (N,) label indices.
        weight: (N,), not negative, or None for ones.

    Returns:
        0.05 to 20; 1.0 where log loss would not fall.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks.
    """
    rows = _some(np.flatnonzero(np.isfinite(probabilities).all(axis=1)))
    if not len(rows):
        return 1.0
    logs = np.log(np.clip(np.asarray(probabilities)[rows].astype(np.float64), LEAST, 1.0))
    true = logs[np.arange(len(rows)), np.asarray(target)[rows]]
    w = np.ones(len(rows)) if weight is None else np.asarray(weight, dtype=np.float64)[rows]
    if not w.sum() > 0.0:
        return 1.0
    low, high, beta = 1.0 / HOTTEST, 1.0 / COLDEST, 1.0
    for _ in range(60):
        slope, bend = _slope(logs, true, w / w.sum(), beta)
        low, high = (low, beta) if slope > 0.0 else (beta, high)
        step = beta - slope / bend if bend > 0.0 else low - 1.0
        # A step that leaves the bracket is replaced by its middle, in log.
        after = step if low < step < high else float(np.sqrt(low * high))
        if abs(after - beta) < 1e-7 * beta:
            break
        beta = after
    best = 1.0 / beta
    return best if _loss(logs, true, w, beta) < _loss(logs, true, w, 1.0) else 1.0


def apply_temperature(p: Numbers, T: float) -> Numbers:
    """Return `softmax(log p / T)`, in the precision of `p`; 1 leaves it as it is.

    Args:
        p: (N, K) probabilities.
        T: Above 1 makes them less sure; the order within a row stays.

    Example:
        >>> apply_temperature(np.array([[0.8, 0.2]]), 2.0).round(3).tolist()
        [[0.667, 0.333]]
    """
    if T == 1.0:
        return p
    logs = np.log(np.clip(p.astype(np.float64), LEAST, 1.0)) / T
    return _softmax(logs)[0].astype(p.dtype, copy=False)


def thresholds(probabilities: Numbers, target: Numbers, metric: str) -> tuple[float, ...]:
    """Return the multipliers with which decisions (`metrics.decide`) make a metric largest on validation rows.

    Two classes: every cut point is tried. More: one class after the other, until none helps. Cuts always look good on
    the rows they were found on, so they are also found on four fifths and tried on the last fifth, in turn, and kept
    only where that gain exceeds its standard error.

    Args:
        probabilities: (N, K); rows that are not all numbers are left out.
        target: (N,) label indices.
        metric: Name of the metric.

    Returns:
        A multiplier a class. All 1 where nothing was gained, for metrics that do not look at decisions, for plain
        accuracy on fewer than 200 rows, and where classes are too many for the search.
    """
    found, classes = metrics.metric(metric), int(probabilities.shape[1])
    plain: tuple[float, ...] = (1.0,) * classes
    rows = _some(np.flatnonzero(np.isfinite(probabilities).all(axis=1)))
    p, y = np.asarray(probabilities)[rows].astype(np.float64), np.asarray(target)[rows].astype(np.int64)
    least = _ACCURACY_ROWS if found.name == "accuracy" else 2 * _FOLDS
    if found.tally is None or len(rows) < least or len(rows) * classes**2 > _WORK:
        return plain
    fold = split_rows(y, task=CLASSIFICATION, test_fraction=0.0, folds_wanted=_FOLDS, seed=0)
    tried = p.copy()
    for one in range(_FOLDS):
        tried[fold == one] *= _ascend(p[fold != one], y[fold != one], found, found.tally)
    gain = metrics.paired(metric, y, p, tried)
    if not gain.value > gain.error:
        return plain
    return tuple(float(s) for s in _ascend(p, y, found, found.tally))


def _ascend(p: Floats, y: Labels, metric: Metric, tally: Tally) -> Floats:
    """Return the multipliers found by setting one class after the other."""
    classes = p.shape[1]
    logs = np.log(np.clip(p, LEAST, 1.0))
    shift = np.zeros(classes)
    value = metrics.score(metric.name, y, p)
    for _ in range(_PASSES if classes > 2 else 1):
        before = value
        for one in range(classes) if classes > 2 else (1,):
            cut, reached = _best_cut(logs + shift, y, one, tally)
            if reached > value + 1e-12:
                shift[one] += cut
                value = reached
        if value <= before:
            break
    scale: Floats = np.exp(shift - shift[0])
    return scale


def _best_cut(logs: Floats, y: Labels, one: int, tally: Tally) -> tuple[float, float]:
    """Return by how much the log score of one class should rise, and the value then."""
    classes = logs.shape[1]
    others = logs.copy()
    others[:, one] = -np.inf
    rival = np.argmax(others, axis=1)
    lead = others[np.arange(len(y)), rival] - logs[:, one]
    steps = np.unique(lead)
    if classes > 2 and len(steps) > _CUTS:
        steps = np.unique(np.quantile(lead, np.linspace(0.0, 1.0, _CUTS), method="nearest"))
    if len(steps) < 2:
        return 0.0, -np.inf
    cuts = np.array([(a + b) / 2 for a, b in pairwise(steps)])
    # With a rise of cuts[i], the rows with a lead below it go to the class: those placed 0 … i.
    place = np.searchsorted(cuts, lead)
    won = _per_cut(place, y, y == one, classes, len(cuts))
    lost = _per_cut(place, y, y == rival, classes, len(cuts))
    moved = _per_cut(place, rival, np.ones(len(y), dtype=np.bool_), classes, len(cuts))
    hits = np.bincount(y[y == rival], minlength=classes) - lost + won
    predicted = np.bincount(rival, minlength=classes) - moved
    predicted[:, one] += moved.sum(axis=1)
    truth = np.broadcast_to(np.bincount(y, minlength=classes), hits.shape)
    values = tally(hits.astype(np.float64), truth.astype(np.float64), predicted.astype(np.float64))
    top = np.flatnonzero(values >= values.max() - 1e-12)
    nearest = top[np.argmin(np.abs(cuts[top]))]
    return float(cuts[nearest]), float(values[nearest])


def _per_cut(place: Labels, kind: Labels, chosen: Numbers, classes: int, cuts: int) -> Labels:
    """Count the chosen rows of each class that lie below each cut, (cuts, classes)."""
    cells = place[chosen] * classes + kind[chosen]
    return np.cumsum(np.bincount(cells, minlength=(cuts + 1) * classes).reshape(cuts + 1, classes), axis=0)[:cuts]


def _slope(logs: Floats, true: Floats, weight: Floats, beta: float) -> tuple[float, float]:
    """Return the first and second derivative of the log loss by beta = 1 / T."""
    q = _softmax(logs * beta)[0]
    mean = (q * logs).sum(axis=1)
    spread = (q * logs**2).sum(axis=1) - mean**2
    return float(weight @ (mean - true)), float(weight @ spread)


def _loss(logs: Floats, true: Floats, weight: Floats, beta: float) -> float:
    return float(weight @ (_softmax(logs * beta)[1] - beta * true))


def _softmax(logs: Floats) -> tuple[Floats, Floats]:
    """Return the probabilities and the logarithm of their sum before they were made to sum to 1."""
    top = logs.max(axis=1, keepdims=True)
    raised = np.exp(logs - top)
    total = raised.sum(axis=1, keepdims=True)
    return raised / total, (np.log(total) + top)[:, 0]


def _some(rows: Labels) -> Labels:
    if len(rows) <= _ROWS:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, _ROWS, replace=False))
