"""Logistic and ridge regressions: how strongly they are held back, and what their columns are."""

from __future__ import annotations

from byeori._util.json import Json
from byeori.core.schema import CLASSIFICATION, Schema
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Space
from byeori.families._weights import class_weights


class Regression:
    """The family of linear models."""

    def space(self, schema: Schema) -> Space:
        """Return the questions; those about numbers only for tables that have some."""
        questions: dict[str, Space] = {"strength": Float(1e-3, 1e3, log=True, default=1.0)}
        if any(column.kind == "number" for column in schema.inputs):
            questions["numbers"] = OneOf(
                {"line": Record({}), "bent": Record({"knots": Int(1, 20, log=True, default=5)})}
            )
            questions["pairs"] = Categorical((False, True))
        if schema.task == CLASSIFICATION:
            questions["class_weights"] = class_weights(schema)
        return Record(questions)

    def params(self, genome: Json, schema: Schema) -> int:
        """Return 0: how many weights there are depends on the data."""
        return 0


LINEAR = Regression()
"""What the catalog offers as `linear`."""
