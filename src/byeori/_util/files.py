"""Files that are whole or not there: write beside, sync, rename; and what to say of a path that leads nowhere."""

from __future__ import annotations

import difflib
import os
import tempfile
import unicodedata
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


def sync(path: Path) -> None:
    """Return when a file, or the names in a folder, would survive a power cut (about 4 ms)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_hash(path: Path) -> str:
    """Return the blake2b hash of a file's bytes, 32 hexadecimal digits."""
    with path.open("rb") as file:
        digest = blake2b(digest_size=16)
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def not_there(path: Path) -> str:
    """Return the sentence for a path at which nothing lies: the nearest name beside it, or what there is.

    Example:
        >>> not_there(Path("/no/such/place"))
        "There is nothing at '/no/such/place': the folder '/no/such' is not there either, check the path."
    """
    text, parent = f"There is nothing at {_quoted(path)}", path.parent
    try:
        here = sorted(name for name in os.listdir(parent) if not name.startswith("."))
    except OSError:
        return f"{text}: the folder {_quoted(parent)} is not there either, check the path."
    plain = {unicodedata.normalize("NFC", name): name for name in here}
    near = difflib.get_close_matches(unicodedata.normalize("NFC", path.name), plain, n=1, cutoff=0.5)
    if near:
        return f"{text}. Did you mean {_quoted(parent / plain[near[0]])}?"
    some = ", ".join(map(_quoted, here[:3])) + (f" and {len(here) - 3} more" if len(here) > 3 else "")
    where = "this folder" if parent == Path() else f"the folder {_quoted(parent)}"
    return f"{text}: check the path; {where} holds {some or 'nothing'}."


def _quoted(path: Path | str) -> str:
    return repr(os.fspath(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))
