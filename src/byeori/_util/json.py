"""One JSON encoder for the whole house, so that equal values have equal bytes."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, TypeAlias

import orjson

Json: TypeAlias = Any
"""What JSON can say: None, bool, int, float, str, lists and string-keyed dicts of these."""

_CANONICAL = orjson.OPT_SORT_KEYS
_PLAIN = orjson.OPT_SERIALIZE_NUMPY


def dumps(value: Json) -> bytes:
    """Encode a value as compact JSON bytes; numpy scalars and arrays are taken too."""
    # Copied: orjson shrinks a buffer of 4 kB in place, and what is kept of many such would keep the holes between them.
    return bytes(memoryview(orjson.dumps(value, option=_PLAIN)))


def pretty(value: Json) -> str:
    """Encode a value as indented JSON text with sorted keys, for files people read."""
    return orjson.dumps(value, option=_CANONICAL | _PLAIN | orjson.OPT_INDENT_2).decode() + "\n"


def canonical(value: Json) -> bytes:
    """Encode a value so that equal values give equal bytes (keys sorted)."""
    return orjson.dumps(value, option=_CANONICAL)


def loads(data: bytes | str) -> Json:
    """Decode JSON.

    Raises:
        ValueError: The text is not JSON.
    """
    return orjson.loads(data)


def digest(value: Json, size: int = 16) -> str:
    """Return a hexadecimal hash of a JSON value that is the same in every process and version.

    Args:
        value: Any JSON value.
        size: Length of the hash in bytes.

    Example:
        >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
        True
    """
    return blake2b(canonical(value), digest_size=size).hexdigest()
