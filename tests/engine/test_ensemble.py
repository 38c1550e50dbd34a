from __future__ import annotations

import numpy as np
import pytest

from byeori.core import metrics
from byeori.engine.ensemble import Ensemble, blend, select, worth_it


def _children(count, rows=600, classes=4, noise=1.5, seed=0, shared=0.0):
    rng = np.random.default_rng(seed)
    target = rng.integers(classes, size=rows)
    common = rng.normal(size=(rows, classes))
    found = []
    for _ in range(count):
        logits = noise * (shared * common + (1 - shared) * rng.normal(size=(rows, classes)))
        logits[np.arange(rows), target] += 1.5
        p = np.exp(logits)
        found.append((p / p.sum(1, keepdims=True)).astype(np.float32))
    return target, found


@pytest.mark.parametrize("name", [m.name for m in metrics.metrics_for("classification")][:5])
def test_complementary_children_beat_the_best_one(name):
    target, children = _children(12)
    found = select(children, target, name)
    sign = metrics.metric(name).sign
    best = max(children, key=lambda p: sign * metrics.score(name, target, p))
    together = blend(children, found.weights)
    assert sign * found.value > sign * metrics.score(name, target, best)
    assert found.value == metrics.score(name, target, together)
    assert 2 <= len(found.members) <= 8
    assert worth_it(best, together, target, name)
    assert not worth_it(together, best, target, name)


def test_the_gain_holds_on_other_rows():
    target, children = _children(12, rows=1200)
    seen, unseen = slice(0, 600), slice(600, 1200)
    found = select([p[seen] for p in children], target[seen], "accuracy")
    together = blend([p[unseen] for p in children], found.weights)
    best = max(children, key=lambda p: metrics.score("accuracy", target[seen], p[seen]))
    assert metrics.score("accuracy", target[unseen], together) > metrics.score("accuracy", target[unseen], best[unseen])


def test_regression_weights_follow_quality():
    rng = np.random.default_rng(0)
    target = rng.normal(size=4000)
    good, bad = target + 0.5 * rng.normal(size=4000), target + 1.0 * rng.normal(size=4000)
    found = select([bad, good], target, "rmse", rounds=200)
    # The best weights are as the inverse variances, 4 to 1.
    assert found.weights == pytest.approx((0.2, 0.8), abs=0.05)


def test_limit_and_repetition():
    target, children = _children(20)
    assert len(select(children, target, "log_loss", limit=3).members) <= 3
    assert (
        select(children, target, "log_loss", limit=1).members == select(children, target, "log_loss", rounds=1).members
    )


def test_what_helps_nobody_is_left_out():
    target, (good, *_) = _children(1)
    wrong = np.roll(good, 1, axis=1)
    assert select([wrong, good, wrong], target, "log_loss").weights == (0.0, 1.0, 0.0)
    assert not worth_it(good, good, target, "log_loss")


def test_equals_in_accuracy_are_told_apart_by_log_loss():
    target = np.zeros(10, dtype=np.int64)
    timid, sure = np.tile([0.6, 0.4], (10, 1)), np.tile([0.9, 0.1], (10, 1))
    assert select([timid, sure], target, "accuracy").weights == (0.0, 1.0)


def test_start():
    y = np.arange(4.0)
    assert select([y + 1, y - 1], y, "rmse", start=(0, 0)).weights == (0.5, 0.5)
    assert select([y + 1, y], y, "rmse", start=(0,), rounds=1).weights == (1.0, 0.0)


def test_broken_predictions():
    target, children = _children(4)
    broken = np.full_like(children[0], np.nan)
    found = select([broken, *children], target, "accuracy")
    assert found.weights[0] == 0.0
    assert np.isfinite(blend([broken, *children], found.weights)).all()
    assert select([broken, broken], target, "accuracy").weights == (1.0, 0.0)
    assert worth_it(np.full(4, np.nan), np.zeros(4), np.arange(4.0), "rmse")
    with pytest.raises(ValueError, match="got none"):
        select([], target, "accuracy")
    with pytest.raises(ValueError, match="sum to 1"):
        Ensemble((0.5, 0.4), 1.0)


def test_twins_are_not_worth_it():
    target, (one,) = _children(1)
    rng = np.random.default_rng(0)
    twin = one * np.exp(0.01 * rng.normal(size=one.shape))
    found = select([one, twin], target, "accuracy")
    assert not worth_it(one, blend([one, twin], found.weights), target, "accuracy")
