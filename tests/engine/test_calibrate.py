from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from byeori.core import metrics
from byeori.engine.calibrate import apply_temperature, temperature, thresholds


def _softmax(z):
    p = np.exp(z - z.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def _drawn(rows, classes, sharpness, seed=0):
    """Labels drawn from softmax(z), and the probabilities of a model that is `sharpness` times too sure."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(rows, classes)) * 1.5
    target = (rng.random(rows)[:, None] > np.cumsum(_softmax(z), axis=1)).sum(1).clip(0, classes - 1)
    return target, _softmax(sharpness * z)


def _imbalanced(rows, ratio, seed=0):
    rng = np.random.default_rng(seed)
    target = (np.arange(rows) % (ratio + 1) == 0).astype(np.int64)
    z = rng.normal(size=rows) + 1.8 * target
    odds = np.exp(1.8 * z - 1.62) / ratio
    q = odds / (1 + odds)
    return target, np.stack([1 - q, q], axis=1)


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("classes", [2, 5])
def test_temperature_recovers_what_was_done(classes, sharpness):
    target, p = _drawn(20_000, classes, sharpness)
    assert temperature(p, target) == pytest.approx(sharpness, rel=0.06)


@pytest.mark.parametrize("weighted", [False, True])
def test_temperature_is_the_optimum(weighted):
    target, p = _drawn(400, 3, 2.0, seed=1)
    w = np.random.default_rng(0).random(400) if weighted else None
    found = minimize_scalar(
        lambda t: metrics.score("log_loss", target, apply_temperature(p, np.exp(t)), w),
        bounds=(-3, 3),
        method="bounded",
    )
    assert temperature(p, target, w) == pytest.approx(np.exp(found.x), rel=1e-3)


def test_temperature_never_hurts_and_keeps_its_limits():
    rng = np.random.default_rng(0)
    right = np.tile([0.6, 0.4], (50, 1))
    assert temperature(right, np.zeros(50, dtype=int)) == pytest.approx(0.05, rel=1e-3)
    assert temperature(right[:, ::-1], np.zeros(50, dtype=int)) == pytest.approx(20.0, rel=1e-3)
    assert temperature(np.full((9, 3), 1 / 3), rng.integers(3, size=9)) == 1.0
    assert temperature(np.full((9, 3), np.nan), np.zeros(9, dtype=int)) == 1.0
    for seed in range(5):
        p, y = rng.dirichlet(np.ones(4), size=60), rng.integers(4, size=60)
        t = temperature(p, y)
        assert 0.05 <= t <= 20.0
        after = metrics.score("log_loss", y, apply_temperature(p, t))
        assert after <= metrics.score("log_loss", y, p) + 1e-12, seed


def test_broken_rows_are_left_out():
    target, p = _drawn(500, 3, 2.0)
    broken = p.copy()
    broken[::10] = np.nan
    kept = np.arange(500) % 10 > 0
    assert temperature(broken, target) == temperature(p[kept], target[kept])


def test_apply_temperature():
    p = np.random.default_rng(0).dirichlet(np.ones(4), size=30).astype(np.float32)
    assert apply_temperature(p, 1.0) is p
    soft = apply_temperature(p, 3.0)
    assert soft.dtype == np.float32
    assert soft.sum(1) == pytest.approx(np.ones(30), abs=1e-5)
    assert (soft.max(1) <= p.max(1)).all()
    assert np.array_equal(soft.argmax(1), p.argmax(1))
    powers = p.astype(float) ** (1 / 3)
    assert soft == pytest.approx(powers / powers.sum(1, keepdims=True), abs=1e-4)


def test_temperature_lowers_calibration_error_elsewhere():
    target, p = _drawn(4000, 4, 3.0)
    t = temperature(p[:2000], target[:2000])
    before, after = p[2000:], apply_temperature(p[2000:], t)
    assert metrics.score("calibration_error", target[2000:], after) < 0.3 * metrics.score(
        "calibration_error", target[2000:], before
    )


@pytest.mark.parametrize("name", ["balanced_accuracy", "macro_f1"])
def test_thresholds_help_where_classes_are_lopsided(name):
    target, p = _imbalanced(6000, 20)
    seen, unseen = slice(0, 3000), slice(3000, 6000)
    scale = thresholds(p[seen], target[seen], name)
    plain = metrics.score(name, target[unseen], p[unseen])
    assert scale[1] > scale[0] == 1.0
    assert metrics.score(name, target[unseen], p[unseen], scale=scale) > plain + 0.02


def test_two_classes_are_swept_exactly():
    target, p = _imbalanced(300, 5, seed=3)
    scale = thresholds(p, target, "balanced_accuracy")
    odds = np.sort(p[:, 0] / p[:, 1])
    middles = np.sqrt(odds[1:] * odds[:-1])
    every = max(metrics.score("balanced_accuracy", target, p, scale=(1.0, s)) for s in middles)
    assert metrics.score("balanced_accuracy", target, p, scale=scale) == pytest.approx(every)


@pytest.mark.parametrize("name", ["balanced_accuracy", "macro_f1"])
def test_thresholds_for_many_classes(name):
    rng = np.random.default_rng(0)
    shares = np.array([0.6, 0.25, 0.1, 0.05])
    target = rng.choice(4, size=4000, p=shares)
    z = rng.normal(size=(4000, 4)) + np.log(shares)
    z[np.arange(4000), target] += 1.5
    p = _softmax(1.5 * z)
    scale = thresholds(p[:2000], target[:2000], name)
    after = metrics.score(name, target[2000:], p[2000:], scale=scale)
    assert len(scale) == 4
    assert after > metrics.score(name, target[2000:], p[2000:]) + 0.02


def test_nothing_to_set():
    target, p = _imbalanced(1000, 20)
    ones = (1.0, 1.0)
    assert thresholds(p, target, "auc") == ones
    assert thresholds(p, target, "log_loss") == ones
    skewed = p * [1.0, 0.05]
    skewed /= skewed.sum(1, keepdims=True)
    assert thresholds(skewed[:199], target[:199], "accuracy") == ones
    assert thresholds(p[:5], target[:5], "macro_f1") == ones
    assert thresholds(np.full((50, 2), 0.5), target[:50], "macro_f1") == ones
    assert thresholds(np.full((50, 2), np.nan), target[:50], "macro_f1") == ones


def test_luck_is_seldom_kept():
    kept = 0
    for seed in range(40):
        target, p = _drawn(300, 2, 1.0, seed=seed)
        kept += thresholds(p, target, "accuracy") != (1.0, 1.0)
    # A fair coin's honest gain exceeds one standard error in 16 % of the cases; on the rows they were found on 65 % do.
    assert kept <= 12
