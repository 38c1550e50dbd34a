"""Throughput and memory of every parent: ask + tell in batches of 64 on one core, at a history of 1,000 to 500,000.

    python benchmarks/strategies/throughput.py [--full] [--again] [--only random evolution …]

Each cell is a process of its own: the parent is told the history as a resumed study tells it, then proposes and is told
batch after batch; trials are what the engine hands out, with genomes that went through the log. Rates are by CPU time.
Without `--full` the history ends at 100,000. Results are kept: `--again` measures anew. Writes
docs/benchmarks/throughput.md.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy and torch are loaded: the bars are for one core
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import RESULTS, kept, results, table, write

from byeori import catalog
from byeori._util.json import dumps, loads
from byeori.core import events as ev
from byeori.core.deciders import sample
from byeori.core.errors import ByeoriError
from byeori.core.events import DONE, Event
from byeori.core.jobs import Report
from byeori.core.space import Space
from byeori.core.state import ENDED, State, Trial, apply
from byeori.testing.spaces import flat_space, network_space

NAME = "throughput"
BATCH = 64
SECONDS = 2.0
"""CPU seconds a cell is measured for, once it has been told its history."""
LIMIT = 60
"""CPU seconds after which a cell is given up; the history it is told is among them."""
SPACES: dict[str, Callable[[], Space]] = {"ten questions": flat_space, "a network, 46 questions": network_space}
BARS = {
    "ten questions": {"random": 80_000, "evolution": 80_000, "menndl": 8_000, "tpe-fast": 500, "council": 800},
    "a network, 46 questions": {"random": 20_000, "evolution": 20_000},
}
MEMORY_BARS = {"ten questions": 0.5, "a network, 46 questions": 1.0}
"""GB for 500,000 trials."""
WEIGHED = ("random", "evolution", "menndl", "pareto", "tpe-fast", "council")


@dataclass(frozen=True)
class Cell:
    """One figure: a parent, a space, how many trials it was told before."""

    strategy: str
    space: str
    history: int

    @property
    def key(self) -> str:
        return f"{self.strategy} | {self.space} | {self.history}"


def study(space: Space, trials: int) -> State:
    """Return the state of a study of random trials with five reports each, made from its events."""
    state, rng = State(), Random(0)
    for n in range(trials):
        genome = sample(space, rng)
        origin = {"strategy": "random", "parents": [], "changed": []}
        apply(state, Event.of(ev.PROPOSED, {"genome": genome, "origin": origin}, n, time=n + 1.0))
        value = rng.random()
        reports = [
            Report(step=i + 1, progress=(i + 1) / 5, metrics={"valid": {"loss": value}}, value=value).to_json()
            for i in range(5)
        ]
        apply(state, Event.of(ev.REPORTED, {"reports": reports}, n, time=n + 1.0))
        apply(state, Event.of(ev.ENDED, {"reason": DONE, "message": "", "seconds": 1.0}, n, time=n + 1.0))
    return state


def rate(cell: Cell, state: State) -> float | str:
    """Return trials a second of ask + tell, or why the parent cannot search this space."""
    space = SPACES[cell.space]()
    try:
        strategy = catalog.load("strategy", cell.strategy)(space)
        strategy.tell(state.ended()[: cell.history])
    except ByeoriError as error:
        return str(error)
    gc.collect()
    rng, number, spent, asked = Random(1), cell.history, 0.0, 0
    for batch in range(1_000_000):
        began = time.process_time()
        found = strategy.ask(BATCH, rng, ())
        spent += time.process_time() - began
        genomes = [loads(dumps(candidate.genome)) for candidate in found]
        ended = []
        for genome, candidate in zip(genomes, found, strict=True):
            loss = rng.random()
            ended.append(Trial(number, genome, candidate.origin, ENDED, DONE, loss, loss, 1, 1.0, 1.0, {}))
            number += 1
        began = time.process_time()
        strategy.tell(ended)
        spent += time.process_time() - began
        asked += len(found)
        if batch == 0 and spent < SECONDS / 2:  # the first pays for what is loaded and made once
            spent, asked = 0.0, 0
        elif spent > SECONDS or not found:
            break
    return asked / spent if spent else 0.0


def memory(cell: Cell) -> float:
    """Return bytes a trial that a study and its parent take."""
    space = SPACES[cell.space]()
    strategy = catalog.load("strategy", cell.strategy)(space)
    sample(space, Random(0))
    gc.collect()
    before = _resident()
    state = study(space, cell.history)
    strategy.tell(state.ended())
    strategy.ask(BATCH, Random(0), ())
    gc.collect()
    return (_resident() - before) / len(state)


def alone(measure: Callable[[], float | str], limit: int) -> float | str | None:
    """Return what a process of its own measures; None where it takes more CPU seconds than that."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_child, args=(measure, limit, here, there))
    process.start()
    there.close()
    try:
        found: float | str | None = here.recv()
    except EOFError:
        found = None
    process.join()
    return found


