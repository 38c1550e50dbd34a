"""Several objectives at once: NSGA-II's ranking and crowding in a steady state that waits for no generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite, log, nan
from random import Random
from typing import NamedTuple, final

import numpy as np

from byeori._util.json import Json
from byeori.core.errors import OptionError
from byeori.core.fronts import Floats, crowding, ranks
from byeori.core.jobs import Candidate, Origin
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.strategies.parts.breeding import barren, bred
from byeori.strategies.parts.tried import Tried

TRIES = 20
COSTS = ("params", "latency_ms")
"""Facts that are made small beside the loss where no objectives are named; the first that a trial reports."""
_NAME = "pareto"
_AT_RANDOM = Origin(strategy=_NAME)


class _Member(NamedTuple):
    number: int
    losses: tuple[float, ...]
    genome: Json
    rate: float | None = None


@final
class Pareto:
    """Breeds towards the trade-offs nobody beats: first those few dominate, then those who stand alone on their front.

    Use it where two or three things matter at once, such as accuracy and the number of parameters or the latency. A
    child has two parents out of tournaments of two and one mutation. Newcomers breed at once; whenever they are as many
    as the population, the best half of both stays.

    Args:
        space: What is searched.
        objectives: Name → `min` or `max`, as in `facts["objectives"]` of a trial. None: the loss, and beside it the
            parameters or else the latency where trials report them.
        population: Members that stay.
        crossover: Share of the children that have two parents.

    Raises:
        OptionError: No objective, a direction that is neither `min` nor `max`, a size below 1, a share outside 0 to 1.
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Int, Record
        >>> parent = Pareto(Record({"width": Int(8, 64)}), objectives={"accuracy": "max", "params": "min"})
        >>> len(parent.ask(2, Random(0), ()))
        2

    Source: Deb et al. 2002, https://doi.org/10.1109/4235.996017
    """

    def __init__(
        self,
        space: Space,
        *,
        objectives: Mapping[str, str] | None = None,
        population: int = 50,
        crossover: float = 0.75,
    ) -> None:
        if objectives is not None and (not objectives or set(objectives.values()) - {"min", "max"}):
            raise OptionError(f'The objectives of pareto are names with "min" or "max"; got {dict(objectives)}.')
        if population < 1:
            raise OptionError(f"The population of pareto is 1 or more; got {population}.")
        if not 0.0 <= crossover <= 1.0:
            raise OptionError(f"The crossover of pareto is a share from 0 to 1; got {crossover}.")
        self.space = space
        self.objectives = objectives
        self.population = population
        self.crossover = crossover
        self._barren = barren(space)
        self._tried = Tried(space)
        self._members: list[_Member] = []
        self._ranked: list[_Member] | None = None
        self._told = 0

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Propose children; random genomes while the population fills and where no child is new. Fewer than `n` where
        the space is exhausted."""
        self._tried.begin(pending)
        born = self._told + len(pending)
        if self._ranked is None:
            self._ranked = _ranked(self._members)
        parents = self._ranked[: self.population]
        found: list[Candidate] = []
        while len(found) < n:
            breeds = born + len(found) >= self.population and len(parents) >= min(2, self.population)
            candidate = self._child(parents, rng) if breeds else None
            if candidate is None:
                genome = self._tried.unseen(rng)
                if genome is None:
                    break
                candidate = Candidate(genome=genome, origin=_AT_RANDOM)
            found.append(candidate)
        return found

    def tell(self, ended: Sequence[Trial]) -> None:
        """Take in what has a number for every objective."""
        self._told += len(ended)
        for trial in ended:
            self._tried.remember(trial)
            if not isfinite(trial.loss) or (self._barren and next(iter(trial.genome)) in self._barren):
                continue
            losses = self._losses(trial)
            if losses is None:
                continue
            self._members.append(_Member(trial.number, losses, trial.genome))
            self._ranked = None
            # counted in trials, not in calls, so that a resumed study keeps the same
            if len(self._members) >= 2 * self.population:
                self._members = _ranked(self._members)[: self.population]

    def _losses(self, trial: Trial) -> tuple[float, ...] | None:
        """Return what is minimised; None where a number is missing. Of the costs, which not all report, NaN."""
        if self.objectives is None:
            cost = next((trial.facts[name] for name in COSTS if _number(trial.facts.get(name)) > 0.0), None)
            return trial.loss, nan if cost is None else log(cost)
        values = trial.facts.get("objectives") or {}
        losses = tuple(
            -_number(values.get(name)) if way == "max" else _number(values.get(name))
            for name, way in self.objectives.items()
        )
        return losses if all(map(isfinite, losses)) else None

    def _child(self, parents: Sequence[_Member], rng: Random) -> Candidate | None:
        for _ in range(TRIES):
            child = bred(self.space, parents, rng, rounds=2, crossover=self.crossover)
            if child is not None and self._tried.claim(child.genome):
                return child.candidate(_NAME)
        return None


def _number(value: Json) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else nan


def _ranked(members: Sequence[_Member]) -> list[_Member]:
    """Return the members, the first front first, within a front those with most room first, of equals the youngest."""
    if not members:
        return []
    losses = _complete(np.array([member.losses for member in members]))
    fronts = ranks(losses)
    room = crowding(losses, fronts)
    numbers = np.array([member.number for member in members])
    return [members[i] for i in np.lexsort((-numbers, -room, fronts))]


def _complete(losses: Floats) -> Floats:
    """Take a cost that nobody reports for none at all, one that some do not report for the largest."""
    known = np.isfinite(losses)
    worst = np.where(known, losses, -inf).max(axis=0)
    return np.where(known, losses, np.where(np.isfinite(worst), worst, 0.0))
