"""The worked example of CONTRIBUTING.md is taken from the page and held to what every strategy is held to."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import byeori
from byeori.catalog import Row
from byeori.core.protocols import Strategy
from byeori.core.space import Float, Record, Space
from byeori.testing.strategies import StrategyConformance

PAGE = (Path(__file__).resolve().parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
MODULE = "byeori_contributing_example"


def load() -> Any:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    exec(compile(code, "CONTRIBUTING.md", "exec"), module.__dict__)
    return module


class TestTheWorkedExample(StrategyConformance):
    def make(self, space: Space) -> Strategy:
        strategy: Strategy = load().HillClimb(space)
        return strategy


def test_the_row_on_the_page_is_a_row() -> None:
    (line,) = re.findall(r"^    (Row\(.*\))$", PAGE, re.MULTILINE)
    row = eval(line, {"Row": Row})
    assert row.name == "climb"
    assert row.path.endswith(":HillClimb")


def test_the_example_searches_any_function() -> None:
    space = Record({"x": Float(-1.0, 1.0)})
    study = byeori.search(lambda genome: genome["x"] ** 2, space, strategy=load().HillClimb(space), trials=60)
    assert {trial.origin.strategy for trial in study.trials} == {"default", "climb"}
    assert "climb" in study.frame()["strategy"].tolist()


def test_the_example_is_documented_as_the_house_wants() -> None:
    assert load().HillClimb.__doc__
    assert load().__doc__


@pytest.fixture(autouse=True)
def _forget() -> Any:
    yield
    sys.modules.pop(MODULE, None)
