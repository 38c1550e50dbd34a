from __future__ import annotations

import numpy as np
import pytest

from byeori.core.errors import DataError, OptionError
from byeori.core.groups import merge
from byeori.core.split import plan_folds, split_rows, stratified_sample


def _split(target, **given):
    return split_rows(np.asarray(target), **{"task": "classification", "test_fraction": 0.2, "seed": 0, **given})


def _shares(fold):
    return {int(f): float(np.mean(fold == f)) for f in np.unique(fold)}


def _learnable(fold, target, folds):
    """Classes of two rows or more are in every training."""
    for held in (0,) if folds == 2 else range(folds):
        trained = (fold >= 0) & (fold != held)
        for one in np.unique(target):
            if (target == one).sum() >= 2 and not (trained & (target == one)).any():
                return False
    return True


def _apart(fold, ids):
    return all(len(np.unique(fold[ids == one])) == 1 for one in np.unique(ids))


@pytest.mark.parametrize("folds", [2, 3, 5])
@pytest.mark.parametrize("seed", range(5))
def test_sizes_and_strata(folds, seed):
    rng = np.random.default_rng(seed)
    target = np.minimum(rng.geometric(0.3, size=997), 12)
    fold = _split(target, folds_wanted=folds, seed=seed)
    shares = {-1: 0.2, 0: 0.16, 1: 0.64} if folds == 2 else {-1: 0.2, **dict.fromkeys(range(folds), 0.8 / folds)}
    assert fold.dtype == np.int16
    assert set(np.unique(fold)) == set(shares)
    for part, share in shares.items():
        assert abs((fold == part).sum() - share * 997) <= 2
        for one in np.unique(target):
            assert abs(((fold == part) & (target == one)).sum() - share * (target == one).sum()) <= 2.5
    assert _learnable(fold, target, folds)


@pytest.mark.parametrize("folds", [2, 3, 5])
@pytest.mark.parametrize("seed", range(10))
def test_rare_classes_can_be_learnt(folds, seed):
    rng = np.random.default_rng(seed)
    target = np.repeat(np.arange(60), rng.integers(1, 5, size=60))
    rng.shuffle(target)
    fold = _split(target, folds_wanted=folds, seed=seed)
    assert _learnable(fold, target, folds)
    assert all((fold == part).any() for part in range(-1, folds))
    if folds == 2:
        for one in np.flatnonzero(np.bincount(target) == 2):
            assert sorted(fold[target == one] == 1) == [False, True]
        assert (fold[np.isin(target, np.flatnonzero(np.bincount(target) == 1))] == 1).all()


def test_same_seed_same_folds():
    target = np.arange(300) % 7
    assert np.array_equal(_split(target, seed=3), _split(target, seed=3))
    assert not np.array_equal(_split(target, seed=3), _split(target, seed=4))


def test_values_are_stratified():
    rng = np.random.default_rng(0)
    target = rng.lognormal(size=1000)
    spread = []
    for seed in range(20):
        fold = _split(target, task="regression", seed=seed)
        assert abs((fold == -1).sum() - 200) <= 1
        spread.append(np.median(target[fold == -1]))
    chance = [np.median(rng.permutation(target)[:200]) for _ in range(200)]
    assert np.std(spread) < 0.5 * np.std(chance)


@pytest.mark.parametrize("folds", [2, 5])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_groups_and_duplicates_never_straddle(folds, seed, task):
    rng = np.random.default_rng(seed)
    rows = 600
    target = np.minimum(rng.geometric(0.4, size=rows), 6) if task == "classification" else rng.normal(size=rows)
    group = np.array([f"g{i}" for i in rng.integers(80, size=rows)])
    # A few chains from group to group; most rows have no duplicate.
    duplicates = np.where(rng.random(rows) < 0.03, rng.integers(5, size=rows), np.arange(rows) + 100)
    fold = _split(target, task=task, group=group, duplicates=duplicates, folds_wanted=folds, seed=seed)
    assert _apart(fold, group)
    assert _apart(fold, duplicates)
    assert set(np.unique(fold)) == set(range(-1, folds))
    if task == "classification":
        assert _learnable(fold, target, folds)
    fold = _split(target, task=task, group=group, folds_wanted=folds, seed=seed)
    share = 0.64 if folds == 2 else 0.16
    assert abs(np.mean(fold == folds - 1) - share) < 0.04
    assert abs(np.mean(fold == -1) - 0.2) < 0.04


