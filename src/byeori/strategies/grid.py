"""Grid search: every combination, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import exp, log
from random import Random
from typing import Final, final

from byeori._util.json import Json
from byeori.core.errors import OptionError, SpaceError
from byeori.core.genome import genome_key
from byeori.core.jobs import Candidate, Origin
from byeori.core.space import Categorical, Float, OneOf, Record, Repeat, Space
from byeori.core.state import Trial
from byeori.core.walk import Enumerate

TRIES: Final = 100_000
"""Combinations in a row that may fail the check of the space."""
_ORIGIN: Final = Origin(strategy="grid")


@final
class Grid:
    """Goes through all combinations like an odometer, the last question first, and ends when all were tried.

    Use it for small spaces of which everything is to be known. A number from a range is taken at a few levels, evenly
    spaced or, where the question is logarithmic, by even factors, its bounds among them; every other question with all
    its answers. Of a space larger than the budget only the last questions are varied: use `sobol` there. No dice are
    thrown, so every seed gives the same order.

    Args:
        space: What is searched; what weight 0 excludes is left out.
        points: Levels of a Float.

    Raises:
        OptionError: Fewer than two levels.
        SpaceError: While asked: 100,000 combinations in a row fail the check of the space.

    Example:
        >>> from byeori.core.space import Int
        >>> parent = Grid(Record({"rate": Float(1e-3, 1e-1, log=True), "depth": Int(1, 2)}), points=3)
        >>> [(round(c.genome["rate"], 6), c.genome["depth"]) for c in parent.ask(9, Random(0), ())]
        [(0.001, 1), (0.001, 2), (0.01, 1), (0.01, 2), (0.1, 1), (0.1, 2)]
    """

    def __init__(self, space: Space, *, points: int = 5) -> None:
        if points < 2:
            raise OptionError(f"The points of a grid are 2 or more levels of a range; got {points}.")
        self.space = space
        self.points = points
        self._walk = Enumerate().over(_levelled(space.bare, points))
        self._ahead: deque[tuple[int, Json]] = deque()
        self._ended: set[int] = set()

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Propose the next combinations that were not tried; fewer than `n` where there are no more."""
        in_flight = {genome_key(trial.genome) for trial in pending}
        # what was proposed, but has not ended: in flight, or dropped by who asked, and then proposed again
        self._ahead = deque(item for item in self._ahead if item[0] not in self._ended)
        found: list[Candidate] = []
        place = 0
        while len(found) < n:
            if place == len(self._ahead) and not self._look_on():
                break
            key, genome = self._ahead[place]
            place += 1
            if key not in in_flight:
                found.append(Candidate(genome=genome, origin=_ORIGIN))
        return found

    def tell(self, ended: Sequence[Trial]) -> None:
        """Remember what was tried."""
        self._ended.update(genome_key(trial.genome) for trial in ended)

    def _look_on(self) -> bool:
        """Turn the odometer to the next combination that is new and passes the check; False at the end."""
        failed = 0
        for genome in self._walk:
            if (said := self.space.problem(genome)) is not None:
                failed += 1
                if failed == TRIES:
                    raise SpaceError(
                        f"{TRIES:,} combinations in a row fail the check of the space, the last because {said}: "
                        "narrow the questions so that more of their answers pass."
                    )
            elif (key := genome_key(genome)) not in self._ended:
                self._ahead.append((key, genome))
                return True
        return False


def _levelled(question: Space, points: int) -> Space:
    """Return the question with a list of levels in place of every range of numbers."""
    if isinstance(question, Float):
        return Categorical(_levels(question, points))
    if isinstance(question, Record):
        return Record({name: _levelled(question.child(name), points) for name in question.names})
    if isinstance(question, OneOf):
        branches = {name: _levelled(question.child(name), points) for name in question.names}
        return OneOf(branches, default=question.default, weights=question.weights)
    if isinstance(question, Repeat):
        return Repeat(_levelled(question.child(0), points), question.low, question.high, default=question.default)
    return question


def _levels(question: Float, points: int) -> list[float]:
    low, high = (log(question.low), log(question.high)) if question.log else (question.low, question.high)
    inner = [low + (high - low) * i / (points - 1) for i in range(1, points - 1)]
    if question.log:
        inner = [exp(x) for x in inner]
    within = [min(max(x, question.low), question.high) for x in inner]
    return list(dict.fromkeys([question.low, *within, question.high]))
