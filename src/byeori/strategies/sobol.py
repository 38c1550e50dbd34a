"""Quasi-random search: the points of a scrambled Sobol sequence, which leave no corner of the space out for long."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from random import Random
from typing import Final, final

from scipy.stats import qmc

from byeori._util.json import Json
from byeori.core.genome import genome_key
from byeori.core.jobs import Candidate, Origin
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.core.walk import At, walk
from byeori.strategies.parts.tried import Tried
from byeori.strategies.parts.unit import Point, axes

LARGEST: Final = qmc.Sobol.MAXDIM
"""Questions that have a dimension of their own; direction numbers are known for no more."""
AHEAD: Final = 300
"""Points looked at beyond twice the number of trials; where all of them were tried, chance goes on."""
_NAME: Final = "sobol"
_ORIGIN: Final = Origin(strategy=_NAME)


@final
class Sobol:
    """Spreads genomes evenly over the space, better than chance does, and none of them twice.

    Use it as a control, to fill a first design, or where few questions matter and it is not known which. Every question
    of the space, branches and lengths too, is a dimension of its own; what not every genome is asked comes behind what
    every genome is, for the first dimensions are the most even. The first proposal is drawn at random, and what it is
    decides how the sequence is scrambled: so a resumed study goes on in the same sequence, a point a trial.

    Args:
        space: What is searched; questions beyond 21,201 are answered at random.

    Raises:
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Float, Record
        >>> parent = Sobol(Record({"rate": Float(0.0, 1.0)}))
        >>> first, *rest = [candidate.genome["rate"] for candidate in parent.ask(9, Random(0), ())]
        >>> sorted(int(rate * 8) for rate in rest)
        [0, 1, 2, 3, 4, 5, 6, 7]

    Source: Joe & Kuo 2008, https://doi.org/10.1137/070710359; Owen 1998, https://doi.org/10.1006/jcom.1998.0487
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self._tried = Tried(space)
        self._axes: Mapping[At, int] = {at: i for i, (at, _) in enumerate(islice(axes(space), LARGEST))}
        self._next = 0
        self._sequence: _Sequence | None = None

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Propose the next points that are new; fewer than `n` where the space is exhausted."""
        self._tried.begin(pending)
        for trial in pending:
            self._meet(trial)
        sequence = self._sequence
        if sequence:
            sequence.forget(self._next)
        found: list[Candidate] = []
        while len(found) < n:
            number = self._next + len(found)
            genome = self._point(sequence, number, rng) if sequence else None
            if genome is None and (genome := self._tried.unseen(rng)) is None:
                break
            # for this round only: it is kept once the first proposal is known to be a trial
            sequence = sequence or _Sequence(number, genome, len(self._axes))
            found.append(Candidate(genome=genome, origin=_ORIGIN))
        return found

    def tell(self, ended: Sequence[Trial]) -> None:
        """Remember what was tried."""
        for trial in ended:
            self._tried.remember(trial)
            self._meet(trial)

    def _meet(self, trial: Trial) -> None:
        self._next = max(self._next, trial.number + 1)
        if trial.origin.strategy == _NAME and (self._sequence is None or trial.number < self._sequence.first):
            self._sequence = _Sequence(trial.number, trial.genome, len(self._axes))

    def _point(self, sequence: _Sequence, number: int, rng: Random) -> Json | None:
        """Return the genome at the point of a trial's number, or at the next that is new and passes the check."""
        for index in range(number, number + (number - sequence.first) + AHEAD):
            genome = walk(self.space, Point(sequence.point(index), self._axes, rng))
            if self.space.problem(genome) is None and self._tried.claim(genome):
                return genome
        return None


@final
class _Sequence:
    """The points of one scrambled sequence by the number of their trial, from the one after `first`; kept as long as
    they may be asked for."""

    def __init__(self, first: int, genome: Json, dimensions: int) -> None:
        self.first = first
        self._engine = qmc.Sobol(dimensions, scramble=True, seed=genome_key(genome)) if dimensions else None
        self._begin = first + 1
        self._points: deque[Sequence[float]] = deque()

    def forget(self, number: int) -> None:
        """Let go of the points before a trial's."""
        while self._points and self._begin < number:
            self._points.popleft()
            self._begin += 1
        if self._engine and self._begin < number:
            self._engine.fast_forward(number - self._begin)
            self._begin = number

    def point(self, number: int) -> Sequence[float]:
        """Return a point, a number from 0 to 1 a dimension."""
        while self._engine and len(self._points) <= number - self._begin:
            self._points.append(self._engine.random(1)[0].tolist())
        return self._points[number - self._begin] if self._engine else ()
