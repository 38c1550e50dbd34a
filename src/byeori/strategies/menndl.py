"""MENNDL's way: a genetic algorithm that breeds whenever a worker is free, and learns from failures too."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from functools import partial
from math import isfinite
from random import Random
from typing import NamedTuple, TypeAlias, final

from byeori._util.json import Json
from byeori.core.deciders import sample
from byeori.core.errors import OptionError, SpaceError
from byeori.core.events import CANCELLED, DEADLINE, LOST, NO_ROOM
from byeori.core.jobs import Candidate
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.strategies.parts.breeding import Child, barren, bred
from byeori.strategies.parts.tried import Tried
from byeori.strategies.parts.veto import Veto

SMALLEST, LARGEST = 20, 100
TRIES = 20
REDRAWS = 4
"""Genomes set aside in a row, at most: the veto is a word, not a wall."""
_NAME = "menndl"
_BLAMELESS = frozenset({CANCELLED, DEADLINE, LOST, NO_ROOM})
"""Ends without a value that say nothing about the genome."""


class _Parent(NamedTuple):
    loss: float
    number: int
    genome: Json
    rate: float


_Child: TypeAlias = Child[_Parent]


@final
class Menndl:
    """Breeds the best so far in a steady state: no generation is waited for, the worst make room, failures are learnt
    from.

    Use it with many workers, genomes of different length and networks that may fail to train. Winners of two
    tournaments are crossed, items of lists with those they are most like, then every answer changes with a chance of
    one in their number. A genome tried before is never tried again. A linear classifier that learnt which genomes fail
    vetoes a child in whose failure it believes, a few times in a row at most.

    Args:
        space: What is searched.
        population: Parents kept. None: 20 at first, a fifth of the trials from 100 on, 100 at most.
        tournament: Parents drawn, with replacement, of which the best has a child.
        crossover: Share of the children that have two parents.
        veto: Learn from failures.
        inherit: Let a child begin with the weights of its first parent, where shapes agree.

    Raises:
        OptionError: A size below 1 or a share outside 0 to 1.
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Int, Record
        >>> parent = Menndl(Record({"width": Int(8, 64)}))
        >>> [candidate.origin.strategy for candidate in parent.ask(2, Random(0), ())]
        ['menndl', 'menndl']

    Source: Young et al. 2017, https://doi.org/10.1145/3146347.3146355; Patton et al. 2018,
        https://doi.org/10.1109/SC.2018.00053. Their code is not public: this is written from what they tell.
    """

    def __init__(
        self,
        space: Space,
        *,
        population: int | None = None,
        tournament: int = 4,
        crossover: float = 0.6,
        veto: bool = True,
        inherit: bool = False,
    ) -> None:
        for name, size in (("population", population), ("tournament", tournament)):
            if size is not None and size < 1:
                raise OptionError(f"The {name} of menndl is 1 or more; got {size}.")
        if not 0.0 <= crossover <= 1.0:
            raise OptionError(f"The crossover of menndl is a share from 0 to 1; got {crossover}.")
        self.space = space
        self.population = population
        self.tournament = tournament
        self.crossover = crossover
        self.veto = veto
        self.inherit = inherit
        self._barren = barren(space)
        self._tried = Tried(space)
        self._knowledge = Veto(space)
        self._best: list[_Parent] = []
        self._told = 0

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Propose children; random genomes while the population fills and where no child is new. Fewer than `n` where
        the space is exhausted."""
        self._tried.begin(pending)
        born = self._told + len(pending)
        size = self.population or min(LARGEST, max(SMALLEST, self._told // 5))
        parents = self._best[:size]
        breed = partial(bred, self.space, parents, rng, rounds=self.tournament, crossover=self.crossover)
        draw = partial(self._drawn, rng)
        found: list[Candidate] = []
        while len(found) < n:
            # before a tournament's worth has ended, the first to come in are the quickest and not the best
            breeds = born + len(found) >= size and len(parents) >= min(self.tournament, size)
            child = self._first_unvetoed(breed) if breeds else None
            child = child or self._first_unvetoed(draw)
            if child is None:
                genome = self._tried.unseen(rng)
                if genome is None:
                    break
                child = Child(genome)
            found.append(child.candidate(_NAME, self.inherit))
        return found

    def tell(self, ended: Sequence[Trial]) -> None:
        """Take in how trials ended; the worst leave, what failed is learnt from."""
        self._told += len(ended)
        keep = self.population or LARGEST
        for trial in ended:
            self._tried.remember(trial)
            if self._barren and next(iter(trial.genome)) in self._barren:
                continue
            bins = self._knowledge.bins(trial.genome)
            if (good := isfinite(trial.loss)) or trial.reason not in _BLAMELESS:
                self._knowledge.learn(bins, not good)
            if good and (len(self._best) < keep or (trial.loss, trial.number) < self._best[-1][:2]):
                insort(self._best, _Parent(trial.loss, trial.number, trial.genome, 1.0 / max(len(bins), 1)))
                del self._best[keep:]

    def _first_unvetoed(self, make: Callable[[], _Child | None]) -> _Child | None:
        """Return a new genome the classifier believes in, or of a few it doubts the least doubtful; None where none is
        new."""
        doubted: list[tuple[float, int, _Child]] = []
        for i in range(TRIES):
            if (child := make()) is None:
                continue
            if self.veto and self._knowledge.knows:
                doubt = self._knowledge.doubt(self._knowledge.bins(child.genome))
                if doubt > 0.5:
                    doubted.append((doubt, i, child))
                    if len(doubted) > REDRAWS:
                        break
                    continue
            if self._tried.claim(child.genome):
                return child
        doubted.sort(key=lambda found: found[:2])
        return next((child for _, _, child in doubted if self._tried.claim(child.genome)), None)

    def _drawn(self, rng: Random) -> _Child | None:
        try:
            return Child(sample(self.space, rng))
        except SpaceError:  # `Tried.unseen` says so where it never found one
            return None
