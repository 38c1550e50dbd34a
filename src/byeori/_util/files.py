"""Files that are whole or not there: write beside, sync, rename."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import IO


def write_whole(path: Path, write: Callable[[IO[bytes]], object] | bytes | str, *, durable: bool = True) -> None:
    """Write a file so that a reader, or a power cut, sees the old one or the new one and nothing between.

    Args:
        path: Where the file goes; its folder must exist.
        write: The content, or a function that writes it into a binary file.
        durable: Sync before the rename (about 4 ms); off for what can be made again.

    Raises:
        OSError: No room or no right to write; nothing is left behind.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            if callable(write):
                write(file)
            else:
                file.write(write.encode() if isinstance(write, str) else write)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def file_hash(path: Path) -> str:
    """Return the blake2b hash of a file's bytes, 32 hexadecimal digits."""
    with path.open("rb") as file:
        digest = blake2b(digest_size=16)
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
