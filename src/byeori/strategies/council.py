"""Several parents take turns: who has earned most lately proposes most, and chance always keeps its share."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Mapping, Sequence
from math import isfinite
from random import Random
from typing import Final, final

from byeori.core.errors import OptionError
from byeori.core.jobs import Candidate
from byeori.core.protocols import Strategy
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.strategies.evolution import Evolution
from byeori.strategies.parts.tried import Lent, Tried
from byeori.strategies.random import RandomSearch
from byeori.strategies.surrogate import Surrogate
from byeori.strategies.tpe_fast import TpeFast

CONTROL: Final = "random"
LATELY: Final = 100
"""Trials a new one is held against."""
TOP: Final = 0.2
FADE: Final = 0.95
FLOOR: Final = 0.05
_HELD: Final = 6.0
"""Trials that what is expected of a parent beforehand counts for."""
_HOPES: Final = {"surrogate": 0.5, "tpe-fast": 0.3, "evolution": 0.2, CONTROL: 0.1}
"""As they came out on the tables of `benchmarks/search`."""


@final
class Tally:
    """What each parent has earned: how far up its trials came among the latest of all, older ones counting less.

    Args:
        hopes: What is expected of each parent before it has had a turn, 0 to 1.
    """

    def __init__(self, hopes: Mapping[str, float]) -> None:
        self._earned = {name: hope * _HELD for name, hope in hopes.items()}
        self._trials = dict.fromkeys(hopes, _HELD)
        self._latest: deque[float] = deque()
        self._ranked: list[float] = []

    def tell(self, name: str, loss: float) -> None:
        """Count a trial; of a parent that is not in the tally, it is only what others are held against."""
        if name in self._earned:
            earned = 0.0
            if isfinite(loss) and self._ranked:
                place = bisect_left(self._ranked, loss) / len(self._ranked)
                earned = max(0.0, 1.0 - place / TOP)
            self._earned[name] = FADE * self._earned[name] + earned
            self._trials[name] = FADE * self._trials[name] + 1.0
        if isfinite(loss):
            self._latest.append(loss)
            insort(self._ranked, loss)
            if len(self._latest) > LATELY:
                del self._ranked[bisect_left(self._ranked, self._latest.popleft())]

    def shares(self) -> Mapping[str, float]:
        """Return the probability of each parent's next turn: by the square of what its trials earned on average, no
        less than a floor."""
        merit = {name: (earned / self._trials[name]) ** 2 + 1e-6 for name, earned in self._earned.items()}
        whole = sum(merit.values())
        rest = 1.0 - FLOOR * len(merit)
        return {name: FLOOR + rest * worth / whole for name, worth in merit.items()}


@final
class Council:
    """Lets a surrogate, a Parzen estimator, evolution and chance propose, each as often as its trials came out on top
    lately. The default: no single parent is best everywhere.

    All are told everything. A trial's origin names the parent that proposed it, so the tally is rebuilt by telling the
    history. Random search keeps a twentieth whatever happens: the control the others are held against.

    Args:
        space: What is searched.
        startup: Trials with a value, at random, before the others are asked.

    Raises:
        OptionError: A startup below 1.
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Int, Record
        >>> parent = Council(Record({"width": Int(8, 64)}))
        >>> [candidate.origin.strategy for candidate in parent.ask(2, Random(0), ())]
        ['random', 'random']

    Source: Fialho et al. 2010, adaptive operator selection, https://doi.org/10.1007/s10472-010-9213-y
    """

    def __init__(self, space: Space, *, startup: int = 10) -> None:
        if startup < 1:
            raise OptionError(f"The startup of a council is 1 or more; got {startup}.")
        self.space = space
        self.startup = startup
        self._tried = Tried(space)
        lent = Lent(self._tried)
        self._members: dict[str, Strategy] = {
            "surrogate": Surrogate(space, tried=lent),
            "tpe-fast": TpeFast(space, tried=lent),
            "evolution": Evolution(space, tried=lent),
            CONTROL: RandomSearch(space, tried=lent),
        }
        self._tally = Tally(_HOPES)
        self._values = 0

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Let members propose by what they earned; fewer than `n` where the space is exhausted."""
        self._tried.begin(pending)
        if self._values < self.startup:
            return self._members[CONTROL].ask(n, rng, pending)
        shares = self._tally.shares()
        turns = rng.choices(list(shares), list(shares.values()), k=n)
        proposed = {
            name: deque(member.ask(turns.count(name), rng, pending))
            for name, member in self._members.items()
            if name in turns
        }
        found = [proposed[name].popleft() for name in turns if proposed[name]]
        if len(found) < n:
            found.extend(self._members[CONTROL].ask(n - len(found), rng, pending))
        return found

    def tell(self, ended: Sequence[Trial]) -> None:
        """Count for whom the trials speak, and tell every member."""
        ended = [*ended] if len(ended) <= LATELY else ended
        for trial in ended:  # once through: a resumed study decodes each trial as it is looked at
            self._tried.remember(trial)
            self._tally.tell(trial.origin.strategy, trial.loss)
            self._values += isfinite(trial.loss)
            for member in self._members.values():
                member.tell((trial,))

    @property
    def shares(self) -> Mapping[str, float]:
        """How likely each member's next turn is."""
        return self._tally.shares()
