"""One search on one table without an engine, and all of them, kept as they end.

What is measured: the regret of the incumbent, the best that was seen so far (of equals the first), at `MARKS`
evaluations. The seed a training is drawn from depends on the run's seed and the number of the evaluation alone, so that
everybody is dealt the same luck.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from itertools import islice
from math import inf, isfinite
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from peers import PEERS, Search
from tables import CATEGORICAL, MIXED, NAMES, ROOT, Table, load

from byeori import catalog
from byeori._util.json import Json
from byeori._util.seeds import rng_of
from byeori.core.deciders import default
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Record
from byeori.strategies.evolution import Evolution
from byeori.testing.strategies import trial_of

RESULTS = Path(os.environ.get("BYEORI_RESULTS", ROOT / "benchmarks" / "results")) / "search"
MARKS = (10, 20, 30, 50, 75, 100, 150, 200, 300, 500)
PEER = "optuna-tpe-multi"
SAME = frozenset({"grid"})
"""What needs few seeds: its proposals are the same with each."""
DEAR = frozenset({"tpe", "hyperopt-tpe", "nevergrad-ngopt", "controller"})
"""Whose 500 evaluations take so long that five seeds of them must do."""
NOT_HERE = frozenset({"population", "pareto"})
"""Population-based training needs children with checkpoints, `pareto` several objectives: their proofs are others."""


class Ours:
    """A strategy of Byeori, asked for one trial at a time.

    Args:
        strategy: Told nothing yet.
        space: What is searched.
        seed: Of the run.
        default_first: Trial 0 is the default genome, as in a study; else whatever the strategy proposes.
    """

    def __init__(self, strategy: Strategy, space: Record, seed: int, default_first: bool = False) -> None:
        self._strategy = strategy
        self._first = Candidate(genome=default(space), origin=Origin(strategy="default")) if default_first else None
        self._seed = seed
        self._told = 0

    def ask(self) -> Json:
        if self._first is not None and not self._told:
            found = [self._first]
        else:
            found = list(self._strategy.ask(1, rng_of(self._seed, "ask", self._told), ()))
        self._candidate = found[0] if found else None
        return self._candidate.genome if self._candidate else None

    def tell(self, loss: float) -> None:
        assert self._candidate is not None
        self._strategy.tell([trial_of(self._told, self._candidate, loss)])
        self._told += 1


def _ours(make: Callable[[Record], Strategy]) -> Callable[[Record, int, int], Search]:
    return lambda space, seed, budget: Ours(make(space), space, seed)


def _anchor(space: Record) -> Strategy:
    return Evolution(space, population=20, tournament=5, crossover=0.0)


def strategies() -> dict[str, Callable[[Record, int, int], Search]]:
    """Return all that can be run by name: the catalog's, the anchor of the literature, the peers."""
    rows = [row.name for row in catalog.rows("strategy") if row.name not in NOT_HERE]
    ours = {name: _ours(lambda space, name=name: catalog.load("strategy", name)(space)) for name in rows}
    return {**ours, "evolution-20-5": _ours(_anchor), **PEERS}


class Task(NamedTuple):
    """One run."""

    table: str
    strategy: str
    seed: int
    evaluations: int


def plan(tables: Iterable[str], names: Iterable[str], seeds: int | None, evaluations: int | None) -> Iterator[Task]:
    """Yield all runs, seed by seed, so that a run that is stopped leaves whole comparisons.

    20 seeds of 500 evaluations on tables of options (of the dear, 5), of 200 on mixed spaces. Random search, aging
    evolution of 20 and 5, the council and Optuna's multivariate TPE go on to 100 seeds of 200; `gp` has 5 of 100.
    """
    tables, names = list(tables), list(names)
    for seed in range(100 if seeds is None else seeds):
        for table in tables:
            for name in names:
                n = _evaluations(table, name, seed, unlimited=seeds is not None)
                if n:
                    yield Task(table, name, seed, min(n, evaluations or n))


def _evaluations(table: str, name: str, seed: int, unlimited: bool) -> int:
    mixed = table in MIXED
    if name == "gp":
        return 100 if seed < 5 or unlimited else 0
    if name in SAME and seed >= 5:
        return 0
    if seed < 20:
        return 200 if mixed or (name in DEAR and seed >= 5) else 500
    most = name in ("random", "evolution-20-5", "council", PEER) and table in CATEGORICAL
    return 200 if most or unlimited else 0


