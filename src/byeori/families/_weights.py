"""The question how much each class weighs, asked by every family of classifiers."""

from __future__ import annotations

from byeori.core.schema import Schema
from byeori.core.space import Categorical

_EVEN = ("balanced_accuracy", "macro_f1")


def class_weights(schema: Schema) -> Categorical:
    """Return the question; where the metric gives every class the same say, so does the default."""
    return Categorical(("none", "balanced", "sqrt"), default="balanced" if schema.metric in _EVEN else "none")
