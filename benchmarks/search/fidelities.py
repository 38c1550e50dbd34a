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
from typing import Any, NamedTuple

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
from byeori.engine.brief import ObjectiveBrief
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
CONFIRMED = 3
"""How many of the best are evaluated once more, where they are."""
MOST = WHOLE * EPOCHS // 3
"""Epochs in which a search with a stopper is to reach what its strategy alone does in all."""
PLAIN = "tpe"
"""The plain search whose quality is to be reached: Optuna's."""
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
    epochs: int = 1800


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
    plain = {name: Entry(name, _never, WHOLE, WHOLE * EPOCHS) for name in ("random", PLAIN, "tpe-fast", "council")}
    composed = {
        f"{strategy} + {name}": Entry(strategy, make)
        for strategy in ("tpe-fast", "council")
        for name, make in _stoppers().items()
    }
    return {**plain, **composed, "random + asha": Entry("random", lambda: ASHA(maximize=False))}


class Whole(NamedTuple):
    """A trial trained to its end.

    Args:
        epochs: Spent by all trials when it ended.
        seen: Its error, of one training seed.
        again: That of another one.
        regret: Mean error of its recipe over all seeds, less the least there is.
    """

    epochs: float
    seen: float
    again: float
    regret: float


def run(entry: Entry, seed: int) -> dict[str, Any]:
    """Return the regret of the incumbent at each mark of epochs, as it is and confirmed, and the epochs in all; None
    where no trial was trained whole by then.

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
        brief=ObjectiveBrief(objective=""),
    )
    opening = (Candidate(genome=default(SPACE), origin=Origin(strategy="default")),)
    loop = Loop(parts, state, budget=Budget(trials=entry.trials), seed=seed, opening=opening, clock=clock)
    whole: list[Whole] = []
    looked = 0

    def watch(now: State) -> None:
        nonlocal looked
        for number in now.ended_order[looked:]:
            if now.progress(number) > 0.999 and now.status(number) == ENDED:
                genome = now.trial(number).genome
                again = float(real.curve(genome, seed_of(seed, "training", number) + 1)[-1])
                whole.append(Whole(clock(), now.value(number), again, real.final(genome) - real.best))
        looked = len(now.ended_order)
        if clock() >= entry.epochs:
            loop.stop()

    loop.run(watch)
    spent = min(clock(), entry.epochs)
    marks = [mark for mark in MARKS if mark <= entry.epochs]
    return {
        "regrets": [_chosen(whole, mark) for mark in marks],
        "confirmed": [_confirmed(whole, mark) for mark in marks],
        "epochs": spent,
    }


def _chosen(whole: Sequence[Whole], epochs: float) -> float | None:
    """Return the regret of the lowest error seen by then."""
    there = [trial for trial in whole if trial.epochs <= epochs + 1e-6]
    return min(there, key=lambda trial: trial.seen).regret if there else None


def _confirmed(whole: Sequence[Whole], epochs: float) -> float | None:
    """Return the regret of the best of three, each trained whole once more with another seed, in the same epochs."""
    there = [trial for trial in whole if trial.epochs <= epochs - CONFIRMED * EPOCHS + 1e-6]
    best = sorted(there, key=lambda trial: trial.seen)[:CONFIRMED]
    return min(best, key=lambda trial: trial.seen + trial.again).regret if best else None


class Row(NamedTuple):
    """What one search came to, over seeds.

    Args:
        name: Of the entry.
        seeds: Runs.
        regrets: Mean and standard error of the regret at each of `MARKS`, or None where it was not measured.
        confirmed: The same where the three best were evaluated once more.
        reached: Epochs of the first mark at which the mean is no more than the plain search's at its end, or None.
        reached_confirmed: The same, of the confirmed.
    """

    name: str
    seeds: int
    regrets: tuple[tuple[float, float] | None, ...]
    confirmed: tuple[tuple[float, float] | None, ...]
    reached: int | None
    reached_confirmed: int | None


def rows() -> list[Row]:
    """Return what is kept of all entries; the bar of each is plain TPE, not confirmed."""
    found: list[Row] = []
    bar = -1.0
    for name, entry in entries().items():
        runs = [run for key, run in results(NAME).items() if key.rpartition(" #")[0] == name]
        if not runs:
            continue
        marks = [mark for mark in MARKS if mark <= entry.epochs]
        regrets, confirmed = (
            tuple(_mean([run[what][place] for run in runs]) for place in range(len(marks)))
            for what in ("regrets", "confirmed")
        )
        if name == PLAIN and regrets[-1] is not None:
            bar = regrets[-1][0]
        reached = [
            next((mark for mark, cell in zip(marks, cells, strict=True) if cell and cell[0] <= bar), None)
            for cells in (regrets, confirmed)
        ]
        blank = (None,) * (len(MARKS) - len(marks))
        found.append(Row(name, len(runs), (*regrets, *blank), (*confirmed, *blank), reached[0], reached[1]))
    return found


def _mean(values: Sequence[float | None]) -> tuple[float, float] | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return fmean(known), (stdev(known) / len(known) ** 0.5 if len(known) > 1 else 0.0)


def report() -> None:
    """Write docs/benchmarks/fidelities.md."""
    marks = (300, 600, 900, 1350, 2700)
    head = ["search", "seeds", *(f"after {mark}" for mark in marks), "bar reached after"]
    found = rows()
    tables = []
    for what, reached in (("regrets", "reached"), ("confirmed", "reached_confirmed")):
        lines = []
        for row in found:
            cells = [_cell(getattr(row, what)[MARKS.index(mark)]) for mark in marks]
            first = getattr(row, reached)
            share = "–" if first is None else f"{first} ({first / (WHOLE * EPOCHS):.0%})"
            lines.append([row.name, row.seeds, *cells, share])
        in_time = [row.name for row in found if "+" in row.name and 0 < (getattr(row, reached) or 0) <= MOST]
        tables.append(table(head, lines) + f"\n\nAt the bar within {MOST} epochs: {', '.join(in_time) or 'none'}.")
    body = f"""{len(curves().errors)} recipes of a small network (six questions) were trained {EPOCHS} epochs each on
scikit-learn's digits, with three seeds; `benchmarks/search/curves.py` did it, and the table is shipped. Searches run in
the real engine on these curves, one worker. A number is the mean regret (error of the chosen recipe over all training
seeds, less the least there is, in hundredths of a percent of the validation rows) ± its standard error, after so many
epochs of all trials together. The bar is what plain TPE (`{PLAIN}`, Optuna's) reaches in {WHOLE} whole trainings,
{WHOLE * EPOCHS} epochs; the aim is to reach it with a stopper in at most {MOST} (33%). What a strategy reaches without
a stopper stands in its own row.

## Chosen on one evaluation

The lowest error seen among children trained to their end.

{tables[0]}

## Chosen on two

The {CONFIRMED} best are trained whole once more with another seed, within the same epochs, and ranked by the mean; the
bar is still that of the first table. Held against the plain search confirmed in the same way, whose figure after
{WHOLE * EPOCHS} is in this table, it is another, lower one.

{tables[1]}
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
