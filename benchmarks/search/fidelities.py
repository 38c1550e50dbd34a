"""Several fidelities: how few epochs a search with a stopper takes to what it alone finds in 100 whole trainings.

    python benchmarks/search/fidelities.py [--seeds N] [report]

Every search runs in the real engine, on curves of real trainings (curves.py), one worker, and sees the curve of one
training seed a trial. At each number of epochs spent, by all trials together, the incumbent is the trial of the lowest
error seen among those trained to their end; what counts is the mean error of its recipe over all training seeds, less
the least there is. Runs are kept; the command goes on where it was stopped. Writes docs/benchmarks/fidelities.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import kept, results, table, write
from curves import EPOCHS, SPACE, curves

from byeori import catalog
from byeori._util.seeds import seed_of
from byeori.core.deciders import default
from byeori.core.jobs import Candidate, Job, Origin
from byeori.core.protocols import Stopper, Strategy
from byeori.core.state import ENDED, State
from byeori.engine.brief import Errand
from byeori.engine.budget import Budget
from byeori.engine.loop import Loop, Parts
from byeori.stoppers.asha import ASHA
from byeori.stoppers.hyperband import Hyperband
from byeori.stoppers.median import Median
from byeori.stoppers.never import Never
from byeori.stoppers.pasha import PASHA
from byeori.stores.memory import MemoryStore
from byeori.testing.simulated import Simulated, VirtualClock

WHOLE = 100
"""Whole trainings of the plain search."""
MARKS = (300, 450, 600, 750, 900, 1350, 1800, 2700)
"""Epochs spent at which the incumbent is looked at; 900 are a third of the plain search's."""
NAME = "fidelities"


class Entry(NamedTuple):
    """A search that is measured.

    Args:
        strategy: Catalog name.
        stopper: Made anew for each run.
        trials: Budget of trials; None for as many as the epochs allow.
        epochs: Budget of epochs.
    """

    strategy: str
    stopper: Callable[[], Stopper]
    trials: int | None = None
    epochs: int = 900


def _never() -> Stopper:
    return Never()


def _stoppers() -> Mapping[str, Callable[[], Stopper]]:
    return {
        "asha": lambda: ASHA(maximize=False),
        "asha, promoting": lambda: ASHA(maximize=False, promote=True),
        "hyperband": lambda: Hyperband(maximize=False),
        "pasha": lambda: PASHA(maximize=False),
        "median": lambda: Median(maximize=False),
    }


def entries() -> dict[str, Entry]:
    """Return what is measured, by name: plain searches, then compositions."""
    plain = {name: Entry(name, _never, WHOLE, WHOLE * EPOCHS) for name in ("random", "tpe", "tpe-fast")}
    composed = {f"tpe-fast + {name}": Entry("tpe-fast", make) for name, make in _stoppers().items()}
    return {**plain, **composed, "random + asha": Entry("random", lambda: ASHA(maximize=False))}


class _Brief:
    """A trial is its genome; nothing is trained."""

    def job(self, errand: Errand) -> Job:
        return Job(
            trial=errand.trial,
            attempt=errand.attempt,
            learner="",
            family="",
            genome=errand.genome,
            prepared="",
            out="",
            until=errand.until,
        )


def run(entry: Entry, seed: int) -> list[float | None]:
    """Return the regret of the incumbent at each mark of epochs; None where no trial was trained whole by then.

    Args:
        entry: What searches.
        seed: Of the run; also which training seed a trial is.
    """
    real, clock, state = curves(), VirtualClock(), State()

    def error(job: Job, progress: float) -> float:
        found = real.curve(job.genome, seed_of(seed, "training", job.trial))
        return float(found[max(1, round(progress * EPOCHS)) - 1])

    strategy: Strategy = catalog.load("strategy", entry.strategy)(SPACE)
    parts = Parts(
        space=SPACE,
        strategy=strategy,
        stopper=entry.stopper(),
        executor=Simulated(1, clock, lambda job: float(EPOCHS), error, steps=EPOCHS, checkpoints=True),
        store=MemoryStore(),
        brief=_Brief(),
    )
    opening = (Candidate(genome=default(SPACE), origin=Origin(strategy="default")),)
    loop = Loop(parts, state, budget=Budget(trials=entry.trials), seed=seed, opening=opening, clock=clock)
    seen: list[tuple[float, float]] = []
    looked, best = 0, (float("inf"), 0.0)

    def watch(now: State) -> None:
        nonlocal looked, best
        for number in now.ended_order[looked:]:
            if now.progress(number) > 0.999 and now.status(number) == ENDED and now.loss(number) < best[0]:
                best = (now.loss(number), real.final(now.trial(number).genome) - real.best)
                seen.append((clock(), best[1]))
        looked = len(now.ended_order)
        if clock() >= entry.epochs:
            loop.stop()

    loop.run(watch)
    spent = min(clock(), entry.epochs)
    return [*(_at(seen, mark) if mark <= entry.epochs else None for mark in MARKS), _at(seen, entry.epochs), spent]


