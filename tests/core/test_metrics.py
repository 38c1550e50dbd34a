from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn.metrics as oracle

from byeori.core import metrics
from byeori.core.bootstrap import resample
from byeori.core.errors import DataError, OptionError


def _problem(rows, classes, seed=0):
    rng = np.random.default_rng(seed)
    target = rng.integers(classes, size=rows)
    logits = rng.normal(size=(rows, classes))
    logits[np.arange(rows), target] += 1.0
    p = np.exp(logits)
    # Rounded, so that scores have ties; the last class takes what rounding left.
    p = np.round(p / p.sum(1, keepdims=True), 2)
    p[:, -1] = 1.0 - p[:, :-1].sum(1)
    return target, np.clip(p, 0.0, 1.0), rng.random(rows) + 0.1


ORACLES = {
    "accuracy": lambda y, p, w: oracle.accuracy_score(y, p.argmax(1), sample_weight=w),
    "balanced_accuracy": lambda y, p, w: oracle.balanced_accuracy_score(y, p.argmax(1), sample_weight=w),
    "macro_f1": lambda y, p, w: oracle.f1_score(y, p.argmax(1), average="macro", sample_weight=w),
    "log_loss": lambda y, p, w: oracle.log_loss(y, np.clip(p, 1e-7, 1), sample_weight=w, labels=range(p.shape[1])),
    "rmse": lambda y, p, w: oracle.root_mean_squared_error(y, p, sample_weight=w),
    "mae": lambda y, p, w: oracle.mean_absolute_error(y, p, sample_weight=w),
    "r2": lambda y, p, w: oracle.r2_score(y, p, sample_weight=w),
}


def _auc(y, p, w):
    if p.shape[1] == 2:
        return oracle.roc_auc_score(y, p[:, 1], sample_weight=w)
    return np.mean([oracle.roc_auc_score(y == c, p[:, c], sample_weight=w) for c in np.unique(y)])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "macro_f1", "log_loss", "auc"])
def test_classification_agrees_with_sklearn(name, classes, weighted):
    y, p, w = _problem(200, classes)
    w = w if weighted else None
    expected = ORACLES.get(name, _auc)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sklearn says that rounded rows do not sum to one
        assert metrics.score(name, y, p, w) == pytest.approx(expected(y, p, w), abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["rmse", "mae", "r2"])
def test_regression_agrees_with_sklearn(name, weighted):
    rng = np.random.default_rng(1)
    y = 1e6 + rng.normal(size=300)
    p = y + rng.normal(size=300)
    w = rng.random(300) if weighted else None
    assert metrics.score(name, y, p, w) == pytest.approx(ORACLES[name](y, p, w), abs=1e-7)
    assert metrics.score(name, y, p[:, None], w) == metrics.score(name, y, p, w)


@pytest.mark.parametrize("name", [m.name for m in metrics.METRICS.values()])
def test_whole_weights_are_repeated_rows(name):
    rng = np.random.default_rng(2)
    times = rng.integers(0, 4, size=80)
    if metrics.metric(name).tasks == ("classification",):
        y, p, _ = _problem(80, 3)
    else:
        y, p = rng.normal(size=80), rng.normal(size=80)
    repeated = metrics.score(name, np.repeat(y, times), np.repeat(p, times, axis=0))
    assert metrics.score(name, y, p, times) == pytest.approx(repeated, abs=1e-12)


def test_absent_classes_are_left_out():
    y, p, _ = _problem(100, 4)
    y = np.where(y == 3, 0, y)
    assert metrics.score("auc", y, p) == pytest.approx(_auc(y, p, None))
    assert metrics.score("balanced_accuracy", y, p) == pytest.approx(
        np.mean([(p.argmax(1)[y == c] == c).mean() for c in range(3)])
    )


def test_the_rounds_of_a_large_auc_are_right_to_first_order(monkeypatch):
    y, p, _ = _problem(300, 8)
    p = np.round(p, 2)
    exact = metrics.bootstrap("auc", y, p)
    monkeypatch.setattr("byeori.core.scorers.LARGE", 0)
    quick = metrics.bootstrap("auc", y, p)
    assert quick.value == exact.value
    assert (quick.low, quick.high) == pytest.approx((exact.low, exact.high), abs=0.15 * (exact.high - exact.low))
    assert quick.error == pytest.approx(exact.error, rel=0.1)
    broken = np.where(np.arange(300)[:, None] < 20, np.nan, p)
    assert metrics.bootstrap("auc", y, broken).high < quick.low


def test_calibration_error_closed_form():
    p = np.array([[0.1, 0.9]] * 10 + [[0.35, 0.65]] * 10)
    y = np.array([1] * 9 + [0] + [1] * 4 + [0] * 6)
    assert metrics.score("calibration_error", y, p) == pytest.approx(0.5 * 0.0 + 0.5 * 0.25)


def test_undefined_values():
    one = np.zeros(5, dtype=np.int64)
    p = np.full((5, 2), 0.5)
    assert metrics.score("auc", one, p) == 0.5
    constant = np.full(5, 0.1)
    assert metrics.score("r2", constant, constant) == 1.0
    assert metrics.score("r2", constant, constant + 1) == 0.0
    sure = metrics.bootstrap("auc", one, p)
    assert sure.value == 0.5
    assert np.isnan(sure.error)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", [m.name for m in metrics.METRICS.values()])
