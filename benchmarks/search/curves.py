"""A table of learning curves: every recipe of a grid, 27 epochs each, three seeds, trained for real on scikit-learn's
digits. What searches at several fidelities are measured on.

    python benchmarks/search/curves.py      train what the table lacks (two minutes; may be stopped and gone on with)

The table lies in benchmarks/search/data/curves.npz: `errors`, uint16 (1134 recipes, 3 seeds, 27 epochs), wrong answers
among 800 validation rows after each epoch; recipes in the order of `SPACE`, the last question turning first.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy and torch

import sys
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import cos, pi, prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori.core.space import Categorical, Record

FILE = Path(__file__).parent / "data" / "curves.npz"
EPOCHS = 27
SEEDS = 3
TRAIN, VALID = 600, 800
_MOMENTUM = 0.9

OPTIONS: dict[str, tuple[Any, ...]] = {
    "batch": (16, 64, 200),
    "width": (16, 48, 128),
    "rate": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
    "decay": (0.0, 0.001, 0.01),
    "dropout": (0.0, 0.2, 0.5),
    "schedule": ("constant", "cosine"),
}
SPACE = Record({name: Categorical(values) for name, values in OPTIONS.items()})
"""The recipe of a network of one hidden layer, trained by stochastic gradient descent with momentum."""
_TOGETHER = ("rate", "decay", "dropout", "schedule")
"""Recipes that differ in these alone are trained at once, as one batched network."""


@dataclass(frozen=True, slots=True)
class Curves:
    """The table.

    Args:
        errors: Share of wrong answers, (recipes, seeds, epochs).
    """

    errors: npt.NDArray[np.float64]

    def curve(self, genome: Json, seed: int) -> npt.NDArray[np.float64]:
        """Return the validation error of a recipe after each epoch, for one training seed."""
        found: npt.NDArray[np.float64] = self.errors[row(genome), seed % SEEDS]
        return found

    def final(self, genome: Json) -> float:
        """Return the mean error of whole trainings of a recipe."""
        return float(self.errors[row(genome), :, -1].mean())

    @property
    def best(self) -> float:
        """The least mean error of whole trainings there is."""
        return float(self.errors[:, :, -1].mean(1).min())


def row(genome: Json) -> int:
    """Return the place of a recipe in the table."""
    at = 0
    for name, values in OPTIONS.items():
        at = at * len(values) + values.index(genome[name])
    return at


@cache
def curves() -> Curves:
    """Return the table, or end with how to make it."""
    if not FILE.exists():
        sys.exit(f"There is no {FILE}: run `python benchmarks/search/curves.py` to make it.")
    with np.load(FILE, allow_pickle=False) as arrays:
        return Curves(arrays["errors"] / VALID)


def make(scratch: Path) -> None:
    """Train all recipes and write the table; blocks that are done are kept in a scratch folder.

    Args:
        scratch: Where.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    counts = [len(values) for values in OPTIONS.values()]
    errors = np.zeros((*counts[:2], prod(counts[2:]), SEEDS, EPOCHS), np.uint16)
    for (b, batch), (w, width) in product(enumerate(OPTIONS["batch"]), enumerate(OPTIONS["width"])):
        for seed in range(SEEDS):
            kept = scratch / f"{batch}-{width}-{seed}.npy"
            if not kept.exists():
                print(f"batch {batch}, width {width}, seed {seed}", file=sys.stderr, flush=True)
                part = kept.with_suffix(".part.npy")
                np.save(part, train(batch, width, seed))
                part.replace(kept)
            errors[b, w, :, seed] = np.load(kept, allow_pickle=False)
    FILE.parent.mkdir(exist_ok=True)
    np.savez_compressed(FILE, errors=errors.reshape(-1, SEEDS, EPOCHS))


def train(batch: int, width: int, seed: int) -> npt.NDArray[np.uint16]:
    """Train all recipes of one batch size and one width at once.

    Returns:
        Wrong answers after each epoch, (recipes, epochs), recipes in the order of the table.
    """
    import torch
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    (x, y), (valid_x, valid_y) = _data()
    recipes = list(product(*(OPTIONS[name] for name in _TOGETHER)))
    rate, decay, dropout = (torch.tensor([r[i] for r in recipes]).view(-1, 1, 1) for i in range(3))
    falls = torch.tensor([r[3] == "cosine" for r in recipes]).view(-1, 1, 1)
    shapes = [(x.shape[1], width), (1, width), (width, 10), (1, 10)]
    scales = [(2 / x.shape[1]) ** 0.5, 0.0, (1 / width) ** 0.5, 0.0]
    # one start for all recipes: a seed is a start and an order
    starts = [torch.randn(shape) * scale for shape, scale in zip(shapes, scales, strict=True)]
    weights = [start.expand(len(recipes), *start.shape).clone().requires_grad_() for start in starts]
    speeds = [torch.zeros_like(weight) for weight in weights]
    steps = len(x) // batch
    found = np.zeros((len(recipes), EPOCHS), np.uint16)
    for epoch in range(EPOCHS):
        order = torch.randperm(len(x))
        for step in range(steps):
            rows = order[step * batch : (step + 1) * batch]
            hidden = torch.relu(x[rows] @ weights[0] + weights[1])
            hidden = hidden * (torch.rand(hidden.shape) >= dropout) / (1 - dropout)
            logits = hidden @ weights[2] + weights[3]
            target = y[rows].expand(len(recipes), -1).reshape(-1)
            loss = cross_entropy(logits.flatten(0, 1), target, reduction="sum") / batch
            gradients = torch.autograd.grad(loss, weights)
            done = (epoch + step / steps) / EPOCHS
            now = torch.where(falls, rate * (0.5 + 0.5 * cos(pi * done)), rate)
            with torch.no_grad():
                for weight, speed, gradient in zip(weights, speeds, gradients, strict=True):
                    speed.mul_(_MOMENTUM).add_(gradient + decay * weight)
                    weight.sub_(now * speed)
        with torch.no_grad():
            logits = torch.relu(valid_x @ weights[0] + weights[1]) @ weights[2] + weights[3]
            wrong = (logits.argmax(-1) != valid_y) | ~logits.isfinite().all(-1)
        found[:, epoch] = wrong.sum(-1).numpy()
    return found


def _data() -> Any:
    """Return training and validation rows of the digits: the rows are the same for every seed."""
    import torch
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.data))[: TRAIN + VALID]
    x = torch.tensor((digits.data[order] - 4.9) / 6.0, dtype=torch.float32)
    y = torch.tensor(digits.target[order])
    return (x[:TRAIN], y[:TRAIN]), (x[TRAIN:], y[TRAIN:])


if __name__ == "__main__":
    if not FILE.exists():
        make(Path(os.environ.get("TMPDIR", "/tmp")) / "byeori-benchmarks" / "curves")
    table = curves()
    final = table.errors[:, :, -1].mean(1)
    print(f"{FILE.name}: {len(final)} recipes, errors {final.min():.4f} to {final.max():.4f}")
