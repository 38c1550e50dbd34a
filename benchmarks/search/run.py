"""Every parent on every table beside its peers; writes docs/benchmarks/search.md with its figures.

    python benchmarks/search/run.py [--quick] [--tables macro,…] [--strategies council,…] [--seeds N] [--jobs N]
    python benchmarks/search/run.py report

The first runs what is not kept yet, then reports; the second only reports. May be stopped at any time: the same command
goes on. Peers: see peers.py.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: a search is one thread, and `--jobs` are processes

from runner import NAMES, plan, run_all, strategies
from tables import CATEGORICAL, MIXED, OPTIONS

from report import write_report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=["report"], help="only write the report of what is kept")
    parser.add_argument("--quick", action="store_true", help="3 seeds of 100 evaluations, one mixed table, no gp")
    parser.add_argument("--tables", help="comma-separated; also `categorical`, `options` and `mixed`")
    parser.add_argument("--strategies", help="comma-separated; default: all that are installed")
    parser.add_argument("--seeds", type=int, help="of each; default: as the docstring of runner.plan says")
    parser.add_argument("--evaluations", type=int, help="at most so many a run")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--again", action="store_true", help="forget what is kept of these tables and strategies first")
    asked = parser.parse_args()
    known = strategies()
    tables = _list(asked.tables, NAMES, {"categorical": CATEGORICAL, "options": OPTIONS, "mixed": MIXED})
    names = _list(asked.strategies, known, {})
    seeds, evaluations = asked.seeds, asked.evaluations
    if asked.quick:
        tables = [table for table in tables if table not in MIXED[1:]]
        names = [name for name in names if name != "gp"]
        seeds, evaluations = seeds or 3, evaluations or 100
    if asked.what is None:
        for line in run_all(plan(tables, names, seeds, evaluations), asked.jobs, asked.again):
            print(line, flush=True)
    write_report()


def _list(asked: str | None, known: object, groups: dict[str, tuple[str, ...]]) -> list[str]:
    names = list(known) if asked is None else [n for part in asked.split(",") for n in groups.get(part, (part,))]
    if unknown := [name for name in names if name not in list(known)]:
        raise SystemExit(f"Unknown: {', '.join(unknown)}; there are {', '.join([*known, *groups])}.")
    return names


if __name__ == "__main__":
    main()
