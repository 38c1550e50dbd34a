"""One booster of LightGBM, grown round by round under a clock, so that it can be watched and stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori.core.schema import CLASSIFICATION, Schema
from byeori.learners._features import Features

MOST_ROUNDS = 1500
_TALK = 0.5
"""Seconds between two looks."""
_TRIAL_ROUNDS = 10
"""Rounds after which it is known how many the time allows."""
_DEPTH = 6.0
"""Learning rate times rounds below which boosting has not gone deep enough; the rate is raised where time is short."""
_FASTEST = 0.3
_CELLS_A_THREAD = 200_000
"""With fewer cells a further thread gains nothing, and on a busy machine its barriers cost forty times the work."""
_STEP = 0.997
"""Share of the validation loss to which it must have fallen for boosting to go on."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rows with their targets and weights."""

    rows: Features
    target: Floats
    weight: Floats | None = None


def table(rows: Features) -> Floats:
    """Return the matrix LightGBM sees: numbers, then categories as codes, NaN for what is missing."""
    codes = rows.categories.astype(np.float64)
    codes[codes < 0] = np.nan
    return np.concatenate([rows.numbers, codes], axis=1)


class Booster:
    """Grows trees on one part of the data and watches another.

    Args:
        genome: The family's.
        schema: The task.
        train: What the trees are grown on.
        valid: Says when to stop, or None.
        rounds: Trees to grow, or None for as many as pay.
        rate: Learning rate, or None for what the genome says.
        seed: Of bagging and sampling.
        threads: LightGBM may use.
    """

    def __init__(
        self,
        genome: Json,
        schema: Schema,
        train: Part,
        valid: Part | None,
        *,
        rounds: int | None = None,
        rate: float | None = None,
        seed: int = 0,
        threads: int = 1,
    ) -> None:
        ((self._kind, self._how),) = genome["kind"].items()
        self.rate = rate or float(self._how.get("learning_rate", 1.0))
        cells = len(train.rows) * (train.rows.numbers.shape[1] + train.rows.categories.shape[1])
        threads = min(threads, max(1, cells // _CELLS_A_THREAD))
        params = _params(genome, schema, len(train.rows), seed=seed, threads=threads)
        if self._kind == "boosted":
            params["learning_rate"] = self.rate
        count = train.rows.numbers.shape[1]
        codes = list(range(count, count + train.rows.categories.shape[1]))
        data = lgb.Dataset(
            table(train.rows), train.target, weight=train.weight, categorical_feature=codes, params=params
        )
        self.booster = lgb.Booster(params, data)
        self._valid = valid
        if valid is not None:
            watched = lgb.Dataset(
                table(valid.rows), valid.target, reference=data, categorical_feature=codes, params=params
            )
            self.booster.add_valid(watched, "valid")
        self.most = rounds or (MOST_ROUNDS if self._kind == "boosted" else int(self._how["trees"]))
        self.best = 0
        self.rounds = 0
        self._fixed = rounds is not None
        self._lowest = self._reference = np.inf
        self._moved = 0

    def grow(self, seconds: float | None, until: float = 1.0) -> Iterator[float]:
        """Grow trees, yielding the progress about every half second and at the end.

        Args:
            seconds: In which the growing must have ended; None for no limit.
            until: Share of all rounds after which to stop.
        """
        start = talked = time.perf_counter()
        last = max(1, round(self.most * until))
        while True:
            full = self.booster.update()
            self.rounds += 1
            self._watch()
            now = time.perf_counter()
            if self.rounds == _TRIAL_ROUNDS and seconds is not None:
                self._hurry(last, seconds, (now - start) / _TRIAL_ROUNDS)
            spent = 0.0 if seconds is None else (now - start) * (1 + 1 / self.rounds) / max(1e-9, seconds)
            if full or self.rounds >= last or self._hopeless or spent >= 1.0:
                yield until
                return
            if now - talked > _TALK:
                yield min(until, max(self.rounds / self.most, spent))
                talked = time.perf_counter()

    def _watch(self) -> None:
        if self._valid is None or self._kind != "boosted":
            self.best = self.rounds
            return
        loss = self.booster.eval_valid()[0][2]
        if loss < self._lowest:
            self._lowest, self.best = loss, self.rounds
        if loss < _STEP * self._reference:
            self._reference, self._moved = loss, self.rounds

    @property
    def _hopeless(self) -> bool:
        patience = min(150, max(30, round(4.0 / self.rate)))
        return self._valid is not None and self._kind == "boosted" and self.rounds - self._moved >= patience

    def _hurry(self, last: int, seconds: float, a_round: float) -> None:
        """Learn faster where the time does not suffice for the rounds the rate was made for."""
        possible = int(seconds / max(1e-9, a_round))
        if self._kind == "boosted" and not self._fixed and possible < last and self.rate * possible < _DEPTH:
            self.rate = min(max(self.rate, _FASTEST), _DEPTH / max(1, possible))
            self.booster.reset_parameter({"learning_rate": self.rate})

    def predict(self, rows: Features) -> Floats:
        """Return probabilities (N, classes) or values (N,) of the best rounds."""
        return answers(self.booster, rows, self.best)


def answers(booster: lgb.Booster, rows: Features, rounds: int | None = None) -> Floats:
    """Return what a booster says of rows: probabilities (N, classes), or values (N,).

    Args:
        booster: Grown or loaded.
        rows: As plain columns.
        rounds: How many are used; all if None.
    """
    # One thread: OpenMP's threads do not survive a fork, and waking them costs more than a row.
    return np.asarray(booster.predict(table(rows), num_iteration=rounds, num_threads=1, validate_features=False))


def two_columns(said: Floats, schema: Schema) -> Floats:
    """Return a binary booster's probabilities of the second class as probabilities of both."""
    if schema.task == CLASSIFICATION and said.ndim == 1:
        return np.stack([1.0 - said, said], axis=1)
    return said


def _params(genome: Json, schema: Schema, count: int, *, seed: int, threads: int) -> dict[str, Json]:
    ((kind, how),) = genome["kind"].items()
    found = _objective(schema) | {
        "verbosity": -1,
        "seed": seed % (1 << 31),
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "feature_pre_filter": False,
        "num_leaves": how["leaves"],
        "min_data_in_leaf": min(how["leaf_rows"], max(1, count // 20)),
        "bagging_fraction": how["rows"],
        "bagging_freq": 1 if how["rows"] < 1.0 else 0,
        "extra_trees": how["extra"],
        # LightGBM's own hundred rows a group of categories would hide the categories of small tables.
        "min_data_per_group": min(100, max(5, count // 50)),
    }
    if kind == "forest":
        return found | {"boosting": "rf", "feature_fraction_bynode": how["columns"], "lambda_l2": 0.0}
    return found | {
        "feature_fraction": how["columns"],
        "lambda_l1": how["lambda_l1"],
        "lambda_l2": how["lambda_l2"],
        "max_depth": how["depth"] or -1,
        "max_bin": how["bins"],
        "cat_smooth": how.get("category_smoothing", 10.0),
        "linear_tree": how.get("linear_leaves", False),
    }


def _objective(schema: Schema) -> dict[str, Json]:
    if schema.task != CLASSIFICATION:
        name = "regression_l1" if schema.metric == "mae" else "regression"
        return {"objective": name, "metric": "l1" if schema.metric == "mae" else "l2"}
    if schema.outputs == 2:
        return {"objective": "binary", "metric": "binary_logloss"}
    return {"objective": "multiclass", "metric": "multi_logloss", "num_class": schema.outputs}
