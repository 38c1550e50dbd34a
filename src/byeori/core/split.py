"""Which rows are tested, validated, trained on: one array of fold numbers, as `core/data.py` reads it.

-1 is the test split, looked at once, at the end. The rest is either split once (fold 0 is validated, fold 1 trained on)
or, where rows are few, cross-validated in 3 folds or more: each is validated by a model trained on the others. What
belongs together stays together, what comes later in time is never learnt from, and rare classes stay learnable.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from byeori.core.data import TEST, UNUSED
from byeori.core.errors import DataError, OptionError
from byeori.core.groups import mend, merge, place
from byeori.core.schema import CLASSIFICATION, TASKS
from byeori.core.scorers import Floats, Labels, Numbers

Folds = npt.NDArray[np.int16]

ONE_SPLIT = 2
"""The number of folds that means one split."""
VALID_SHARE = 0.2
"""Share of the rows outside the test split that one split validates on."""
_SMALL = {"tables": (5_000, 5), "images": (300, 3)}
"""Modality → below how many rows it is cross-validated, and in how many folds."""
_BINS = 10
"""Quantile bins by which values are stratified; fewer where a bin would have less than 20 rows."""
_CARRY = 2.0
"""Rows that a part may owe to the classes before: keeps sizes true and classes nearly so."""


def plan_folds(rows: int, task: str, modality: str, *, ordered: bool = False) -> int:
    """Return in how many folds to validate; 2 means one split.

    Tables are cross-validated in 5 folds below 5,000 rows, where one split of 20 % would rank children by luck and a
    fit takes seconds. Images are, in 3 folds, below 300 rows only, for each fold costs a whole training.

    Args:
        rows: Outside the test split.
        task: `classification` or `regression`; both are planned alike.
        modality: Name of the modality; one without an entry is split once.
        ordered: Rows are ordered by time: always one split, the latest rows validated.

    Raises:
        OptionError: There is no such task.

    Example:
        >>> plan_folds(800, "classification", "tables"), plan_folds(800, "classification", "images")
        (5, 2)
    """
    if task not in TASKS:
        raise OptionError(f"Unknown task {task!r}: give one of {', '.join(TASKS)}.")
    limit, folds = _SMALL.get(modality, (0, ONE_SPLIT))
    return folds if rows < limit and not ordered else ONE_SPLIT


def split_rows(
    target: Numbers,
    *,
    task: str,
    test_fraction: float,
    folds_wanted: int | None = None,
    group: Numbers | None = None,
    time: Numbers | None = None,
    fixed_test: npt.NDArray[np.bool_] | None = None,
    duplicates: Numbers | None = None,
    seed: int,
) -> Folds:
    """Return the fold of every row.

    Stratified: every class (for values: every quantile bin) has its share in each part to within a row or two. A class
    of two rows or more keeps one in every training, so far as groups and time allow; one of a single row is trained on
    where there is one split.

    Args:
        target: (N,) label indices or values.
        task: `classification` or `regression`.
        test_fraction: Share of the rows for the test split, 0 to 0.5; not looked at where `fixed_test` is given.
        folds_wanted: 2 (or None) for one split, more for cross-validation (see `plan_folds`); fewer are made where
            there are not so many rows or groups.
        group: (N,) ids; rows that share one are never on both sides of a split; rows with none (NaN, None) share that.
        time: (N,) numbers, dates or ISO strings; the latest rows become the test split, the latest of the rest fold 0,
            equal times on one side. One split, whatever was wanted; a group stands where its latest row does.
        fixed_test: (N,) True for the rows that are the test split, and no others are. Rows outside it that share a
            group or a duplicate with one of them are left unused (-2).
        duplicates: (N,) ids; as `group`, and both may be given: chains of either are followed.
        seed: Equal seeds give equal folds.

    Returns:
        (N,) fold numbers: -1 test, 0 … k-1 folds, -2 unused.

    Raises:
        DataError: There are fewer than two rows, groups or times to divide.

    Example:
        >>> split_rows(np.array([0, 1] * 10), task="classification", test_fraction=0.2, seed=0).tolist().count(-1)
        4
    """
    target = np.asarray(target)
    unit = merge(len(target), [np.asarray(ids) for ids in (group, duplicates) if ids is not None])
    fixed = np.zeros(len(target), dtype=np.bool_) if fixed_test is None else np.asarray(fixed_test, dtype=np.bool_)
    fold: Folds = np.where(fixed, TEST, UNUSED).astype(np.int16)
    rows = np.arange(len(target)) if fixed_test is None else np.flatnonzero(~np.isin(unit, unit[fixed]))
    units = _divisible(unit[rows], test_fraction)
    share = test_fraction if fixed_test is None and units > 2 else 0.0
    if time is not None:
        fold[rows] = _by_time(np.asarray(time)[rows], unit[rows], share)
        return fold
    folds = min(folds_wanted or ONE_SPLIT, units - (share > 0.0))
    fold[rows] = _by_kind(target[rows], unit[rows], _shares(share, max(folds, ONE_SPLIT)), task, seed)
    return fold


def stratified_sample(target: Numbers, n: int, task: str, seed: int) -> Labels:
    """Return `n` rows drawn in the proportions of the classes, in ascending order; all where there are not more.

    Use it to keep a promise of time. Every class keeps a row at least, where `n` allows one each.

    Args:
        target: (N,) label indices or values.
        n: Rows wanted.
        task: `classification` or `regression`.
        seed: Equal seeds give equal samples.

    Example:
        >>> y = np.array([0] * 90 + [1] * 10)
        >>> np.bincount(y[stratified_sample(y, 20, "classification", 0)]).tolist()
        [18, 2]
    """
    if n >= len(target):
        return np.arange(len(target))
    kind = _kinds(np.asarray(target), task)
    counts = np.bincount(kind)
    taken = _in_proportion(counts, n)
    order = _shuffled_by(kind, np.random.default_rng(seed))
    within = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows: Labels = np.sort(order[within < np.repeat(taken, counts)])
    return rows


def _divisible(unit: Labels, test_fraction: float) -> int:
    """Return how many units there are to divide, or raise."""
    if not 0.0 <= test_fraction <= 0.5:
        raise OptionError(f"A test fraction of {test_fraction} is out of range: give one from 0 to 0.5.")
    units = int(np.count_nonzero(np.bincount(unit)))
    if units < 2:
        raise DataError(
            f"{len(unit)} rows in {units} groups, duplicates taken together, cannot be divided into training and "
            "validation: give more rows, or a group column with more values."
        )
    return units


def _in_proportion(counts: Labels, n: int) -> Labels:
    """Divide `n` among classes in proportion to their rows, one each at least where that is possible."""
    lone = np.zeros(len(counts), dtype=np.bool_)
    exact = n * counts / counts.sum()
    while n >= len(counts) and (below := (exact < 1.0) & ~lone).any():
        lone |= below
        exact = np.where(lone, 1.0, (n - lone.sum()) * counts / max(counts[~lone].sum(), 1))
    taken: Labels = np.floor(exact + 1e-9).astype(np.int64)
    taken[np.argsort(taken - exact, kind="stable")[: n - int(taken.sum())]] += 1
    return taken


def _shares(test_fraction: float, folds: int) -> Floats:
    """Return the shares of the parts: the test split, then the folds."""
    parts = [VALID_SHARE, 1.0 - VALID_SHARE] if folds == ONE_SPLIT else [1.0 / folds] * folds
    return np.array([test_fraction, *(share * (1.0 - test_fraction) for share in parts)])


def _by_kind(target: Numbers, unit: Labels, shares: Floats, task: str, seed: int) -> Folds:
    """Return folds stratified by class: first what belongs together, then single rows, to even out what is left."""
    generator = np.random.default_rng(seed)
    kind = _kinds(target, task)
    classes = task == CLASSIFICATION
    together = np.bincount(unit)[unit] > 1
    part: Folds = np.zeros(len(kind), dtype=np.int16)
    if together.any():
        part[together] = place(unit[together], kind[together], shares, generator)
    amounts = _amounts(kind, part, ~together, shares, classes)
    order = np.flatnonzero(~together)
    order = order[_shuffled_by(kind[order], generator)]
    part[order] = np.repeat(np.tile(np.arange(len(shares)), len(amounts)), amounts.ravel())
    filled = _fill(part, unit, shares)
    if classes and (filled or together.any()):
        mend(part, unit, kind, holdout=len(shares) == 1 + ONE_SPLIT)
    return (part - 1).astype(np.int16)


def _amounts(kind: Labels, part: Folds, alone: npt.NDArray[np.bool_], shares: Floats, classes: bool) -> Labels:
    """Return how many single rows of each class go to each part, (K, P): rounding is carried from class to class."""
    width, size = len(shares), int(kind.max()) + 1
    have = np.bincount(kind[~alone] * width + part[~alone], minlength=size * width).reshape(size, width)
    free = np.bincount(kind[alone], minlength=size)
    total = have.sum(axis=1) + free
    need = np.maximum(total[:, None] * shares - have, 0.0)
    need *= (free / np.maximum(need.sum(axis=1), 1e-300))[:, None]
    amounts = np.zeros((size, width), dtype=np.int64)
    carry = np.zeros(width)
    for one in np.argsort(total, kind="stable"):
        # A part without a share (no test split) is never given a row, however far the others are over theirs.
        exact = np.where(shares > 0.0, need[one] + carry, -np.inf)
        given = _whole(exact, int(free[one]))
        if classes:
            _keep(given, have[one], exact)
        amounts[one] = given
        carry = np.clip(exact - given, -_CARRY, _CARRY)
    return amounts


def _whole(exact: Floats, total: int) -> Labels:
    """Round to whole numbers, none negative, of the given sum: largest remainders."""
    given = np.floor(np.maximum(exact, 0.0)).astype(np.int64)
    while (missing := total - int(given.sum())) != 0:
        if missing > 0:
            given[np.argmax(exact - given)] += 1
        else:
            given[np.argmin(np.where(given > 0, exact - given, np.inf))] -= 1
    return given


def _keep(given: Labels, have: Labels, exact: Floats) -> None:
    """Move rows of one class, in place, so that it can be learnt in every training, and be measured."""
    if len(given) == 1 + ONE_SPLIT:
        total = given + have
        if total[-1] == 0 and given.any():
            _move(given, int(np.argmax(given)), len(given) - 1)
        elif total[-1] == total.sum() >= 2 and given[-1]:
            _move(given, len(given) - 1, int(np.argmax(exact[:-1])))
        return
    # In a cross-validation two rows outside the test split, in different folds, are the least.
    while given[0] and (given + have)[1:].sum() < 2:
        _move(given, 0, 1 + int(np.argmin((given + have)[1:])))
    total = (given + have)[1:]
    if total.sum() >= 2 and total.max() == total.sum() and given[1 + (full := int(np.argmax(total)))]:
        _move(given, 1 + full, 1 + int(np.argmin(total)))


def _move(given: Labels, source: int, to: int) -> None:
    given[source] -= 1
    given[to] += 1


def _fill(part: Folds, unit: Labels, shares: Floats) -> bool:
    """Give every part with a share a unit at least, in place, the test split last: the smallest of the fullest part.

    Returns:
        Whether a unit was moved.
    """
    moved = False
    for empty in (*range(1, len(shares)), 0):
        if shares[empty] == 0.0 or (part == empty).any():
            continue
        units, first, sizes = np.unique(unit, return_index=True, return_counts=True)
        held = np.bincount(part[first], minlength=len(shares))
        giver = int(np.argmax(held))
        if held[giver] >= 2:
            mine = part[first] == giver
            part[unit == units[mine][np.argmin(sizes[mine])]] = empty
            moved = True
    return moved


def _by_time(time: Numbers, unit: Labels, test_fraction: float) -> Folds:
    """Return one split by time; a unit stands where its latest row does, a missing time is the earliest."""
    missing = time != time
    rank = np.unique(time, return_inverse=True)[1].reshape(-1) + 1
    rank[missing] = 0
    latest = np.zeros(int(unit.max()) + 1, dtype=np.int64)
    np.maximum.at(latest, unit, rank)
    when = np.unique(latest[unit], return_inverse=True)[1].reshape(-1)
    counts = np.bincount(when)
    if len(counts) < 2:
        raise DataError("All rows have the same time, so none is the latest: leave the time column out.")
    before = np.cumsum(counts) - counts
    test_from = len(counts)
    if test_fraction > 0 and len(counts) > 2:
        test_from = 2 + int(np.argmin(np.abs(before[2:] - len(time) * (1.0 - test_fraction))))
    rest = int(counts[:test_from].sum())
    valid_from = 1 + int(np.argmin(np.abs(before[1:test_from] - rest * (1.0 - VALID_SHARE))))
    return np.where(when >= test_from, TEST, np.where(when >= valid_from, 0, 1)).astype(np.int16)


def _kinds(target: Numbers, task: str) -> Labels:
    """Return the class of every row, 0 … K-1, or the quantile bin of its value."""
    if task == CLASSIFICATION:
        return np.unique(target, return_inverse=True)[1].reshape(-1).astype(np.int64)
    bins = min(_BINS, max(1, len(target) // 20))
    rank = np.empty(len(target), dtype=np.int64)
    rank[np.argsort(target, kind="stable")] = np.arange(len(target))
    return rank * bins // max(len(target), 1)


def _shuffled_by(kind: Labels, generator: np.random.Generator) -> Labels:
    """Return the rows sorted by class, in random order within one."""
    mixed = generator.permutation(len(kind))
    return mixed[np.argsort(kind[mixed], kind="stable")]
