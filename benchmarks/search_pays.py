"""Search pays: a study against a plain hand-made residual net given the same wall clock, on the same split.

    python benchmarks/search_pays.py sign --seeds 5
    python benchmarks/search_pays.py mnist --seeds 5
    python benchmarks/search_pays.py cifar --seeds 1

Writes docs/benchmarks/search_pays.md; results are kept in benchmarks/results/search_pays.json.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import cifar10, data_folder, kept, results, table, write
from torch import nn
from torch.nn import functional as F

import byeori
from byeori.core.data import Prepared

TASKS = {"sign": 120, "mnist": 300, "cifar": 1800}


def source(task: str) -> Path:
    """Return where the pictures lie."""
    if task == "cifar":
        return cifar10()
    return data_folder() / {"sign": "sign_language_digits/Dataset", "mnist": "mnist_t10k"}[task]


class Block(nn.Module):
    """conv-bn-relu-conv-bn and a shortcut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.second = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.way = nn.Identity() if stride == 1 and before == after else nn.Conv2d(before, after, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = F.relu(self.norm1(self.first(x)))
        return F.relu(self.norm2(self.second(inner)) + self.way(x))


def by_hand(prepared: Prepared, seconds: float, seed: int) -> dict[str, float]:
    """Train what an afternoon by hand gives: 3 stages of 1 residual block, 32-64-128 channels, AdamW, cosine over the
    time given, random shifts (and flips for colour), bf16 with channels_last, all cores."""
    torch.manual_seed(seed)
    torch.set_num_threads(os.cpu_count() or 1)
    began = time.perf_counter()
    images, target = prepared.arrays()["image"], prepared.target()
    rows = np.flatnonzero(prepared.folds() >= 0)
    x = torch.from_numpy(np.array(images[rows])).permute(0, 3, 1, 2).contiguous()
    y = torch.from_numpy(np.array(target[rows]))
    channels, size = x.shape[1], x.shape[2]
    stem = nn.Conv2d(channels, 32, 3, 2 if size >= 48 else 1, 1)
    outputs = len(prepared.schema.labels)
    net = nn.Sequential(
        stem,
        Block(32, 32, 1),
        Block(32, 64, 2),
        Block(64, 128, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(128, outputs),
    ).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05)
    test = prepared.test_rows()
    reserve = 1.0 + len(test) * 2e-3
    while (used := (time.perf_counter() - began) / (seconds - reserve)) < 1.0:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * min(1.0, used / 0.05) * 0.5 * (1 + math.cos(math.pi * used))
        pick = torch.randint(len(x), (128,))
        batch = x[pick].float().div_(255).sub_(0.5).div_(0.25)
        pad = max(1, size // 8)
        dx, dy = np.random.default_rng(int(used * 1e9)).integers(0, 2 * pad + 1, 2)
        batch = F.pad(batch, (pad,) * 4)[:, :, dy : dy + size, dx : dx + size]
        if channels == 3:
            flip = torch.rand(len(batch)) < 0.5
            batch = torch.where(flip[:, None, None, None], batch.flip(3), batch)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(net(batch.contiguous(memory_format=torch.channels_last)), y[pick])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    net.eval()
    right = 0
    with torch.inference_mode():
        for first in range(0, len(test), 500):
            part = test[first : first + 500]
            z = torch.from_numpy(np.array(images[part])).permute(0, 3, 1, 2).float().div_(255)
            said = net(z.sub_(0.5).div_(0.25).contiguous(memory_format=torch.channels_last)).argmax(1)
            right += int((said == torch.from_numpy(np.array(target[part]))).sum())
    return {"test": right / len(test), "seconds": time.perf_counter() - began}


def both(task: str, seed: int) -> dict[str, Any]:
    """Run a study and the net by hand on its very split."""
    seconds = TASKS[task]
    with tempfile.TemporaryDirectory() as folder:
        study = byeori.fit(source(task), out=Path(folder) / "study", time=seconds, seed=seed)
        prepared = Prepared.open(study.folder / "prepared")
        metric = "accuracy"
        test = study.outcome["test"]
        found = {name: scores[metric]["value"] for name, scores in test.items()}
        members = len(study.outcome["choice"]["members"])
        trials = len(study.state)
        beyond = study.outcome["beyond_default"]
        return {
            "test": found,
            "items": prepared.sizes["test"],
            "members": members,
            "trials": trials,
            "beyond_default": beyond,
            "seconds": study.outcome["seconds"],
            "hand": by_hand(prepared, seconds, seed) if task != "cifar" else {},
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("task", nargs="?", default="all", choices=[*TASKS, "report", "all"])
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    chosen = {"report": [], "all": list(TASKS)}.get(args.task, [args.task])
    for task in chosen:
        for seed in range(args.seeds):
            kept("search_pays", f"{task} {seed}", lambda t=task, s=seed: both(t, s))
    report()


def report() -> None:
    """Write the table of everything kept so far."""
    rows = []
    for task, seconds in TASKS.items():
        runs = [v for k, v in sorted(results("search_pays").items()) if k.startswith(f"{task} ")]
        if not runs:
            continue
        for name in ("winner", "single", "default", "boosted", "linear", "hand"):
            values = [
                (r["hand"] if name == "hand" else r["test"]).get("test" if name == "hand" else name) for r in runs
            ]
            values = [v for v in values if v is not None]
            if values:
                error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else float("nan")
                rows.append([task, f"{seconds} s", name, len(values), f"{statistics.mean(values):.4f}", f"{error:.4f}"])
    head = ["data", "time", "model", "seeds", "mean test accuracy", "standard error"]
    write("search_pays", "Search pays", table(head, rows))


if __name__ == "__main__":
    main()
