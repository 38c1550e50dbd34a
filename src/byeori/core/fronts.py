"""What several objectives at once make of trials: who is dominated by nobody, in which front each one stands, how
crowded it is there.

Every function takes losses, shape (N, M): a row a trial, a column an objective, less is better. A row with a number
that is not finite is a failure: dominated by all that is finite, and in no front.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def pareto_front(losses: npt.ArrayLike) -> Ints:
    """Return the rows that no other row dominates: none is at least as good everywhere and better somewhere.

    Equal rows do not dominate each other, so all of them are in it. Two objectives cost a sort, more of them a pass
    over the rows for each distinct member of the front.

    Args:
        losses: (N, M), less is better.

    Returns:
        Row numbers, ascending.

    Example:
        >>> pareto_front([[1.0, 5.0], [2.0, 2.0], [2.0, 3.0], [5.0, 1.0]]).tolist()
        [0, 1, 3]
    """
    rows, finite = _rows(losses)
    distinct, where = _distinct(rows)
    return np.sort(finite[_undominated(distinct)[where]])


def ranks(losses: npt.ArrayLike) -> Ints:
    """Return the front of each row: 0 is dominated by nobody, 1 only by those of 0, and so on; failures come after all.

    Args:
        losses: (N, M), less is better.

    Returns:
        (N,) numbers of fronts, without gaps.

    Example:
        >>> ranks([[1.0, 5.0], [2.0, 2.0], [2.0, 3.0], [float("nan"), 1.0]]).tolist()
        [0, 0, 1, 2]

    Source: Deb et al. 2002, NSGA-II, https://doi.org/10.1109/4235.996017
    """
    rows, finite = _rows(losses)
    distinct, where = _distinct(rows)
    of_distinct = _swept(distinct) if rows.shape[1] == 2 else _peeled(distinct)
    fronts = int(of_distinct.max()) + 1 if len(distinct) else 0
    found = np.full(len(np.asarray(losses)), fronts, dtype=np.int64)
    found[finite] = of_distinct[where]
    return found


def crowding(losses: npt.ArrayLike, fronts: npt.ArrayLike | None = None) -> Floats:
    """Return how much room each row has among those of its front: the larger, the more it adds.

    It is the perimeter half of the box to the next neighbours, in shares of the front's extent; the ends of a front
    have all the room there is. Of equal rows the first has it, the others have none.

    Args:
        losses: (N, M), less is better.
        fronts: (N,) from `ranks`; None: the rows are one front.

    Returns:
        (N,) from 0 to infinity; 0 for failures.

    Example:
        >>> crowding([[0.0, 4.0], [1.0, 1.0], [1.0, 1.0], [4.0, 0.0]]).tolist()
        [inf, 2.0, 0.0, inf]
    """
    rows, finite = _rows(losses)
    found = np.zeros(len(np.asarray(losses)))
    of = np.zeros(len(rows), dtype=np.int64) if fronts is None else np.asarray(fronts, dtype=np.int64)[finite]
    order = np.lexsort((*rows.T[::-1], of))
    copies = (of[order[1:]] == of[order[:-1]]) & (rows[order[1:]] == rows[order[:-1]]).all(axis=1)
    alone = order[np.append(True, ~copies)] if len(order) else order
    found[finite[alone]] = _room(rows[alone], of[alone])
    return found


def _rows(losses: npt.ArrayLike) -> tuple[Floats, Ints]:
    """Return the finite rows and where they stand."""
    given = np.asarray(losses, dtype=np.float64)
    if given.size == 0:
        given = given.reshape(0, max(given.shape[-1], 1) if given.ndim == 2 else 1)
    if given.ndim != 2:
        raise ValueError(f"Losses have a row a trial and a column an objective; got the shape {given.shape}.")
    finite = np.flatnonzero(np.isfinite(given).all(axis=1))
    return given[finite], finite


def _distinct(rows: Floats) -> tuple[Floats, Ints]:
    """Return the distinct rows, sorted by the first column, then the second, …, and which of them each row is."""
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    where = np.empty(len(rows), dtype=np.int64)
    where[order] = np.cumsum(new) - 1
    return ordered[new], where


def _undominated(distinct: Floats) -> npt.NDArray[np.bool_]:
    """Mark the front of distinct rows sorted as `_distinct` sorts them."""
    front = np.zeros(len(distinct), dtype=bool)
    if distinct.shape[1] == 2 and len(distinct):
        front[0] = True
        front[1:] = distinct[1:, 1] < np.minimum.accumulate(distinct[:-1, 1])
        return front
    left = np.arange(len(distinct))
    while len(left):  # a row can only be dominated by one before it, so the first that is left never is
        front[left[0]] = True
        rest = left[1:]
        left = rest[(distinct[rest] < distinct[left[0]]).any(axis=1)]
    return front


def _swept(distinct: Floats) -> Ints:
    """Rank rows of two objectives in one sweep: each front is known by the least second loss it has so far."""
    found = np.empty(len(distinct), dtype=np.int64)
    least: list[float] = []
    for i, second in enumerate(distinct[:, 1].tolist()):
        front = bisect_right(least, second)
        found[i] = front
        least[front : front + 1] = [second]
    return found


def _peeled(distinct: Floats) -> Ints:
    """Rank rows by taking away front after front."""
    found = np.empty(len(distinct), dtype=np.int64)
    left = np.arange(len(distinct))
    front = 0
    while len(left):
        of_front = _undominated(distinct[left])
        found[left[of_front]] = front
        left = left[~of_front]
        front += 1
    return found


def _room(rows: Floats, of: Ints) -> Floats:
    """Return the room of distinct rows, sorted by front: every front is a stretch, and all are measured at once."""
    found = np.zeros(len(rows))
    starts = np.flatnonzero(np.append(True, of[1:] != of[:-1])[: len(of)])
    sizes = np.diff(np.append(starts, len(of)))
    ends = starts + sizes - 1
    inner = np.setdiff1d(np.arange(len(of)), np.append(starts, ends))
    for column in rows.T / 2:  # halved, so that no difference is beyond the largest float
        order = np.lexsort((column, of))
        ordered = column[order]
        extent = ordered[ends] - ordered[starts]
        wide = extent > 0.0
        share = np.repeat(np.where(wide, extent, np.inf), sizes)
        found[order[inner]] += (ordered[inner + 1] - ordered[inner - 1]) / share[inner]
        found[order[np.append(starts[wide], ends[wide])]] = np.inf
    found[np.repeat(sizes < 3, sizes)] = np.inf
    return found
