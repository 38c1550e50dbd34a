"""The log in one SQLite file: append-only, one writer, durable at every commit, readable while it is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import starmap
from pathlib import Path

from byeori.core.errors import ByeoriError, DamagedError, StoreError, StudyError
from byeori.core.events import Event
from byeori.stores.lock import WriterLock
from byeori.stores.place import network_kind

APPLICATION_ID = 0x42594F52
"""`BYOR`: how a file says that it is ours."""
SCHEMA_VERSION = 1

_CREATE = "CREATE TABLE events(number INTEGER PRIMARY KEY, version, time, trial, attempt, kind, body BLOB)"
_INSERT = "INSERT INTO events(version, time, trial, attempt, kind, body) VALUES (?, ?, ?, ?, ?, ?)"
# The columns stand in the order of Event's fields, so that a row is an Event's arguments (1 µs a row).
_SELECT = "SELECT kind, trial, attempt, body, number, time, version FROM events WHERE number > ? ORDER BY number"
_ROWS = 1000


class SQLiteStore:
    """A store in an SQLite file, WAL, synchronous=FULL.

    The one that writes holds a lock beside the file until it is closed or dies. Readers need no lock, see every commit
    that is done, and never checkpoint: a single connection writes and checkpoints, which also keeps clear of SQLite's
    WAL-reset bug (3.7.0 to 3.51.2). One thread at a time may use a store.

    Args:
        path: The file, `STUDY/events.db`; made where there is none, its folder must exist.
        readonly: Open to read what another process may be writing.

    Raises:
        StudyError: Another process holds the study; there is nothing to read; the folder is on a network filesystem.
        DamagedError: The file is damaged, no log, or of a newer format.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, SQLiteStore(Path(folder) / "events.db") as store:
        ...     store.append([Event.of("budget", {"trials": 3})])
        ...     next(store.read()).data
        {'trials': 3}
    """

    def __init__(self, path: Path | str, *, readonly: bool = False) -> None:
        self._path = Path(path).resolve()
        self._lock: WriterLock | None = None
        self._writer: sqlite3.Connection | None = None
        if readonly:
            if not self._path.is_file():
                raise StudyError(
                    f"There is no study in {self._path.parent}, for its log {self._path.name} is missing: put it back, "
                    "or give the folder of a study that was begun."
                )
            with closing(_open_to_read(self._path)) as connection:
                _check(connection, self._path)
            return
        if kind := network_kind(self._path):
            raise StudyError(
                f"The study {self._path.parent} lies on a network filesystem ({kind}), where its log could be "
                "damaged: put it on a local disk and copy it when it is done."
            )
        self._lock = WriterLock(self._path.with_name(self._path.name + ".lock"), self._path.parent)
        try:
            self._writer = _open_to_write(self._path)
        except ByeoriError:
            self.close()
            raise

    def append(self, events: Sequence[Event]) -> None:
        """Write events in one commit; when it returns they are on the disk.

        Raises:
            StoreError: They could not be written (the disk is full); then none of them is, and the log is as before.
        """
        if self._writer is None:
            raise StoreError(f"{self._path} is closed or open for reading only: open it to write.")
        if not events:
            return
        rows = [(e.version, e.time, e.trial, e.attempt, e.kind, e.body) for e in events]
        with _sentences(self._path):
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                self._writer.executemany(_INSERT, rows)
                self._writer.execute("COMMIT")
            finally:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")

    def read(self, start: int = 0) -> Iterator[Event]:
        """Yield the events with a number greater than `start`, as they stood at the first one.

        While it is not read to its end or closed, the WAL file cannot be begun anew and grows.

        Raises:
            StoreError: The file is damaged.
        """
        with closing(_open_to_read(self._path)) as connection, _sentences(self._path):
            cursor = connection.execute(_SELECT, (start,))
            while rows := cursor.fetchmany(_ROWS):
                yield from starmap(Event, rows)

    def close(self) -> None:
        """Close the file and let go of the lock; idempotent."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __str__(self) -> str:
        return str(self._path)

    def __enter__(self) -> SQLiteStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_to_write(path: Path) -> sqlite3.Connection:
    with _sentences(path):
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        with _sentences(path):
            if not _check(connection, path, empty_is_fine=True):
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(_CREATE)
                connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
                connection.execute("COMMIT")
            connection.execute("PRAGMA synchronous=FULL")
            # Looks along the right edge of the table, where a log cut short is damaged.
            connection.execute("SELECT max(number) FROM events").fetchone()
    except ByeoriError:
        connection.close()
        raise
    return connection


def _open_to_read(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write; on a medium that nobody can write, one that needs no lock either."""
    quiet = not path.with_name(path.name + "-wal").exists()
    remote = network_kind(path)
    if remote and not quiet:
        raise StudyError(
            f"The study {path.parent} is being written on a network filesystem ({remote}): copy it to a local disk."
        )
    uri = path.as_uri()
    with _sentences(path):
        connection = sqlite3.connect(
            f"{uri}?immutable=1" if remote else f"{uri}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            connection.close()
            if not quiet or _code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
            connection = sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None, check_same_thread=False)
    return connection


def _check(connection: sqlite3.Connection, path: Path, *, empty_is_fine: bool = False) -> bool:
    """Return whether the file holds a log we can read; False only for an empty one, where that is fine."""
    with _sentences(path):
        (ours,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not (ours or version or tables):
        if empty_is_fine:
            return False
        raise StudyError(
            f"{path} is empty: the study was never begun, or its log is lost; begin again in another folder."
        )
    if ours != APPLICATION_ID:
        raise DamagedError(f"{path} is a database of another program, not the log of a study: give another folder.")
    if version > SCHEMA_VERSION:
        raise DamagedError(
            f"{path} was written by a newer Byeori (format {version}, this one knows {SCHEMA_VERSION}): update Byeori."
        )
    return True


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Turn what SQLite says into one sentence that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            text = f"{path} could not be written ({error}): free room on its disk; all that was logged before is safe."
        elif code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise DamagedError(
                f"{path} is damaged ({error}): put back a copy of it, or save what can be read with "
                f"`sqlite3 {path.name} .recover | sqlite3 saved.db`, or begin again in another folder."
            ) from None
        elif code == sqlite3.SQLITE_BUSY:
            text = f"{path} is locked by another program: close what has it open."
        else:
            text = f"{path} could not be used ({error}): look whether the file and its folder are yours to write."
        raise StoreError(text) from None


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code, 0 where Python's module raised the error itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