def _at(seen: Sequence[tuple[float, float]], epochs: float) -> float | None:
    return next((regret for when, regret in reversed(seen) if when <= epochs + 1e-6), None)


class Row(NamedTuple):
    """What one search came to, over seeds.

    Args:
        name: Of the entry.
        seeds: Runs.
        spent: Epochs in all, on average.
        regrets: Mean and standard error of the regret at each of `MARKS`, or None where it was not measured.
        last: The same at the end.
        reached: Epochs of the first mark at which the mean is no more than the plain search's at its end, or None.
    """

    name: str
    seeds: int
    spent: float
    regrets: tuple[tuple[float, float] | None, ...]
    last: tuple[float, float]
    reached: int | None


def rows() -> list[Row]:
    """Return what is kept of all entries; the bar of each is the plain search with its strategy."""
    found = []
    plain = {}
    for name, entry in entries().items():
        runs = [run for key, run in results(NAME).items() if key.rpartition(" #")[0] == name]
        if not runs:
            continue
        columns = [_mean([run[place] for run in runs]) for place in range(len(MARKS))]
        last = _mean([run[-2] for run in runs]) or (float("inf"), 0.0)
        if name == entry.strategy:
            plain[name] = last[0]
        bar = plain.get(entry.strategy, -1.0)
        reached = next((m for m, c in zip(MARKS, columns, strict=True) if c is not None and c[0] <= bar), None)
        found.append(Row(name, len(runs), fmean(run[-1] for run in runs), tuple(columns), last, reached))
    return found


def _mean(values: Sequence[float | None]) -> tuple[float, float] | None:
    if any(value is None for value in values):
        return None
    known = [value for value in values if value is not None]
    return fmean(known), (stdev(known) / len(known) ** 0.5 if len(known) > 1 else 0.0)


def report() -> None:
    """Write docs/benchmarks/fidelities.md."""
    found = rows()
    marks = (300, 600, 900, 1350, 2700)
    head = ["search", "seeds", "epochs in all", *(f"after {mark}" for mark in marks), "at its end", "bar reached after"]
    lines = []
    for row in found:
        cells = [_cell(row.regrets[MARKS.index(mark)]) for mark in marks]
        share = "–" if row.reached is None else f"{row.reached} ({row.reached / (WHOLE * EPOCHS):.0%})"
        lines.append([row.name, row.seeds, round(row.spent), *cells, _cell(row.last), share])
    body = f"""{len(curves().errors)} recipes of a small network (six questions) were trained {EPOCHS} epochs each on
scikit-learn's digits, with three seeds; `benchmarks/search/curves.py` did it, and the table is shipped. Searches run in
the real engine on these curves, one worker. A number is the mean regret (error of the chosen recipe over all training
seeds, less the least there is, in hundredths of a percent of the validation rows) ± its standard error; chosen is the
lowest error seen among children trained to their end. The bar of a search is what its strategy alone reaches in {WHOLE}
whole trainings, {WHOLE * EPOCHS} epochs; at most {WHOLE * EPOCHS // 3} are allowed to reach it with a stopper.

{table(head, lines)}
"""
    write(NAME, "Several fidelities", body)


def _cell(value: tuple[float, float] | None) -> str:
    return "–" if value is None else f"{1e4 * value[0]:.1f} ± {1e4 * value[1]:.1f}"


def main() -> None:
    """Run what is not kept yet, then report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("what", nargs="?", choices=("all", "report"), default="all")
    given = parser.parse_args()
    if given.what == "all":
        for seed in range(given.seeds):
            for name, entry in entries().items():
                kept(NAME, f"{name} #{seed}", lambda entry=entry, seed=seed: run(entry, seed))
    report()


if __name__ == "__main__":
    main()
