"""The design matrix of a linear model: missing filled and flagged, numbers standardised, categories one-hot.

What is learnt of the training rows is plain arrays, so that prediction is numpy alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byeori.learners._features import Features

Floats = npt.NDArray[np.float64]

SHAPES = ("plain", "steps")
_FAR = 6.0
"""Standard deviations from the mean at which a number is cut off."""
_MOST_PAIRS = 45
"""Columns of numbers beyond which there are no products of two."""


@dataclass(frozen=True, slots=True)
class Design:
    """What is learnt of training rows to make a design matrix.

    Args:
        fill: (a,) value in place of a missing number: the median.
        mean: (a,) of the filled numbers.
        scale: (a,) their standard deviation.
        holes: (a,) 1 where the column had missing numbers, so that it gets a flag.
        knots: (a, k) where the slope of a number may change; none for a plain line.
        cards: (b,) values of each column of categories.
        pairs: 1 where the products of two numbers are columns too.
    """

    fill: Floats
    mean: Floats
    scale: Floats
    holes: Floats
    knots: Floats
    cards: npt.NDArray[np.int64]
    pairs: int

    @staticmethod
    def fit(rows: Features, cards: tuple[int, ...], *, knots: int, pairs: bool) -> Design:
        """Learn from training rows.

        Args:
            rows: The training rows.
            cards: Values of each column of categories.
            knots: Places between quantiles at which a number's slope may change; 0 keeps it a line.
            pairs: Add the products of two numbers, and squares; left out with more than 45 columns.
        """
        known = np.isfinite(rows.numbers)
        fill = np.array([_median(column[there]) for column, there in zip(rows.numbers.T, known.T, strict=True)])
        filled = np.where(known, rows.numbers, fill)
        mean = filled.mean(axis=0) if len(filled) else fill
        scale = filled.std(axis=0) if len(filled) else np.ones_like(fill)
        scale = np.where(scale > 1e-12 * np.maximum(1.0, np.abs(mean)), scale, 1.0)
        places = np.linspace(0.0, 1.0, knots + 2)[1:-1]
        scaled = (filled - mean) / scale
        at = np.quantile(scaled, places, axis=0).T if knots and scaled.size else np.zeros((len(fill), 0))
        return Design(
            fill=fill,
            mean=mean,
            scale=scale,
            holes=np.asarray((~known).any(axis=0), dtype=np.float64),
            knots=at,
            cards=np.array(cards, dtype=np.int64),
            pairs=int(pairs and 0 < len(fill) <= _MOST_PAIRS),
        )

    def matrix(self, rows: Features) -> Floats:
        """Return the design matrix (N, columns), without a column of ones."""
        missing = ~np.isfinite(rows.numbers)
        scaled = (np.where(missing, self.fill, rows.numbers) - self.mean) / self.scale
        scaled = scaled.clip(-_FAR, _FAR)
        parts = [scaled, missing[:, self.holes > 0].astype(np.float64)]
        for place in range(self.knots.shape[1]):
            parts.append(np.maximum(0.0, scaled - self.knots[:, place]))
        if self.pairs:
            left, right = np.triu_indices(scaled.shape[1])
            parts.append(scaled[:, left] * scaled[:, right] / 2.0)
        for card, codes in zip(self.cards, rows.categories.T, strict=True):
            # A missing or unseen value is a row of zeros.
            parts.append((codes[:, None] == np.arange(card)).astype(np.float64))
        return np.concatenate(parts, axis=1)

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return what is learnt as named arrays."""
        return {
            "fill": self.fill,
            "mean": self.mean,
            "scale": self.scale,
            "holes": self.holes,
            "knots": np.ascontiguousarray(self.knots),
            "cards": self.cards,
            "pairs": np.array([self.pairs]),
        }

    @staticmethod
    def from_arrays(arrays: Mapping[str, npt.NDArray[np.generic]]) -> Design:
        """Read what `to_arrays` returned."""
        floats = {name: arrays[name].astype(np.float64) for name in ("fill", "mean", "scale", "holes", "knots")}
        return Design(**floats, cards=arrays["cards"].astype(np.int64), pairs=int(arrays["pairs"][0]))


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else 0.0