def run(table: Table, search: Search, seed: int, evaluations: int) -> list[float]:
    """Return the incumbent's regret at every mark up to so many evaluations; a search that has nothing left stands."""
    best, incumbent, found = inf, None, []
    ended = False
    for number in range(1, evaluations + 1):
        genome = None if ended else search.ask()
        ended = genome is None
        if not ended:
            loss = table.observe(genome, rng_of(seed, "observe", number))
            search.tell(loss)
            if loss < best:
                best, incumbent = loss, genome
        if number in MARKS:
            found.append(table.regret(incumbent) if isfinite(best) else inf)
    return found


def results(table: str, strategy: str) -> dict[str, Any]:
    """Return what is kept: `runs` seed → regrets, `seconds` of all runs, so many `evaluations` in them."""
    file = RESULTS / f"{table}--{strategy}.json"
    return json.loads(file.read_text()) if file.exists() else {"runs": {}, "seconds": 0.0, "evaluations": 0}


def run_all(tasks: Iterable[Task], jobs: int, again: bool = False) -> Iterator[str]:
    """Run what is not kept yet, keep each run as it ends, and yield a line about it; may be stopped at any time.

    Args:
        tasks: What is wanted.
        jobs: Processes.
        again: Forget first what is kept of these tables and strategies.
    """
    tasks = list(tasks)
    RESULTS.mkdir(parents=True, exist_ok=True)
    if again:
        for table, strategy in {(task.table, task.strategy) for task in tasks}:
            (RESULTS / f"{table}--{strategy}.json").unlink(missing_ok=True)
    kept = {key: results(*key)["runs"] for key in {(task.table, task.strategy) for task in tasks}}
    wanted = [t for t in tasks if len(kept[t.table, t.strategy].get(str(t.seed), ())) < _marks(t.evaluations)]
    for done, (task, regrets, seconds) in enumerate(_ended(wanted, jobs), 1):
        _keep(task, regrets, seconds)
        shown = f"{task.table} {task.strategy} seed {task.seed}: {regrets[-1]:.4f} in {seconds:.1f} s"
        yield f"{done}/{len(wanted)} {shown}"


def _marks(evaluations: int) -> int:
    return sum(mark <= evaluations for mark in MARKS)


def _one(task: Task) -> tuple[Task, list[float], float]:
    table = load(task.table)
    began = perf_counter()
    search = strategies()[task.strategy](table.space, task.seed, task.evaluations)
    return task, run(table, search, task.seed, task.evaluations), perf_counter() - began


def _ended(tasks: list[Task], jobs: int) -> Iterator[tuple[Task, list[float], float]]:
    if jobs <= 1:
        yield from map(_one, tasks)
        return
    todo = iter(tasks)
    with ProcessPoolExecutor(jobs) as pool:
        running = {pool.submit(_one, task) for task in islice(todo, 2 * jobs)}
        while running:
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(_one, task) for task in islice(todo, len(ended))}
            for future in ended:
                yield future.result()


def _keep(task: Task, regrets: list[float], seconds: float) -> None:
    """Write one run into its file, whole or not at all."""
    data = results(task.table, task.strategy)
    runs: Mapping[str, list[float]] = {**data["runs"], str(task.seed): [float(f"{x:.4g}") for x in regrets]}
    data["seconds"] = round(data["seconds"] + seconds, 3)
    data["evaluations"] += task.evaluations
    lines = ",\n".join(f'"{seed}": {json.dumps(runs[seed])}' for seed in sorted(runs, key=int))
    head = json.dumps({key: data[key] for key in ("seconds", "evaluations")})[:-1]
    file = RESULTS / f"{task.table}--{task.strategy}.json"
    part = file.with_suffix(".part")
    part.write_text(f'{head}, "runs": {{\n{lines}\n}}}}\n')
    part.replace(file)


__all__ = ["MARKS", "NAMES", "PEER", "RESULTS", "plan", "results", "run", "run_all", "strategies"]
