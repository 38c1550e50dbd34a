"""The learner that counts the classes, or takes the mean: what any model must beat."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from byeori._util.files import write_whole
from byeori._util.json import loads, pretty
from byeori.core.data import Arrays, Prepared
from byeori.core.errors import ModelError
from byeori.core.jobs import Job, Member, Report
from byeori.core.protocols import Predictor
from byeori.core.schema import CLASSIFICATION, Schema
from byeori.learners._folders import fold_folder, trained
from byeori.learners._folds import Board, Floats, folds_of, measures, peak_memory

_CARD = "majority.json"


class Majority:
    """Answers with the shares of the classes, or with the mean (the median where the metric is the absolute error)."""

    def train(self, job: Job) -> Iterator[Report]:
        """Count, and report once a fold."""
        begun = time.perf_counter()
        prepared = Prepared.open(Path(job.prepared))
        board = Board(job, prepared)
        folds = folds_of(job)
        for done, fold in enumerate(folds, 1):
            answer = _answer(prepared.schema, np.asarray(prepared.target()[prepared.train_rows(fold)]))
            folder = fold_folder(Path(job.out), fold)
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / _CARD, pretty({"format": 1, "answer": answer}), durable=False)
            metrics = {}
            if fold is not None:
                rows = prepared.valid_rows([fold])
                prediction = _repeated(answer, prepared.schema, len(rows))
                metrics["valid"] = measures(prepared.schema, np.asarray(prepared.target()[rows]), prediction)
                board.keep(fold, prediction)
            yield Report(
                step=done,
                progress=done / len(folds),
                metrics=metrics,
                value=board.value,
                seconds=time.perf_counter() - begun,
                memory=peak_memory(),
                facts={"params": 0},
            )

    def load(self, member: Member, schema: Schema) -> Predictor:
        """Load what `train` left in a folder.

        Raises:
            ModelError: Nothing was trained there.
        """
        try:
            answers = [loads((f / _CARD).read_bytes())["answer"] for f in trained(member.folder, _CARD)]
        except (ValueError, KeyError) as error:
            raise ModelError(f"The model in {member.folder} cannot be read ({error}): copy it again.") from None
        return _Always(list(np.mean(answers, axis=0)), schema)


class _Always:
    def __init__(self, answer: list[float], schema: Schema) -> None:
        self._answer = answer
        self._schema = schema

    def predict(self, batch: Arrays) -> Floats:
        return _repeated(self._answer, self._schema, len(batch))


def _answer(schema: Schema, target: npt.NDArray[np.generic]) -> list[float]:
    if schema.task == CLASSIFICATION:
        counts = np.bincount(target.astype(np.int64), minlength=schema.outputs)
        return [float(share) for share in counts / max(1, counts.sum())]
    values = target.astype(np.float64)
    return [float(np.median(values) if schema.metric == "mae" else np.mean(values))]


def _repeated(answer: list[float], schema: Schema, count: int) -> Floats:
    if schema.task == CLASSIFICATION:
        return np.tile(np.asarray(answer, dtype=np.float32), (count, 1))
    return np.full(count, answer[0], dtype=np.float32)
