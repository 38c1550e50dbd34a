from __future__ import annotations

import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from byeori.core.errors import StoreError, StudyError
from byeori.core.events import Event
from byeori.stores import place, sqlite
from byeori.stores.sqlite import SQLiteStore
from byeori.testing.stores import StoreConformance

WRITER = """
import sys
from byeori.core.events import Event
from byeori.stores.sqlite import SQLiteStore
with SQLiteStore(sys.argv[1]) as store:
    last = max((event.number for event in store.read()), default=0)
    while True:
        store.append([Event("reported", trial=last + n, body=b'"' + b"x" * 300 + b'"') for n in (1, 2)])
        last += 2
        print(last, flush=True)
"""


class TestSQLiteStore(StoreConformance):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Iterator[Callable[[], SQLiteStore]]:
        stores: list[SQLiteStore] = []

        def reopen() -> SQLiteStore:
            if stores:
                stores[-1].close()
            stores.append(SQLiteStore(tmp_path / "events.db"))
            return stores[-1]

        yield reopen
        if stores:
            stores[-1].close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


def fill(path: Path, count: int, size: int = 50) -> None:
    with SQLiteStore(path) as store:
        store.append([Event("reported", trial=n, body=b'"' + b"x" * size + b'"') for n in range(count)])


def start_writer(path: Path) -> subprocess.Popen[bytes]:
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, env=here)


def integrity(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def pragma(path: Path, statement: str) -> object:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        row = connection.execute(f"PRAGMA {statement}").fetchone()
        return row[0] if row else None
    finally:
        connection.close()


def test_the_file_says_whose_it_is_and_keeps_a_wal(path: Path) -> None:
    fill(path, 1)
    assert pragma(path, "application_id") == sqlite.APPLICATION_ID
    assert pragma(path, "user_version") == sqlite.SCHEMA_VERSION
    assert pragma(path, "journal_mode") == "wal"


def test_a_reader_sees_commits_while_the_writer_has_the_file(path: Path) -> None:
    with SQLiteStore(path) as writer, SQLiteStore(path, readonly=True) as reader:
        writer.append([Event("paused", trial=1)])
        assert [e.trial for e in reader.read()] == [1]
        writer.append([Event("paused", trial=2)])
        assert [e.trial for e in reader.read(1)] == [2]


def test_a_reader_neither_writes_nor_checkpoints(path: Path) -> None:
    with SQLiteStore(path) as writer:
        writer.append([Event("paused")] * 5000)
        wal = path.with_name("events.db-wal").stat().st_size
        main = path.read_bytes()
        with SQLiteStore(path, readonly=True) as reader:
            assert len(list(reader.read())) == 5000
            with pytest.raises(StoreError, match="for reading only"):
                reader.append([Event("paused")])
        assert path.with_name("events.db-wal").stat().st_size == wal
        assert path.read_bytes() == main


def test_a_second_writer_is_told_who_holds_the_study(path: Path) -> None:
    with SQLiteStore(path), pytest.raises(StudyError) as caught:
        SQLiteStore(path)
    assert f"is held by process {os.getpid()} on {socket.gethostname()} since 2" in str(caught.value)


def test_a_second_process_is_told_who_holds_the_study(path: Path) -> None:
    other = start_writer(path)
    try:
        assert other.stdout is not None
        assert other.stdout.readline()
        with pytest.raises(StudyError, match=f"process {other.pid} on"):
            SQLiteStore(path)
        with SQLiteStore(path, readonly=True) as reader:
            assert next(reader.read()).number == 1
    finally:
        other.kill()
        other.communicate()


def test_killing_the_writer_loses_nothing_acknowledged(path: Path) -> None:
    acknowledged = 0
    for round_ in range(20):
        other = start_writer(path)
        assert other.stdout is not None
        for _ in range(1 + round_ % 4):
            acknowledged = int(other.stdout.readline())
        other.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, other.communicate()[0].split(b"\n")[:-1])])
        with SQLiteStore(path, readonly=True) as reader:
            events = list(reader.read())
        assert len(events) >= acknowledged
        assert len(events) % 2 == 0, "a commit was cut in two"
        assert all(e.number == e.trial == n for n, e in enumerate(events, 1))
    assert integrity(path) == "ok"
    with SQLiteStore(path) as store:
        store.append([Event("paused")])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small disk")
def test_a_full_disk_leaves_the_log_whole(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)], capture_output=True).returncode:
        pytest.skip("no right to mount here")
    try:
        check_whole_when_full(
            disk / "events.db", lambda: (disk / "ballast").unlink(), lambda: ballast(disk / "ballast")
        )
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_limit_on_file_sizes_leaves_the_log_whole(path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        check_whole_when_full(
            path,
            lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard)),
            lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard)),
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def ballast(path: Path) -> None:
    path.write_bytes(b"x" * 300_000)


