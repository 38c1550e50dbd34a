"""Trees of LightGBM: boosted one on another, or grown side by side as a forest."""

from __future__ import annotations

from byeori._util.json import Json
from byeori.core.schema import CLASSIFICATION, Schema
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Space
from byeori.families._weights import class_weights


class Trees:
    """The family of boosted trees and forests."""

    def space(self, schema: Schema) -> Space:
        """Return the questions; those about categories and linear leaves only where the data has use for them."""
        classes = schema.task == CLASSIFICATION
        boosted: dict[str, Space] = {
            "learning_rate": Float(0.01, 0.3, log=True, default=0.05),
            "leaves": Int(4, 128, log=True, default=24 if classes else 32),
            "leaf_rows": Int(1, 60, log=True, default=8 if classes else 4),
            "columns": Float(0.3, 1.0, default=0.7 if classes else 1.0),
            "rows": Float(0.5, 1.0, default=0.85),
            "lambda_l1": Float(1e-6, 10.0, log=True, default=1e-6),
            "lambda_l2": Float(1e-3, 30.0, log=True, default=1.0),
            "depth": Categorical((0, 2, 3, 4, 6, 8)),
            "bins": Categorical((63, 127, 255, 511), default=255),
            "extra": Categorical((False, True)),
        }
        forest: dict[str, Space] = {
            "trees": Int(100, 500, log=True, default=200),
            "leaves": Int(16, 1024, log=True, default=400),
            "leaf_rows": Int(1, 20, log=True, default=1),
            "columns": Float(0.1, 1.0, default=0.4 if classes else 1.0),
            "rows": Float(0.4, 0.95, default=0.7),
            "extra": Categorical((False, True)),
        }
        if any(column.kind == "category" for column in schema.inputs):
            boosted["category_smoothing"] = Float(1.0, 100.0, log=True, default=10.0)
        if not classes and schema.metric != "mae":
            boosted["linear_leaves"] = Categorical((False, True))
        questions: dict[str, Space] = {"kind": OneOf({"boosted": Record(boosted), "forest": Record(forest)})}
        if classes:
            questions["class_weights"] = class_weights(schema)
        return Record(questions)

    def params(self, genome: Json, schema: Schema) -> int:
        """Return 0: how large the trees grow depends on the data."""
        return 0


BOOSTED = Trees()
"""What the catalog offers as `boosted`."""
