"""What the benchmarks share: the data, results that are kept so that a run can be stopped and gone on with, tables."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(os.environ.get("BYEORI_RESULTS", ROOT / "benchmarks" / "results"))
DOCS = Path(os.environ.get("BYEORI_BENCHMARK_DOCS", ROOT / "docs" / "benchmarks"))
SCRATCH = Path(tempfile.gettempdir()) / "byeori-benchmarks"


def data_folder() -> Path:
    """Return the folder of real data; a benchmark without it fails."""
    folder = Path(os.environ.get("BYEORI_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        sys.exit(f"There is no real data at {folder}: set BYEORI_DATA to its folder.")
    return folder


def cifar10() -> Path:
    """Return CIFAR-10 as folders, unpacked once into a scratch folder."""
    target = SCRATCH / "cifar10"
    if not (target / "done").exists():
        target.mkdir(parents=True, exist_ok=True)
        with tarfile.open(data_folder() / "cifar10_images" / "images.tar.xz") as archive:
            archive.extractall(target, filter="data")
        (target / "done").touch()
    inner = [p for p in target.iterdir() if p.is_dir()]
    return inner[0] if len(inner) == 1 else target


def digits_as_pictures() -> Path:
    """Return scikit-learn's digits as a folder of PNGs, a folder a class."""
    from PIL import Image
    from sklearn.datasets import load_digits

    target = SCRATCH / "digits"
    if not target.exists():
        digits = load_digits()
        for index, (picture, label) in enumerate(zip(digits.images, digits.target, strict=True)):
            folder = target / str(label)
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray((picture * (255 / 16)).astype("uint8")).save(folder / f"{index:04d}.png")
    return target


def kept(name: str, key: str, measure: Callable[[], Any]) -> Any:
    """Return the kept result of a measurement, or measure and keep it."""
    found = results(name)
    if key in found:
        return found[key]
    print(f"{name}: {key}", file=sys.stderr, flush=True)
    value = measure()
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / f"{name}.json"
    with file.with_suffix(".lock").open("w") as lock:
        # another process may have kept something meanwhile
        fcntl.flock(lock, fcntl.LOCK_EX)
        file.write_text(json.dumps(results(name) | {key: value}, indent=1, sort_keys=True) + "\n")
    return value


def results(name: str) -> dict[str, Any]:
    """Return all kept results of a benchmark."""
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else {}


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def write(name: str, title: str, body: str) -> None:
    """Write docs/benchmarks/<name>.md with the machine it was measured on."""
    import torch

    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    cpu = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), platform.machine())
    DOCS.mkdir(parents=True, exist_ok=True)
    machine = f"{os.cpu_count()} cores ({cpu}), Python {platform.python_version()}, torch {torch.__version__}"
    (DOCS / f"{name}.md").write_text(
        f"# {title}\n\nMeasured on {machine}. Machines are noisy: read ratios.\n\n{body}\n"
    )
    print(body)
