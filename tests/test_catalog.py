from __future__ import annotations

import inspect
from dataclasses import dataclass

import pytest

from byeori import catalog
from byeori._util.lazy import resolve
from byeori.catalog import KINDS, ROWS, Row, find, load, rows
from byeori.core.errors import OptionError

METHODS = {
    "strategy": ("ask", "tell"),
    "stopper": ("decide",),
    "executor": ("submit", "poll", "cancel", "close"),
    "modality": ("infer", "check", "prepare", "encode"),
    "family": ("space", "params"),
    "learner": ("train", "load"),
}
"""What `core.protocols` asks of each kind."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.kind}-{row.name}")
def test_every_row_resolves_to_what_its_kind_promises(row: Row) -> None:
    found = resolve(row.path)
    assert [name for name in METHODS[row.kind] if not callable(getattr(found, name, None))] == []
    assert inspect.isclass(found) != (row.kind == "family"), "families are objects, all else is made when needed"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.kind}-{row.name}")
def test_every_row_says_what_it_is_in_one_line(row: Row) -> None:
    assert row.summary.endswith(".")
    assert "\n" not in row.summary
    assert row.name == row.name.strip().lower()


def test_no_name_is_there_twice() -> None:
    names = [(row.kind, row.name) for row in ROWS]
    assert len(names) == len(set(names))


def test_families_name_learners_and_modalities_that_are_there() -> None:
    families = rows("family")
    modalities = {row.name for row in rows("modality")}
    assert {row.learner for row in families} <= {row.name for row in rows("learner")}
    assert {name for row in families for name in row.modalities} <= modalities
    assert all(set(row.searched) <= set(row.modalities) for row in families)
    for modality in modalities:
        assert any(modality in row.searched for row in families), f"nobody breeds {modality}"
        assert any(row.name == "majority" and modality in row.modalities for row in families)


def test_every_kind_has_rows() -> None:
    assert all(rows(kind) for kind in KINDS)


def test_a_wrong_name_offers_the_nearest() -> None:
    with pytest.raises(OptionError, match=r"Unknown strategy 'evoluton'\. Did you mean 'evolution'"):
        find("strategy", "evoluton")
    with pytest.raises(OptionError, match="Known: inline, local"):
        load("executor", "zzz")


@pytest.mark.parametrize("wrong", [{"kind": "flavour"}, {"path": "byeori.nowhere"}])
def test_a_row_checks_itself(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"flavour|module:name"):
        Row(**{"kind": "stopper", "name": "x", "path": "a:b", "summary": "", **wrong})


# ---------------------------------------------------------------------------------------------------- plug-ins


@dataclass(frozen=True)
class Point:
    """An entry point, as `importlib.metadata` gives it."""

    name: str
    row: Row

    def load(self) -> Row:
        return self.row


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    """Two strategies that others have installed."""
    found = [
        Row(kind="strategy", name=name, path="byeori.strategies.random:RandomSearch", summary="Mine.")
        for name in ("zeal", "awe")
    ]

    def entry_points(*, group: str) -> list[Point]:
        return [Point(row.name, row) for row in found] if group == "byeori.strategies" else []

    monkeypatch.setattr(catalog, "entry_points", entry_points)
    return found


def test_plugins_come_after_the_built_in_in_the_order_of_their_names(plugged: list[Row]) -> None:
    built_in = [row.name for row in ROWS if row.kind == "strategy"]
    assert [row.name for row in rows("strategy")] == [*built_in, "awe", "zeal"]
    assert rows("stopper") == tuple(row for row in ROWS if row.kind == "stopper")


def test_a_plugin_is_found_loaded_and_offered(plugged: list[Row]) -> None:
    assert find("strategy", "awe") is plugged[1]
    assert load("strategy", "zeal").__name__ == "RandomSearch"
    with pytest.raises(OptionError, match="Did you mean 'zeal'"):
        find("strategy", "zea")


def test_a_plugin_does_not_take_the_name_of_a_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Row(kind="strategy", name="random", path="os:system", summary="Not random.")
    monkeypatch.setattr(catalog, "entry_points", lambda *, group: [Point("random", other)])
    assert find("strategy", "random").path == "byeori.strategies.random:RandomSearch"


def test_built_in_names_are_found_without_looking_at_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*, group: str) -> list[Point]:
        raise AssertionError(f"4 ms for {group}")

    monkeypatch.setattr(catalog, "entry_points", slow)
    assert find("learner", "nets").name == "nets"
