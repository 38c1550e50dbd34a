"""The learner of linear models: ridge regression in one step, logistic regression by L-BFGS; prediction is numpy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from byeori._util.files import write_whole
from byeori._util.json import Json
from byeori.core.data import Arrays, Prepared
from byeori.core.errors import ModelError
from byeori.core.jobs import Job, Member, Report
from byeori.core.protocols import Predictor
from byeori.core.schema import CLASSIFICATION, Schema
from byeori.learners import _solve
from byeori.learners._design import Design
from byeori.learners._features import Features, cards, features
from byeori.learners._folders import average, fold_folder, trained
from byeori.learners._folds import Board, class_weights, folds_of, latency_ms, measures, peak_memory, share, spread

_CARD = "linear.safetensors"

Floats = npt.NDArray[np.float64]


class Linear:
    """Fits a logistic or a ridge regression; on images, over small pixels."""

    def train(self, job: Job) -> Iterator[Report]:
        """Fit a model a fold; reports come after every round of the solver, at least one a fold."""
        begun = time.perf_counter()
        prepared = Prepared.open(Path(job.prepared))
        board = Board(job, prepared)
        folds = folds_of(job)
        for done, fold in enumerate(folds):
            folder = fold_folder(Path(job.out), fold)
            folder.mkdir(parents=True, exist_ok=True)
            seconds = share(job, time.perf_counter() - begun, len(folds) - done)
            fit = _Fit(job, prepared, fold, seconds)
            facts: dict[str, Json] = {}
            for model, progress in fit.run():
                if not facts:
                    latency = latency_ms(job, _Mean([model]).predict, prepared.arrays())
                    facts = {"params": model.weights.size, "latency_ms": latency}
                metrics = {"train": fit.judge(model, None)[1]}
                if fold is not None:
                    prediction, metrics["valid"] = fit.judge(model, fold)
                write_whole(folder / _CARD, save(model.to_arrays()), durable=False)
                if fold is not None:
                    board.keep(fold, prediction)
                yield Report(
                    step=done + 1,
                    progress=(done + progress) / len(folds),
                    metrics=metrics,
                    value=board.value,
                    seconds=time.perf_counter() - begun,
                    memory=peak_memory(),
                    facts=facts,
                )

    def load(self, member: Member, schema: Schema) -> Predictor:
        """Load what `train` left in a folder.

        Raises:
            ModelError: Nothing was trained there, or it is damaged.
        """
        try:
            return _Mean([_Model.from_arrays(load_file(f / _CARD), schema) for f in trained(member.folder, _CARD)])
        except (SafetensorError, KeyError, ValueError) as error:
            raise ModelError(f"The model in {member.folder} cannot be read ({error}): copy it again.") from None


class _Model:
    """A fitted linear model: its design, its weights (columns + 1, outputs), and the range of its values."""

    def __init__(self, design: Design, weights: Floats, limits: tuple[float, float], schema: Schema) -> None:
        self.design = design
        self.weights = weights
        self.limits = limits
        self.schema = schema

    def predict(self, rows: Features) -> npt.NDArray[np.float32]:
        return self.answer(self.design.matrix(rows))

    def answer(self, matrix: Floats) -> npt.NDArray[np.float32]:
        """Return the answers for rows that are a design matrix already."""
        output = matrix @ self.weights[:-1] + self.weights[-1]
        if self.schema.task == CLASSIFICATION:
            return _solve.softmax(output).astype(np.float32)
        return np.asarray(output[:, 0].clip(*self.limits), dtype=np.float32)

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the model as named arrays."""
        return {**self.design.to_arrays(), "weights": self.weights, "limits": np.array(self.limits)}

    @staticmethod
    def from_arrays(arrays: dict[str, npt.NDArray[np.generic]], schema: Schema) -> _Model:
        """Read what `to_arrays` returned."""
        low, high = arrays["limits"].astype(np.float64)
        return _Model(
            Design.from_arrays(arrays), arrays["weights"].astype(np.float64), (float(low), float(high)), schema
        )


class _Mean:
    """The mean of one model a fold."""

    def __init__(self, models: list[_Model]) -> None:
        self._models = models

    def predict(self, batch: Arrays) -> npt.NDArray[np.float32]:
        rows = features(batch)
        return average([model.predict(rows) for model in self._models])


class _Fit:
    """The fitting of one fold."""

    def __init__(self, job: Job, prepared: Prepared, fold: int | None, seconds: float | None) -> None:
        self._genome = job.genome
        self._schema = prepared.schema
        self._ends = None if seconds is None else time.perf_counter() + 0.9 * seconds
        arrays, train = prepared.arrays(), prepared.train_rows(fold)
        rows = features(arrays, train)
        numbers = job.genome.get("numbers", {"line": {}})
        self._design = Design.fit(
            rows,
            cards(self._schema),
            knots=numbers["bent"]["knots"] if "bent" in numbers else 0,
            pairs=job.genome.get("pairs", False),
        )
        self._target = np.asarray(prepared.target()[train])
        self._matrix = self._design.matrix(rows)
        valid = prepared.valid_rows([fold]) if fold is not None else np.zeros(0, dtype=np.int64)
        self._valid_target = np.asarray(prepared.target()[valid])
        self._valid_matrix = self._design.matrix(features(arrays, valid))

    def run(self) -> Iterator[tuple[_Model, float]]:
        """Yield ever better models with the progress, 0 to 1."""
        strength = float(self._genome["strength"])
        if self._schema.task != CLASSIFICATION:
            values = self._target.astype(np.float64)
            weights = _solve.ridge(self._matrix, values, strength)
            yield _Model(self._design, weights[:, None], spread(values), self._schema), 1.0
            return
        labels = self._target.astype(np.int64)
        kind = self._genome.get("class_weights", "none")
        rows = class_weights(kind, labels, self._schema.outputs)[labels]
        problem = _solve.Logistic(self._matrix, labels, rows, classes=self._schema.outputs, strength=strength)
        for weights, progress in problem.solve(self._ends):
            yield _Model(self._design, weights, (0.0, 1.0), self._schema), progress

    def judge(self, model: _Model, fold: int | None) -> tuple[npt.NDArray[np.float32], dict[str, float]]:
        """Return a model's predictions and their figures: of the training rows (None), or of the fold's."""
        matrix, target = (self._matrix, self._target) if fold is None else (self._valid_matrix, self._valid_target)
        prediction = model.answer(matrix)
        return prediction, measures(self._schema, target, prediction)
