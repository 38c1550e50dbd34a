"""`byeori doctor`: what this machine offers, what would slow a study down or break it, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from byeori._util.lazy import lazy
from byeori.cli import options as opt
from byeori.cli import show

# Loaded by the doctor alone, and by name only: the command line's files know no heavy package.
torch_module: Any = lazy("torch")

_PACKAGES = ("torch", "numpy", "pandas", "pyarrow", "scikit-learn", "lightgbm", "pillow", "safetensors", "scipy")
_GB = 1e9
_LEAST_MEMORY = 4.0
_LEAST_DISK = 5.0
_SLOW_START = 8.0
_WAL_RESET = ((3, 7, 0), (3, 51, 2))
"""First and last SQLite version in which two writers at the same instant could lose pages of a WAL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the doctor: what was looked at, whether it is well, what was found, what to do about it."""

    name: str
    ok: bool
    found: str
    mend: str = ""


def doctor(as_json: opt.AsJson = False) -> None:
    """Look at this machine and say what to mend.

    Versions, processor, memory, disk, how fast a worker starts.
    """
    checks = [look() for look in CHECKS]
    if as_json:
        show.one_object({"ok": all(check.ok for check in checks), "checks": [asdict(check) for check in checks]})
        return
    width = max(len(check.name) for check in checks)
    for check in checks:
        show.out(f"{'ok  ' if check.ok else 'warn'}  {check.name:<{width}}  {check.found}")
        if check.mend and not check.ok:
            show.out(f"{'':<{width + 8}}{check.mend}")


def python() -> Check:
    """The interpreter."""
    return Check(
        name="python",
        ok=sys.version_info >= (3, 11),
        found=f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        mend="Byeori needs Python 3.11 or newer.",
    )


def packages() -> Check:
    """The packages that numbers depend on."""
    found, missing = [], []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    text = ", ".join(found) + (f"; missing: {', '.join(missing)}" if missing else "")
    return Check(name="packages", ok=not missing, found=text, mend="Install Byeori again: pip install byeori.")


def processor() -> Check:
    """Cores this process may use, and instructions that make bf16 training quick."""
    cores, share = len(os.sched_getaffinity(0)), _cpu_share()
    flags = _flags()
    known = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags]
    limit = "" if share is None or share >= cores else f", limited to the time of {share:.1f}"
    return Check(
        name="processor",
        ok=cores >= 2 and (share is None or share >= 1.5),
        found=f"{cores} cores{limit}; {', '.join(known) or 'no vector instructions known'}",
        mend="A study runs a child a core: with one core give it more --time.",
    )


def memory() -> Check:
    """Memory free to this process, the container's limit included."""
    free = _memory_free() / _GB
    return Check(
        name="memory",
        ok=free >= _LEAST_MEMORY,
        found=f"{free:.1f} GB free",
        mend="Each child takes 0.5 GB or more: give fewer --workers.",
    )


def disk() -> Check:
    """Room where studies would be written."""
    free = shutil.disk_usage(Path.cwd()).free / _GB
    return Check(
        name="disk",
        ok=free >= _LEAST_DISK,
        found=f"{free:.1f} GB free in {Path.cwd()}",
        mend="Limit a study with --max-disk, or write it elsewhere with --out.",
    )


def database() -> Check:
    """SQLite, which keeps the log of every study."""
    affected = _WAL_RESET[0] <= sqlite3.sqlite_version_info <= _WAL_RESET[1]
    note = "; its WAL-reset fault needs two writers, and a study has one" if affected else ""
    return Check(
        name="sqlite",
        ok=sqlite3.sqlite_version_info >= (3, 35, 0),
        found=f"{sqlite3.sqlite_version}{note}",
        mend="Studies need SQLite 3.35 or newer: take a newer Python.",
    )


def torch() -> Check:
    """Threads and accelerators PyTorch sees."""
    gpus = torch_module.cuda.device_count() if torch_module.cuda.is_available() else 0
    return Check(
        name="torch",
        ok=torch_module.get_num_threads() <= len(os.sched_getaffinity(0)),
        found=f"{torch_module.get_num_threads()} threads, {gpus} CUDA devices",
        mend="More threads than cores slow each other down: set OMP_NUM_THREADS to the number of cores.",
    )


def worker() -> Check:
    """How long a process needs until it could train."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", "import torch"], capture_output=True, check=False)
    took = time.monotonic() - began
    return Check(
        name="worker",
        ok=done.returncode == 0 and took < _SLOW_START,
        found=f"a process with torch starts in {took:.1f} s" if done.returncode == 0 else "no process could be started",
        mend="Every study pays this once: put the environment on a local disk.",
    )


CHECKS: tuple[Callable[[], Check], ...] = (python, packages, processor, memory, disk, database, torch, worker)
"""In the order in which they are printed."""


def _flags() -> set[str]:
    for line in _text("/proc/cpuinfo").splitlines():
        if line.startswith(("flags", "Features")):
            return set(line.partition(":")[2].split())
    return set()


def _cpu_share() -> float | None:
    """Cores' worth of time a container is given, or None."""
    quota, _, period = _text("/sys/fs/cgroup/cpu.max").partition(" ")
    return int(quota) / int(period) if quota.isdigit() else None


def _memory_free() -> float:
    rows = dict(line.split(":", 1) for line in _text("/proc/meminfo").splitlines() if ":" in line)
    free = float(rows["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in rows else float("nan")
    limit, used = _text("/sys/fs/cgroup/memory.max").strip(), _text("/sys/fs/cgroup/memory.current").strip()
    return min(free, float(limit) - float(used)) if limit.isdigit() and used.isdigit() else free


def _text(path: str) -> str:
    """Return a file's text, or nothing where the system has no such file."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
