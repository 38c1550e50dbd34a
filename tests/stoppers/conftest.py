from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp

import pytest

from byeori.core.deciders import default
from byeori.core.jobs import Candidate, Job, Origin
from byeori.core.protocols import Stopper
from byeori.core.space import Float, Record
from byeori.core.state import State
from byeori.engine.brief import ObjectiveBrief
from byeori.engine.budget import Budget
from byeori.engine.loop import Loop, Parts
from byeori.stores.memory import MemoryStore
from byeori.strategies.random import RandomSearch
from byeori.testing.simulated import Simulated, VirtualClock

SPACE = Record({"x": Float(0.0, 1.0), "speed": Float(2.0, 8.0)})
EPOCHS = 27
BRIEF = ObjectiveBrief(objective="")


def easy(job: Job, progress: float) -> float:
    """A loss whose order is the same throughout: what is better in the end is better from the start."""
    return 1.0 + abs(job.genome["x"] - 0.3) + exp(-5.0 * progress)


@dataclass
class Searched:
    """A simulated study: its state, its log, and the epochs all its trials took together."""

    state: State
    store: MemoryStore
    epochs: float

    @property
    def best(self) -> float:
        return min(abs(t.genome["x"] - 0.3) for t in self.state.trials())

    @property
    def found(self) -> float:
        best = self.state.trial(self.state.best)
        return abs(best.genome["x"] - 0.3)


@pytest.fixture
def search() -> Callable[..., Searched]:
    """Return a function that searches with a stopper, 27 epochs a training, and says what it took."""

    def run(
        stopper: Stopper,
        *,
        trials: int = 120,
        curve: Callable[[Job, float], float] = easy,
        workers: int = 1,
        maximize: bool = False,
        seed: int = 0,
    ) -> Searched:
        clock, store = VirtualClock(), MemoryStore()
        sign = -1.0 if maximize else 1.0
        executor = Simulated(
            workers, clock, lambda job: EPOCHS, lambda job, p: sign * curve(job, p), steps=EPOCHS, checkpoints=True
        )
        state = State(maximize=maximize)
        parts = Parts(
            space=SPACE,
            strategy=RandomSearch(SPACE),
            stopper=stopper,
            executor=executor,
            store=store,
            brief=BRIEF,
        )
        opening = (Candidate(genome=default(SPACE), origin=Origin(strategy="default")),)
        Loop(parts, state, budget=Budget(trials=trials), seed=seed, opening=opening, clock=clock).run()
        return Searched(state, store, sum(_epochs(store)))

    return run


def _epochs(store: MemoryStore) -> list[int]:
    """Return how many epochs each attempt reported."""
    return [len(event.data["reports"]) for event in store.read() if event.kind == "reported"]
