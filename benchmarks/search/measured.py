"""What is kept of all runs, and the statistics of it: means with standard errors, differences seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, nan, sqrt

import numpy as np
import numpy.typing as npt
from runner import MARKS, RESULTS, results
from tables import MIXED, NAMES

Array = npt.NDArray[np.float64]
ALL_MIXED = "rpart, mean of ten"
TINY = 1e-3
"""Added before a logarithm is taken: a regret can be 0."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds.

    Args:
        mean: Of the regrets, or of differences of two of them.
        error: Standard error of the mean; NaN with one seed.
        median: For what has a heavy tail.
        seeds: How many.
    """

    mean: float
    error: float
    median: float
    seeds: int


class Measured:
    """All kept runs: table → strategy → seed → regret at each mark.

    Args:
        runs: As read by `read`; for tests any.
    """

    def __init__(self, runs: Mapping[str, Mapping[str, Mapping[int, Sequence[float]]]]) -> None:
        self.runs = runs

    @property
    def tables(self) -> list[str]:
        """Return the tables on which anything was measured."""
        return [*self.runs]

    def strategies(self, table: str) -> list[str]:
        """Return who was measured on a table."""
        return [*self.runs.get(table, {})]

    def at(self, table: str, strategy: str, mark: int) -> dict[int, float]:
        """Return seed → regret after so many evaluations."""
        place = MARKS.index(mark)
        found = self.runs.get(table, {}).get(strategy, {})
        return {seed: regrets[place] for seed, regrets in found.items() if len(regrets) > place}

    def estimate(self, table: str, strategy: str, mark: int, beside: str | None = None) -> Estimate | None:
        """Return the mean regret, of the seeds that `beside` has too; None where nothing was measured."""
        found = self.at(table, strategy, mark)
        shared = found if beside is None else self.at(table, beside, mark)
        return _estimate([regret for seed, regret in found.items() if seed in shared])

    def difference(self, table: str, one: str, other: str, mark: int, *, logarithms: bool = False) -> Estimate | None:
        """Return by how much more one regrets than the other, on the seeds both have; in logarithms where the tail is
        heavy."""
        a, b = self.at(table, one, mark), self.at(table, other, mark)
        pairs = [(a[seed], b[seed]) for seed in a if seed in b]
        return _estimate([log((x + TINY) / (y + TINY)) if logarithms else x - y for x, y in pairs])


def _estimate(values: Sequence[float]) -> Estimate | None:
    if not values:
        return None
    array = np.asarray(values, float)
    error = float(array.std(ddof=1)) / sqrt(len(array)) if len(array) > 1 else nan
    return Estimate(float(array.mean()), error, float(np.median(array)), len(array))


def read() -> Measured:
    """Read all results that are kept; the mixed tables also as one, where a seed has them all."""
    names = sorted({file.stem.split("--", 1)[1] for file in RESULTS.glob("*--*.json")})
    runs: dict[str, dict[str, dict[int, list[float]]]] = {}
    for table in NAMES:
        for name in names:
            if found := results(table, name)["runs"]:
                runs.setdefault(table, {})[name] = {int(seed): regrets for seed, regrets in found.items()}
    for name in names:
        sets = [runs.get(table, {}).get(name, {}) for table in MIXED]
        for seed in set.intersection(*(set(s) for s in sets)):
            marks = min(len(s[seed]) for s in sets)
            mean = np.mean([s[seed][:marks] for s in sets], axis=0)
            runs.setdefault(ALL_MIXED, {}).setdefault(name, {})[seed] = mean.tolist()
    return Measured(runs)


def seconds() -> dict[str, float]:
    """Return strategy → milliseconds an evaluation took, over all tables of options."""
    took: dict[str, tuple[float, int]] = {}
    for file in RESULTS.glob("*--*.json"):
        table, name = file.stem.split("--", 1)
        if table not in MIXED:
            kept = results(table, name)
            old = took.get(name, (0.0, 0))
            took[name] = (old[0] + kept["seconds"], old[1] + kept["evaluations"])
    return {name: 1000 * s / n for name, (s, n) in sorted(took.items(), key=lambda item: item[1][0] / item[1][1])}
