from __future__ import annotations

import math

import numpy as np
import pytest

from byeori.engine.diagnosis import NAMES, Diagnosis, diagnose

GUESS = math.log(10)


def _epochs(train, valid, accuracy=None):
    found = []
    for i, (t, v) in enumerate(zip(train, valid, strict=True)):
        figures = {"loss": float(v)}
        if accuracy is not None:
            figures["accuracy"] = float(accuracy[i])
        found.append({"train": {"loss": float(t)}, "valid": figures})
    return found


N = np.arange(20)
FALLING = GUESS * np.exp(-N / 3)


@pytest.mark.parametrize(
    ("train", "valid", "name"),
    [
        (FALLING + 0.1, FALLING + 0.15, "converged"),
        (FALLING, FALLING[:8].tolist() + [FALLING[7] + 0.05 * i for i in range(1, 13)], "overfitting"),
        (FALLING, np.maximum(FALLING, 1.0), "overfitting"),
        (GUESS * (1 - N / 40), GUESS * (1 - N / 40) + 0.05, "still improving"),
        (np.full(20, 0.95 * GUESS), np.full(20, 0.96 * GUESS), "underfitting"),
        (GUESS + N * 1.0, GUESS + N * 1.0, "diverged"),
        ([1.0, 0.9, math.nan], [1.0, 0.9, 0.9], "diverged"),
        ([1.0, 0.9, 0.8], [1.0, math.inf, 0.9], "diverged"),
        ([1.0], [1.0], "still improving"),
    ],
)
def test_planted_curves(train, valid, name):
    found = diagnose(_epochs(train, valid), guess=GUESS)
    assert found.name == name
    assert found.sentence.endswith(".")
    assert any(c.isdigit() for c in found.sentence)


def test_every_name_is_reached_without_the_loss_of_guessing():
    assert diagnose(_epochs(FALLING + 0.1, FALLING + 0.15)).name == "converged"
    assert diagnose(_epochs([1.0, 0.98, 0.97, 0.97], [1.0] * 4)).name == "underfitting"


def test_units_do_not_matter():
    for factor in (1e-4, 1.0, 1e4):
        rising = FALLING[:8].tolist() + [FALLING[7] + 0.05 * i for i in range(1, 13)]
        epochs = _epochs(factor * FALLING, factor * np.array(rising))
        assert diagnose(epochs, guess=factor * GUESS).name == "overfitting"


def test_sentences_tell_what_was_seen():
    rising = FALLING[:8].tolist() + [FALLING[7] + 0.05 * i for i in range(1, 13)]
    told = diagnose(_epochs(FALLING, rising), guess=GUESS).sentence
    assert "epoch 8" in told
    assert f"{FALLING[7]:.3g}" in told
    assert "epoch 3" in diagnose(_epochs([1.0, 0.9, math.nan], [1.0, 0.9, 0.9])).sentence
    settled = diagnose(_epochs(FALLING, FALLING, accuracy=N / 20), guess=GUESS, metric="accuracy").sentence
    assert "accuracy 0.95" in settled


def test_mistakes():
    with pytest.raises(ValueError, match="no epoch"):
        diagnose([])
    with pytest.raises(ValueError, match=NAMES[0]):
        Diagnosis("fine", "")
