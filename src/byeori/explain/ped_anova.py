"""PED-ANOVA: a question matters as far as the answers of the best tenth are spread otherwise than those of all.

Density against density, so nothing is fitted to the losses, only their order counts, and it takes milliseconds. The
importance is local: within the answers the search gave, not over what it never tried.

Sources: Watanabe, Bansal, Hutter 2023, PED-ANOVA (https://arxiv.org/abs/2304.10255); for questions that are asked only
in some branches, Kaito et al. 2026 (https://arxiv.org/abs/2601.20800). Grid, kernels and bandwidth (Scott's rule) are
those of Optuna's `PedAnovaImportanceEvaluator`, with which the tests compare it.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from byeori._util.lazy import lazy
from byeori.explain.columns import Column, FloatArray
from byeori.explain.history import Table

if TYPE_CHECKING:
    from scipy import special
else:
    special = lazy("scipy.special")

Cells = npt.NDArray[np.int64]

_TINY = 1e-12
_NARROWEST = 0.5 / 1.64
"""Cells: nine tenths of a kernel lie within its own."""


def ped_anova(table: Table, top: float = 0.1) -> FloatArray:
    """Return the importance of each question for being among the best, 0 or more; only their ratios mean something.

    Args:
        table: The history of a search.
        top: Share of the trials that count as the best; with those as good as the last of them.

    Returns:
        (columns,), in the order of `table.columns`.

    Raises:
        ValueError: `top` is no share.
    """
    if not 0.0 < top < 1.0:
        raise ValueError(f"The best are a share of all between 0 and 1; got {top}.")
    found = np.zeros(len(table.columns))
    if len(table) < 2:
        return found
    last = ceil(top * len(table)) - 1
    best = table.losses <= np.partition(table.losses, last)[last]
    for j, column in enumerate(table.columns):
        asked = table.asked[:, j]
        chosen = best & asked
        if asked.sum() < 2 or not chosen.any():
            continue
        cells = _cells(column, table.values[:, j])
        divergence = _pearson(column, cells[chosen], cells[asked])
        found[j] = (chosen.sum() / best.sum()) ** 2 / asked.mean() * divergence
    return found * float(best.mean()) ** 2


def _cells(column: Column, values: FloatArray) -> Cells:
    """Return the cell each value lies in; a tie goes to the lower one."""
    if column.listed:
        return values.astype(np.int64)
    step = (column.high - column.low) / (column.cells - 1)
    return np.clip(np.ceil((values - column.low) / step - 0.5), 0, column.cells - 1).astype(np.int64)


def _pearson(column: Column, best: Cells, every: Cells) -> float:
    """Return the Pearson divergence of the density of the best from that of all."""
    density = _listed_density if column.listed else _density
    above, below = (density(np.bincount(cells, minlength=column.cells)) + _TINY for cells in (best, every))
    return float(below @ (above / below - 1.0) ** 2)


def _density(counts: Cells) -> FloatArray:
    """Return the density over the cells of an ordered column: a truncated normal at each cell that was met, as heavy as
    the trials in it, and a flat one as heavy as one trial."""
    last = len(counts) - 1
    met = np.flatnonzero(counts)
    weights = counts[met]
    width = max(_scott(met, weights), _NARROWEST)
    centres = np.append(met, last / 2.0)
    widths = np.append(np.full(len(met), width), last + 1.0)
    edges = (np.arange(len(counts) + 1)[:, None] - 0.5 - centres) / widths
    below = special.ndtr(edges)
    mass = np.diff(below, axis=0) / (below[-1] - below[0])
    heavy = np.append(weights, 1.0)
    return np.asarray(mass @ (heavy / heavy.sum()), dtype=np.float64)


def _scott(met: Cells, weights: Cells) -> float:
    """Return Scott's bandwidth, of the smaller of spread and quartile distance."""
    cumulated = np.cumsum(weights)
    total = int(cumulated[-1])
    mean = met @ weights / total
    spread = float(np.sqrt((met - mean) ** 2 @ weights / max(1, total - 1)))
    first = np.searchsorted(cumulated, total // 4, side="left")
    third = min(len(met) - 1, int(np.searchsorted(cumulated, total * 3 // 4, side="right")))
    distance = float(met[third] - met[first])
    return float(1.059 * min(distance / 1.34, spread) * total**-0.2)


def _listed_density(counts: Cells) -> FloatArray:
    """Return the density over options without an order: a kernel at each option that was met, and a flat one."""
    met = np.flatnonzero(counts)
    kernels = len(met) + 1
    shared = 1.0 / (len(counts) + kernels)
    heavy = counts / (counts.sum() + 1.0)
    flat = (1.0 - heavy.sum()) / len(counts)
    density: FloatArray = heavy.sum() * shared + heavy * kernels * shared + flat
    return density
