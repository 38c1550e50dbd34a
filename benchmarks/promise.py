"""The promise of time: wall clock of the whole command, process start to exit, against --time.

    python benchmarks/promise.py [--times 10,30] [--rounds 3] [--data digits,spambase]

The bar: at most time × 1.02 + 1 s, worst of all rounds, page cache warm; a usable model every time.
Writes docs/benchmarks/promise.md; results are kept in benchmarks/results/promise.json.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from common import SCRATCH, cifar10, data_folder, digits_as_pictures, kept, results, table, write


def sources() -> dict[str, list[str]]:
    """Return data set → arguments of `byeori fit`."""
    data = data_folder()
    concrete = SCRATCH / "concrete.csv"
    if not concrete.exists():
        concrete.parent.mkdir(parents=True, exist_ok=True)
        pd.read_csv(data / "uci_regression_splits" / "concrete" / "data.csv.gz", header=None).to_csv(
            concrete, header=False, index=False
        )
    return {
        "digits": [str(digits_as_pictures())],
        "sign_language_digits": [str(data / "sign_language_digits" / "Dataset")],
        "mnist_t10k": [str(data / "mnist_t10k")],
        "spambase": [str(data / "tab_openml_encoded" / "spambase_openml44.csv"), "--target", "target"],
        "titanic": [str(data / "tab_titanic" / "train.csv"), "--target", "Survived"],
        "concrete": [str(concrete), "--no-header"],
    }


def once(arguments: list[str], seconds: int) -> dict[str, float]:
    """Run the command; return its wall clock and what it reached."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "study"
        command = [sys.executable, "-m", "byeori.cli.main", "fit", *arguments, "--out", str(out)]
        began = time.perf_counter()
        done = subprocess.run([*command, "--time", f"{seconds}s", "--json"], capture_output=True, text=True)
        wall = time.perf_counter() - began
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
        found = json.loads(done.stdout)
        shutil.rmtree(out, ignore_errors=True)
    return {"wall": wall, "test": found["test"], "trials": found["trials"]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", default="10,30,60,300")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--data", default="")
    args = parser.parse_args()
    every = sources()
    if "cifar10" in args.data or not args.data:
        every["cifar10"] = [str(cifar10())]
    for name in args.data.split(",") if args.data else every:
        for seconds in map(int, args.times.split(",")):
            if name == "cifar10" and seconds < 60:
                continue
            for index in range(args.rounds):
                kept("promise", f"{name} {seconds} s #{index}", lambda n=name, s=seconds: once(every[n], s))
    report()


def report() -> None:
    """Write the table of everything kept so far."""
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    for key, value in results("promise").items():
        name, seconds = key.split(" ")[:2]
        found.setdefault((name, int(seconds)), []).append(value)
    rows = []
    for (name, seconds), runs in sorted(found.items()):
        worst, bar = max(r["wall"] for r in runs), seconds * 1.02 + 1
        tests = sorted(r["test"] for r in runs)
        trials = sorted(r["trials"] for r in runs)
        verdict = "kept" if worst <= bar else f"missed by {worst - bar:.1f} s"
        rows.append(
            [
                name,
                f"{seconds} s",
                len(runs),
                f"{worst:.1f} s",
                f"{bar:.1f} s",
                verdict,
                f"{tests[len(tests) // 2]:.4f}",
                trials[len(trials) // 2],
            ]
        )
    head = ["data", "--time", "runs", "worst wall", "bar", "", "median test metric", "median trials"]
    write("promise", "The promise of time", table(head, rows))


if __name__ == "__main__":
    main()
