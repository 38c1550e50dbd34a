"""A disk that is full, read-only, or gives back something else than what was written."""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from byeori import api, finish
from byeori.core.errors import ByeoriError, RunError, StoreError
from byeori.stores.sqlite import SQLiteStore
from byeori.study import Study

from .conftest import Cli, is_sound, killer, log_of, of_kind, sentence_of, wait_for

ARGUMENTS = ("--target", "answer", "--trials", "8", "--strategy", "random", "--workers", "2")


def fill(ballast: Path) -> None:
    """Leave no room on a disk."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1024)):
                continue
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


@pytest.mark.usefixtures("steady")
def test_a_disk_that_fills_up(cli: Cli, table: Path, small_disk: Path) -> None:
    study, ballast = small_disk / "study", small_disk / "ballast"
    command = cli.start("fit", table, "--out", study, *ARGUMENTS, pause=0.1)
    wait_for(lambda: len(of_kind(log_of(study), "ended")) >= 3, "three children")
    fill(ballast)
    assert command.end() == 1, command.err
    said = sentence_of(command)
    assert re.search("full|free room", said)
    rows = log_of(study)
    again = cli.run("fit", table, "--out", study, *ARGUMENTS)
    assert again.process.returncode == 1, "still full"
    sentence_of(again)
    ballast.unlink()
    last = cli.run("fit", table, "--out", study, *ARGUMENTS)
    assert last.process.returncode == 0, last.err
    is_sound(study)
    assert log_of(study)[: len(rows)] == rows
    assert {trial.reason for trial in Study.open(study).trials} == {"done"}, "a full disk is no child's fault"


@pytest.mark.usefixtures("steady")
def test_a_read_only_folder(cli: Cli, table: Path, small_disk: Path) -> None:
    study = small_disk / "study"
    command = cli.start("fit", table, "--out", study, *ARGUMENTS)
    wait_for(lambda: len(of_kind(log_of(study), "ended")) >= 3, "three children")
    killer(command.process.pid)
    command.end()
    assert cli.orphans() == []
    for wish, code in (("ro", 2), ("rw", 0), ("ro", 0)):
        subprocess.run(["mount", "-o", f"remount,{wish}", small_disk], check=True)
        command = cli.run("fit", table, "--out", study, *ARGUMENTS)
        assert command.process.returncode == code, command.err
        if code:
            assert re.search(f"(no right to write in|study) {study}", sentence_of(command))
    new = cli.run("fit", table, "--out", small_disk / "new", *ARGUMENTS)
    assert new.process.returncode == 2, new.err
    assert "give another --out" in sentence_of(new)
    assert Study.open(study).best is not None


class Disk:
    """Every way in which a study writes, counted; the one of a number fails as on a full disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, study: Path) -> None:
        self.study = study
        self.fails: int | None = None
        self.calls: list[str] = []
        for module, name in ((os, "replace"), (os, "rename"), (os, "mkdir"), (os, "fsync"), (os, "open")):
            monkeypatch.setattr(module, name, self._wrapped(name, getattr(module, name)))
        real_open = io.open

        def opened(file: object, mode: str = "r", *rest: object, **more: object) -> object:
            if mode[0] in "wax" and not isinstance(file, int):
                self._count("write", file)
            return real_open(file, mode, *rest, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(io, "open", opened)
        real_append = SQLiteStore.append

        def append(store: SQLiteStore, events: list[object]) -> None:
            self._count("append", f"{[event.kind for event in events]}")
            real_append(store, events)

        monkeypatch.setattr(SQLiteStore, "append", append)

    def _wrapped(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **more: object) -> object:
            reads = name == "open" and not int(given[1]) & (os.O_WRONLY | os.O_RDWR)  # type: ignore[call-overload]
            there = name == "mkdir" and os.path.exists(str(given[0]))
            if not reads and not there:
                self._count(name, given[-1] if name in ("replace", "rename") else given[0])
            return real(*given, **more)

        return call

    def _count(self, how: str, what: object) -> None:
        name = str(what)
        if how != "append" and not isinstance(what, int) and not name.startswith(str(self.study)):
            return
        # A temporary name, `.finish.json.a8x1`, is as good as another.
        plain = re.sub("^[.](.*)[.][a-z0-9_]{8}$", "new \\1", Path(name).name)
        plain = re.sub("[0-9]+", "0", plain)
        self.calls.append(f"{how} {plain}")
        if len(self.calls) == self.fails:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)


