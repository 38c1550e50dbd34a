"""Training speed: images per second of the learner against a bare PyTorch loop, the same network, batch and precision.

    python benchmarks/training.py [--rounds 5]

One process, then two at once; the learner and the bare loop take turns, so that the machine's moods fall on both.
Writes docs/benchmarks/training.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from common import table, write
from torch.nn import functional as F

from byeori.core.data import Prepared
from byeori.core.deciders import default
from byeori.core.jobs import Job
from byeori.core.schema import Column, Health, Schema
from byeori.families.images.residual import RESIDUAL
from byeori.learners.nets import Nets

ROWS, SIDE = 6000, 32


def prepared(folder: Path) -> Prepared:
    """Write random colour pictures of ten classes."""
    dice = np.random.default_rng(0)
    (folder / "arrays").mkdir(parents=True)
    np.save(folder / "arrays" / "image.npy", dice.integers(0, 256, (ROWS, SIDE, SIDE, 3), dtype=np.uint8))
    schema = Schema(
        modality="images",
        task="classification",
        inputs=(Column(name="image", kind="image", shape=(SIDE, SIDE, 3)),),
        targets=(Column(name="label", kind="label", labels=tuple("0123456789")),),
        metric="accuracy",
    )
    fold = np.ones(ROWS, dtype=np.int16)
    fold[:256] = 0
    return Prepared.write(
        folder,
        schema=schema,
        fitted={},
        target=dice.integers(0, 10, ROWS),
        fold=fold,
        names=[str(i) for i in range(ROWS)],
        fingerprint="random",
        health=Health(),
    )


def genome(schema: Schema, augment: bool) -> dict[str, object]:
    """Return the default genome, without its augmentation where that is to be left out."""
    found = default(RESIDUAL.space(schema))
    recipe = {**found["recipe"], "epochs": 60}
    if not augment:
        recipe |= {"augment": {"none": {}}, "mix": {"none": {}}, "flip": False, "cutout": 0.0}
    return {**found, "recipe": recipe}


def learner(folder: Path, precision: str, augment: bool, seconds: float) -> float:
    """Return images per second of the learner's training steps."""
    data = Prepared.open(folder)
    with tempfile.TemporaryDirectory() as out:
        job = Job(
            trial=0,
            learner="byeori.learners.nets:Nets",
            family="byeori.families.images.residual:RESIDUAL",
            genome=genome(data.schema, augment),
            prepared=str(folder),
            out=out,
            seconds=seconds,
            precision=precision,
        )
        speeds = [r.facts["images_per_second"] for r in Nets().train(job) if r.facts.get("images_per_second")]
    return float(speeds[-1])


def bare(folder: Path, precision: str, seconds: float) -> float:
    """Return images per second of the plainest loop."""
    torch.set_num_threads(1)
    data = Prepared.open(folder)
    found = genome(data.schema, False)
    net = RESIDUAL.build(found, data.schema).to(memory_format=torch.channels_last)
    x = torch.from_numpy(np.array(data.arrays()["image"])).permute(0, 3, 1, 2)
    y = torch.from_numpy(np.array(data.target()))
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3)
    batch = found["recipe"]["batch_size"]
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        pick = torch.randint(ROWS, (batch,))
        images = x[pick].float().div_(255).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            loss = F.cross_entropy(net({"image": images}).float(), y[pick])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        done += batch
    return done / (time.perf_counter() - began)


def apart(kind: str, folder: Path, precision: str, count: int, seconds: float) -> float:
    """Run so many processes at once; return the sum of their speeds."""
    command = [sys.executable, __file__, "--one", kind, "--folder", str(folder), "--precision", precision]
    running = [
        subprocess.Popen([*command, "--seconds", str(seconds)], stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    return sum(json.loads(process.communicate()[0]) for process in running)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--one", default="")
    parser.add_argument("--folder", default="")
    parser.add_argument("--precision", default="bf16")
    args = parser.parse_args()
    if args.one:
        folder = Path(args.folder)
        if args.one == "bare":
            print(bare(folder, args.precision, args.seconds))
        else:
            print(learner(folder, args.precision, args.one == "augmented", args.seconds))
        return
    rows = []
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "prepared"
        prepared(folder)
        for precision in ("bf16", "fp32"):
            for count in (1, 2):
                speeds: dict[str, list[float]] = {"bare": [], "plain": [], "augmented": []}
                for _ in range(args.rounds):
                    for kind, found in speeds.items():
                        found.append(apart(kind, folder, precision, count, args.seconds))
                against = statistics.median(speeds["bare"])
                for kind in ("plain", "augmented"):
                    pairs = [a / b for a, b in zip(speeds[kind], speeds["bare"], strict=True)]
                    middle = statistics.median(speeds[kind])
                    rows.append(
                        [precision, count, kind, f"{middle:,.0f}", f"{against:,.0f}", f"{statistics.median(pairs):.2f}"]
                    )
    head = ["precision", "processes", "learner", "images/s", "bare loop, images/s", "ratio (bar 0.9)"]
    said = "`plain` trains as the bare loop does; `augmented` is the default recipe with its augmentation.\n\n"
    write("training", "Training speed", said + table(head, rows))


if __name__ == "__main__":
    main()
