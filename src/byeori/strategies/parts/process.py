"""A Gaussian process over rows of `Slots`: what losses to expect of genomes nobody trained, and how sure that is.

Answers without order are alike or not; answers with order, and numbers, are near or far. How much each question
matters, and how noisy losses are, is read from the data by maximum a posteriori.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

from byeori.strategies.parts.slots import ANSWERS, ORDER, RANGE, Floats, Slots

_STEPS: Final = 20
_WIDE: Final = 1.5
_NOISE: Final = 0.1
_ROOT5: Final = 5.0**0.5


@final
class Views:
    """What a process sees of rows: a one for each option taken, and where in 0 to 1 each number lies.

    Args:
        slots: Of the space. The items of a Repeat share what is learnt about their questions.
    """

    def __init__(self, slots: Slots) -> None:
        groups: dict[tuple[str | int, ...], int] = {}
        owner, option, shared, place, near = [], [], [], [], []
        self._middles: dict[int, Floats] = {}
        for at, i in slots.index.items():
            slot = slots.slots[i]
            key = tuple(0 if isinstance(name, int) else name for name in at)
            options: list[float] = list(range(len(slot.options))) if slot.kind == ANSWERS else []
            if i in slots.given:
                options.append(np.nan)  # not being asked is an answer too
            for code in options:
                owner.append(i)
                option.append(code)
                shared.append(groups.setdefault((*key, "alike"), len(groups)))
            if slot.kind in (ORDER, RANGE):
                place.append(i)
                near.append(groups.setdefault((*key, "near"), len(groups)))
            if slot.kind == ORDER:
                self._middles[i] = (np.array(slot.edges[1:]) + np.array(slot.edges[:-1])) / 2
        self.groups = len(groups)
        self.alike = np.array(shared, dtype=np.intp)
        self.near = np.array(near, dtype=np.intp)
        self._owner = np.array(owner, dtype=np.intp)
        self._option = np.array(option)
        self._place = np.array(place, dtype=np.intp)
        # by chance, two genomes are to be about as far apart as the process reaches
        self.usual = np.zeros(self.groups)
        self.usual[self.alike] = 2.0 / max(len(slots), 1)
        self.usual[self.near] = 6.0 / max(len(slots), 1)

    def of(self, rows: Floats) -> tuple[Floats, Floats]:
        """Return options taken (n, options) and places (n, numbers), the middle where there is none."""
        codes = rows[:, self._owner]
        taken = np.where(np.isnan(self._option), np.isnan(codes), codes == self._option).astype(np.float64)
        places = rows[:, self._place].copy()
        for k, i in enumerate(self._place):
            if i in self._middles:
                here = ~np.isnan(places[:, k])
                places[here, k] = self._middles[int(i)][places[here, k].astype(np.intp)]
        return taken, np.nan_to_num(places, nan=0.5)


@final
class Scales:
    """What a process learns of itself: how much each group of questions matters, how large and how noisy losses are.

    Args:
        views: Of the space.
        logs: Logarithms (groups + 2,): of each group's weight, of the variance, of the noise; None for the usual ones.
    """

    def __init__(self, views: Views, logs: Floats | None = None) -> None:
        self.logs = _usual(views) if logs is None else logs
        self.weights = np.exp(self.logs[:-2])
        self.variance = float(np.exp(self.logs[-2]))
        self.noise = float(np.exp(self.logs[-1]))


def _usual(views: Views) -> Floats:
    return np.append(np.log(views.usual), [0.0, np.log(_NOISE)])


def fitted(views: Views, rows: Floats, losses: Floats) -> Scales:
    """Return the scales that explain losses best.

    Args:
        views: Of the space.
        rows: Genomes (n, slots).
        losses: About standard normal (n,).
    """
    taken, places = views.of(rows)
    usual = _usual(views)
    width = np.full(len(usual), _WIDE)
    apart = _Apart(views, (taken, places), (taken, places))

    def cost(logs: Floats) -> tuple[float, Floats]:
        scales = Scales(views, logs)
        kernel, slopes = apart.kernel(scales, slopes=True)
        covariance = kernel.copy()
        covariance[np.diag_indices(len(rows))] += scales.noise + 1e-8
        factor = cholesky(covariance, lower=True, check_finite=False)
        inverse = cho_solve((factor, True), np.eye(len(rows)), check_finite=False)
        alpha = inverse @ losses
        off = (logs - usual) / width
        value = 0.5 * losses @ alpha + np.log(np.diag(factor)).sum() + 0.5 * off @ off
        pull = inverse - np.outer(alpha, alpha)  # twice the slope of the value in each covariance
        slope = np.append(apart.along(pull, slopes, scales), [(pull * kernel).sum(), scales.noise * np.trace(pull)])
        return float(value), 0.5 * slope + off / width

    bounds = [(u - 6.0, u + 6.0) for u in usual[:-1]] + [(np.log(1e-4), np.log(2.0))]
    found = minimize(cost, usual, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS})
    return Scales(views, np.asarray(found.x))


@final
class _Apart:
    """How far genomes are from each other, as matrix products."""

    def __init__(self, views: Views, a: tuple[Floats, Floats], b: tuple[Floats, Floats]) -> None:
        self._views = views
        self._a = a
        self._b = b

    def kernel(self, scales: Scales, *, slopes: bool = False) -> tuple[Floats, tuple[Floats, Floats]]:
        """Return the covariance (n, m) and its slopes in the two kinds of distance."""
        views = self._views
        (taken, places), (taken_b, places_b) = self._a, self._b
        weight = scales.weights[views.alike]
        unlike = 0.5 * ((taken @ weight)[:, None] + (taken_b @ weight)) - (taken * weight) @ taken_b.T
        weight = scales.weights[views.near]
        far = (places * places @ weight)[:, None] + (places_b * places_b @ weight) - 2 * (places * weight) @ places_b.T
        r = _ROOT5 * np.sqrt(np.maximum(far, 0.0))
        level = scales.variance * np.exp(-np.maximum(unlike, 0.0) - r)
        whole = level * (1.0 + r + r * r / 3.0)
        return whole, (whole, (5.0 / 6.0) * level * (1.0 + r)) if slopes else (whole, whole)

    def along(self, pull: Floats, slopes: tuple[Floats, Floats], scales: Scales) -> Floats:
        """Return the slope in each group's logarithm; both sides are the same genomes."""
        views = self._views
        taken, places = self._a
        out = np.zeros(views.groups)
        part = pull * slopes[0]
        sums = part.sum(axis=1)
        np.add.at(out, views.alike, -(sums @ taken - ((part @ taken) * taken).sum(axis=0)))
        part = pull * slopes[1]
        sums = part.sum(axis=1)
        np.add.at(out, views.near, -2.0 * (sums @ (places * places) - ((part @ places) * places).sum(axis=0)))
        return out * scales.weights


