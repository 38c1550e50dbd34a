"""Start: `import byeori` and `byeori --help`, medians of whole processes, and what they load.

    python benchmarks/start.py

Writes docs/benchmarks/start.md.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from common import table, write

IMPORT = "import time; a = time.perf_counter(); import byeori; print(time.perf_counter() - a)"
HEAVY = "import byeori, sys; print([m for m in ('torch', 'sklearn', 'pandas', 'lightgbm') if m in sys.modules])"


def main() -> None:
    loads = [float(subprocess.check_output([sys.executable, "-c", IMPORT])) for _ in range(9)]
    helps = []
    for _ in range(9):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "byeori.cli.main", "--help"], check=True, capture_output=True)
        helps.append(time.perf_counter() - began)
    heavy = subprocess.check_output([sys.executable, "-c", HEAVY], text=True).strip()
    rows = [
        ["`import byeori`", f"{statistics.median(loads):.3f} s", "0.3 s"],
        ["`byeori --help`, the whole process", f"{statistics.median(helps):.2f} s", "0.8 s"],
        ["heavy packages loaded by the import", heavy, "[]"],
    ]
    write("start", "Start", table(["what", "median", "bar"], rows))


if __name__ == "__main__":
    main()
