"""Any parent, with nothing tried twice: for one that does not look at what was tried before."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import final

from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.strategies.parts.tried import Tried

ROUNDS = 20
_ORIGIN = Origin(strategy="deduplicated")


@final
class Deduplicated:
    """Asks again where a parent proposes what was tried, is in flight, or was proposed in the same breath.

    Use it around a parent of your own, or on a small space. The parents of the catalog refuse duplicates themselves.
    After 20 rounds of which nothing was new, the rest is drawn at random, so that a parent that is stuck does not end
    the study. A candidate that goes on with a paused trial is no duplicate. Not for parents that mean to train a genome
    again, as population-based training does.

    Args:
        strategy: The parent; its first answer of each round is the one it would give without this wrapper.
        space: What it searches.

    Raises:
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Categorical, Record
        >>> from byeori.strategies.random import RandomSearch
        >>> space = Record({"edge": Categorical(["none", "skip"])})
        >>> len(Deduplicated(RandomSearch(space), space).ask(8, Random(0), ()))
        2
    """

    def __init__(self, strategy: Strategy, space: Space) -> None:
        self.strategy = strategy
        self.space = space
        self._tried = Tried(space)

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Pass on what is new; fewer than `n` where the parent waits or the space is exhausted."""
        self._tried.begin(pending)
        found: list[Candidate] = []
        dice = rng
        for _ in range(ROUNDS):
            if len(found) >= n:
                return found
            answer = self.strategy.ask(n - len(found), dice, pending)
            if not answer:
                return found
            found += [c for c in answer if c.continues is not None or self._tried.claim(c.genome)]
            dice = Random(rng.getrandbits(64))  # a parent that is asked with the same dice answers the same
        return [*found, *self._tried.strangers(n - len(found), rng, _ORIGIN)]

    def tell(self, ended: Sequence[Trial]) -> None:
        """Remember, and pass on."""
        for trial in ended:
            self._tried.remember(trial)
        self.strategy.tell(ended)
