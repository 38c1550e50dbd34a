"""Random search: every child on its own, the control every other parent is held against."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import final

from byeori.core.jobs import Candidate, Origin
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.strategies.parts.tried import Lent, Tried

_ORIGIN = Origin(strategy="random")


@final
class RandomSearch:
    """Draws genomes by chance and none of them twice.

    Use it as a control, with very many workers, or where nothing is known of what matters.

    Args:
        space: What is searched.
        tried: What was tried, lent by a parent of several; None: its own.

    Raises:
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Categorical, Record
        >>> parent = RandomSearch(Record({"edge": Categorical(["none", "skip"])}))
        >>> len(parent.ask(8, Random(0), ()))
        2

    Source: Bergstra & Bengio 2012, https://jmlr.org/papers/v13/bergstra12a.html
    """

    def __init__(self, space: Space, *, tried: Lent | None = None) -> None:
        self.space = space
        self._tried = tried or Tried(space)

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Draw `n` new genomes; fewer where the space is exhausted."""
        self._tried.begin(pending)
        return self._tried.strangers(n, rng, _ORIGIN)

    def tell(self, ended: Sequence[Trial]) -> None:
        """Remember what was tried."""
        for trial in ended:
            self._tried.remember(trial)