def check_whole_when_full(path: Path, make_room: Callable[[], object], take_room: Callable[[], object]) -> None:
    kept = 0
    with SQLiteStore(path) as store:
        take_room()
        with pytest.raises(StoreError, match=r"could not be written \(.*\): free room"):  # noqa: PT012
            while kept < 100_000:
                store.append([Event("reported", trial=kept + n, body=b"x" * 4000) for n in range(10)])
                kept += 10
        with pytest.raises(StoreError):
            store.append([Event("reported", body=b"x" * 40_000)])
        assert [e.trial for e in store.read()] == list(range(kept))
        make_room()
        store.append([Event("reported", trial=kept)])
    assert integrity(path) == "ok"
    with SQLiteStore(path) as store:
        assert [e.trial for e in store.read()] == list(range(kept + 1))
        assert kept > 0


def test_nothing_of_a_refused_batch_is_kept(path: Path) -> None:
    with SQLiteStore(path) as store:
        store.append([Event("paused", trial=1)])
        with pytest.raises(StoreError):
            store.append([Event("paused", trial=2), Event("paused", body=object())])  # type: ignore[arg-type]
        store.append([Event("paused", trial=3)])
        assert [(e.number, e.trial) for e in store.read()] == [(1, 1), (2, 3)]


def test_a_damaged_page_is_named(path: Path) -> None:
    fill(path, 5000)
    with path.open("r+b") as file:
        file.seek(4096 * 20)
        file.write(os.urandom(4096 * 10))
    with SQLiteStore(path) as store, pytest.raises(StoreError, match=r"events.db is damaged .* \.recover"):
        list(store.read())


def test_a_file_cut_short_is_named(path: Path) -> None:
    fill(path, 5000)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreError, match="is damaged"), SQLiteStore(path) as store:
        list(store.read())
    with pytest.raises(StoreError, match="is damaged"), SQLiteStore(path, readonly=True) as store:
        list(store.read())


@pytest.mark.parametrize("readonly", [False, True])
def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, readonly: bool) -> None:
    path.write_bytes(b"dear diary, " * 1000)
    with pytest.raises(StoreError, match="is damaged"):
        SQLiteStore(path, readonly=readonly)
    assert path.read_bytes() == b"dear diary, " * 1000


@pytest.mark.parametrize("readonly", [False, True])
def test_another_programs_database_is_refused(path: Path, readonly: bool) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE events(number)")
    connection.close()
    with pytest.raises(StoreError, match="of another program"):
        SQLiteStore(path, readonly=readonly)


@pytest.mark.parametrize("readonly", [False, True])
def test_a_newer_format_is_refused(path: Path, readonly: bool) -> None:
    fill(path, 1)
    pragma(path, "user_version=7")
    with pytest.raises(StoreError, match="newer Byeori"):
        SQLiteStore(path, readonly=readonly)


def test_a_refused_file_is_not_held(path: Path) -> None:
    path.write_bytes(b"dear diary, " * 1000)
    with pytest.raises(StoreError):
        SQLiteStore(path)
    path.unlink()
    fill(path, 1)
    assert path.exists()


def test_there_is_nothing_to_read_where_nothing_was_begun(path: Path) -> None:
    with pytest.raises(StudyError, match="There is no study"):
        SQLiteStore(path, readonly=True)
    path.touch()
    with pytest.raises(StudyError, match="is empty"):
        SQLiteStore(path, readonly=True)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot be written"):
        SQLiteStore(tmp_path / "no" / "events.db")


def test_a_closed_store_says_so_and_closes_twice(path: Path) -> None:
    store = SQLiteStore(path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.append([Event("paused")])


def test_a_name_with_odd_characters_is_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "한 글?#%41&mode=rw"
    folder.mkdir()
    fill(folder / "events.db", 3)
    with SQLiteStore(folder / "events.db", readonly=True) as store:
        assert len(list(store.read())) == 3


def test_a_network_filesystem_is_refused_to_writers(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, 2)
    table = path.parent / "mounts"
    table.write_text("1 0 0:1 / / rw - nfs4 server:/ rw\n")
    monkeypatch.setattr(place, "_MOUNTS", table)
    with pytest.raises(StudyError, match=r"network filesystem \(nfs4\)"):
        SQLiteStore(path)
    with SQLiteStore(path, readonly=True) as store:
        assert len(list(store.read())) == 2
    path.with_name("events.db-wal").touch()
    with pytest.raises(StudyError, match="being written on a network"):
        SQLiteStore(path, readonly=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a medium that cannot be written")
def test_a_study_on_a_medium_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)], capture_output=True).returncode:
        pytest.skip("no right to mount here")
    try:
        fill(disk / "events.db", 3)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with SQLiteStore(disk / "events.db", readonly=True) as store:
            assert len(list(store.read())) == 3
        with pytest.raises(StudyError, match="cannot be written"):
            SQLiteStore(disk / "events.db")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
