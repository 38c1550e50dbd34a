"""Overhead: trials whose objective costs nothing, through the whole engine; memory a trial; opening a large study.

    python benchmarks/engine/overhead.py [--quick]

Writes docs/benchmarks/overhead.md.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from byeori.core import events as ev
from byeori.core.events import Event
from byeori.core.jobs import Job, Report
from byeori.core.protocols import Store
from byeori.core.state import State
from byeori.engine.brief import Errand
from byeori.engine.budget import Budget
from byeori.engine.loop import Loop, Parts
from byeori.engine.replay import replay_log
from byeori.executors.inline import Inline
from byeori.stoppers.never import Never
from byeori.stores.memory import MemoryStore
from byeori.stores.sqlite import SQLiteStore
from byeori.strategies.random import RandomSearch
from byeori.testing.spaces import flat_space

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Nothing:
    """A brief whose jobs cost nothing."""

    def job(self, errand: Errand) -> Job:
        return Job(
            trial=errand.trial,
            attempt=errand.attempt,
            learner="",
            family="",
            genome=errand.genome,
            prepared="",
            out="",
        )


def objective(job: Job) -> Iterator[Report]:
    yield Report(step=1, progress=1.0, value=float(job.trial % 97))


def run(store: Store, trials: int, slots: int) -> tuple[float, float, State]:
    """Return wall seconds, CPU seconds and the state of a study of `trials`."""
    space, state = flat_space(), State()
    parts = Parts(
        space=space,
        strategy=RandomSearch(space),
        stopper=Never(),
        executor=Inline(slots, run=objective),
        store=store,
        brief=Nothing(),
    )
    wall, cpu = time.perf_counter(), time.process_time()
    Loop(parts, state, budget=Budget(trials=trials)).run()
    return time.perf_counter() - wall, time.process_time() - cpu, state


def fill(store: Store, trials: int) -> None:
    """Write a study of ten questions and five reports a trial."""
    import random

    from byeori.core.deciders import sample

    space, rng, batch = flat_space(), random.Random(0), []
    for n in range(trials):
        genome = sample(space, rng)
        origin = {"strategy": "random", "parents": [], "changed": []}
        batch.append(Event.of(ev.PROPOSED, {"genome": genome, "origin": origin}, n, time=float(n)))
        reports = [
            Report(step=i + 1, progress=(i + 1) / 5, metrics={"valid": {"loss": 0.5 / (i + 1)}}, value=0.1 * i)
            for i in range(5)
        ]
        batch.append(Event.of(ev.REPORTED, {"reports": [r.to_json() for r in reports]}, n, time=float(n)))
        batch.append(Event.of(ev.ENDED, {"reason": "done", "message": "", "seconds": 1.0}, n, time=float(n)))
        if len(batch) > 10_000:
            store.append(batch)
            batch = []
    store.append(batch)


def resident() -> int:
    """Return the resident memory of this process in bytes."""
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    rounds = 1 if quick else 3
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        for trials in (1_000, 10_000) if quick else (1_000, 10_000, 100_000):
            rates = [trials / run(MemoryStore(), trials, 64)[0] for _ in range(rounds)]
            rows.append(
                (f"memory, 64 a poll, {trials:,} trials", f"{statistics.median(rates):,.0f}/s wall", "10,000/s")
            )
            rates = []
            for index in range(rounds):
                with_store = SQLiteStore(Path(folder) / f"a{trials}-{index}.db")
                rates.append(trials / run(with_store, trials, 64)[1])
                with_store.close()
            rows.append((f"SQLite, 64 a poll, {trials:,} trials", f"{statistics.median(rates):,.0f}/s CPU", "8,000/s"))
        rates = []
        for index in range(rounds):
            with_store = SQLiteStore(Path(folder) / f"b{index}.db")
            rates.append(300 / run(with_store, 300, 1)[0])
            with_store.close()
        rows.append(("SQLite, one a poll", f"{statistics.median(rates):,.0f}/s wall", "150/s"))
        trials = 50_000 if quick else 500_000
        path = Path(folder) / "large.db"
        store = SQLiteStore(path)
        fill(store, trials)
        store.close()
        before, began = resident(), time.perf_counter()
        state = replay_log(SQLiteStore(path, readonly=True))
        took = time.perf_counter() - began
        each = (resident() - before) / len(state)
        rows.append((f"opening a study of {trials:,} trials", f"{took:.1f} s", "10 s for 500,000"))
        rows.append(("the parent's memory a trial, ten questions, five reports", f"{each:,.0f} B", "1,000 B"))
    lines = ["| what | measured | bar |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]
    print("\n".join(lines))
    if not quick:
        target = ROOT / "docs" / "benchmarks" / "overhead.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("# Overhead\n\nMade by `python benchmarks/engine/overhead.py`.\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
