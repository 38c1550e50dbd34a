"""Any parent, begun with genomes that are known to be good."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import final

from byeori._util.json import Json
from byeori.core.deciders import replay
from byeori.core.errors import GenomeError
from byeori.core.genome import genome_key
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Space
from byeori.core.state import Trial

_ORIGIN = Origin(strategy="warm-start")


@final
class WarmStarted:
    """Proposes given genomes first, in their order, then what the parent proposes.

    Use it where an earlier study, a paper or an experienced hand knows where to begin. The parent learns from these
    trials as from any others. What was tried or is in flight is skipped, so a resumed study does not begin again.

    Args:
        strategy: The parent that goes on.
        space: What it searches.
        genomes: Where to begin; whole genomes of `space`.

    Raises:
        GenomeError: One of them answers what the space does not allow; the sentence names which, and the path.

    Example:
        >>> from byeori.core.space import Int, Record
        >>> from byeori.strategies.random import RandomSearch
        >>> space = Record({"width": Int(8, 64)})
        >>> parent = WarmStarted(RandomSearch(space), space, [{"width": 32}])
        >>> [candidate.genome for candidate in parent.ask(4, Random(0), ())]
        [{'width': 32}]
        >>> WarmStarted(RandomSearch(space), space, [{"width": 7}])
        Traceback (most recent call last):
        byeori.core.errors.GenomeError: Genome 0 of a warm start: width is 7, but should be a whole number from 8 to 64.
    """

    def __init__(self, strategy: Strategy, space: Space, genomes: Sequence[Json]) -> None:
        self.strategy = strategy
        self.space = space
        self.genomes = genomes
        self._left = _checked(space, genomes)

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Propose what is left of the genomes, and nothing beside them; then ask the parent."""
        if self._left:
            running = {genome_key(trial.genome) for trial in pending}
            left = [genome for key, genome in self._left.items() if key not in running]
            if left:
                return [Candidate(genome=genome, origin=_ORIGIN) for genome in left[:n]]
        return self.strategy.ask(n, rng, pending)

    def tell(self, ended: Sequence[Trial]) -> None:
        """Strike off what was tried, and pass on."""
        if self._left:
            for trial in ended:
                self._left.pop(genome_key(trial.genome), None)
        self.strategy.tell(ended)


def _checked(space: Space, genomes: Sequence[Json]) -> dict[int, Json]:
    """Return the genomes as the space spells them, each once, by their hash."""
    found: dict[int, Json] = {}
    for place, genome in enumerate(genomes):
        try:
            whole = replay(space, genome)
        except GenomeError as error:
            raise GenomeError(f"Genome {place} of a warm start: {error}") from None
        found.setdefault(genome_key(whole), whole)
    return found
