"""As much of a history as a model can bear: the best, the latest, and an even sample of all the others."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Final, final

from byeori._util.json import Json
from byeori.core.state import Trial
from byeori.strategies.parts.slots import Floats

_SPREAD: Final = 0x9E3779B97F4A7C15
"""Odd and without a pattern in its bits: multiplied by it, the numbers of trials fall evenly (Fibonacci hashing)."""


@final
@dataclass(frozen=True, slots=True, order=True)
class Told:
    """A trial as it is kept: ordered by loss, then by age."""

    loss: float
    number: int


@final
class Kept:
    """Keeps at most `best + latest + sample` trials, whatever the order and the batches they are told in.

    Args:
        best: How many of the lowest loss.
        latest: How many of those told last.
        sample: How many of all others; which, depends on their numbers alone.
    """

    def __init__(self, *, best: int, latest: int, sample: int) -> None:
        self.values = 0
        self._most = best
        self._best: list[Told] = []
        self._latest: deque[Told] = deque(maxlen=latest)
        self._sample: list[tuple[int, Told]] = []
        self._samples = sample + best
        self._genomes: dict[int, Json] = {}
        self._rows: dict[int, Floats] = {}
        self._full = 4 * (best + latest + sample)

    def tell(self, trial: Trial) -> None:
        """Take a trial in."""
        told = Told(trial.loss, trial.number)
        keep = bool(self._latest.maxlen)
        if isfinite(told.loss):
            self.values += 1
            if len(self._best) < self._most or told < self._best[-1]:
                keep = True
                insort(self._best, told)
                del self._best[self._most :]
        self._latest.append(told)
        key = ((trial.number + 1) * _SPREAD) & 0xFFFFFFFFFFFFFFFF
        if len(self._sample) < self._samples or key < self._sample[-1][0]:
            keep = True
            insort(self._sample, (key, told))
            del self._sample[self._samples :]
        if keep:
            self._genomes[trial.number] = trial.genome
            if len(self._genomes) > self._full:
                self._forget()

    def split(self, good: int) -> tuple[list[Told], list[Told]]:
        """Return the `good` best, and the rest of what is kept in the order of its numbers."""
        best = self._best[:good]
        known = {told.number for told in best}
        rest = {told.number: told for told in (*self._best, *self._latest, *(told for _, told in self._sample))}
        return best, [rest[number] for number in sorted(rest) if number not in known]

    def genome(self, number: int) -> Json:
        """Return the genome of a trial that is kept."""
        return self._genomes[number]

    def row(self, number: int, code: Callable[[Json], Floats]) -> Floats:
        """Return the row of a trial that is kept, made once."""
        row = self._rows.get(number)
        if row is None:
            row = self._rows[number] = code(self._genomes[number])
        return row

    def _forget(self) -> None:
        best, rest = self.split(self._most)
        keep = {told.number for told in (*best, *rest)}
        self._genomes = {number: genome for number, genome in self._genomes.items() if number in keep}
        self._rows = {number: row for number, row in self._rows.items() if number in keep}
