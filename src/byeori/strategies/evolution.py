"""Aging evolution: the winner of a small tournament has a child that differs in one thing, and the oldest make room."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from math import isfinite
from random import Random
from typing import NamedTuple, final

from byeori._util.json import Json
from byeori.core.errors import OptionError
from byeori.core.jobs import Candidate, Origin
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.strategies.parts.breeding import barren, bred
from byeori.strategies.parts.tried import Lent, Tried

SMALLEST, LARGEST = 20, 100
TRIES = 20
_NAME = "evolution"
_AT_RANDOM = Origin(strategy=_NAME)


class _Parent(NamedTuple):
    number: int
    loss: float
    genome: Json
    rate: float | None = None


@final
class Evolution:
    """Breeds the winners of tournaments among the youngest; age, not rank, ends a parent's time, so luck does not last.

    Use it from some dozens of trials on. The population fills at random; from then on a child is one mutation away from
    a parent, or from a crossing of two. Age is the number of the trial: a child that trained for long is not younger.
    A trial without a value, or of a branch with weight 0 at the root of the space (a baseline), has no children.

    Args:
        space: What is searched.
        population: Parents kept. None: 20 at first, a tenth of the trials from 200 on, 100 at most.
        tournament: Parents drawn, with replacement, of which the best has a child, of equals the youngest. None: a
            quarter of the population.
        crossover: Share of the children that have two parents.
        inherit: Let a child begin with the weights of its first parent, where shapes agree.
        tried: What was tried, lent by a parent of several; None: its own.

    Raises:
        OptionError: A size below 1 or a share outside 0 to 1.
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Int, Record
        >>> parent = Evolution(Record({"width": Int(8, 64)}), population=10)
        >>> [candidate.origin.strategy for candidate in parent.ask(2, Random(0), ())]
        ['evolution', 'evolution']

    Source: Real et al. 2019, https://arxiv.org/abs/1802.01548
    """

    def __init__(
        self,
        space: Space,
        *,
        population: int | None = None,
        tournament: int | None = None,
        crossover: float = 0.25,
        inherit: bool = False,
        tried: Lent | None = None,
    ) -> None:
        for name, size in (("population", population), ("tournament", tournament)):
            if size is not None and size < 1:
                raise OptionError(f"The {name} of an evolution is 1 or more; got {size}.")
        if not 0.0 <= crossover <= 1.0:
            raise OptionError(f"The crossover of an evolution is a share from 0 to 1; got {crossover}.")
        self.space = space
        self.population = population
        self.tournament = tournament
        self.crossover = crossover
        self.inherit = inherit
        self._barren = barren(space)
        self._tried = tried or Tried(space)
        self._parents: list[_Parent] = []
        self._told = 0

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Propose children; random genomes while the population fills and where no child is new. Fewer than `n` where
        the space is exhausted."""
        self._tried.begin(pending)
        born = self._told + len(pending)
        size = self.population or min(LARGEST, max(SMALLEST, self._told // 10))
        ranked = sorted(self._parents[-size:], key=lambda parent: (parent.loss, -parent.number))
        rounds = self.tournament or max(2, size // 4)
        found: list[Candidate] = []
        while len(found) < n:
            # with a thousand workers the first few to end are the quickest, not the best: wait for one whole tournament
            breeds = born + len(found) >= size and len(ranked) >= min(rounds, size)
            candidate = self._child(ranked, rounds, rng) if breeds else None
            if candidate is None:
                genome = self._tried.unseen(rng)
                if genome is None:
                    break
                candidate = Candidate(genome=genome, origin=_AT_RANDOM)
            found.append(candidate)
        return found

    def tell(self, ended: Sequence[Trial]) -> None:
        """Take in what has a value; the oldest leave."""
        self._told += len(ended)
        keep = self.population or LARGEST
        for trial in ended:  # once through: a resumed study decodes each trial as it is looked at
            self._tried.remember(trial)
            if isfinite(trial.loss) and not (self._barren and next(iter(trial.genome)) in self._barren):
                insort(self._parents, _Parent(trial.number, trial.loss, trial.genome))
                if len(self._parents) > keep:
                    del self._parents[0]

    def _child(self, ranked: Sequence[_Parent], rounds: int, rng: Random) -> Candidate | None:
        for _ in range(TRIES):
            child = bred(self.space, ranked, rng, rounds=rounds, crossover=self.crossover)
            if child is not None and self._tried.claim(child.genome):
                return child.candidate(_NAME, self.inherit)
        return None
