"""The two problems of linear models, solved: ridge regression and multinomial logistic regression."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]

_ROUNDS = 10
_ITERATIONS = 60
"""Iterations of L-BFGS a round; a model is shown after every round."""


def softmax(logits: Floats) -> Floats:
    """Return probabilities (N, classes).

    Example:
        >>> softmax(np.array([[0.0, 0.0]])).tolist()
        [[0.5, 0.5]]
    """
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def ridge(matrix: Floats, target: Floats, strength: float) -> Floats:
    """Return the weights of a ridge regression, the intercept last; it is not shrunk.

    Args:
        matrix: (N, columns).
        target: (N,).
        strength: Added to the diagonal, in squared units of a standardised column.

    Example:
        >>> ridge(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]), 1e-9).round(3).tolist()
        [2.0, 1.0]
    """
    mean, level = matrix.mean(axis=0), target.mean()
    centred = matrix - mean
    if matrix.shape[1] <= len(matrix):
        gram = centred.T @ centred
        gram[np.diag_indices_from(gram)] += strength
        weights = np.linalg.lstsq(gram, centred.T @ (target - level), rcond=1e-13)[0]
    else:
        # Fewer rows than columns: the same answer through a smaller matrix.
        gram = centred @ centred.T
        gram[np.diag_indices_from(gram)] += strength
        weights = centred.T @ np.linalg.lstsq(gram, target - level, rcond=1e-13)[0]
    return np.append(weights, level - mean @ weights)


class Logistic:
    """A multinomial logistic regression with squared weights as the penalty.

    Args:
        matrix: (N, columns).
        labels: (N,).
        rows: (N,) weight of each row.
        classes: How many there are.
        strength: Of the penalty, against the sum of the rows' losses; the intercepts are free of it.
    """

    def __init__(
        self, matrix: Floats, labels: npt.NDArray[np.int64], rows: Floats, *, classes: int, strength: float
    ) -> None:
        self._matrix = np.concatenate([matrix, np.ones((len(matrix), 1))], axis=1)
        self._truth = np.eye(classes)[labels]
        self._labels = labels
        self._rows = rows
        self._strength = strength

    def solve(self, ends: float | None) -> Iterator[tuple[Floats, float]]:
        """Yield ever better weights (columns + 1, classes), with the progress, until they stand still or time is up.

        Args:
            ends: By `time.perf_counter`; None for no limit.
        """
        shape = (self._matrix.shape[1], self._truth.shape[1])
        flat = np.zeros(shape).ravel()

        def hurry(_: Floats) -> None:
            if ends is not None and time.perf_counter() > ends:
                raise StopIteration

        for round_ in range(1, _ROUNDS + 1):
            found = minimize(
                self._loss, flat, jac=True, method="L-BFGS-B", callback=hurry, options={"maxiter": _ITERATIONS}
            )
            flat = found.x
            over = round_ == _ROUNDS or found.nit < _ITERATIONS
            yield flat.reshape(shape).copy(), 1.0 if over else round_ / _ROUNDS
            if over:
                return

    def _loss(self, flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(self._matrix.shape[1], -1)
        chances = softmax(self._matrix @ weights)
        loss = -self._rows @ np.log(np.maximum(chances[np.arange(len(chances)), self._labels], 1e-300))
        shrunk = weights.copy()
        shrunk[-1] = 0.0
        slope = self._matrix.T @ ((chances - self._truth) * self._rows[:, None]) + self._strength * shrunk
        total = len(self._labels)
        penalty = 0.5 * self._strength * float((shrunk**2).sum())
        return (float(loss) + penalty) / total, slope.ravel() / total
