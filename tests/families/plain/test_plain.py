from __future__ import annotations

import os
import subprocess
import sys
from random import Random

import pytest

from byeori.core.deciders import default, replay, sample
from byeori.core.protocols import Family
from byeori.core.schema import CLASSIFICATION, REGRESSION, Column, Schema
from byeori.families.plain.boosted import BOOSTED
from byeori.families.plain.linear import LINEAR
from byeori.families.plain.majority import MAJORITY


def _schema(task: str, *kinds: str, metric: str = "") -> Schema:
    shapes = {"image": (8, 8, 1)}
    return Schema(
        modality="images" if "image" in kinds else "tables",
        task=task,
        inputs=tuple(Column(name=k, kind=k, shape=shapes.get(k, ()), labels=("a", "b")) for k in kinds),
        targets=(Column(name="y", kind="label", labels=("no", "yes") if task == CLASSIFICATION else ()),),
        metric=metric or ("accuracy" if task == CLASSIFICATION else "rmse"),
    )


SCHEMAS = [
    _schema(CLASSIFICATION, "number", "category"),
    _schema(CLASSIFICATION, "image"),
    _schema(REGRESSION, "number"),
    _schema(REGRESSION, "category"),
    _schema(REGRESSION, "number", metric="mae"),
]


@pytest.mark.parametrize("family", [MAJORITY, LINEAR, BOOSTED])
@pytest.mark.parametrize("schema", SCHEMAS)
def test_genomes_replay_and_count_nothing(family: Family, schema: Schema) -> None:
    space = family.space(schema)
    dice = Random(0)
    for genome in [default(space), *(sample(space, dice) for _ in range(20))]:
        assert replay(space, genome) == genome
        assert family.params(genome, schema) == 0


def test_questions_follow_the_data() -> None:
    mixed, picture, values, categories, absolute = SCHEMAS
    assert set(default(LINEAR.space(mixed))) == {"strength", "numbers", "pairs", "class_weights"}
    assert set(default(LINEAR.space(picture))) == {"strength", "class_weights"}
    assert set(default(LINEAR.space(categories))) == {"strength"}
    assert "category_smoothing" in default(BOOSTED.space(mixed))["kind"]["boosted"]
    assert "category_smoothing" not in default(BOOSTED.space(values))["kind"]["boosted"]
    assert "linear_leaves" in default(BOOSTED.space(values))["kind"]["boosted"]
    assert "linear_leaves" not in default(BOOSTED.space(absolute))["kind"]["boosted"]


def test_they_are_imported_without_anything_heavy() -> None:
    code = (
        "import sys; import byeori.families.plain.boosted, byeori.families.plain.linear, byeori.learners.boosted\n"
        "import byeori.learners.nets, byeori.families.tables.mlp\n"
        "print([m for m in ('torch', 'lightgbm', 'sklearn') if m in sys.modules])"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert done.stdout.strip() == "[]", done.stderr
