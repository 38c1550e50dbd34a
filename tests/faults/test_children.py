"""Children that do everything wrong in one study beside good ones; and a clock that does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from byeori._util.json import Json
from byeori.core import events as ev
from byeori.core.jobs import Candidate, Job, Origin
from byeori.core.leaves import Float
from byeori.core.protocols import Executor
from byeori.core.space import OneOf, Record
from byeori.core.state import State
from byeori.engine.brief import Errand
from byeori.engine.budget import Budget
from byeori.engine.keeper import Keeper
from byeori.engine.loop import Loop, Parts
from byeori.engine.replay import replay_log
from byeori.executors.inline import Inline
from byeori.executors.local import Local
from byeori.stoppers.never import Never
from byeori.stores.sqlite import SQLiteStore
from byeori.strategies.random import RandomSearch

from .conftest import orphans

MEMORY = 512 << 20
GOOD = {"Quadratic": (ev.DONE, 1), "Slow": (ev.DONE, 1), "Talkative": (ev.DONE, 1), "Printing": (ev.DONE, 1)}
BAD = {
    "Leak": (ev.OUT_OF_MEMORY, 1),
    "HangInC": (ev.HUNG, 1),
    "Stubborn": (ev.HUNG, 1),
    "Crash": (ev.CRASHED, 2),
    "Exit": (ev.CRASHED, 2),
    "Shot": (ev.CRASHED, 2),
    "Leave": (ev.CRASHED, 2),
    "NotANumber": (ev.DIVERGED, 1),
    "HugeMessage": (ev.FAILED, 1),
    "HugeReport": (ev.FAILED, 1),
    "Unsayable": (ev.FAILED, 1),
    "TooSlow": (ev.LIMIT, 1),
}
"""Toy → why it ends, in how many attempts."""


@dataclass(frozen=True)
class ToyBrief:
    study: Path
    seconds: float | None

    def job(self, errand: Errand) -> Job:
        ((toy, part),) = errand.genome.items()
        return Job(
            trial=errand.trial,
            attempt=errand.attempt,
            learner=f"byeori.testing.toys:{toy}",
            family="byeori.testing.toys:Plane",
            genome=part,
            prepared="",
            out=str(self.study / "trials" / f"{errand.trial}"),
            seconds=self.seconds,
        )


def search(study: Path, executor: Executor, toys: list[str], seconds: float | None, **more: float) -> State:
    """A whole search over toys, each tried once, in the order given."""
    plane = Record({"x": Float(-1.0, 1.0), "y": Float(-1.0, 1.0), "seconds": Float(0.0, 1.0, default=0.5)})
    space = OneOf(dict.fromkeys(dict.fromkeys(toys), plane))
    genomes: list[Json] = [{toy: {"x": n / 100, "y": 0.0, "seconds": 0.5}} for n, toy in enumerate(toys)]
    with SQLiteStore(study / "events.db") as store:
        state = State()
        parts = Parts(
            space=space,
            strategy=RandomSearch(space),
            stopper=Never(),
            executor=executor,
            store=store,
            brief=ToyBrief(study, seconds),
            keeper=Keeper(study),
        )
        opening = [Candidate(genome=genome, origin=Origin(strategy="toys")) for genome in genomes]
        Loop(parts, state, budget=Budget(trials=len(toys), **more), opening=opening).run()
        assert [replay_log(store).trial(n).reason for n in range(len(toys))] == [t.reason for t in state.trials()]
    return state


def test_bad_children_end_with_their_reasons_and_good_ones_do_not_notice(tmp_path: Path) -> None:
    toys = [toy for pair in zip(list(GOOD) * 3, BAD, strict=True) for toy in pair]
    with Local(2, memory=MEMORY, grace=1.0, preload=("byeori.testing.toys",)) as executor:
        marker = executor._nursery.marker
        state = search(tmp_path, executor, toys, seconds=4.0)
    expected = GOOD | BAD
    assert [(t.reason, t.attempt) for t in state.trials()] == [expected[toy] for toy in toys]
    assert all(trial.value == trial.value for trial, toy in zip(state.trials(), toys, strict=True) if toy in GOOD)
    assert all(trial.loss == float("inf") for trial, toy in zip(state.trials(), toys, strict=True) if toy in BAD)
    assert state.best is not None
    assert orphans(marker) == []
    assert (tmp_path / "events.db").stat().st_size < 2_000_000, "no huge message or report is kept"


def test_a_clock_that_jumps_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, days = time.time, iter(range(10_000))
    monkeypatch.setattr(time, "time", lambda: real() + 86_400 * (-1) ** (n := next(days)) * n)
    ends = time.monotonic() + 600
    state = search(tmp_path, Inline(slots=2), ["Slow", "Quadratic"] * 3, seconds=None, ends=ends)
    assert {trial.reason for trial in state.trials()} == {ev.DONE}
    assert all(trial.seconds < 60 for trial in state.trials())
