from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest

from byeori._util.json import Json
from byeori.core.deciders import default, sample
from byeori.core.jobs import Candidate, Origin
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.testing.strategies import trial_of


def trials_of(genomes: Sequence[Json], loss: Callable[[Json], float]) -> list[Trial]:
    """Trials of given genomes, the first of them the default."""
    origins = [Origin(strategy="default" if n == 0 else "random") for n in range(len(genomes))]
    return [
        trial_of(n, Candidate(genome=genome, origin=origin), loss(genome))
        for n, (genome, origin) in enumerate(zip(genomes, origins, strict=True))
    ]


def searched(space: Space, count: int, loss: Callable[[Json], float], seed: int = 0) -> list[Trial]:
    """A random search with the default genome in front."""
    rng = Random(seed)
    return trials_of([default(space), *(sample(space, rng) for _ in range(count - 1))], loss)


@pytest.fixture
def make_trials() -> Callable[[Sequence[Json], Callable[[Json], float]], list[Trial]]:
    return trials_of


@pytest.fixture
def search() -> Callable[..., list[Trial]]:
    return searched
