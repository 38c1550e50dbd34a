"""The learner of boosted trees and forests: LightGBM under a clock, its text format on disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from byeori._util.files import write_whole
from byeori._util.json import Json, loads, pretty
from byeori._util.lazy import lazy
from byeori._util.seeds import seed_of
from byeori.core.data import Arrays, Prepared
from byeori.core.errors import ModelError
from byeori.core.jobs import Job, Member, Report
from byeori.core.protocols import Predictor
from byeori.core.schema import CLASSIFICATION, Schema
from byeori.learners._features import features
from byeori.learners._folders import average, fold_folder, trained
from byeori.learners._folds import Board, class_weights, folds_of, latency_ms, measures, peak_memory, share, spread

if TYPE_CHECKING:
    import lightgbm as lgb

    from byeori.learners import _trees
else:
    lgb = lazy("lightgbm")
    _trees = lazy("byeori.learners._trees")

TREES = "trees.txt"
_CARD = "boosted.json"
_HOLDOUT = 0.1
"""Share of the rows a refit holds out to find its number of rounds where no trained trial tells it."""
_FEW = 100
"""Rows that are held out at least, if they are no more than a quarter."""
_MORE = 1.1
"""A model of all rows bears so many more rounds than one of a part of them."""
_COST = 0.1
"""Share of the time that predicting the validation rows for a report may take."""

Floats32 = npt.NDArray[np.float32]


class Boosted:
    """Grows boosted trees or a forest; on images, over small pixels.

    Boosting stops when the validation loss does, or when the time is up; where that is too short for its learning rate,
    the rate is raised. A refit takes its number of rounds from the trained trial in `job.weights_from`, or holds out a
    tenth of the rows to find it, then uses all. A further attempt begins again: the same trees grow in seconds.
    """

    def train(self, job: Job) -> Iterator[Report]:
        """Grow a model a fold, reporting about twice a second."""
        begun = time.perf_counter()
        prepared = Prepared.open(Path(job.prepared))
        board = Board(job, prepared)
        folds = folds_of(job)
        for done, fold in enumerate(folds):
            seconds = share(job, time.perf_counter() - begun, len(folds) - done)
            growth = _Growth(job, prepared, fold, seconds)
            for progress in growth.run():
                metrics = growth.look(board)
                yield Report(
                    step=growth.rounds,
                    progress=(done * job.until + progress) / len(folds),
                    metrics=metrics,
                    value=board.value,
                    seconds=time.perf_counter() - begun,
                    memory=peak_memory(),
                    facts=growth.facts(),
                )

    def load(self, member: Member, schema: Schema) -> Predictor:
        """Load what `train` left in a folder.

        Raises:
            ModelError: Nothing was trained there, or it is damaged.
        """
        models = []
        for folder in trained(member.folder, _CARD):
            try:
                card = loads((folder / _CARD).read_bytes())
                text = (folder / TREES).read_text(encoding="utf-8")
                models.append((lgb.Booster(model_str=text), float(card["low"]), float(card["high"])))
            except (OSError, ValueError, KeyError, lgb.basic.LightGBMError) as error:
                raise ModelError(f"The trees in {folder} cannot be read ({error}): copy the model again.") from None
        return _Mean(models, schema)


class _Mean:
    """The mean of one booster a fold."""

    def __init__(self, models: list[tuple[lgb.Booster, float, float]], schema: Schema) -> None:
        self._models = models
        self._schema = schema

    def predict(self, batch: Arrays) -> Floats32:
        rows = features(batch)
        said = [_said(_trees.answers(b, rows), self._schema, low, high) for b, low, high in self._models]
        return average(said)


class _Growth:
    """The growing of one fold's trees, and what is written of it."""

    def __init__(self, job: Job, prepared: Prepared, fold: int | None, seconds: float | None) -> None:
        self._job, self._schema, self._fold = job, prepared.schema, fold
        self._folder = fold_folder(Path(job.out), fold)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._ends = None if seconds is None else time.perf_counter() + seconds
        self._prepared = prepared
        self._train = prepared.train_rows(fold)
        target = np.asarray(prepared.target()[self._train])
        self._low, self._high = (0.0, 1.0) if prepared.schema.task == CLASSIFICATION else spread(target)
        self._valid = None if fold is None else self._part(prepared.valid_rows([fold]), weighted=False)
        self._cost = self._latency = 0.0
        self._looked = time.perf_counter()
        self._written = 0
        self._over = False
        self._booster: _trees.Booster | None = None

    @property
    def rounds(self) -> int:
        """Trees grown, a round each."""
        return self._booster.rounds if self._booster else 0

    def run(self) -> Iterator[float]:
        """Grow, yielding the progress."""
        job = self._job
        if self._fold is not None:
            self._booster = self._made(self._train, self._valid)
            yield from self._grown(self._left(), job.until, 0.0, 1.0)
            return
        rounds, rate = _known(job.weights_from)
        begun = 0.0
        if rounds is None and "boosted" in job.genome["kind"]:
            mixed = np.random.default_rng(seed_of(job.seed, "holdout")).permutation(self._train)
            count = max(1, round(max(_HOLDOUT * len(mixed), min(_FEW, 0.25 * len(mixed)))))
            self._booster = self._made(np.sort(mixed[count:]), self._part(np.sort(mixed[:count]), weighted=False))
            begun = 0.5
            for progress in self._grown(self._left(0.45), 1.0, 0.0, begun):
                if progress < begun:
                    yield progress
            rounds, rate = max(1, round(_MORE * self._booster.best)), self._booster.rate
        self._booster = self._made(self._train, None, rounds, rate)
        yield from self._grown(self._left(), job.until, begun, 1.0)

    def _grown(self, seconds: float | None, until: float, low: float, high: float) -> Iterator[float]:
        """Grow the booster at hand; its progress is shown between `low` and `high`."""
        if self._booster is None:
            return
        for progress in self._booster.grow(seconds, until):
            self._over = progress >= until
            yield low + (high - low) * progress

    def look(self, board: Board) -> dict[str, dict[str, float]]:
        """Write the trees and predict the validation rows, unless that was done too lately for what it costs."""
        booster = self._booster
        now = time.perf_counter()
        if booster is None or (not self._over and self._written and now - self._looked < self._cost / _COST):
            return {}
        metrics = {}
        if self._valid is not None and self._fold is not None:
            prediction = _said(booster.predict(self._valid.rows), self._schema, self._low, self._high)
            metrics["valid"] = measures(self._schema, self._valid.target, prediction)
        loss = booster.booster.eval_train()[0][2]
        metrics["train"] = {"loss": float(loss)}
        if self._over or not self._written:
            self._latency = latency_ms(self._job, lambda one: booster.predict(features(one)), self._prepared.arrays())
        if booster.best != self._written:
            self._write(booster)
            if self._fold is not None:
                board.keep(self._fold, prediction)
        self._looked = time.perf_counter()
        self._cost = self._looked - now
        return metrics

    def _write(self, booster: _trees.Booster) -> None:
        text = booster.booster.model_to_string(num_iteration=booster.best)
        write_whole(self._folder / TREES, text, durable=False)
        card = {"format": 1, "rounds": booster.best, "learning_rate": booster.rate}
        card |= {"low": self._low, "high": self._high}
        write_whole(self._folder / _CARD, pretty(card), durable=False)
        self._written = booster.best

    def facts(self) -> dict[str, Json]:
        """Return the figures known now."""
        if self._booster is None:
            return {}
        items = max(1, len(self._valid.rows)) if self._valid else 1
        found: dict[str, Json] = {"rounds": self._booster.best, "learning_rate": self._booster.rate, "params": 0}
        found["latency_ms"] = self._latency
        if self._valid:
            found["seconds_per_item"] = self._cost / items
        return found

    def _made(
        self,
        train: npt.NDArray[np.int64],
        valid: _trees.Part | None,
        rounds: int | None = None,
        rate: float | None = None,
    ) -> _trees.Booster:
        job = self._job
        seed = seed_of(job.seed, "trees", -1 if self._fold is None else self._fold) % (1 << 30)
        part = self._part(train, weighted=True)
        return _trees.Booster(
            job.genome, self._schema, part, valid, rounds=rounds, rate=rate, seed=seed, threads=job.threads
        )

    def _part(self, rows: npt.NDArray[np.int64], *, weighted: bool) -> _trees.Part:
        target = np.asarray(self._prepared.target()[rows]).astype(np.float64)
        weight = None
        kind = self._job.genome.get("class_weights", "none")
        if weighted and kind != "none":
            weight = class_weights(kind, target, self._schema.outputs)[target.astype(np.int64)]
        return _trees.Part(rows=features(self._prepared.arrays(), rows), target=target, weight=weight)

    def _left(self, part: float = 0.9) -> float | None:
        """Return the seconds left for growing; a tenth is kept for the last prediction and the writing."""
        return None if self._ends is None else max(0.01, part * (self._ends - time.perf_counter()))


def _said(raw: npt.NDArray[np.float64], schema: Schema, low: float, high: float) -> Floats32:
    if schema.task == CLASSIFICATION:
        return _trees.two_columns(raw, schema).astype(np.float32)
    return raw.clip(low, high).astype(np.float32)


def _known(donor: str | None) -> tuple[int | None, float | None]:
    """Return rounds and rate for a refit, from the trial trained on parts of the data; nothing where there is none."""
    if donor is None:
        return None, None
    try:
        cards = [loads((folder / _CARD).read_bytes()) for folder in trained(Path(donor), _CARD)]
    except (OSError, ValueError, ModelError):
        return None, None
    rate = float(np.mean([card["learning_rate"] for card in cards]))
    depth = float(np.mean([card["rounds"] * card["learning_rate"] for card in cards]))
    return max(1, round(_MORE * depth / rate)), rate
