"""A random forest that foretells a child's loss from its answers; each tree is boxes that fill the space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from byeori._util.lazy import lazy
from byeori.explain.columns import Column, FloatArray
from byeori.explain.history import Table

if TYPE_CHECKING:
    from sklearn import ensemble
else:
    ensemble = lazy("sklearn.ensemble")

TREES = 64
_DEPTH = 64
_MOST = 2000
"""Trials a forest is grown from; of more an even selection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """The leaves of one tree; together they fill the unit cube once.

    Args:
        value: (leaves,), the loss foretold there.
        low: (leaves, columns), lower corners, 0 to 1 of each column's range.
        high: (leaves, columns), upper corners.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """A forest over the columns of a table.

    Args:
        trees: A tree's leaves each.
        fit: Share of the differences between trials' losses that trees foretell which have not seen the trial (out of
            bag R²); at most 1, below 0 where the mean foretells better.
        model: The fitted forest of scikit-learn.
    """

    trees: tuple[Boxes, ...]
    fit: float
    model: Any

    def predict(self, rows: FloatArray) -> FloatArray:
        """Return the loss foretold for each row.

        Args:
            rows: (rows, columns), as `Table.row` gives them.
        """
        rows32 = np.ascontiguousarray(rows, dtype=np.float32)
        found = np.mean([tree.tree_.predict(rows32)[:, 0] for tree in self.model.estimators_], axis=0)
        return np.asarray(found, dtype=np.float64)


def grow(table: Table, *, trees: int = TREES, seed: int = 0) -> Forest:
    """Grow a forest.

    Losses far out (beyond three interquartile ranges from the upper quartile, Tukey's outer fence) count as if they
    lay at the fence: one net that diverged would else be all there is to foretell.

    Args:
        table: At least two trials and one column.
        trees: How many.
        seed: Of the samples they are grown from.

    Raises:
        ValueError: The table is smaller.
    """
    if len(table) < 2 or not table.columns:
        raise ValueError(f"A forest needs two trials and a question; got {len(table)} and {len(table.columns)}.")
    rows = np.unique(np.linspace(0, len(table) - 1, min(len(table), _MOST)).round().astype(np.int64))
    return fitted(table.columns, table.values[rows], _fenced(table.losses[rows]), trees=trees, seed=seed)


def fitted(
    columns: Sequence[Column], values: FloatArray, losses: FloatArray, *, trees: int = TREES, seed: int = 0
) -> Forest:
    """Fit a forest to rows as they are; the same trees as Optuna's and fanova's for the same seed.

    Args:
        columns: What the numbers mean.
        values: (rows, columns).
        losses: (rows,).
        trees: How many.
        seed: Of the samples they are grown from.
    """
    model = ensemble.RandomForestRegressor(n_estimators=trees, max_depth=_DEPTH, random_state=seed)
    model.fit(values, losses)
    boxes = tuple(_boxes(tree.tree_, columns) for tree in model.estimators_)
    return Forest(trees=boxes, fit=_out_of_bag(model, values, losses), model=model)


def _fenced(losses: FloatArray) -> FloatArray:
    first, third = np.quantile(losses, [0.25, 0.75])
    return np.minimum(losses, third + 3.0 * (third - first)) if third > first else losses


def _boxes(tree: Any, columns: Sequence[Column]) -> Boxes:
    """Return a tree's leaves as boxes, followed down from the root a level at a time."""
    start, span = _ranges(columns)
    listed = np.array([column.listed for column in columns])
    low = np.zeros((tree.node_count, len(columns)))
    high = np.ones((tree.node_count, len(columns)))
    nodes = np.array([0])
    while (nodes := nodes[tree.feature[nodes] >= 0]).size:
        split, left, right = tree.feature[nodes], tree.children_left[nodes], tree.children_right[nodes]
        # Between two options of a list lies nothing: the border is half-way, wherever scikit-learn has put it.
        at = np.where(listed[split], np.floor(tree.threshold[nodes]) + 0.5, tree.threshold[nodes])
        cut = np.clip((at - start[split]) / span[split], low[nodes, split], high[nodes, split])
        low[left] = low[right] = low[nodes]
        high[left] = high[right] = high[nodes]
        high[left, split] = low[right, split] = cut
        nodes = np.concatenate([left, right])
    leaves = np.flatnonzero(tree.feature < 0)
    return Boxes(value=tree.value[leaves, 0, 0], low=low[leaves], high=high[leaves])


def _ranges(columns: Sequence[Column]) -> tuple[FloatArray, FloatArray]:
    """Return where each column's range begins and how wide it is; an option of a list is one wide."""
    margin = np.array([0.5 if column.listed else 0.0 for column in columns])
    low = np.array([column.low for column in columns]) - margin
    high = np.array([column.high for column in columns]) + margin
    return low, np.where(high > low, high - low, 1.0)


def _out_of_bag(model: Any, values: FloatArray, losses: FloatArray) -> float:
    rows32 = np.ascontiguousarray(values, dtype=np.float32)
    total, count = np.zeros(len(losses)), np.zeros(len(losses))
    for tree, seen in zip(model.estimators_, model.estimators_samples_, strict=True):
        unseen = np.ones(len(losses), dtype=np.bool_)
        unseen[seen] = False
        total[unseen] += tree.tree_.predict(rows32[unseen])[:, 0]
        count += unseen
    judged = count > 0
    truth = losses[judged]
    spread: npt.NDArray[np.float64] = (truth - truth.mean()) ** 2 if len(truth) else truth
    if not spread.sum() > 0:
        return 0.0
    return float(1.0 - ((truth - total[judged] / count[judged]) ** 2).sum() / spread.sum())
