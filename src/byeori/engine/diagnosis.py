"""What a child's curves say, in plain words: what was seen, with figures, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

DIVERGED = "diverged"
OVERFITTING = "overfitting"
IMPROVING = "still improving"
UNDERFITTING = "underfitting"
CONVERGED = "converged"
NAMES = (DIVERGED, OVERFITTING, IMPROVING, UNDERFITTING, CONVERGED)

FEW = 3
"""Epochs below which a curve cannot be judged."""
RISE = 0.05
"""Overfitting: validation loss ended so far above its lowest, in units of the loss of guessing, while training fell."""
GAP = 0.3
"""Overfitting: training loss ended so far below validation loss, in the same units."""
GAIN = 0.01
"""Still improving: the last quarter of the epochs lowered the best validation loss by so much, in the same units."""
LEARNT = 0.3
"""Underfitting: training loss fell by less than so much, in the same units."""
BLOWN = 2.0
"""Diverged: training loss ended at so many times its start."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What curves say.

    Args:
        name: One of `NAMES`.
        sentence: What was seen and what to do.
    """

    name: str
    sentence: str

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"A diagnosis is one of {', '.join(NAMES)}; got {self.name!r}.")


def diagnose(
    epochs: Sequence[Mapping[str, Mapping[str, float]]], *, guess: float | None = None, metric: str | None = None
) -> Diagnosis:
    """Judge the curves of one training.

    Losses are compared in units of what guessing costs, so that the same thresholds serve every loss. The first that
    holds is named: diverged, overfitting, still improving, underfitting, converged.

    Args:
        epochs: For each epoch split → figures, as in `Report.metrics`: `train` and `valid`, each with `loss`, and
            `valid` with the metric where one is named.
        guess: Loss of the best constant guess (ln K for K equal classes, the variance for squared errors); None takes
            the first epoch's training loss.
        metric: Name of a metric whose last validation value is told too.

    Raises:
        ValueError: There is no epoch.

    Example:
        >>> falling = [{"train": {"loss": 1 / n}, "valid": {"loss": 1 / n + 0.01}} for n in range(1, 9)]
        >>> diagnose(falling).name
        'still improving'
    """
    if not epochs:
        raise ValueError("There is nothing to diagnose: no epoch was given.")
    train = [float(e["train"]["loss"]) for e in epochs]
    valid = [float(e["valid"]["loss"]) for e in epochs]
    broken = next((i for i in range(len(train)) if not (isfinite(train[i]) and isfinite(valid[i]))), None)
    if broken is not None or train[-1] > BLOWN * max(train[0], guess or 0.0) > 0.0:
        return _diverged(train, broken)
    unit = guess if guess is not None and guess > 0.0 else max(abs(train[0]), 1e-12)
    reached = f" ({metric} {epochs[-1]['valid'][metric]:.4g})" if metric and metric in epochs[-1]["valid"] else ""
    return _judge(train, valid, unit, reached)


def _judge(train: Sequence[float], valid: Sequence[float], unit: float, reached: str) -> Diagnosis:
    count, best = len(valid), min(range(len(valid)), key=lambda i: valid[i])
    ended = f"training loss {train[-1]:.3g} and validation loss {valid[-1]:.3g}{reached} after {count} epochs"
    if count < FEW:
        return Diagnosis(IMPROVING, f"Too short to judge: {ended}; give it more time or more epochs.")
    if valid[-1] - valid[best] > RISE * unit and train[-1] < train[best]:
        return Diagnosis(
            OVERFITTING,
            f"Validation loss was lowest at epoch {best + 1} ({valid[best]:.3g}) and rose to {valid[-1]:.3g} while "
            f"training loss fell from {train[best]:.3g} to {train[-1]:.3g}: it learns rows by heart; stop there, "
            "regularise more, augment more, or give more data.",
        )
    cut = count - max(1, count // 4)
    gain = min(valid[:cut]) - min(valid[cut:])
    if gain > GAIN * unit:
        return Diagnosis(
            IMPROVING,
            f"Validation loss still fell by {gain:.3g} in the last {count - cut} of {count} epochs, to "
            f"{min(valid[cut:]):.3g}{reached}: give it more time or more epochs.",
        )
    if valid[-1] - train[-1] > GAP * unit:
        return Diagnosis(
            OVERFITTING,
            f"It ended with {ended}: it knows its training rows much better than others; regularise more, augment "
            "more, or give more data.",
        )
    if unit - train[-1] < LEARNT * unit:
        return Diagnosis(
            UNDERFITTING,
            f"It ended with {ended}, against {unit:.3g} for guessing, and no longer moves: it learns little; try a "
            "larger network, another learning rate, less regularisation, or inputs that say more.",
        )
    return Diagnosis(CONVERGED, f"It settled at {ended}: more epochs would change little.")


def _diverged(train: Sequence[float], broken: int | None) -> Diagnosis:
    if broken is not None:
        seen = f"The loss was no number at epoch {broken + 1}"
    else:
        seen = f"Training loss rose from {train[0]:.3g} to {train[-1]:.3g} in {len(train)} epochs"
    return Diagnosis(DIVERGED, f"{seen}: lower the learning rate, clip gradients, or warm up longer.")