def test_duplicates_among_single_rows_leave_sizes_true():
    rng = np.random.default_rng(0)
    duplicates = np.where(rng.random(4000) < 0.3, rng.integers(600, size=4000), np.arange(4000) + 600)
    target = rng.integers(10, size=4000)
    fold = _split(target, duplicates=duplicates)
    assert _apart(fold, duplicates)
    for one in range(10):
        assert _shares(fold[target == one]) == pytest.approx({-1: 0.2, 0: 0.16, 1: 0.64}, abs=0.02)


def test_many_small_groups_are_dealt_out_by_class():
    group = np.repeat(np.arange(8000), 2)
    target = np.repeat(np.arange(8000) % 4, 2)
    fold = _split(target, group=group, folds_wanted=5)
    assert _apart(fold, group)
    for one in range(4):
        assert _shares(fold[target == one]) == pytest.approx({-1: 0.2, **dict.fromkeys(range(5), 0.16)}, abs=0.01)


def test_single_rows_even_out_big_groups():
    group = np.concatenate([np.repeat([0, 1, 2], 100), np.arange(1000) + 3])
    fold = _split(np.zeros(1300, dtype=int), group=group, folds_wanted=5, test_fraction=0.0)
    assert _apart(fold, group)
    assert [int((fold == f).sum()) for f in range(5)] == pytest.approx([260] * 5, abs=2)


@pytest.mark.parametrize("seed", range(10))
def test_a_class_in_few_groups_stays_learnable(seed):
    rng = np.random.default_rng(seed)
    group = np.sort(rng.integers(12, size=240))
    target = np.where(group < 2, 1, 0)
    assert _learnable(_split(target, group=group, seed=seed), target, 2)
    assert _learnable(_split(target, group=group, folds_wanted=4, seed=seed), target, 4)


