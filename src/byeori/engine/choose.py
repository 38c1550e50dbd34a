"""Choosing what is shipped: the best single child, or an ensemble where it is worth it; then its confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori.core import metrics
from byeori.core.data import Prepared
from byeori.core.schema import CLASSIFICATION
from byeori.core.state import State
from byeori.engine.calibrate import apply_temperature, temperature, thresholds
from byeori.engine.ensemble import blend, select, worth_it
from byeori.engine.keeper import KEPT, trial_folder

Numbers = npt.NDArray[np.float64]

_COOLEST = 0.5
"""Temperatures below are not believed: validation rows without a mistake would make every answer sure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is shipped.

    Args:
        members: Trial numbers.
        weights: Their shares.
        single: The best single child.
        temperature: Of the model's probabilities.
        scale: Decision scale, a number a class; empty leaves the decision to the largest probability.
        raw: The model's predictions on the validation rows, its confidence corrected.
        why: One sentence: why an ensemble, or why not.
    """

    members: tuple[int, ...]
    weights: tuple[float, ...]
    single: int
    temperature: float
    scale: tuple[float, ...]
    raw: Numbers
    why: str

    @property
    def ensemble(self) -> bool:
        """Whether it is more than one child."""
        return len(self.members) > 1


def choose(state: State, study: Path, prepared: Prepared, *, limit: int = 8) -> Choice | None:
    """Choose from the best trials by their predictions on the validation rows.

    Args:
        state: Of the study.
        study: Its folder.
        prepared: Its data.
        limit: Members an ensemble may have; fewer where time for the last look is short.

    Returns:
        The choice, or None where no trial left a usable model.
    """
    schema = prepared.schema
    target = np.asarray(prepared.target()[prepared.valid_rows()])
    numbers, outputs = _readable(state, study, len(target), schema.outputs)
    if not numbers:
        return None
    metric = metrics.metric(schema.metric)
    sign = -1.0 if metric.maximize else 1.0
    values = [metrics.score(schema.metric, target, output) for output in outputs]
    losses = [sign * value if isfinite(value) else np.inf for value in values]
    order = sorted(range(len(numbers)), key=lambda i: (losses[i], numbers[i]))
    numbers = [numbers[i] for i in order]
    outputs = [outputs[i] for i in order]
    members: list[int] = [0]
    weights: tuple[float, ...] = (1.0,)
    why = "One child was tried that could be used."
    if len(numbers) > 1:
        members, weights, why = _combine(outputs, target, schema.metric, limit)
    raw = blend([outputs[i] for i in members], weights)
    heat = 1.0
    scale: tuple[float, ...] = ()
    if schema.task == CLASSIFICATION:
        heat = max(_COOLEST, temperature(raw, target))
        raw = apply_temperature(raw, heat)
        scale = _worth_scaling(thresholds(raw, target, schema.metric))
    return Choice(
        members=tuple(numbers[i] for i in members),
        weights=tuple(weights),
        single=numbers[0],
        temperature=heat,
        scale=scale,
        raw=raw,
        why=why,
    )


def _readable(state: State, study: Path, rows: int, outputs: int) -> tuple[list[int], list[Numbers]]:
    """Return the best trials whose validation predictions lie on disk in the right shape."""
    shape = (rows, outputs) if outputs > 1 else (rows,)
    numbers, found = [], []
    for number in state.top(KEPT):
        file = trial_folder(study, number) / "valid.npy"
        try:
            output = np.load(file, allow_pickle=False)
        except (OSError, ValueError):
            continue
        if output.shape == shape:
            numbers.append(number)
            found.append(output.astype(np.float64))
    return numbers, found


def _combine(
    outputs: Sequence[Numbers], target: npt.NDArray[Any], metric: str, limit: int
) -> tuple[list[int], tuple[float, ...], str]:
    """Return members, weights and the reason: the ensemble if it is worth it, else the best single child."""
    ensemble = select(outputs, target, metric, limit=limit)
    members = [i for i, weight in enumerate(ensemble.weights) if weight > 0]
    if len(members) < 2:
        return [0], (1.0,), "No mixture of children was better than the best one alone."
    weights = tuple(ensemble.weights[i] for i in members)
    together = blend([outputs[i] for i in members], weights)
    gain = metrics.paired(metric, target, outputs[0], together)
    said = f"{len(members)} children together gain {gain.value:.4f} ± {gain.error:.4f} {metric} on validation"
    if not worth_it(outputs[0], together, target, metric):
        return [0], (1.0,), f"{said}: not more than the standard error, so the best child ships alone."
    return members, weights, f"{said}: more than the standard error."


def _worth_scaling(scale: Sequence[float]) -> tuple[float, ...]:
    return () if all(s == 1.0 for s in scale) else tuple(float(s) for s in scale)
