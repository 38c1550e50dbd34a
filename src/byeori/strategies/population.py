"""Population-based training: members train in turns, the worst take over the weights of the best, recipes drift."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import ceil, isfinite
from random import Random
from typing import Final, NamedTuple, final

from byeori._util.json import Json
from byeori.core.errors import OptionError
from byeori.core.genome import differences
from byeori.core.jobs import Candidate, Origin
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.strategies.parts.explore import explored
from byeori.strategies.parts.tried import Tried

SMALLEST: Final = 8
_TRIES: Final = 20
_POOL: Final = 50
"""Members of a generation that are compared, the latest: of so many trials the weights are kept."""
_GENTLE: Final = 0.25
"""Chance of a change at each question of a member that goes on with its own weights."""
_NAME: Final = "population"


class _Member(NamedTuple):
    """A trial of the population; ordered by loss."""

    loss: float
    number: int
    generation: int
    genome: Json


@final
class Population:
    """Trains a population in generations: generation g goes up to g · `step` of a training, each with the weights of
    the one before.

    Use it where good weights are worth more than a good start: long trainings, recipes that should change on the way.
    The learner must leave weights and take them over (`Candidate.weights_from`). A member among the worst quarter of
    its generation gives way to a copy of one of the best quarter, architecture and weights, with its recipe explored;
    the others go on with their own weights and a recipe that differs in a little. From the generation that trains
    whole on, all do. A member that fails gives way to a stranger.

    Args:
        space: What is searched. What a genome calls `recipe`, anywhere, is explored; where there is none, all numbers.
        size: Members. None: twice the trials in flight, 8 at least.
        step: Share of a training by which a generation goes further than the one before.
        quantile: Share of a generation that gives way, and share that is copied.
        resample: Share of the changes to a recipe that are drawn anew and not multiplied by 1.2 or 0.8.

    Raises:
        OptionError: An option is out of range.
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Float, Record
        >>> parent = Population(Record({"rate": Float(0.01, 1.0, log=True)}))
        >>> [candidate.until for candidate in parent.ask(2, Random(0), ())]
        [0.25, 0.25]

    Source: Jaderberg et al. 2017, https://arxiv.org/abs/1711.09846
    """

    def __init__(
        self,
        space: Space,
        *,
        size: int | None = None,
        step: float = 0.25,
        quantile: float = 0.25,
        resample: float = 0.25,
    ) -> None:
        if size is not None and size < 2:
            raise OptionError(f"A population has 2 members or more; got {size}.")
        if not 0.0 < step <= 1.0:
            raise OptionError(f"The step of a population is a share of a training, above 0 and at most 1; got {step}.")
        if not 0.0 < quantile <= 0.5:
            raise OptionError(f"The quantile of a population is above 0 and at most 0.5; got {quantile}.")
        if not 0.0 <= resample <= 1.0:
            raise OptionError(f"The resample of a population is a share from 0 to 1; got {resample}.")
        self.space = space
        self.size = size
        self.step = step
        self.quantile = quantile
        self.resample = resample
        self._last = ceil(1.0 / step - 1e-9)
        self._tried = Tried(space)
        self._heads: dict[int, _Member] = {}
        self._pools: dict[int, deque[_Member]] = {}

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Propose strangers until there are enough members, then the next generation of whoever is least far; fewer
        than `n` where all members train."""
        self._tried.begin(pending)
        own = [trial.origin for trial in pending if trial.origin.strategy == _NAME]
        followed = {origin.parents[-1] for origin in own if origin.parents}
        waiting = [member for member in self._heads.values() if member.number not in followed]
        waiting.sort(key=lambda member: (member.generation, member.number), reverse=True)
        missing = (self.size or max(SMALLEST, 2 * (len(pending) + n))) - len(waiting) - len(own)
        found: list[Candidate] = []
        while len(found) < n and (missing > 0 or waiting):
            candidate = self._stranger(rng) if missing > 0 else None
            missing -= 1
            if candidate is None and waiting:
                candidate = self._next(waiting.pop(), rng) or self._stranger(rng)
            if candidate is not None:
                found.append(candidate)
        return found

    def tell(self, ended: Sequence[Trial]) -> None:
        """Take in what has a value; a member makes room for its successor. What others proposed may be copied."""
        for trial in ended:
            self._tried.remember(trial)
            generation = self._last
            if trial.origin.strategy == _NAME:
                before = self._heads.pop(trial.origin.parents[-1], None) if trial.origin.parents else None
                generation = 1 if before is None else min(self._last, before.generation + 1)
            if not isfinite(trial.loss) or not self.space.bare.alive(trial.genome):
                continue
            member = _Member(trial.loss, trial.number, generation, trial.genome)
            self._pools.setdefault(generation, deque(maxlen=_POOL)).append(member)
            if trial.origin.strategy == _NAME:
                self._heads[trial.number] = member

    def _stranger(self, rng: Random) -> Candidate | None:
        genome = self._tried.unseen(rng)
        if genome is None:
            return None
        return Candidate(genome=genome, origin=Origin(strategy=_NAME), until=min(1.0, self.step))

    def _next(self, member: _Member, rng: Random) -> Candidate | None:
        """Return what follows a member: itself, or a copy of a better one; None where no new recipe is found."""
        donor = self._donor(member, rng)
        for _ in range(_TRIES):
            rate = _GENTLE if donor is member else 1.0
            genome = explored(self.space, donor.genome, rng, rate=rate, resample=self.resample)
            if self.space.problem(genome) is None and self._tried.claim(genome):
                parents = (member.number,) if donor is member else (donor.number, member.number)
                return Candidate(
                    genome=genome,
                    origin=Origin(strategy=_NAME, parents=parents, changed=differences(donor.genome, genome)),
                    weights_from=donor.number,
                    until=min(1.0, self.step * (member.generation + 1)),
                )
        return None

    def _donor(self, member: _Member, rng: Random) -> _Member:
        """Return one of the best of a member's generation if it is among the worst, else itself."""
        pool = sorted(self._pools[member.generation])
        count = int(self.quantile * len(pool))
        worst = count > 0 and (member.loss, member.number) >= pool[-count][:2]
        return pool[int(rng.random() * count)] if worst else member
