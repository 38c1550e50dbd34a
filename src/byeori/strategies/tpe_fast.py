"""Tree-structured Parzen estimator over whole genomes, at a cost that does not grow with the history."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from random import Random
from typing import Final, final

import numpy as np

from byeori._util.json import Json
from byeori.core.errors import OptionError
from byeori.core.genome import differences
from byeori.core.jobs import Candidate, Origin
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.strategies.parts.breeding import barren
from byeori.strategies.parts.kept import Kept, Told
from byeori.strategies.parts.mixture import Features, Mixture
from byeori.strategies.parts.slots import Floats, Slots
from byeori.strategies.parts.tried import Lent, Tried

GOOD, LATEST, SAMPLE = 25, 256, 512
TOGETHER: Final = 16
"""Proposals scored at once; those before them count as in flight."""
_NAME = "tpe-fast"
_AT_RANDOM = Origin(strategy=_NAME)


@final
class TpeFast:
    """Draws around the best tenth and takes what is likely among them and unlikely among the rest.

    Use it from a dozen trials on, on any space. Both densities are over whole genomes: a candidate keeps what belongs
    together in the genome it was drawn around. What it keeps is bounded (25 good ones, the latest 256 and an even
    sample of 512 of the rest), so trial 500,000 costs what trial 1,000 does. Only the order of losses matters.

    Args:
        space: What is searched.
        startup: Trials with a value before it begins; random until then.
        candidates: Drawn for each proposal.
        tried: What was tried, lent by a parent of several; None: its own.

    Raises:
        OptionError: A number below 1.
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Int, Record
        >>> parent = TpeFast(Record({"width": Int(8, 64)}))
        >>> [candidate.origin.strategy for candidate in parent.ask(2, Random(0), ())]
        ['tpe-fast', 'tpe-fast']

    Source: Bergstra et al. 2011; Watanabe 2023, https://arxiv.org/abs/2304.11127
    """

    def __init__(self, space: Space, *, startup: int = 10, candidates: int = 24, tried: Lent | None = None) -> None:
        for name, count in (("startup", startup), ("candidates", candidates)):
            if count < 1:
                raise OptionError(f"The {name} of a TPE is 1 or more; got {count}.")
        self.space = space
        self.startup = startup
        self.candidates = candidates
        self._slots = Slots(space)
        self._features = Features(self._slots)
        self._barren = barren(space)
        self._tried = tried or Tried(space)
        self._kept = Kept(best=GOOD, latest=LATEST, sample=SAMPLE)

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Propose; random genomes at first and where no candidate is new. Fewer than `n` where the space is
        exhausted."""
        self._tried.begin(pending)
        found: list[Candidate] = []
        if n and self._kept.values >= self.startup and len(self._slots):
            found = self._bred(n, rng, [self._slots.row(trial.genome) for trial in pending])
        return [*found, *self._tried.strangers(n - len(found), rng, _AT_RANDOM)]

    def tell(self, ended: Sequence[Trial]) -> None:
        """Take in what ended; a failure counts among the worst."""
        for trial in ended:  # once through: a resumed study decodes each trial as it is looked at
            self._tried.remember(trial)
            if not (self._barren and next(iter(trial.genome)) in self._barren):
                self._kept.tell(trial)

    def _bred(self, n: int, rng: Random, flying: list[Floats]) -> list[Candidate]:
        best, rest = self._kept.split(min(ceil(0.1 * self._kept.values), GOOD))
        good = Mixture(self._features, self._matrix(best, []), np.ones(len(best)))
        kernels, rows = good.draw(n * self.candidates, np.random.default_rng(rng.getrandbits(64)))
        features = self._features.of(rows)
        likely = good.log_density(features)
        score = np.empty(len(rows))
        found: list[Candidate] = []
        for i in range(n):
            if i % TOGETHER == 0:
                matrix = self._matrix(rest, flying)
                bad = Mixture(self._features, matrix, _weights(len(matrix)))
                among = slice(i * self.candidates, (i + TOGETHER) * self.candidates)
                score[among] = likely[among] - bad.log_density(features[among])
            mine = slice(i * self.candidates, (i + 1) * self.candidates)
            if (new := self._first_new(rows[mine], score[mine])) is not None:
                j, genome = i * self.candidates + new[0], new[1]
                found.append(Candidate(genome=genome, origin=self._origin(best, int(kernels[j]), genome)))
                flying.append(rows[j])
        return found

    def _first_new(self, rows: Floats, score: Floats) -> tuple[int, Json] | None:
        """Return the place and the genome of the best row that was not tried."""
        for i in np.argsort(-score, kind="stable").tolist():
            genome = self._slots.genome(rows[i].tolist())
            if self.space.problem(genome) is None and self._tried.claim(genome):
                return i, genome
        return None

    def _origin(self, best: list[Told], kernel: int, genome: Json) -> Origin:
        if kernel >= len(best):
            return _AT_RANDOM
        parent = best[kernel].number
        return Origin(strategy=_NAME, parents=(parent,), changed=differences(self._kept.genome(parent), genome))

    def _matrix(self, told: list[Told], flying: list[Floats]) -> Floats:
        rows = [self._kept.row(t.number, self._slots.row) for t in told] + flying
        return np.array(rows) if rows else np.empty((0, len(self._slots)))


def _weights(count: int) -> Floats:
    """Return what the kernels count, the oldest least: the latest 25 in full."""
    if count < 25:
        return np.ones(count)
    return np.concatenate([np.linspace(1.0 / count, 1.0, count - 25), np.ones(25)])
