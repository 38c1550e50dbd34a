"""The fingerprint of a listing: equal while files, arrays, labels and every choice made are the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import numpy as np

from byeori._util.json import Json, canonical
from byeori.modalities.images.listing import Listing

_VERSION = 1


def fingerprint_of(listing: Listing, choices: Json) -> str:
    """Return 32 hexadecimal digits.

    Args:
        listing: Files count by path, size and time of change; arrays and images in memory by their bytes.
        choices: JSON of all else that makes a preparation what it is.
    """
    digest = blake2b(digest_size=16)
    digest.update(canonical([_VERSION, choices, list(listing.labels or ()), list(listing.group or ())]))
    digest.update(np.ascontiguousarray(listing.part).tobytes())
    for part in _parts(listing):
        digest.update(part)
        digest.update(b"\0")
    return digest.hexdigest()


def _parts(listing: Listing) -> Iterator[bytes]:
    for item in listing.items:
        if isinstance(item, str):
            yield os.fsencode(item)
            yield _status(item)
        elif isinstance(item, np.ndarray):
            yield f"{item.dtype}{item.shape}".encode()
            yield np.ascontiguousarray(item).tobytes()
        else:
            yield _image(item)


def _status(path: str) -> bytes:
    try:
        status = os.stat(path)
    except OSError:
        return b"gone"
    return b"%d %d" % (status.st_size, status.st_mtime_ns)


def _image(image: Any) -> bytes:
    return f"{image.mode}{image.size}".encode() + bytes(image.tobytes())
