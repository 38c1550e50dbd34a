"""Multi-layer perceptrons for tables: how numbers and categories go in, and what they go through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from byeori._util.json import Json
from byeori._util.lazy import lazy
from byeori.core.schema import CLASSIFICATION, Schema
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Space
from byeori.families.recipe import table_recipe
from byeori.nn.table_spec import TableSpec

if TYPE_CHECKING:
    from byeori.nn import tables
else:
    tables = lazy("byeori.nn.tables")


class Perceptron:
    """The family of multi-layer perceptrons for tables."""

    def space(self, schema: Schema) -> Space:
        """Return the questions; about numbers and categories only where the data has them."""
        architecture: dict[str, Space] = {}
        if any(column.kind == "number" for column in schema.inputs):
            architecture["numbers"] = _numbers()
        if any(column.kind == "category" for column in schema.inputs):
            architecture["embedding"] = Int(4, 48, log=True, default=16)
        architecture |= {
            "depth": Int(1, 5, default=3),
            "width": Categorical((64, 128, 192, 256, 384, 512), default=192),
            "activation": Categorical(("relu", "silu", "gelu")),
            "norm": Categorical(("none", "layer", "batch")),
            "residual": Categorical((False, True)),
            "heads": Categorical((1, 2, 4, 8, 16)),
        }
        return Record({"architecture": Record(architecture), "recipe": table_recipe(schema)})

    def params(self, genome: Json, schema: Schema) -> int:
        """Return how many numbers the network learns, counted without building it."""
        return _spec(genome, schema).params()

    def build(self, genome: Json, schema: Schema) -> Any:
        """Return the network; `fit_inputs` must be called before it is trained."""
        return tables.TableNet(_spec(genome, schema))

    def larger(self, schema: Schema) -> tuple[tuple[float, Json], ...]:
        """Return nothing: on tables, more is seldom better."""
        return ()


MLP = Perceptron()
"""What the catalog offers as `mlp`."""


def _numbers() -> Space:
    scaling = Categorical(("quantile", "robust"))
    return OneOf(
        {
            "piecewise": Record({"bins": Int(4, 48, log=True, default=16), "size": Categorical((4, 8, 16), default=8)}),
            "periodic": Record(
                {
                    "scaling": scaling,
                    "bins": Int(8, 48, log=True, default=24),
                    "size": Categorical((4, 8, 16), default=8),
                    "spread": Float(0.01, 1.0, log=True, default=0.1),
                }
            ),
            "plain": Record({"scaling": scaling}),
        }
    )


def _spec(genome: Json, schema: Schema) -> TableSpec:
    asked = dict(genome["architecture"])
    if "numbers" in asked:
        ((encoding, how),) = asked.pop("numbers").items()
        asked |= {"encoding": encoding, **how}
    return TableSpec(
        numbers=sum(column.kind == "number" for column in schema.inputs),
        cards=tuple(len(column.labels) for column in schema.inputs if column.kind == "category"),
        outputs=schema.outputs,
        classes=schema.task == CLASSIFICATION,
        dropout=genome["recipe"]["dropout"],
        **asked,
    )
