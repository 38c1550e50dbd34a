from __future__ import annotations

from collections.abc import Callable

import pytest

from byeori.core.schema import CLASSIFICATION, REGRESSION, Column, Schema


def schema_of(shape: tuple[int, int, int], task: str = CLASSIFICATION, classes: int = 3) -> Schema:
    labels = tuple(f"class {n}" for n in range(classes)) if task == CLASSIFICATION else ()
    return Schema(
        modality="images",
        task=task,
        inputs=(Column(name="image", kind="image", shape=shape),),
        targets=(Column(name="what", kind="label" if labels else "value", labels=labels),),
        metric="accuracy" if labels else "rmse",
    )


@pytest.fixture
def make_schema() -> Callable[..., Schema]:
    return schema_of


@pytest.fixture(
    params=[
        ((8, 8, 1), CLASSIFICATION),
        ((28, 28, 1), CLASSIFICATION),
        ((32, 32, 3), CLASSIFICATION),
        ((64, 64, 3), REGRESSION),
        ((24, 40, 3), CLASSIFICATION),
    ],
    ids=["8px-grey", "28px-grey", "32px-rgb", "64px-regression", "oblong"],
)
def any_schema(request: pytest.FixtureRequest) -> Schema:
    return schema_of(*request.param)
