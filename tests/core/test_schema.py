from __future__ import annotations

import json

import pytest

from byeori.core.errors import OptionError
from byeori.core.schema import Column, Finding, Health, Schema, Source

LABEL = Column(name="kind", kind="label", labels=("a", "b", "c"))
VALUE = Column(name="price", kind="value")
PICTURE = Column(name="image", kind="image", shape=(8, 8, 3))


def schema(**more: object) -> Schema:
    given = {"modality": "images", "task": "classification", "inputs": (PICTURE,), "targets": (LABEL,)}
    return Schema(**{**given, "metric": "accuracy", **more})


def test_a_schema_is_read_back_from_json_as_it_was() -> None:
    made = schema()
    assert Schema.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_a_schema_says_how_many_numbers_a_prediction_has() -> None:
    assert (schema().outputs, schema().labels) == (3, ("a", "b", "c"))
    values = schema(task="regression", targets=(VALUE,), metric="rmse")
    assert (values.outputs, values.labels, values.target.name) == (1, (), "price")
    assert values.with_metric("mae").metric == "mae"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"task": "guessing"}, "guessing"),
        ({"targets": ()}, "at least one target"),
        ({"targets": (Column(name="kind", kind="label", labels=("a",)),)}, "two labels or more"),
    ],
)
def test_a_schema_checks_itself(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        schema(**wrong)


def test_a_column_and_a_finding_are_of_a_known_kind() -> None:
    with pytest.raises(ValueError, match="smell"):
        Column(name="x", kind="smell")
    with pytest.raises(ValueError, match="panic"):
        Finding(level="panic", code="x", message="")


@pytest.mark.parametrize("wrong", [{"task": "guessing"}, {"test_fraction": 0.6}, {"test_fraction": -0.1}])
def test_a_source_refuses_options_that_are_none(wrong: dict[str, object]) -> None:
    with pytest.raises(OptionError, match="give one"):
        Source(data="x.csv", **wrong)


def test_health_has_the_worst_first_and_is_read_back() -> None:
    findings = [
        Finding(level=level, code=code, message="M.", items=("row 1",), count=1, mend="Mend it.")
        for level, code in (("note", "b"), ("warning", "z"), ("error", "x"), ("note", "a"))
    ]
    made = Health.of(findings, {"a": 3}, {"rows": 4})
    assert [f.code for f in made.findings] == ["x", "z", "a", "b"]
    assert Health.from_json(json.loads(json.dumps(made.to_json()))) == made
