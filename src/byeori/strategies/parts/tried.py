"""What was tried already, and a genome that was not: no parent trains the same child twice."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import final

from byeori._util.json import Json, canonical
from byeori.core.deciders import enumerate_all, sample
from byeori.core.errors import SpaceError
from byeori.core.jobs import Candidate, Origin
from byeori.core.space import Space
from byeori.core.state import Trial

TRIES = 300
LISTED = 2000
"""Spaces of at most so many genomes are gone through one by one when chance finds nothing new."""


class Tried:
    """The hashes of all genomes told, in flight, or proposed in this round; nothing else, so that it stays small and a
    resumed study has the same.

    Args:
        space: What genomes are drawn from.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._ended: set[int] = set()
        self._pending: dict[int, int] = {}
        self._taken: set[int] = set()
        self._drew = False

    def remember(self, trial: Trial) -> None:
        """Remember a trial that ended."""
        self._ended.add(self._pending.get(trial.number) or _key(trial.genome))

    def begin(self, pending: Sequence[Trial]) -> None:
        """Begin a round of proposals; what is in flight is taken."""
        known = self._pending
        self._pending = {t.number: known.get(t.number) or _key(t.genome) for t in pending}
        self._taken = set(self._pending.values())

    def claim(self, genome: Json) -> bool:
        """Take a genome for this round; False where it was tried or taken before."""
        key = _key(genome)
        if key in self._ended or key in self._taken:
            return False
        self._taken.add(key)
        return True

    def unseen(self, rng: Random) -> Json | None:
        """Draw a genome that is new, and take it; None where there seems to be none left.

        Raises:
            SpaceError: Not one genome that passes the check was ever found.
        """
        for _ in range(TRIES):
            try:
                genome = sample(self._space, rng)
            except SpaceError:
                if self._drew:
                    return None
                raise
            self._drew = True
            if self.claim(genome):
                return genome
        return self._left(rng)

    def strangers(self, n: int, rng: Random, origin: Origin) -> list[Candidate]:
        """Draw genomes that are new; fewer than `n` where the space is exhausted."""
        found: list[Candidate] = []
        while len(found) < n and (genome := self.unseen(rng)) is not None:
            found.append(Candidate(genome=genome, origin=origin))
        return found

    def _left(self, rng: Random) -> Json | None:
        if self._space.size is None or self._space.size > LISTED:
            return None
        gone = self._ended | self._taken
        left = [genome for genome in enumerate_all(self._space) if _key(genome) not in gone]
        if not left:
            return None
        genome = rng.choice(left)
        self.claim(genome)
        return genome


@final
class Lent:
    """The memory of one parent lent to another, so that several propose nothing twice and it is kept once: the owner
    begins the rounds and remembers what ended.

    Args:
        owner: Whose memory.
    """

    def __init__(self, owner: Tried) -> None:
        self.claim = owner.claim
        self.unseen = owner.unseen
        self.strangers = owner.strangers

    def remember(self, trial: Trial) -> None:
        """Leave it to the owner."""

    def begin(self, pending: Sequence[Trial]) -> None:
        """Leave it to the owner."""


def _key(genome: Json) -> int:
    """Return a hash that holds in this process only, which is as long as it is kept: a fifth of the time of one that
    holds everywhere (`core.genome.genome_key`)."""
    return hash(canonical(genome))
