from __future__ import annotations

import doctest
import inspect
import sys

import pytest

from byeori._util.lazy import lazy, resolve


def test_a_lazy_module_is_imported_at_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    module = lazy("colorsys")
    assert "colorsys" not in sys.modules
    assert module.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)
    assert "colorsys" in sys.modules


def test_looking_at_a_lazy_module_does_not_import_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    module = lazy("colorsys")
    repr(module)
    inspect.unwrap(module)
    doctest.DocTestFinder()._find_lineno(module, None)
    assert not hasattr(module, "__wrapped__")
    assert "colorsys" not in sys.modules


def test_a_module_that_is_not_there_is_an_import_error_at_its_first_use() -> None:
    module = lazy("byeori.nowhere")
    with pytest.raises(ModuleNotFoundError, match=r"byeori\.nowhere"):
        _ = module.anything


def test_a_dotted_path_may_lead_into_an_object() -> None:
    assert resolve("fractions:Fraction.from_float")(0.5).denominator == 2


@pytest.mark.parametrize("path", ["byeori.nowhere:x", "math:no_such", "math:pi.no_such", "math"])
def test_a_path_to_nothing_is_an_import_error(path: str) -> None:
    with pytest.raises(ImportError):
        resolve(path)
