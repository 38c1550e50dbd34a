"""The one lazy loader: a module that is imported when it is first used, and a dotted path resolved."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


class _Lazy(ModuleType):
    """A stand-in for a module; the first attribute asked of it imports the real one."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # inspect and doctest ask whether it wraps something, which is no use of it
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


def lazy(module: str) -> Any:
    """Return a stand-in for `module` that imports it at the first use.

    Use it where a room must be readable without a heavy dependency: a family's space without torch,
    the command line without the whole house. Write it beside a `TYPE_CHECKING` import of the same name.

    Args:
        module: The module's dotted name.

    Example:
        >>> fractions = lazy("fractions")
        >>> fractions.Fraction(1, 2) + fractions.Fraction(1, 2)
        Fraction(1, 1)
    """
    return _Lazy(module)


def resolve(path: str) -> Any:
    """Return the object at a dotted path written `package.module:name`.

    Args:
        path: For example `byeori.strategies.random:RandomSearch`.

    Raises:
        ImportError: The module or the name is not there.

    Example:
        >>> resolve("math:sqrt")(9)
        3.0
    """
    module, _, name = path.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except AttributeError as error:
        raise ImportError(f"{path!r} names nothing: {error}.") from None
    return found
