"""How each metric is computed: a maker does once what needs no weights, and its scorer is then asked for many weights.

One row of weights is a plain score, a row of whole numbers a bootstrap round; so there is one formula for each metric.
A value that is not defined under some weights (one class only) is NaN; what it then stands for is the table's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[Any]

Scorer: TypeAlias = Callable[[Floats], Floats]
"""Weights (R, N), not negative → values (R,)."""

Maker: TypeAlias = Callable[[Numbers, Numbers, "Sequence[float] | None"], Scorer]
"""Target (N,), prediction (N, K) or (N,), decision scale → scorer."""

Tally: TypeAlias = Callable[[Floats, Floats, Floats], Floats]
"""Weights of the right decisions, the rows and the decisions per class, each (R, K) → values (R,)."""

LEAST = 1e-7
"""The least probability the log loss believes in, float32's resolution: one row can cost at most 16.1."""
LARGE = 100_000
"""Items times classes from which on the rounds of an AUC are taken to first order."""
BINS = 15
"""Bins of the calibration error."""


def decide(probabilities: Numbers, thresholds: Sequence[float] | None = None) -> Labels:
    """Return the predicted class of every row: the largest probability times scale, the lowest index among equals.

    Args:
        probabilities: (N, K); NaN is never the largest.
        thresholds: A multiplier a class, or None for ones. For two classes `(1, s)` is the threshold `1 / (1 + s)`.

    Example:
        >>> p = np.array([[0.7, 0.3], [0.9, 0.1]])
        >>> decide(p).tolist(), decide(p, (1.0, 4.0)).tolist()
        ([0, 0], [1, 0])
    """
    scaled = probabilities if thresholds is None else probabilities * np.asarray(thresholds, dtype=np.float64)
    nothing = np.isnan(scaled)
    if nothing.any():
        scaled = np.where(nothing, -1.0, scaled)
    chosen: Labels = np.argmax(scaled, axis=1).astype(np.int64)
    return chosen


def accuracy(hits: Floats, truth: Floats, predicted: Floats) -> Floats:
    """Return the share of right decisions."""
    return _ratio(hits.sum(axis=1), truth.sum(axis=1))


def balanced_accuracy(hits: Floats, truth: Floats, predicted: Floats) -> Floats:
    """Return the mean recall of the classes that are present."""
    return _mean_where(_ratio(hits, truth), truth > 0)


def macro_f1(hits: Floats, truth: Floats, predicted: Floats) -> Floats:
    """Return the mean F1 of the classes that are present or predicted."""
    return _mean_where(_ratio(2 * hits, truth + predicted), truth + predicted > 0)


def of_decisions(tally: Tally) -> Maker:
    """Return the maker of a metric that looks at decisions only; a row that is not all numbers is decided wrongly."""

    def make(target: Numbers, prediction: Numbers, scale: Sequence[float] | None) -> Scorer:
        classes = prediction.shape[1]
        decision = np.where(_broken(prediction), classes, decide(prediction, scale))
        right = np.flatnonzero(decision == target)

        def score(weights: Floats) -> Floats:
            hits = _sums(target[right], weights[:, right], classes)
            truth = _sums(target, weights, classes)
            return tally(hits, truth, _sums(decision, weights, classes + 1)[:, :classes])

        return score

    return make


def auc(target: Numbers, prediction: Numbers, scale: Sequence[float] | None) -> Scorer:
    """Make the area under the ROC curve: of class 1 where there are two, else the mean of one class against the rest.

    Many rows of weights are bootstrap rounds: of a large problem they are taken to first order, which costs one product
    of matrices where sorting out each round would cost a minute.

    Source: Hanley and McNeil 1982 (the rank form, ties counted half); classes that are absent are skipped.
    """
    classes = (1,) if prediction.shape[1] == 2 else tuple(int(c) for c in np.unique(target))
    areas = [_area(prediction[:, c], target == c) for c in classes]
    rounds = _first_order(prediction, target, classes) if len(target) * len(classes) > LARGE else None

    def score(weights: Floats) -> Floats:
        if rounds is not None and len(weights) > 1:
            values = rounds(weights)
        else:
            values = np.stack([area(weights) for area in areas], axis=1)
        return _mean_where(values, ~np.isnan(values))

    return score


def log_loss(target: Numbers, prediction: Numbers, scale: Sequence[float] | None) -> Scorer:
    """Make the mean negative log probability of the true class."""
    chosen = prediction[np.arange(len(target)), target].astype(np.float64)
    chosen[_broken(prediction)] = 0.0
    return _mean_of(-np.log(np.clip(chosen, LEAST, 1.0)))


def calibration_error(target: Numbers, prediction: Numbers, scale: Sequence[float] | None) -> Scorer:
    """Make the expected calibration error: |accuracy - confidence| over 15 bins of equal width of the top probability.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks.
    """
    broken = _broken(prediction)
    confidence = np.where(broken, 1.0, np.clip(prediction.max(axis=1), 0.0, 1.0)).astype(np.float64)
    right = (decide(prediction) == target) & ~broken
    place = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)

    def score(weights: Floats) -> Floats:
        gaps = _sums(place, weights * (right - confidence), BINS)
        return _ratio(np.abs(gaps).sum(axis=1), weights.sum(axis=1))

    return score


