"""A model of the losses: a Gaussian process over whole genomes says which untried one promises most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from random import Random
from typing import Final, final

import numpy as np
from scipy.special import log_ndtr

from byeori._util.json import Json
from byeori.core.errors import OptionError
from byeori.core.genome import differences
from byeori.core.jobs import Candidate, Origin
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.strategies.parts.breeding import barren
from byeori.strategies.parts.kept import Kept, Told
from byeori.strategies.parts.nearby import Places, nearby
from byeori.strategies.parts.process import Process, Scales, Views, fitted
from byeori.strategies.parts.slots import Floats, Slots
from byeori.strategies.parts.tried import Lent, Tried

BEST, LATEST, SAMPLE = 64, 48, 80
AROUND: Final = 16
GROWTH: Final = 1.1
JOINT: Final = 400
"""Genomes whose losses are thought of together, so that proposals of one round are unlike each other."""
GREED: Final = 0.3
"""How much being unsure counts in proposals that look near."""
CAP: Final = 2.0
"""Losses count as far above their median as this many times the best is below it, at most."""
_NAME = "surrogate"
_AT_RANDOM = Origin(strategy=_NAME)


@final
@dataclass(frozen=True, slots=True)
class _Drawn:
    """Genomes to choose from: the kept trial each was drawn around, -1 for none, its row, its promise."""

    around: Places
    rows: Floats
    promise: Floats


@final
class Surrogate:
    """Fits a Gaussian process to the losses, capped above, and proposes what it expects to improve most on the best.

    Use it where trials are dear: it makes the most of the first few hundred. Some proposals look far (improvement on
    the best expected loss), some near (on the best loss seen, with little said for being unsure): losses are noisy, and
    the child that wins is the luckiest of several good ones. What it keeps is bounded (the best 64, the latest 48, an
    even sample of 80 of the rest), so its cost does not grow with the history.

    Args:
        space: What is searched.
        startup: Trials with a value before it begins; random until then.
        candidates: Genomes it looks at for a proposal.
        greedy: Share of the proposals that look near.
        tried: What was tried, lent by a parent of several; None: its own.

    Raises:
        OptionError: A number below 1, or a share outside 0 to 1.
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Int, Record
        >>> parent = Surrogate(Record({"width": Int(8, 64)}))
        >>> [candidate.origin.strategy for candidate in parent.ask(2, Random(0), ())]
        ['surrogate', 'surrogate']

    Source: Jones et al. 1998 (expected improvement); Rasmussen & Williams 2006, chapter 5.
    """

    def __init__(
        self,
        space: Space,
        *,
        startup: int = 10,
        candidates: int = 400,
        greedy: float = 0.5,
        tried: Lent | None = None,
    ) -> None:
        for name, count in (("startup", startup), ("candidates", candidates)):
            if count < 1:
                raise OptionError(f"The {name} of a surrogate is 1 or more; got {count}.")
        if not 0.0 <= greedy <= 1.0:
            raise OptionError(f"The greedy share of a surrogate is from 0 to 1; got {greedy}.")
        self.space = space
        self.startup = startup
        self.candidates = candidates
        self.greedy = greedy
        self._slots = Slots(space)
        self._views = Views(self._slots)
        self._barren = barren(space)
        self._tried = tried or Tried(space)
        self._kept = Kept(best=BEST, latest=LATEST, sample=SAMPLE)
        self._marked: list[tuple[float, Json]] = []
        self._mark = 0
        self._scales: Scales | None = None

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Propose; random genomes at first and where no candidate is new. Fewer than `n` where the space is
        exhausted."""
        self._tried.begin(pending)
        found: list[Candidate] = []
        if n and self._kept.values >= self.startup and len(self._slots):
            found = self._promising(n, np.random.default_rng(rng.getrandbits(64)), pending)
        return [*found, *self._tried.strangers(n - len(found), rng, _AT_RANDOM)]

    def tell(self, ended: Sequence[Trial]) -> None:
        """Take in what ended."""
        for trial in ended:  # once through: a resumed study decodes each trial as it is looked at
            self._tried.remember(trial)
            if self._barren and next(iter(trial.genome)) in self._barren:
                continue
            self._kept.tell(trial)
            if self._kept.values >= max(self.startup, GROWTH * self._mark):
                # What matters is learnt anew when the history has grown by a tenth, from what was known just then, so
                # that a resumed study learns the same.
                self._mark = self._kept.values
                self._marked = [(told.loss, self._kept.genome(told.number)) for told in self._known()]
                self._scales = None

    def _known(self) -> list[Told]:
        best, rest = self._kept.split(BEST)
        return [*best, *(told for told in rest if isfinite(told.loss))]

    def _promising(self, n: int, dice: np.random.Generator, pending: Sequence[Trial]) -> list[Candidate]:
        if self._scales is None:
            rows = np.array([self._slots.row(genome) for _, genome in self._marked])
            self._scales = fitted(self._views, rows, _standard([loss for loss, _ in self._marked]))
        known = self._known()
        seen = np.array([self._kept.row(told.number, self._slots.row) for told in known])
        losses = _standard([told.loss for told in known])
        process = Process(self._views, self._scales, seen, losses)
        expected = process.guess(seen)[0]
        aims = (GREED, float(losses.min())), (1.0, float(expected.min()))
        near = dice.random(n) < self.greedy
        drawn = self._drawn(process, seen, expected, aims[0] if near[0] else aims[1], dice)
        if not len(drawn.rows):
            return []
        order = np.argsort(-drawn.promise, kind="stable")
        first, rest = np.split(order, [min(32 + 4 * n, JOINT)])
        mean, joint = process.joint(drawn.rows[first], [self._slots.row(trial.genome) for trial in pending])
        left = np.ones(len(first), dtype=bool)
        found: list[Candidate] = []
        while len(found) < n and left.any():
            greed, least = aims[0] if near[len(found)] else aims[1]
            score = _promise(mean, greed * np.sqrt(np.maximum(np.diag(joint), 1e-12)), least)
            k = int(np.argmax(np.where(left, score, -np.inf)))
            left[k] = False
            if (candidate := self._new(known, drawn, int(first[k]))) is not None:
                found.append(candidate)
                joint = joint - np.outer(joint[:, k], joint[k]) / (joint[k, k] + process.noise)
        for k in rest.tolist():
            if len(found) == n:
                break
            if (candidate := self._new(known, drawn, k)) is not None:
                found.append(candidate)
        return found

    def _new(self, known: Sequence[Told], drawn: _Drawn, k: int) -> Candidate | None:
        genome = self._slots.genome(drawn.rows[k].tolist())
        if self.space.problem(genome) is not None or not self._tried.claim(genome):
            return None
        return Candidate(genome=genome, origin=self._origin(known, int(drawn.around[k]), genome))

    def _drawn(
        self, process: Process, seen: Floats, expected: Floats, aim: tuple[float, float], dice: np.random.Generator
    ) -> _Drawn:
        """Draw around the trials of which most is expected, then around what promised most of that."""
        greed, least = aim

        def promise(rows: Floats) -> Floats:
            mean, spread = process.guess(rows)
            return _promise(mean, greed * spread, least)

        best = np.argsort(expected, kind="stable")[:AROUND]
        tried = {row.tobytes() for row in seen}
        around, rows = _fresh(*nearby(self._slots, seen, best, self.candidates, dice), tried)
        if not len(rows):
            return _Drawn(around, rows, np.empty(0))
        first = promise(rows)
        best = np.argsort(-first, kind="stable")[:AROUND]
        again, more = _fresh(*nearby(self._slots, rows, best, self.candidates // 2 + 1, dice), tried)
        around = np.append(around, np.where(again < 0, -1, around[again]))
        return _Drawn(around, np.concatenate([rows, more]), np.append(first, promise(more) if len(more) else []))

    def _origin(self, known: Sequence[Told], around: int, genome: Json) -> Origin:
        if around < 0:
            return _AT_RANDOM
        parent = known[around].number
        return Origin(strategy=_NAME, parents=(parent,), changed=differences(self._kept.genome(parent), genome))


def _fresh(around: Places, rows: Floats, tried: set[bytes]) -> tuple[Places, Floats]:
    """Leave out what was tried or drawn before: in a small space that is most of what lies near the best."""
    keep = []
    for i, row in enumerate(rows):
        if (key := row.tobytes()) not in tried:
            tried.add(key)
            keep.append(i)
    return around[keep], rows[keep]


def _standard(losses: Sequence[float]) -> Floats:
    """Return losses with a mean of 0 and a deviation of 1; what is far worse than the middle counts as somewhat worse.

    Ranks would hide divergences too, but they stretch the small differences among the many trials near the best until
    a smooth landscape looks like noise.
    """
    values = np.asarray(losses, dtype=np.float64)
    low, middle = values.min(), float(np.median(values))
    reach = (middle - low) or (values.max() - low)
    capped = np.minimum(values, middle + CAP * reach)
    deviation = float(capped.std())
    return np.asarray((capped - capped.mean()) / (deviation if deviation > 0 else 1.0))


def _promise(mean: Floats, spread: Floats, least: float) -> Floats:
    """Return the logarithm of the improvement to expect below `least`."""
    z = (least - mean) / spread
    density = -0.5 * z * z - 0.5 * np.log(2 * np.pi)
    near = np.maximum(z, -6.0)
    exact = np.log(np.exp(-0.5 * near * near - 0.5 * np.log(2 * np.pi)) + near * np.exp(log_ndtr(near)))
    return np.asarray(np.where(z > -6.0, exact, density - 2.0 * np.log(np.maximum(-z, 6.0))) + np.log(spread))
