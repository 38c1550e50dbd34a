"""Greedy ensemble selection: children are added, the same one again where it helps, as long as the mean gets better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byeori.core import metrics
from byeori.core.scorers import Floats, Numbers

_PATIENCE = 5
"""Rounds without a gain before it ends: the second member weighs half and may hurt where a tenth of it would help."""

Merit = tuple[float, float]
"""What is made large: the metric in its better direction, then, among equals, minus the log loss."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """A weighted mean of predictions.

    Args:
        weights: The share of each prediction, in the order given, 0 for those not taken; they sum to 1.
        value: The metric of the mean on the rows it was chosen on; a little too good for that reason.
    """

    weights: tuple[float, ...]
    value: float

    def __post_init__(self) -> None:
        if min(self.weights, default=-1.0) < 0.0 or abs(sum(self.weights) - 1.0) > 1e-9:
            raise ValueError(f"The weights of an ensemble are not negative and sum to 1; got {self.weights}.")

    @property
    def members(self) -> tuple[int, ...]:
        """The predictions taken, in ascending order."""
        return tuple(i for i, weight in enumerate(self.weights) if weight > 0.0)


def select(
    predictions: Sequence[Numbers],
    target: Numbers,
    metric: str,
    *,
    limit: int = 8,
    rounds: int = 50,
    start: Sequence[int] | None = None,
) -> Ensemble:
    """Choose an ensemble by its predictions on rows that none of its members was trained on.

    Starts with the best single child. Metrics of decisions often do not move when one child is added, so equals are
    told apart by log loss. Ends after 5 rounds without a gain, and the best state seen is the answer.

    Args:
        predictions: (N, K) probabilities or (N,) values, an array a candidate; one that is not all numbers is taken
            only where there is nothing else.
        target: (N,) label indices or values.
        metric: Name of the metric.
        limit: Members that differ, at most.
        rounds: Members counted with their repetitions, at most.
        start: Candidates to begin with, repeated ones counting again; None for the best single one.

    Raises:
        ValueError: There are no predictions.

    Example:
        >>> y = np.array([0.0, 1.0, 2.0, 3.0])
        >>> select([y + 1.0, y - 1.0, y + 5.0], y, "rmse").weights
        (0.5, 0.5, 0.0)

    Source: Caruana, Niculescu-Mizil, Crew and Ksikes 2004, Ensemble Selection from Libraries of Models.
    """
    if not predictions:
        raise ValueError("An ensemble is chosen from at least one prediction; got none.")
    usable = [i for i, p in enumerate(predictions) if np.isfinite(p).all()] or [0]
    arrays = {i: np.asarray(predictions[i], dtype=np.float64) for i in usable}
    taken = list(start) if start else [max(usable, key=lambda i: _merit(metric, target, arrays[i]))]
    total = sum((arrays[i] for i in taken[1:]), arrays[taken[0]].copy())
    best, best_merit = list(taken), _merit(metric, target, total / len(taken))
    while len(taken) < rounds and len(taken) < len(best) + _PATIENCE:
        open_to = usable if len(set(taken)) < limit else sorted(set(taken))
        share = 1.0 / (len(taken) + 1)
        merits = [_merit(metric, target, (total + arrays[i]) * share) for i in open_to]
        found = max(range(len(open_to)), key=lambda i: merits[i])
        taken.append(open_to[found])
        total += arrays[taken[-1]]
        if merits[found] > best_merit:
            best, best_merit = list(taken), merits[found]
    weights = tuple(best.count(i) / len(best) for i in range(len(predictions)))
    return Ensemble(weights, metrics.score(metric, target, blend(predictions, weights)))


def blend(predictions: Sequence[Numbers], weights: Sequence[float]) -> Floats:
    """Return the weighted mean of predictions; those of weight 0 are not looked at."""
    parts = [weight * np.asarray(p, dtype=np.float64) for p, weight in zip(predictions, weights, strict=True) if weight]
    return np.asarray(sum(parts[1:], parts[0]), dtype=np.float64)


def worth_it(
    single: Numbers, together: Numbers, target: Numbers, metric: str, *, rounds: int = 500, seed: int = 0
) -> bool:
    """Say whether an ensemble beats the best single child by more than the standard error of their difference.

    Both are measured on the same bootstrap draws. An ensemble that is not worth it costs time at every prediction.

    Args:
        single: The best child's predictions on the validation rows.
        together: The ensemble's.
        target: (N,) label indices or values.
        metric: Name of the metric.
        rounds: Bootstrap rounds.
        seed: Of the draws.
    """
    gain = metrics.paired(metric, target, single, together, rounds=rounds, seed=seed)
    return gain.value > gain.error


def _merit(metric: str, target: Numbers, prediction: Floats) -> Merit:
    found = metrics.metric(metric)
    value = found.sign * metrics.score(metric, target, prediction)
    return value, -metrics.score("log_loss", target, prediction) if found.decides else 0.0
