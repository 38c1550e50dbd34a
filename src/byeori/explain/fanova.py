"""fANOVA: which share of the forest's variance over the whole space each question explains by itself, and each pair
beyond its two questions.

Leaves are boxes, so a marginal is a sum over them, exact and without sampling: the prediction with some questions held
and the others integrated over their ranges, evenly in the scale in which they are drawn.

Source: Hutter, Hoos, Leyton-Brown 2014 (https://proceedings.mlr.press/v32/hutter14.html).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from byeori.explain.columns import FloatArray
from byeori.explain.forest import Boxes, Forest


def fanova(forest: Forest) -> FloatArray:
    """Return each question's share of the variance by itself, 0 to 1, the mean over the trees.

    Args:
        forest: Over the columns of a table.

    Returns:
        (columns,). With the interactions of all orders they come to 1.
    """
    return _mean([_mains(tree) for tree in forest.trees], forest)


def interaction(forest: Forest, first: int, second: int) -> float:
    """Return the share of the variance that two questions explain together and neither does by itself.

    Args:
        forest: Over the columns of a table.
        first: Number of a column.
        second: Number of another.
    """
    return float(_mean([np.array([_joint(tree, first, second)]) for tree in forest.trees], forest)[0])


def _mean(found: list[FloatArray], forest: Forest) -> FloatArray:
    """Return the mean share over the trees that tell anything apart."""
    totals = [_total(tree) for tree in forest.trees]
    shares = [one / total for one, total in zip(found, totals, strict=True) if total > 0]
    return np.mean(shares, axis=0) if shares else np.zeros_like(found[0])


def _total(tree: Boxes) -> float:
    volume = np.prod(tree.high - tree.low, axis=1)
    return float(volume @ (tree.value - volume @ tree.value) ** 2)


def _mains(tree: Boxes) -> FloatArray:
    return np.array([_main(tree, _weighted(tree), j) for j in range(tree.low.shape[1])])


def _weighted(tree: Boxes) -> FloatArray:
    """Return volume times prediction of each leaf; predictions from their mean on, which rounds off less."""
    volume = np.prod(tree.high - tree.low, axis=1)
    return np.asarray(volume * (tree.value - volume @ tree.value), dtype=np.float64)


def _main(tree: Boxes, weighted: FloatArray, j: int) -> float:
    """Return the variance of one marginal: what each leaf adds from its lower border to its upper one."""
    edges, start, end, width = _grid(tree, j)
    added = _over(weighted, width)
    steps = np.bincount(start, added, len(edges)) - np.bincount(end, added, len(edges))
    return _variance(np.cumsum(steps)[:-1], np.diff(edges))


def _joint(tree: Boxes, j: int, k: int) -> float:
    """Return the variance of the marginal of two questions beyond those of each."""
    weighted = _weighted(tree)
    rows, top, bottom, height = _grid(tree, j)
    columns, left, right, width = _grid(tree, k)
    added = _over(_over(weighted, height), width)
    shape = (len(rows), len(columns))
    steps = np.zeros(shape[0] * shape[1])
    for i, side, sign in ((top, left, 1), (bottom, left, -1), (top, right, -1), (bottom, right, 1)):
        steps += np.bincount(i * shape[1] + side, sign * added, len(steps))
    marginal = np.cumsum(np.cumsum(steps.reshape(shape), axis=0), axis=1)[:-1, :-1]
    both = _variance(marginal, np.outer(np.diff(rows), np.diff(columns)))
    return max(0.0, both - _main(tree, weighted, j) - _main(tree, weighted, k))


def _grid(tree: Boxes, j: int) -> tuple[FloatArray, npt.NDArray[np.intp], npt.NDArray[np.intp], FloatArray]:
    """Return all borders along a question, and where each leaf begins and ends among them, and how wide it is."""
    low, high = tree.low[:, j], tree.high[:, j]
    edges = np.unique(np.concatenate([low, high]))
    return edges, np.searchsorted(edges, low), np.searchsorted(edges, high), high - low


def _over(weighted: FloatArray, width: FloatArray) -> FloatArray:
    """Divide by a width; a leaf without one has no volume and adds nothing."""
    return np.divide(weighted, width, out=np.zeros_like(weighted), where=width > 0)


def _variance(values: FloatArray, weights: FloatArray) -> float:
    mean = (weights * values).sum()
    return float((weights * (values - mean) ** 2).sum())
