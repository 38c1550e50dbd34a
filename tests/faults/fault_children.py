"""The command line with children that are made for bad luck: quick to start, steady, and checkpointed.

`python fault_children.py fit DATA …` is `byeori fit DATA …` with another list of families. No worker loads torch, so
that a command can be killed and begun again twenty times in a minute; everything else is the real thing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt

from byeori import catalog, session
from byeori._util.files import write_whole
from byeori._util.json import Json, dumps, loads
from byeori.catalog import TABLES, Row
from byeori.cli.main import main
from byeori.core.data import Arrays, Prepared
from byeori.core.jobs import Job, Member, Report
from byeori.core.leaves import Float, Int
from byeori.core.schema import Schema
from byeori.core.space import Record
from byeori.learners._folders import average, fold_folder, trained
from byeori.learners._folds import Board, folds_of
from byeori.learners.nets import Nets

Floats = npt.NDArray[np.float64]

STEPS = 8
CARD = "weights.npy"
SLOW = "BYEORI_FAULTS_PAUSE"
"""Environment variable: seconds that a step of a steady child takes."""


class Steps:
    """The family of linear models that take their time."""

    def space(self, schema: Schema) -> Record:
        return Record({"strength": Float(1e-3, 1e3, log=True, default=1.0), "luck": Int(0, 1_000_000)})

    def params(self, genome: Json, schema: Schema) -> int:
        return 0


STEADY = Steps()


class Steady:
    """Least squares in numpy after some steps, each with a checkpoint; facts say where an attempt began."""

    def train(self, job: Job) -> Iterator[Report]:
        path, pause = Path(job.out) / "checkpoint.json", float(os.environ.get(SLOW, "0.03"))
        began = int(loads(path.read_bytes())["step"]) if path.exists() else 0
        for step in range(began + 1, STEPS + 1):
            time.sleep(pause)
            write_whole(path, dumps({"step": step}), durable=False)
            yield Report(step=step, progress=0.9 * step / STEPS, facts={"began": began})
        prepared = Prepared.open(Path(job.prepared))
        board = Board(job, prepared)
        for fold in folds_of(job):
            weights = _fitted(prepared, prepared.train_rows(fold), job.genome["strength"])
            folder = fold_folder(Path(job.out), fold)
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / CARD, lambda file, w=weights: np.save(file, w, allow_pickle=False), durable=False)
            if fold is not None:
                board.keep(fold, _answers(weights, prepared.arrays().take(prepared.valid_rows([fold]))))
        yield Report(step=STEPS + 1, progress=1.0, value=board.value)

    def load(self, member: Member, schema: Schema) -> Mean:
        return Mean([np.load(folder / CARD, allow_pickle=False) for folder in trained(member.folder, CARD)])


class Mean:
    """The mean of a model a fold."""

    def __init__(self, weights: Sequence[Floats]) -> None:
        self.weights = weights

    def predict(self, batch: Arrays) -> npt.NDArray[np.float32]:
        return average([_answers(weights, batch) for weights in self.weights])


def _fitted(prepared: Prepared, rows: npt.NDArray[np.int64], strength: float) -> Floats:
    inputs = _inputs(prepared.arrays().take(rows))
    wanted = np.eye(prepared.schema.outputs)[np.asarray(prepared.target()[rows])]
    return np.linalg.solve(inputs.T @ inputs + strength * np.eye(inputs.shape[1]), inputs.T @ wanted)


def _answers(weights: Floats, batch: Arrays) -> npt.NDArray[np.float32]:
    scores = np.exp(2.0 * (_inputs(batch) @ weights))
    return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def _inputs(batch: Arrays) -> Floats:
    numbers = np.asarray(batch.parts["numbers"], np.float64)
    return np.hstack([numbers, np.ones((len(numbers), 1))])


class HastyNets(Nets):
    """Torch networks of six epochs that keep a checkpoint at every look."""

    def train(self, job: Job) -> Iterator[Report]:
        import_module("byeori.learners._nets_fold")._CHECKPOINT = 0.0
        yield from super().train(replace(job, genome={**job.genome, "recipe": {**job.genome["recipe"], "epochs": 6}}))


_STEADY = (
    Row(
        kind="family",
        name="steady",
        path="fault_children:STEADY",
        summary="Linear models that take their time.",
        learner="steady",
        modalities=(TABLES,),
        searched=(TABLES,),
    ),
    Row(kind="learner", name="steady", path="fault_children:Steady", summary="Trains them."),
)


def rows(*, nets: bool = False) -> tuple[Row, ...]:
    """Return the catalog of these studies: steady children, or networks, beside the plain ones."""
    plain = tuple(row for row in catalog.ROWS if row.kind not in ("family", "learner") or row.name == "majority")
    return (*(_hasty() if nets else _STEADY), *plain)


def _hasty() -> tuple[Row, ...]:
    return (
        replace(catalog.find("family", "mlp"), learner="hasty"),
        Row(kind="learner", name="hasty", path="fault_children:HastyNets", summary="Nets with many checkpoints."),
    )


if __name__ == "__main__":
    catalog.ROWS = rows(nets=bool(os.environ.get("BYEORI_FAULTS_NETS")))
    session._PRELOAD = ("numpy",)
    main()