def test_as_many_folds_as_groups_allow():
    target = np.arange(40) % 2
    assert set(_split(target, group=np.arange(40) // 10, folds_wanted=5)) == {-1, 0, 1, 2}
    assert set(_split(target, group=np.arange(40) // 14, folds_wanted=5)) == {-1, 0, 1}
    assert set(_split(target, group=np.arange(40) // 20, folds_wanted=5)) == {0, 1}
    with pytest.raises(DataError, match="40 rows in 1 groups"):
        _split(target, group=np.zeros(40))


def test_few_rows():
    assert sorted(_split([0, 1])) == [0, 1]
    assert sorted(_split([5.0, 1.0, 2.0], task="regression")) == [-1, 0, 1]
    with pytest.raises(DataError, match="cannot be divided"):
        _split([0])
    with pytest.raises(OptionError, match="test fraction"):
        _split([0, 1], test_fraction=0.7)


def test_no_test_split():
    assert _shares(_split(np.zeros(100, dtype=int), test_fraction=0.0)) == pytest.approx({0: 0.2, 1: 0.8})


def test_time_is_never_learnt_backwards():
    rng = np.random.default_rng(0)
    time = rng.permutation(np.repeat(np.arange(250), 4)).astype("datetime64[D]")
    fold = _split(rng.integers(2, size=1000), time=time, folds_wanted=5)
    assert time[fold == 1].max() < time[fold == 0].min() <= time[fold == 0].max() < time[fold == -1].min()
    assert _shares(fold) == pytest.approx({-1: 0.2, 0: 0.16, 1: 0.64}, abs=0.005)


def test_time_keeps_groups_and_missing_times():
    time = np.arange(100.0)
    time[3] = np.nan
    group = np.arange(100)
    group[[10, 95]] = 1000
    fold = _split(np.zeros(100, dtype=int), time=time, group=group)
    assert fold[10] == fold[95] == -1
    assert fold[3] == 1
    with pytest.raises(DataError, match="same time"):
        _split(np.zeros(10, dtype=int), time=np.ones(10))
    assert sorted(set(_split(np.zeros(10, dtype=int), time=np.arange(10) // 5))) == [0, 1]


def test_fixed_test_is_the_test_split_and_no_other():
    rng = np.random.default_rng(0)
    target = rng.integers(3, size=500)
    fixed = np.arange(500) >= 400
    fold = _split(target, fixed_test=fixed)
    assert np.array_equal(fold == -1, fixed)
    assert np.mean(fold[~fixed] == 0) == pytest.approx(0.2, abs=0.01)
    duplicates = np.arange(500)
    duplicates[[5, 450]] = 5
    fold = _split(target, fixed_test=fixed, duplicates=duplicates, folds_wanted=3)
    assert np.array_equal(fold == -1, fixed)
    assert np.flatnonzero(fold == -2).tolist() == [5]
    timed = _split(target, fixed_test=fixed, time=-np.arange(500))
    assert np.array_equal(timed == -1, fixed)
    assert np.flatnonzero(timed == 0).max() < np.flatnonzero(timed == 1).min()
    with pytest.raises(DataError, match="cannot be divided"):
        _split(target, fixed_test=fixed, group=np.arange(500) % 100)


def test_merge_follows_chains():
    rng = np.random.default_rng(0)
    mixed = rng.permutation(5000)
    assert merge(5000, [(np.arange(5000) // 2)[mixed], ((np.arange(5000) + 1) // 2)[mixed]]).max() == 0
    assert merge(3, []).tolist() == [0, 1, 2]
    assert merge(4, [np.array(["a", None, "a", None], dtype=object)]).tolist() == [0, 1, 0, 1]
    with pytest.raises(ValueError, match="3 ids do not fit 4 rows"):
        merge(4, [np.arange(3)])


@pytest.mark.parametrize("seed", range(5))
def test_merge_is_the_finest_that_holds_ids_together(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(30, size=50), rng.integers(30, size=50)
    unit = list(range(50))
    for _ in range(50):
        for i in range(50):
            linked = [j for j in range(50) if a[i] == a[j] or b[i] == b[j]]
            low = min(unit[j] for j in linked)
            for j in linked:
                unit[j] = low
    found = merge(50, [a, b])
    assert np.array_equal(found[:, None] == found, np.equal.outer(unit, unit))


def test_plan_folds():
    assert plan_folds(4_999, "regression", "tables") == 5
    assert plan_folds(5_000, "regression", "tables") == 2
    assert plan_folds(299, "classification", "images") == 3
    assert plan_folds(300, "classification", "images") == 2
    assert plan_folds(100, "classification", "tables", ordered=True) == 2
    assert plan_folds(100, "classification", "sounds") == 2
    with pytest.raises(OptionError, match="Unknown task"):
        plan_folds(100, "clustering", "tables")


@pytest.mark.parametrize("n", [1, 7, 50, 333, 999])
def test_samples_keep_proportions(n):
    rng = np.random.default_rng(0)
    target = np.minimum(rng.geometric(0.4, size=1000), 9) - 1
    rows = stratified_sample(target, n, "classification", 0)
    assert len(rows) == n
    assert (np.diff(rows) > 0).all()
    counts = np.bincount(target[rows], minlength=9)
    if n >= 9:
        assert (counts > 0).all()
        assert np.abs(counts - n * np.bincount(target) / 1000).max() <= 2
    values = rng.normal(size=1000)
    assert len(stratified_sample(values, n, "regression", 0)) == n


def test_sample_of_all_is_all():
    assert stratified_sample(np.zeros(5), 9, "regression", 0).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("seed", range(60))
def test_small_and_odd_data_keep_every_promise(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(3, 60))
    target = rng.integers(rng.integers(1, 8), size=rows)
    group = rng.integers(rng.integers(3, 40), size=rows)
    fixed = rng.random(rows) < 0.2 if seed % 3 == 0 else None
    wanted = (2, 3, 5)[seed % 3]
    if len(np.unique(group if fixed is None else group[~np.isin(group, group[fixed])])) < 2:
        pytest.skip("the draw has less than two groups to divide")
    fold = _split(
        target, group=group, fixed_test=fixed, folds_wanted=wanted, seed=seed, test_fraction=rng.choice([0, 0.3])
    )
    assert _apart(np.where(fold == -2, -1, fold), group)
    assert sorted(set(fold[fold >= 0])) == list(range(max(2, fold.max() + 1)))
    if fixed is not None:
        assert np.array_equal(fold == -1, fixed)
    usable = fold != -2 if fixed is None else fold >= 0
    for one in np.unique(target[usable]):
        mine = usable & (target == one)
        if fold.max() == 1:
            # The only group of the validation split cannot leave it.
            assert (fold[mine] == 1).any() or mine.sum() < 2 or len(np.unique(group[fold == 0])) == 1
        elif len(np.unique(group[mine])) >= 2:
            assert len(set(fold[mine]) - {-1}) >= 2
