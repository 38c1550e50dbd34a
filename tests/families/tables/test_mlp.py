from __future__ import annotations

import pytest

from byeori.core.deciders import default
from byeori.core.protocols import NetFamily
from byeori.core.schema import CLASSIFICATION, REGRESSION, Column, Schema
from byeori.families.tables.mlp import MLP
from byeori.testing.families import FamilyConformance


def schema_of(task: str, numbers: int, cards: tuple[int, ...]) -> Schema:
    columns = [Column(name=f"n{i}", kind="number") for i in range(numbers)]
    columns += [
        Column(name=f"c{i}", kind="category", labels=tuple(f"v{v}" for v in range(card)))
        for i, card in enumerate(cards)
    ]
    return Schema(
        modality="tables",
        task=task,
        inputs=tuple(columns),
        targets=(Column(name="y", kind="label", labels=("a", "b", "c") if task == CLASSIFICATION else ()),),
        metric="accuracy" if task == CLASSIFICATION else "rmse",
    )


@pytest.mark.parametrize(
    "schema",
    [schema_of(CLASSIFICATION, 4, (3, 40)), schema_of(REGRESSION, 5, ()), schema_of(CLASSIFICATION, 0, (2,))],
    ids=["mixed", "numbers", "categories"],
)
class TestMLP(FamilyConformance):
    @pytest.fixture
    def family(self) -> NetFamily:
        return MLP

    @pytest.fixture
    def schema(self, request: pytest.FixtureRequest) -> Schema:
        return request.param  # type: ignore[no-any-return]


def test_questions_follow_the_data() -> None:
    numbers = default(MLP.space(schema_of(REGRESSION, 5, ())))["architecture"]
    categories = default(MLP.space(schema_of(REGRESSION, 0, (3,))))["architecture"]
    assert "numbers" in numbers
    assert "embedding" not in numbers
    assert "numbers" not in categories
    assert "embedding" in categories