def test_what_is_no_number_is_worst(name, bad):
    found = metrics.metric(name)
    if found.tasks == ("classification",):
        y, p, _ = _problem(60, 3)
        p = np.eye(3)[y]
    else:
        y = np.arange(60.0)
        p = y.copy()
    broken = p.copy()
    broken[7] = bad
    assert found.sign * metrics.score(name, y, broken) < found.sign * metrics.score(name, y, p)
    everything = metrics.bootstrap(name, y, np.full_like(p, bad))
    assert not np.isnan(everything.value)
    assert metrics.paired(name, y, p, broken).value < 0 < metrics.paired(name, y, broken, p).value
    assert metrics.paired(name, y, broken, broken).value == 0.0


def test_all_nan_never_looks_right():
    y = np.zeros(4, dtype=np.int64)
    assert metrics.score("accuracy", y, np.full((4, 2), np.nan)) == 0.0
    assert metrics.score("rmse", y, np.full(4, np.nan)) == np.inf
    assert metrics.score("r2", np.arange(4.0), np.full(4, np.nan)) == -np.inf
    assert metrics.score("log_loss", y, np.full((4, 2), np.nan)) == pytest.approx(-np.log(1e-7))


def test_decide():
    p = np.array([[0.4, 0.4, 0.2], [np.nan, 0.1, 0.3], [np.nan] * 3])
    assert metrics.decide(p).tolist() == [0, 2, 0]
    assert metrics.decide(p, (1.0, 1.5, 10.0)).tolist() == [2, 2, 0]
    rng = np.random.default_rng(0)
    q = rng.random(500)
    scaled = metrics.decide(np.stack([1 - q, q], axis=1), (1.0, 4.0))
    assert (scaled == (q > 0.2)).all()


def test_scale_changes_decisions_alone():
    y, p, _ = _problem(200, 3)
    for m in metrics.metrics_for("classification"):
        changed = metrics.score(m.name, y, p, scale=(5.0, 1.0, 1.0)) != metrics.score(m.name, y, p)
        assert changed == m.decides
    expected = oracle.accuracy_score(y, (p * [5.0, 1.0, 1.0]).argmax(1))
    assert metrics.score("accuracy", y, p, scale=(5.0, 1.0, 1.0)) == pytest.approx(expected)


def test_mistakes_are_named():
    y, p, _ = _problem(20, 3)
    with pytest.raises(OptionError, match="Did you mean 'accuracy'"):
        metrics.metric("acuracy")
    with pytest.raises(DataError, match="1 of 20 items have a label the model does not know"):
        metrics.score("auc", np.where(np.arange(20) == 3, -1, y), p)
    with pytest.raises(DataError, match="nothing to measure"):
        metrics.score("accuracy", y[:0], p[:0])
    with pytest.raises(DataError, match="no true value"):
        metrics.score("mae", np.array([1.0, np.nan]), np.zeros(2))
    with pytest.raises(ValueError, match="do not fit"):
        metrics.score("accuracy", y, p[:-1])
    with pytest.raises(ValueError, match="one number a class"):
        metrics.score("accuracy", y, p, scale=(1.0, 2.0))
    with pytest.raises(ValueError, match="Weights"):
        metrics.score("accuracy", y, p, -np.ones(20))


def test_default_metric():
    assert metrics.default_metric("classification", {"a": 50, "b": 10}) == "accuracy"
    assert metrics.default_metric("classification", {"a": 51, "b": 10}) == "balanced_accuracy"
    assert metrics.default_metric("classification", [51, 10, 0]) == "balanced_accuracy"
    assert metrics.default_metric("classification") == "accuracy"
    assert metrics.default_metric("regression", ()) == "rmse"


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "rmse"])
def test_intervals_cover(name):
    rng = np.random.default_rng(3)
    inside, studies, rows = 0, 150, 150
    for seed in range(studies):
        if name == "rmse":
            y, p, truth = np.zeros(rows), rng.normal(size=rows), 1.0
        else:
            y = (rng.random(rows) < 0.4).astype(np.int64)
            right = rng.random(rows) < 0.75
            p, truth = np.eye(2)[np.where(right, y, 1 - y)], 0.75
        found = metrics.bootstrap(name, y, p, rounds=200, seed=seed)
        inside += found.low <= truth <= found.high
    # 95 % wanted, binomial error 1.8 %, percentile intervals a little narrow.
    assert 0.88 <= inside / studies <= 0.99


def test_error_is_the_standard_error():
    y = np.zeros(2000, dtype=np.int64)
    p = np.eye(2)[(np.arange(2000) % 10 == 0).astype(int)]
    found = metrics.bootstrap("accuracy", y, p, rounds=1000)
    assert found.value == pytest.approx(0.9)
    assert found.error == pytest.approx(np.sqrt(0.9 * 0.1 / 2000), rel=0.1)
    assert found == metrics.bootstrap("accuracy", y, p, rounds=1000)
    assert found != metrics.bootstrap("accuracy", y, p, rounds=1000, seed=1)


def test_pairs_share_their_luck():
    rng = np.random.default_rng(4)
    y = rng.normal(size=500)
    a = y + rng.normal(size=500)
    b = y + (a - y) * 0.9
    gain = metrics.paired("mae", y, a, b)
    assert gain.value == pytest.approx(0.1 * np.abs(a - y).mean())
    assert gain.low > 0
    assert gain.error < 0.2 * metrics.bootstrap("mae", y, a).error
    assert metrics.paired("r2", y, a, b).value > 0 > metrics.paired("r2", y, b, a).value


def test_many_items_take_fewer_rounds():
    assert sum(len(w) for w in resample(400_000, 500, 0)) == 125
    assert sum(len(w) for w in resample(1_000, 500, 0)) == 500
    assert all((w.sum(axis=1) == 10).all() for w in resample(10, 7, 0))
