"""Tables of real trainings to search on: what the search sees is one seed's value, what counts is the mean over seeds.

    from tables import NAMES, load
    table = load("macro")
    loss = table.observe(genome, rng); regret = table.regret(genome)

Data are sought in `BYEORI_DATA` (default ../shared/data); parsed tables are kept as .npz in the system's temp folder.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from onnx_graph import Graph

from byeori._util.json import Json
from byeori.core.space import Categorical, Float, Int, Record, Space

Array = npt.NDArray[Any]
ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(tempfile.gettempdir()) / "byeori-benchmarks" / "search"

RPART_SETS = ("41138", "4135", "40981", "4134", "40927", "1220", "4154", "40923", "41163", "40996")
"""OpenML data sets of the surrogate: the first ten in its own list."""
CATEGORICAL = ("macro", "graph-cora", "graph-arxiv", "fcnet-protein", "fcnet-naval", "hpobench-phoneme")
OPTIONS = ("fcnet-protein-options", "fcnet-naval-options", "hpobench-phoneme-options")
"""The same tables with every question asked as a choice without order; above, numbers are asked as positions (Int),
which is what the anchors of the literature were measured with."""
MIXED = tuple(f"rpart-{name}" for name in RPART_SETS)
NAMES = (*CATEGORICAL, *OPTIONS, *MIXED)


@dataclass(frozen=True, slots=True)
class Table:
    """A search that was made already.

    Args:
        name: One of `NAMES`.
        space: The questions.
        losses: Genome → loss of each training seed.
        best: Least mean loss there is (or is known, where there is no end of genomes).
        span: What regret is measured in: the range of the mean losses, or the best of them.
    """

    name: str
    space: Record
    losses: Callable[[Json], Array]
    best: float
    span: float

    def observe(self, genome: Json, rng: Random) -> float:
        """Return the loss of one seed, drawn anew at each evaluation."""
        seeds = self.losses(genome)
        return float(seeds[int(rng.random() * len(seeds))])

    def regret(self, genome: Json) -> float:
        """Return how much worse than the best the mean over seeds is, in spans; 0 is the best."""
        return (float(self.losses(genome).mean()) - self.best) / self.span


def data_folder() -> Path:
    """Return the folder of real data, or end with how to give it."""
    folder = Path(os.environ.get("BYEORI_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        sys.exit(f"There is no real data at {folder}: set BYEORI_DATA to its folder.")
    return folder


@cache
def load(name: str) -> Table:
    """Return the table of one of `NAMES`."""
    family, _, which = name.removesuffix("-options").partition("-")
    if name == "macro":
        return _macro()
    if family == "graph":
        return _graph(name, data_folder() / "nasbench_graph" / f"{which}.csv.gz")
    if family == "fcnet":
        file = {"protein": "protein_structure", "naval": "naval_propulsion"}[which]
        return _factorial(name, data_folder() / "hpo_fcnet" / f"{file}.csv.gz")
    if family == "hpobench":
        return _factorial(name, data_folder() / "hpo_hpobench_mlp" / f"{which}.csv.gz")
    if family == "rpart":
        return _rpart(name, which)
    sys.exit(f"There is no table {name!r}; there are {', '.join(NAMES)}.")


def _macro() -> Table:
    """CIFAR-10, three blocks in eight places, 6,561 networks × 3 seeds (Su et al. 2021, arXiv 2103.11922)."""
    file = data_folder() / "nasbench_macro" / "nas-bench-macro_cifar10.json"
    networks = ["".join(digits) for digits in product("012", repeat=8)]

    def parse() -> Mapping[str, Array]:
        table = json.loads(file.read_text())
        return {"losses": 1 - np.array([table[network]["test_acc"] for network in networks]) / 100}

    blocks = ("identity", "mb3_k3", "mb6_k5")
    space = Record({f"layer{i}": Categorical(blocks) for i in range(8)})
    losses, row = _kept("macro", file, parse)["losses"], _mixed_radix(space)
    return _table("macro", space, losses, lambda genome: losses[row(genome)])


def _factorial(name: str, file: Path) -> Table:
    """Every combination of the options, several seeds each: FCNet (Klein & Hutter 2019), HPOBench (Eggensperger 2021).

    FCNet's regret is MSE / best - 1: a range with diverged trainings in it makes everything else 0.
    """
    asked = json.loads((file.parent / "search_space.json").read_text())
    options = {question: tuple(values) for question, values in asked["space"].items()}
    order = {q for q, values in options.items() if _ordered(values)}
    grid = Record({q: Categorical(values) for q, values in options.items()})

    def parse() -> Mapping[str, Array]:
        frame = pd.read_csv(file, dtype=dict.fromkeys(options, str))
        places = [{v: i for i, v in enumerate(values)} for values in options.values()]
        columns = [
            [place[type(values[0])(x)] for x in frame[q]]
            for (q, values), place in zip(options.items(), places, strict=True)
        ]
        at = np.ravel_multi_index(columns, [len(place) for place in places])
        values = frame[[c for c in frame if c.startswith("value_")]].to_numpy(float)
        losses = np.full_like(values, np.nan)
        losses[at] = values if asked["direction"] == "minimize" else 1 - values
        return {"losses": losses}

    losses = _kept(name.removesuffix("-options"), file, parse)["losses"]
    space, row = grid, _mixed_radix(grid)
    if name not in OPTIONS:
        space = Record({q: Int(0, len(v) - 1) if q in order else grid.parts[q] for q, v in options.items()})
        row = _mixed_radix(space)
    return _table(name, space, losses, lambda genome: losses[row(genome)], relative=name.startswith("fcnet"))


LINKS = ("0000", "0001", "0011", "0012", "0013", "0111", "0112", "0122", "0123")
LAYERS = ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc", "skip")


def _graph(name: str, file: Path) -> Table:
    """Graph networks of four layers, 26,206 of them (Qin et al. 2022); validation accuracy of one training each.

    The table holds one spelling of networks that are the same; all 59,049 spellings can be asked for here. Nothing but
    skips is no network: it counts as the worst.
    """
    space = Record({"link": Categorical(LINKS), **{f"layer{i}": Categorical(LAYERS) for i in range(1, 5)}})

    def parse() -> Mapping[str, Array]:
        frame = pd.read_csv(file, dtype={"link": str})
        rows = zip(frame["link"], *(frame[f"op{i}"] for i in range(1, 5)), strict=True)
        known = {_same(link, layers): i for i, (link, *layers) in enumerate(rows)}
        found = np.array([known.get(_same(x[0], x[1:]), -1) for x in product(LINKS, *[LAYERS] * 4)])
        if len(known) < len(frame) or (found < 0).sum() != len(LINKS):
            sys.exit(f"{file.name} is not the table this reader knows: a network has no row, or two.")
        accuracy = frame["valid_perf"].to_numpy(float)
        return {"losses": 1 - np.where(found < 0, accuracy.min(), accuracy[found])[:, None]}

    losses, row = _kept(name, file, parse)["losses"], _mixed_radix(space)
    return _table(name, space, losses, lambda genome: losses[row(genome)])


def _same(link: str, layers: Sequence[str]) -> tuple[Any, ...]:
    """Return a network as a tree without order, without the skips that change nothing: those from the input, those
    something follows, those that are all that follows a layer."""
    before = {i + 1: int(father) for i, father in enumerate(link)}

    def followers(i: int) -> list[int]:
        return [j for j in before if before[j] == i]

    def idle(i: int) -> bool:
        return layers[i - 1] == "skip" and (before[i] == 0 or bool(followers(i)) or len(followers(before[i])) == 1)

    while (skip := next(filter(idle, before), None)) is not None:
        for j in followers(skip):
            before[j] = before[skip]
        del before[skip]

    def tree(i: int) -> tuple[Any, ...]:
        return (layers[i - 1] if i else "input", tuple(sorted(tree(j) for j in followers(i))))

    return tree(0)


def _rpart(name: str, data_set: str) -> Table:
    """Decision trees, a network's guess at their accuracy on all rows, ten repetitions (Pfisterer et al. 2022).

    There is no noise. Best and worst are those of a wide search made once: 20,000 at random, then the neighbours of the
    best in eight rounds; so a regret can come out below 0 by a hair.
    """
    folder = data_folder() / "yahpo" / "rbv2_rpart"
    imputed = ("impute.mean", "impute.median", "impute.hist")
    codes = json.loads((folder / "encoding.json").read_text())
    task, impute = codes["task_id"][data_set], codes["num.impute.selected.cpo"]
    asked = {h["name"]: h for h in json.loads((folder / "config_space.json").read_text())["hyperparameters"]}
    names = ("cp", "maxdepth", "minbucket", "minsplit")
    parts: dict[str, Space] = {"cp": Float(asked["cp"]["lower"], asked["cp"]["upper"], log=True)}
    parts |= {q: Int(asked[q]["lower"], asked[q]["upper"]) for q in names[1:]}
    space = Record({**parts, "impute": Categorical(imputed)})
    graph = _surrogate(folder / "model.onnx")

    def losses(numbers: Array, imputes: Array) -> Array:
        rows = np.column_stack([numbers, np.full(len(numbers), 1.0), np.full(len(numbers), 10.0)]).astype(np.float32)
        codes = np.column_stack([np.full(len(imputes), task), imputes]).astype(np.int32)
        return 1 - graph(x_cont=rows, x_cat=codes).astype(float)

    def parse() -> Mapping[str, Array]:
        low, high = np.array([[asked[q][end] for q in names] for end in ("lower", "upper")])
        return {"range": _range(losses, low, high, sorted(impute[i] for i in imputed))}

    best, worst = _kept(name, folder / "model.onnx", parse)["range"]

    def one(genome: Json) -> Array:
        return losses(np.array([[genome[q] for q in names]]), np.array([impute[genome["impute"]]]))[0]

    return Table(name, space, one, float(best), float(worst - best))


@cache
def _surrogate(file: Path) -> Graph:
    return Graph(file, 0)


def _range(losses: Callable[[Array, Array], Array], low: Array, high: Array, imputes: Sequence[int]) -> Array:
    """Return the least and the largest loss a wide search finds; the first number is thought of in logarithms."""
    rng = np.random.default_rng(0)
    base, top = np.r_[np.log(low[0]), low[1:]], np.r_[np.log(high[0]), high[1:]]

    def numbers(x: Array) -> Array:
        return np.column_stack([np.exp(x[:, 0]).clip(low[0], high[0]), np.round(x[:, 1:])])

    x, i = base + (top - base) * rng.random((20_000, len(low))), rng.choice(imputes, 20_000)
    y = losses(numbers(x), i)[:, 0]
    worst = y.max()
    for step in 0.3 ** np.arange(1, 9):
        keep = np.argsort(y)[:40]
        x, i, y = x[keep], i[keep], y[keep]
        near = np.repeat(x, 50, axis=0)
        near = np.clip(near + step * (top - base) * rng.standard_normal(near.shape), base, top)
        near_i = np.where(rng.random(len(near)) < 0.2, rng.choice(imputes, len(near)), np.repeat(i, 50))
        x, i, y = np.r_[x, near], np.r_[i, near_i], np.r_[y, losses(numbers(near), near_i)[:, 0]]
    return np.array([y.min(), worst])


def _table(name: str, space: Record, losses: Array, find: Callable[[Json], Array], relative: bool = False) -> Table:
    if not np.isfinite(losses).all():
        sys.exit(f"The table {name} has holes or values that are none.")
    means = losses.mean(axis=1)
    best = float(means.min())
    return Table(name, space, find, best, best if relative else float(means.max()) - best)


def _mixed_radix(space: Record) -> Callable[[Json], int]:
    """Return what says the row of a genome, where rows are all combinations with the last question turning first."""
    places = [(name, {a: i for i, a in enumerate(part.values())}) for name, part in space.parts.items()]

    def row(genome: Json) -> int:
        at = 0
        for name, place in places:
            at = at * len(place) + place[genome[name]]
        return at

    return row


def _ordered(values: Sequence[Any]) -> bool:
    return len(values) > 2 and all(isinstance(value, (int, float)) for value in values)


def _kept(name: str, source: Path, parse: Callable[[], Mapping[str, Array]]) -> Mapping[str, Array]:
    """Return what parsing gave, from the cache where the source has not changed."""
    file = CACHE / f"{name}-{source.stat().st_size}.npz"
    if not file.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=CACHE, suffix=".npz", delete=False) as part:
            np.savez_compressed(part, **parse())
        os.replace(part.name, file)
    with np.load(file) as arrays:
        return dict(arrays)