def _child(measure: Callable[[], float | str], limit: int, here: Connection, there: Connection) -> None:
    here.close()
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    there.send(measure())


def measured(strategies: list[str], histories: list[int]) -> None:
    """Measure and keep what is not kept yet; of a parent that takes too long, no longer history."""
    for space in SPACES:
        cells = [Cell(strategy, space, history) for strategy in strategies for history in histories]
        new = [cell for cell in cells if cell.key not in results(NAME)]
        state = study(SPACES[space](), max((cell.history for cell in new), default=0))
        gc.freeze()
        for cell in new:
            before = None if cell.history == histories[0] else _before(cell, histories).key
            if before is None or isinstance(results(NAME).get(before), float):
                kept(NAME, cell.key, partial(alone, partial(rate, cell, state), LIMIT))


def _before(cell: Cell, histories: list[int]) -> Cell:
    return Cell(cell.strategy, cell.space, histories[histories.index(cell.history) - 1])


def rates_table(space: str, histories: list[int]) -> str:
    """Return a line a parent, a column a length of history."""
    found, rows = results(NAME), []
    for row in catalog.rows("strategy"):
        cells = [found.get(Cell(row.name, space, history).key, "") for history in histories]
        bar = BARS[space].get(row.name)
        if any(cell != "" for cell in cells):
            rows.append([f"`{row.name}`", *map(_said, cells), f"{bar:,}" if bar else ""])
    return f"## {space.capitalize()}\n\n" + table(
        ["trials/s at a history of", *map("{:,}".format, histories), "bar"], rows
    )


def memory_table(trials: int) -> str:
    """Return what 500,000 trials take, by space and parent."""
    found, rows = results(NAME), []
    for space, bar in MEMORY_BARS.items():
        for row in catalog.rows("strategy"):
            each = found.get(f"memory | {Cell(row.name, space, trials).key}")
            if each:
                rows.append([space, f"`{row.name}`", f"{each:,.0f} B", f"{each * 500_000 / 1e9:.2f} GB", f"{bar} GB"])
    title = f"## Memory: the state of a study and its parent, five reports a trial, measured at {trials:,} trials\n\n"
    return title + table(["space", "parent", "a trial", "500,000 trials", "bar"], rows)


def _said(cell: object) -> str:
    if cell is None:
        return f"over {LIMIT} s"
    return f"{cell:,.0f}" if isinstance(cell, float) else "–"


def _resident() -> int:
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _forget(strategies: list[str]) -> None:
    left = {
        key: value
        for key, value in results(NAME).items()
        if key.removeprefix("memory | ").split(" | ")[0] not in strategies
    }
    (RESULTS / f"{NAME}.json").write_text(json.dumps(left, indent=1, sort_keys=True) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="histories of 500,000 too")
    parser.add_argument("--again", action="store_true", help="measure anew what is kept")
    parser.add_argument("--only", nargs="*", help="names of parents")
    asked = parser.parse_args()
    histories = [1_000, 10_000, 100_000, *([500_000] if asked.full else [])]
    names = [row.name for row in catalog.rows("strategy") if not asked.only or row.name in asked.only]
    if asked.again:
        _forget(names)
    largest = histories[-1]
    # memory first: a process forked from a small one has nothing to use again
    for cell in [Cell(name, space, largest) for space in SPACES for name in names if name in WEIGHED]:
        kept(NAME, f"memory | {cell.key}", partial(alone, partial(memory, cell), 10 * LIMIT))
    measured(names, histories)
    note = (
        f"Ask + tell in batches of {BATCH} by CPU time, one core, one process a cell; the parent was told the history "
        "first. A dash: the parent cannot search this space, or was not measured there."
    )
    tables = [*(rates_table(space, histories) for space in SPACES), memory_table(largest)]
    write(NAME, "Throughput of the parents", "\n\n".join([note, *tables]))


if __name__ == "__main__":
    main()