@pytest.mark.usefixtures("steady")
def test_whatever_cannot_be_written_the_same_call_goes_on(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYEORI_FAULTS_PAUSE", "0")
    monkeypatch.setattr(finish, "_ROUNDS", 2)
    disk = Disk(monkeypatch, tmp_path / "studies")

    def fit(name: str, fails: int | None = None) -> Path:
        disk.calls, disk.fails = [], fails
        study = disk.study / name
        api.fit(table, out=study, target="answer", trials=1, executor="inline")
        return study

    disk.study.mkdir()
    fit("plain")
    calls = list(disk.calls)
    last = {len(calls) - calls[::-1].index(call) for call in calls if call.startswith("append")}
    numbers = last | {calls.index(call) + 1 for call in calls}
    assert len(numbers) > 30
    for number in sorted(numbers):
        with pytest.raises(ByeoriError) as caught:
            fit(f"{number}", number)
        assert "No space left" in str(caught.value), calls[number - 1]
        before = log_of(disk.study / f"{number}")
        study = fit(f"{number}")
        assert log_of(study)[: len(before)] == before, calls[number - 1]
        is_sound(study)
        assert {path.name for path in study.iterdir() if path.name.startswith(".")} == set(), calls[number - 1]
        assert {trial.reason for trial in Study.open(study).trials} == {"done"}, calls[number - 1]
        shutil.rmtree(study)


def _garbage(file: Path, at: float, what: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(int(at * file.stat().st_size))
        opened.write(what)


def _body(file: Path, what: bytes) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("UPDATE events SET body = ? WHERE kind = 'proposed'", (what,))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut in half": lambda file: os.truncate(file, file.stat().st_size // 2 // 4096 * 4096),
    "cut in a page": lambda file: os.truncate(file, file.stat().st_size - 1000),
    "garbage at the beginning": lambda file: _garbage(file, 0.0, b"\xff" * 4096),
    "garbage in the middle": lambda file: _garbage(file, 0.5, b"\xff" * 8192),
    "zeros near the end": lambda file: _garbage(file, 0.8, bytes(8192)),
    "an event that is no JSON": lambda file: _body(file, b"\xff{"),
    "an event that is other JSON": lambda file: _body(file, b"[1]"),
    "another program's file": lambda file: file.write_bytes(b"GIF89a" * 1000),
}


@pytest.fixture(scope="module")
def killed(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that was stopped in the midst of it, with all of its log in one file."""
    study = tmp_path_factory.mktemp("torn") / "study"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("byeori.session.finish", _stopped)
        with pytest.raises(RunError, match="as if killed"):
            api.fit(table, out=study, target="answer", trials=3, executor="inline")
    return study


def _stopped(*_: object) -> None:
    raise RunError("as if killed")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_torn_log_is_one_sentence(table: Path, killed: Path, tmp_path: Path, damage: str) -> None:
    study = Path(shutil.copytree(killed, tmp_path / "study"))
    DAMAGES[damage](study / "events.db")
    with pytest.raises(StoreError, match=re.escape(str(study / "events.db"))) as caught:
        api.fit(table, out=study, target="answer", trials=3, executor="inline")
    assert re.search("put back a copy|give another folder", str(caught.value))
    assert "\n" not in str(caught.value)
    assert (study / "trials").is_dir(), "nothing is thrown away"
