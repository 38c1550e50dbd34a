from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from byeori.core.jobs import Candidate, Job, Origin, Report
from byeori.core.protocols import Store
from byeori.core.space import Float, Record
from byeori.core.state import State
from byeori.engine.brief import Errand
from byeori.engine.budget import Budget
from byeori.engine.loop import Loop, Parts
from byeori.executors.inline import Inline
from byeori.stoppers.never import Never
from byeori.stores.memory import MemoryStore
from byeori.strategies.random import RandomSearch

SPACE = Record({"x": Float(-1.0, 1.0, default=0.5)})


class Plain:
    """A brief whose jobs are done by a function."""

    def job(self, errand: Errand) -> Job:
        return Job(
            trial=errand.trial,
            attempt=errand.attempt,
            learner="",
            family="",
            genome=errand.genome,
            prepared="",
            out="",
            seconds=errand.seconds,
            until=errand.until,
            weights_from=None if errand.weights_from is None else str(errand.weights_from),
        )


def square(job: Job) -> Iterator[Report]:
    yield Report(step=1, progress=1.0, value=job.genome["x"] ** 2)


@pytest.fixture
def make_loop() -> Callable[..., tuple[Loop, State, Store]]:
    def make(
        *,
        run=square,
        trials=10,
        store=None,
        state=None,
        strategy=None,
        stopper=None,
        slots=1,
        opening=(),
        executor=None,
        budget=None,
        seed=0,
    ):
        store = store if store is not None else MemoryStore()
        state = state if state is not None else State()
        parts = Parts(
            space=SPACE,
            strategy=strategy or RandomSearch(SPACE),
            stopper=stopper or Never(),
            executor=executor or Inline(slots, run=run),
            store=store,
            brief=Plain(),
        )
        return Loop(parts, state, budget=budget or Budget(trials=trials), seed=seed, opening=opening), state, store

    return make


@pytest.fixture
def opening() -> tuple[Candidate, ...]:
    return (
        Candidate(genome={"x": 0.5}, origin=Origin(strategy="default")),
        Candidate(genome={"x": 1.0}, origin=Origin(strategy="baseline")),
    )
