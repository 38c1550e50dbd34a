"""One writer a study: an advisory lock beside the log, which the kernel takes back from whoever dies."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from pathlib import Path

from byeori._util.json import Json, dumps, loads
from byeori.core.errors import StudyError


class WriterLock:
    """The right to write one log, held from construction to `close`.

    The file keeps lying there: to delete it would let two processes lock two files of one name. What it says counts
    only while somebody holds the lock, so a holder that was killed stands in nobody's way.

    Args:
        path: The lock file; made where there is none.
        study: What a message calls the thing that is locked.

    Raises:
        StudyError: Another process holds it (the sentence says which), or the folder cannot be written.
    """

    def __init__(self, path: Path, study: Path) -> None:
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StudyError(
                f"The study {study} cannot be written ({error.strerror}): give a folder that exists and is yours."
            ) from None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _holder(self._handle)
            os.close(self._handle)
            raise StudyError(
                f"The study {study} is held by process {holder.get('pid', '?')} on {holder.get('host', '?')} since "
                f"{holder.get('since', '?')}: wait until it has ended, or stop it."
            ) from None
        self._say_who()

    def close(self) -> None:
        """Give the lock back; idempotent."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _say_who(self) -> None:
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        who = dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since})
        try:
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, who, 0)
        except OSError:
            # A full disk must not forbid to open a study; only the sentence above will know less.
            return


def _holder(handle: int) -> Json:
    try:
        found = loads(os.pread(handle, 1000, 0))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
