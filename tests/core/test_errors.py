from __future__ import annotations

import inspect
import re

import pytest

from byeori.core import errors
from byeori.core.errors import ByeoriError, InputError, RunError, did_you_mean

ALL = [e for _, e in inspect.getmembers(errors, inspect.isclass) if issubclass(e, ByeoriError)]


@pytest.mark.parametrize("error", ALL, ids=lambda e: e.__name__)
def test_every_error_is_in_the_tree_at_the_top_of_the_file(error: type[ByeoriError]) -> None:
    assert re.search(rf"\b{error.__name__}\b", errors.__doc__ or "")
    assert error.__doc__


@pytest.mark.parametrize("error", ALL, ids=lambda e: e.__name__)
def test_the_exit_code_is_of_the_kind(error: type[ByeoriError]) -> None:
    assert error.exit_code in (1, 2)
    if issubclass(error, InputError):
        assert error.exit_code == 2
    assert not (issubclass(error, InputError) and issubclass(error, RunError))


def test_the_nearest_word_is_offered_or_all_are_named() -> None:
    assert did_you_mean("evoluton", ["random", "evolution"]) == " Did you mean 'evolution'?"
    assert did_you_mean("zzz", ["b", "a"]) == " Known: a, b."
    assert did_you_mean("zzz", []) == ""
    assert did_you_mean("zzz", [f"n{i:02d}" for i in range(50)]).count(",") == 19