@final
class Process:
    """A Gaussian process that has seen some losses.

    Args:
        views: Of the space.
        scales: What `fitted` found.
        rows: Genomes (n, slots).
        losses: About standard normal (n,).
    """

    def __init__(self, views: Views, scales: Scales, rows: Floats, losses: Floats) -> None:
        self._views = views
        self._scales = scales
        self._seen = views.of(rows)
        covariance = _Apart(views, self._seen, self._seen).kernel(scales)[0]
        covariance[np.diag_indices(len(rows))] += scales.noise + 1e-8
        self._factor = cholesky(covariance, lower=True, check_finite=False)
        self._alpha = cho_solve((self._factor, True), losses, check_finite=False)

    def guess(self, rows: Floats) -> tuple[Floats, Floats]:
        """Return the expected loss (m,) and its standard deviation (m,), noise not counted."""
        between = _Apart(self._views, self._seen, self._views.of(rows)).kernel(self._scales)[0]
        known = solve_triangular(self._factor, between, lower=True, check_finite=False)
        return between.T @ self._alpha, np.sqrt(np.maximum(self._scales.variance - (known**2).sum(axis=0), 1e-12))

    def joint(self, rows: Floats, flying: Sequence[Floats] = ()) -> tuple[Floats, Floats]:
        """Return the expected loss (m,) and the covariance (m, m), noise not counted, as it will be once what is in
        flight has ended as expected."""
        count = len(rows)
        views = self._views.of(np.concatenate([rows, np.array(flying).reshape(len(flying), rows.shape[1])]))
        between = _Apart(self._views, self._seen, views).kernel(self._scales)[0]
        known = solve_triangular(self._factor, between, lower=True, check_finite=False)
        joint = _Apart(self._views, views, views).kernel(self._scales)[0] - known.T @ known
        if len(joint) > count:
            there = joint[count:, count:] + self.noise * np.eye(len(joint) - count)
            factor = cholesky(there + 1e-8 * np.eye(len(there)), lower=True, check_finite=False)
            gain = solve_triangular(factor, joint[count:, :count], lower=True, check_finite=False)
            joint = joint[:count, :count] - gain.T @ gain
        return (between.T @ self._alpha)[:count], joint

    @property
    def noise(self) -> float:
        """Variance of the same genome's losses."""
        return self._scales.noise
