"""Any parent, with a cheap score in front of the dear one: of m proposals the most promising is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, isnan
from random import Random
from typing import final

from byeori._util.json import Json
from byeori.core.errors import ByeoriError, OptionError
from byeori.core.jobs import Candidate
from byeori.core.protocols import Strategy
from byeori.core.state import Trial

_FAULTS = (
    ArithmeticError, AssertionError, AttributeError, ByeoriError, LookupError, OSError, RuntimeError, TypeError,
    ValueError,
)  # fmt: skip
"""What a score may raise about a genome it cannot judge; anything else is a fault of the program and is shown."""


@final
class WithProxy:
    """Asks a parent for several candidates and keeps the best by a score that needs no training.

    Use it where something cheap says a little about a genome: the number of parameters, a score at initialisation, a
    model fitted on other data. It sharpens a parent's proposals and replaces none: a proxy alone is no search.

    Args:
        strategy: The parent; it may not count on everything it proposes being trained.
        score: Genome → how promising it is, larger is better. What it raises, and NaN, count as worst.
        propose: Candidates asked for, of which one is kept.

    Raises:
        OptionError: `propose` is below 1.

    Example:
        >>> from byeori.core.space import Int, Record
        >>> from byeori.strategies.random import RandomSearch
        >>> parent = WithProxy(RandomSearch(Record({"width": Int(1, 64)})), lambda g: -g["width"], propose=64)
        >>> [candidate.genome for candidate in parent.ask(1, Random(0), ())]
        [{'width': 1}]

    Source: Abdelfattah et al. 2021, https://arxiv.org/abs/2101.08134
    """

    def __init__(self, strategy: Strategy, score: Callable[[Json], float], *, propose: int = 8) -> None:
        if propose < 1:
            raise OptionError(f"A proxy chooses from 1 proposal or more; got propose={propose}.")
        self.strategy = strategy
        self.score = score
        self.propose = propose

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Keep the best of every `propose` candidates, the first among equals; all that go on with a paused trial."""
        answer = self.strategy.ask(n * self.propose, rng, pending)
        found = [candidate for candidate in answer if candidate.continues is not None]
        new = [candidate for candidate in answer if candidate.continues is None]
        for start in range(0, len(new), self.propose):
            found.append(max(new[start : start + self.propose], key=self._promise))
        return found[:n]

    def tell(self, ended: Sequence[Trial]) -> None:
        """Pass on."""
        self.strategy.tell(ended)

    def _promise(self, candidate: Candidate) -> float:
        try:
            score = float(self.score(candidate.genome))
        except _FAULTS:
            return -inf
        return -inf if isnan(score) else score
