"""CMA-ES: a cloud of normally distributed genomes that moves, stretches and shrinks towards the better ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from math import isfinite, sqrt
from random import Random
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori._util.seeds import rng_of, seed_of
from byeori.core.deciders import Replay, Trace, default
from byeori.core.errors import OptionError
from byeori.core.jobs import Candidate, Origin
from byeori.core.space import Categorical, OneOf, Space
from byeori.core.state import Trial
from byeori.core.walk import At, walk
from byeori.strategies.parts.tried import Tried
from byeori.strategies.parts.unit import Point, axes, place_of

try:
    import cmaes
except ImportError as error:
    raise OptionError("The strategy 'cmaes' needs the package cmaes: pip install 'byeori[optuna]'.") from error

LARGEST: Final = 200
"""Numbers that are adapted; the matrix of how they go together has as many rows and columns."""
TRIES: Final = 20
SPREAD: Final = 1 / 6
"""Standard deviation the cloud begins with, of a range from 0 to 1."""
_ORIGIN: Final = Origin(strategy="cmaes")
_Array = npt.NDArray[np.float64]


@final
class CmaEs:
    """Adapts mean, width and correlations of a normal distribution over all numbers of a space.

    Use it where most questions are numbers, for some hundreds of trials and more. Options and branches have no order:
    they are drawn at random, independently of the rest, so on a space of categories this is random search. Numbers that
    a genome is not asked (another branch, a shorter list) drift as chance has it.

    It drives the package `cmaes`, as Optuna's sampler does. That sampler learns from what it proposed itself in one
    process; here every block of so many trials as they ended is a generation, whoever proposed them, and steps longer
    than the cloud would make are shortened. A cloud that has shrunk to a point begins anew elsewhere, twice as large.

    Args:
        space: What is searched; beyond 200 numbers the rest are drawn at random.
        population: Trials a generation. None: 4 + 3 ln(numbers), doubled at each new beginning.

    Raises:
        OptionError: A population below 4; the package is not installed.
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Float, Record
        >>> parent = CmaEs(Record({"rate": Float(1e-4, 1e-1, log=True)}))
        >>> [candidate.origin.strategy for candidate in parent.ask(2, Random(0), ())]
        ['cmaes', 'cmaes']

    Source: Hansen 2016, https://arxiv.org/abs/1604.00772; Hansen 2011, https://arxiv.org/abs/1110.4181 (steps of
    others); Auger & Hansen 2005, https://doi.org/10.1109/CEC.2005.1554902 (new beginnings)
    """

    def __init__(self, space: Space, *, population: int | None = None) -> None:
        if population is not None and population < 4:
            raise OptionError(f"The population of CMA-ES is 4 or more; got {population}.")
        self.space = space
        self.population = population
        self._tried = Tried(space)
        numbers = ((at, q) for at, q in axes(space) if not isinstance(q, (Categorical, OneOf)))
        self._axes: Mapping[At, int] = {at: axis for axis, (at, _) in enumerate(islice(numbers, LARGEST))}
        self._generation: list[tuple[_Array, float]] = []
        self._cloud: Any = None
        if self._axes:
            middle = np.full(len(self._axes), 0.5)
            self._cloud = self._begin(self._places(default(space), middle), population)

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Draw genomes from the cloud, at random where it has nothing new; fewer than `n` where the space is
        exhausted."""
        self._tried.begin(pending)
        found: list[Candidate] = []
        while len(found) < n:
            genome = self._new(rng)
            genome = self._tried.unseen(rng) if genome is None else genome
            if genome is None:
                break
            found.append(Candidate(genome=genome, origin=_ORIGIN))
        return found

    def tell(self, ended: Sequence[Trial]) -> None:
        """Take in what has a value; a full generation moves the cloud."""
        for trial in ended:
            self._tried.remember(trial)
            if self._cloud and isfinite(trial.loss) and self.space.bare.alive(trial.genome):
                self._take(trial)

    def _new(self, rng: Random) -> Json | None:
        for _ in range(TRIES if self._cloud else 0):
            self._cloud.reseed_rng(rng.getrandbits(32))
            genome = walk(self.space, Point(self._cloud.ask().tolist(), self._axes, rng))
            if self.space.problem(genome) is None and self._tried.claim(genome):
                return genome
        return None

    def _take(self, trial: Trial) -> None:
        cloud = self._cloud
        # Seeded by the trial's number, so that a resumed study lets the numbers not asked drift the same way.
        cloud.reseed_rng(seed_of(_ORIGIN.strategy, trial.number) % 2**32)
        self._generation.append((_shortened(cloud, self._places(trial.genome, cloud.ask())), trial.loss))
        if len(self._generation) < cloud.population_size:
            return
        cloud.tell(self._generation)
        self._generation = []
        if cloud.should_stop():
            dice = rng_of(_ORIGIN.strategy, "anew", trial.number)
            self._cloud = self._begin(np.array([dice.random() for _ in self._axes]), 2 * cloud.population_size)

    def _begin(self, mean: _Array, population: int | None) -> Any:
        cube = np.tile([0.0, 1.0], (len(self._axes), 1))
        return cmaes.CMA(mean, SPREAD, bounds=cube, n_max_resampling=10 * len(cube), seed=0, population_size=population)

    def _places(self, genome: Json, otherwise: _Array) -> _Array:
        """Return where a genome stands; in the numbers it was not asked, as `otherwise`."""
        trace = Trace(Replay(genome))
        walk(self.space, trace)
        places = otherwise.copy()
        for at, question, answer in trace.seen:
            if (axis := self._axes.get(at)) is not None:
                places[axis] = place_of(question, answer)
        return places


def _shortened(cloud: Any, point: _Array) -> _Array:
    """Return a point no further from the mean than the cloud's own are; others would tear its step size."""
    basis, scales = cloud._eigen_decomposition()
    with np.errstate(over="ignore"):
        length = float(np.linalg.norm(basis.T @ (point - cloud.mean) / (scales * cloud._sigma)))
    limit = sqrt(cloud.dim) + 2 * cloud.dim / (cloud.dim + 2)
    shortened: _Array = cloud.mean + (point - cloud.mean) * min(1.0, limit / max(length, 1e-12))
    return shortened
