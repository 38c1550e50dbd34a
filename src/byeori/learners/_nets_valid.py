"""The validation side of a training: a cheap look at some rows, a whole one, and the best weights so far."""

from __future__ import annotations

import time
from math import isfinite
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from byeori._util.seeds import seed_of
from byeori.core.data import Arrays, Prepared
from byeori.learners._folds import Board, Floats, measures
from byeori.learners._nets_predict import Card, predict_net
from byeori.learners._nets_state import Marks, save_weights, weights_of

FEW = 256
"""Validation rows that are always looked at."""
_WRITE = 1.0
"""Seconds between two writings of ever better weights."""
_CHUNK = 4096
"""Rows copied out of the memory map at a time."""


class Validation:
    """The rows one fold is validated on, and what it costs to look at them.

    Args:
        prepared: The data.
        arrays: Of all rows.
        fold: The fold.
        seed: Chooses the rows of a cheap look.
        device: Where the network lies.
    """

    def __init__(self, prepared: Prepared, arrays: Arrays, fold: int, *, seed: int, device: str) -> None:
        rows = prepared.valid_rows([fold])
        self._schema = prepared.schema
        self._device = device
        self._arrays = arrays
        self._rows = rows
        self._target = np.asarray(prepared.target()[rows])
        self._shuffled = np.random.default_rng(seed_of(seed, "look", fold)).permutation(len(rows))
        self._seconds_per_item = 0.0

    def __len__(self) -> int:
        return len(self._target)

    @property
    def cost(self) -> float:
        """Seconds of a whole look, as last measured."""
        return self._seconds_per_item * len(self)

    @property
    def seconds_per_item(self) -> float:
        """Seconds to predict one row in a batch, as last measured."""
        return self._seconds_per_item

    def affordable(self, seconds: float) -> int:
        """Return how many rows may be looked at for so many seconds; always some."""
        return min(len(self), max(FEW, int(seconds / max(1e-9, self._seconds_per_item))))

    def some(self, net: nn.Module, card: Card, count: int) -> dict[str, float]:
        """Return loss and metric on the first `count` of the shuffled rows."""
        chosen = np.sort(self._shuffled[:count])
        return measures(self._schema, self._target[chosen], self._predict(net, card, self._rows[chosen]))

    def whole(self, net: nn.Module, card: Card) -> tuple[Floats, dict[str, float]]:
        """Return the predictions of all rows, with loss and metric."""
        prediction = self._predict(net, card, self._rows)
        return prediction, measures(self._schema, self._target, prediction)

    def _predict(self, net: nn.Module, card: Card, rows: npt.NDArray[np.int64]) -> Floats:
        begun = time.perf_counter()
        parts = [
            predict_net(net, card, self._arrays.take(rows[start : start + _CHUNK]), self._schema.task, self._device)
            for start in range(0, len(rows), _CHUNK)
        ]
        took = (time.perf_counter() - begun) / max(1, len(rows))
        self._seconds_per_item = max(took, 0.5 * (took + self._seconds_per_item))
        return np.concatenate(parts)


class Best:
    """The best weights so far, by the metric and, where that is the same, by the loss; in memory first, on disk soon.

    Args:
        folder: Of the fold.
        board: Takes the predictions that belong to the weights.
        fold: None keeps the latest weights, as there is nothing to judge them by.
        marks: Remembers the figures of the best.
        sign: 1 where more of the metric is better, else -1.
    """

    def __init__(self, folder: Path, board: Board, fold: int | None, marks: Marks, sign: float) -> None:
        self._folder = folder
        self._board = board
        self._fold = fold
        self._marks = marks
        self._sign = sign
        self._waiting: tuple[dict[str, Tensor], Floats | None] | None = None
        self._written = 0.0

    def offer(self, net: nn.Module, value: float, loss: float, prediction: Floats) -> None:
        """Keep the weights if their figures are better than the best so far."""
        figures = (self._sign * value if isfinite(value) else -1e300, -loss if isfinite(loss) else -1e300)
        if self._marks.best is None or figures > self._marks.best:
            self._marks.best = figures
            self._marks.best_progress = self._marks.progress
            self._waiting = (weights_of(net), prediction)

    def take(self, net: nn.Module) -> None:
        """Keep the weights whatever they are worth."""
        self._waiting = (weights_of(net), None)

    def write(self, card: Card, *, now: bool) -> None:
        """Bring what waits to the disk, if the last time is long enough ago or it must be now."""
        clock = time.perf_counter()
        if self._waiting is None or (self._written and not now and clock - self._written < _WRITE):
            return
        weights, prediction = self._waiting
        save_weights(self._folder, weights, card)
        if prediction is not None and self._fold is not None:
            self._board.keep(self._fold, prediction)
        self._waiting = None
        self._written = clock