def rmse(target: Numbers, prediction: Numbers, scale: Sequence[float] | None) -> Scorer:
    """Make the root of the mean squared error."""
    mean = _mean_of(_squares(target, prediction))
    return lambda weights: np.sqrt(mean(weights))


def mae(target: Numbers, prediction: Numbers, scale: Sequence[float] | None) -> Scorer:
    """Make the mean absolute error."""
    return _mean_of(np.abs(prediction.astype(np.float64) - target))


def r2(target: Numbers, prediction: Numbers, scale: Sequence[float] | None) -> Scorer:
    """Make the share of the variance explained; 1 or 0 where the target does not vary."""
    # Centred before it is squared, so that a target far from 0 loses no digits.
    centred = target - target.mean() if np.ptp(target) > 0 else np.zeros(len(target))
    error = _mean_of(_squares(target, prediction))
    level, power = _mean_of(centred), _mean_of(centred**2)
    least = 1e-14 * float(np.max(centred**2, initial=0.0))

    def score(weights: Floats) -> Floats:
        left, spread = error(weights), power(weights) - level(weights) ** 2
        flat = spread <= least
        values: Floats = 1.0 - left / np.where(flat, 1.0, spread)
        return np.where(flat, np.where(left == 0.0, 1.0, np.where(np.isinf(left), -np.inf, 0.0)), values)

    return score


def _area(score: Numbers, positive: npt.NDArray[np.bool_]) -> Scorer:
    """Make the rank area of one score; one that is no number is ranked where it hurts most."""
    placed = np.where(np.isnan(score), np.where(positive, -np.inf, np.inf), score)
    order = np.argsort(placed, kind="stable")
    placed = placed[order]
    starts = np.flatnonzero(np.concatenate(([True], placed[1:] != placed[:-1])))
    good = positive[order].astype(np.float64)

    def value(weights: Floats) -> Floats:
        sorted_ = weights[:, order]
        ups = np.add.reduceat(sorted_ * good, starts, axis=1)
        downs = np.add.reduceat(sorted_, starts, axis=1) - ups
        below = np.cumsum(downs, axis=1) - downs / 2
        return _ratio((ups * below).sum(axis=1), ups.sum(axis=1) * downs.sum(axis=1))

    return value


def _first_order(prediction: Numbers, target: Numbers, classes: Sequence[int]) -> Scorer:
    """Make the areas (R, K) to first order in the weights: each item counts by its placement among the other side.

    Source: DeLong et al. 1988, Comparing the areas under two or more correlated ROC curves (placement values).
    """
    size, where = len(classes), np.searchsorted(np.asarray(classes), target)
    over = np.zeros(len(target))
    under = np.zeros((len(target), size), dtype=np.float32)
    for at, one in enumerate(classes):
        good = target == one
        bad = ~good
        score = prediction[:, one]
        up = np.where(np.isnan(score[good]), -np.inf, score[good])
        down = np.where(np.isnan(score[bad]), np.inf, score[bad])
        over[good] = _share_below(up, np.sort(down))
        under[bad, at] = 1.0 - _share_below(down, np.sort(up))
    whole = np.array([over[target == one].mean() for one in classes])

    def value(weights: Floats) -> Floats:
        ups = _sums(where, weights, size)
        downs = weights.sum(axis=1, keepdims=True) - ups
        beaten: Floats = np.asarray(weights.astype(np.float32) @ under, np.float64)
        areas = np.add(_ratio(_sums(where, weights * over, size), ups), _ratio(beaten, downs))
        clipped: Floats = np.clip(areas - whole, 0.0, 1.0)
        return clipped

    return value


def _share_below(values: Numbers, others: Numbers) -> Floats:
    """Return the share of the sorted others that lie below each value, ties counted half."""
    ends = np.searchsorted(others, values, "left") + np.searchsorted(others, values, "right")
    shares: Floats = ends / (2.0 * max(1, len(others)))
    return shares


def _squares(target: Numbers, prediction: Numbers) -> Floats:
    with np.errstate(over="ignore"):
        squares: Floats = (prediction.astype(np.float64) - target) ** 2
    return squares


def _mean_of(cost: Floats) -> Scorer:
    """Make the weighted mean of a cost per row; infinite where a row with weight has no finite cost."""
    bad = ~np.isfinite(cost)
    finite = np.where(bad, 0.0, cost)

    def score(weights: Floats) -> Floats:
        mean = _ratio(weights @ finite, weights.sum(axis=1))
        return np.where(weights[:, bad].sum(axis=1) > 0, np.inf, mean) if bad.any() else mean

    return score


def _sums(place: Numbers, weights: Floats, size: int) -> Floats:
    """Return the weights added up by place, (R, size)."""
    return np.stack([np.bincount(place, weights=row, minlength=size) for row in weights]).astype(np.float64, copy=False)


def _broken(prediction: Numbers) -> npt.NDArray[np.bool_]:
    whole: npt.NDArray[np.bool_] = np.all(np.isfinite(prediction), axis=1)
    return ~whole


def _ratio(above: Floats, below: Floats) -> Floats:
    """Divide, NaN where the divisor is 0."""
    ratio: Floats = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)
    return ratio


def _mean_where(values: Floats, present: npt.NDArray[np.bool_]) -> Floats:
    return _ratio(np.where(present, values, 0.0).sum(axis=1), present.sum(axis=1).astype(np.float64))
