"""Bad luck on order: commands in processes of their own, killed at the worst moment, and what they leave behind."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from byeori import catalog, load
from byeori._util.lazy import resolve
from byeori.core import metrics
from byeori.study import Study

HERE = Path(__file__).resolve().parent
MARKER = "BYEORI_FAULTS_MARKER"
PATIENCE = 120.0
"""Seconds after which something that is waited for is not coming; nothing is asserted about less."""

Row = tuple[int, str, int, int, bytes]


def orphans(marker: str, wait: float = 15.0) -> list[str]:
    """The command lines of living processes that carry a marker, once they had some seconds to go away."""
    until = time.monotonic() + wait
    while True:
        found = {folder: words for folder in Path("/proc").glob("[0-9]*") if (words := _words(folder, marker))}
        if not found or time.monotonic() > until:
            return list(found.values())
        time.sleep(0.05)


def _words(folder: Path, marker: str) -> str:
    try:
        if int(folder.name) == os.getpid() or marker.encode() not in (folder / "environ").read_bytes():
            return ""
        return (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace") or "a zombie"
    except OSError:
        return ""


def killer(pid: int, sent: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a process that may be gone."""
    try:
        os.kill(pid, sent)
    except ProcessLookupError:
        return


def wait_for(thing: Callable[[], object], what: str) -> None:
    """Wait until something is true."""
    until = time.monotonic() + PATIENCE
    while not thing():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.01)


@dataclass
class Command:
    """A command under way."""

    process: subprocess.Popen[str]
    words: Path
    result: Path

    @property
    def err(self) -> str:
        return self.words.read_text(errors="replace")

    @property
    def out(self) -> str:
        return self.result.read_text(errors="replace")

    def await_word(self, word: str) -> None:
        """Wait until a word was said on stderr, or the command is over."""
        wait_for(lambda: word in self.err or self.process.poll() is not None, f"{word!r} in {self.err!r}")

    def end(self) -> int:
        """Wait for the end and return the exit code."""
        return self.process.wait(PATIENCE)

    def descendants(self) -> list[int]:
        """The numbers of all processes below, the nearest first."""
        found = [self.process.pid]
        for pid in found:
            try:
                tasks = list(Path(f"/proc/{pid}/task").iterdir())
                found += [int(n) for task in tasks for n in (task / "children").read_text().split()]
            except OSError:
                continue
        return found[1:]


@dataclass
class Cli:
    """Starts commands that can be recognised for ever by what is in their environment."""

    folder: Path
    marker: str = field(default_factory=lambda: uuid.uuid4().hex)
    commands: list[Command] = field(default_factory=list)

    def start(self, *arguments: object, pause: float = 0.03, nets: bool = False) -> Command:
        count = len(self.commands)
        words, result = self.folder / f"{count}.err", self.folder / f"{count}.out"
        environment = os.environ | {
            MARKER: self.marker,
            "BYEORI_FAULTS_PAUSE": str(pause),
            "BYEORI_FAULTS_NETS": "yes" if nets else "",
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONUNBUFFERED": "1",
            "OMP_NUM_THREADS": "1",
        }
        with words.open("w") as err, result.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, str(HERE / "fault_children.py"), *map(str, arguments)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                text=True,
                # A suite that a shell runs in the background inherits a SIGINT that is ignored.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )
        self.commands.append(Command(process, words, result))
        return self.commands[-1]

    def run(self, *arguments: object, pause: float = 0.03) -> Command:
        command = self.start(*arguments, pause=pause)
        command.end()
        return command

    def orphans(self, wait: float = 15.0) -> list[str]:
        return orphans(self.marker, wait)


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    """The command line in processes of its own; a test that leaves one alive fails, and it is killed."""
    folder = tmp_path / "said"
    folder.mkdir()
    made = Cli(folder)
    yield made
    for command in made.commands:
        command.process.kill()
        command.process.wait()
    left = made.orphans()
    for path in Path("/proc").glob("[0-9]*"):
        if _words(path, made.marker):
            killer(int(path.name))
    assert left == []


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small table with two classes."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(240, 4))
    classes = np.where(numbers[:, 0] + 0.5 * numbers[:, 1] + 0.4 * rng.normal(size=240) > 0, "yes", "no")
    lines = [f"{','.join(f'{v:.4f}' for v in row)},{label}" for row, label in zip(numbers, classes, strict=True)]
    path = tmp_path_factory.mktemp("table") / "small.csv"
    path.write_text("\n".join(["a,b,c,d,answer", *lines]) + "\n")
    return path


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalog of `fault_children` in this process too."""
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setattr(catalog, "ROWS", resolve("fault_children:rows")())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes; needs the right to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def log_of(study: Path) -> list[Row]:
    """What a study's log says, read beside whoever writes it; nothing where there is none."""
    file = study / "events.db"
    if not file.exists():
        return []
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master").fetchall():
            return []
        return connection.execute("SELECT number, kind, trial, attempt, body FROM events ORDER BY number").fetchall()


def of_kind(rows: Sequence[Row], kind: str) -> list[Row]:
    return [row for row in rows if row[1] == kind]


def is_sound(study: Path) -> None:
    """The log is whole, no trial was counted twice, and what is shipped gives the scores that were written down."""
    with closing(sqlite3.connect(study / "events.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    rows = log_of(study)
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    ended = [row[2] for row in of_kind(rows, "ended")]
    assert len(ended) == len(set(ended)), "a trial ended twice"
    gone: set[int] = set()
    for _, kind, trial, _, _ in rows:
        assert trial not in gone, "a trial went on after its end"
        if kind == "ended":
            gone.add(trial)
    assert [row[2] for row in of_kind(rows, "proposed")] == list(range(len(of_kind(rows, "proposed"))))
    ships_what_it_says(study)


def ships_what_it_says(folder: Path) -> None:
    """The model loads, and its scores on the prepared rows are those of finish.json."""
    study, model = Study.open(folder), load(folder)
    prepared, name = study.prepared, study.schema.metric
    rows = prepared.test_rows()
    target = np.asarray(prepared.target()[rows])
    scored = metrics.bootstrap(
        name, target, model.predict_arrays(prepared.arrays().take(rows)), rounds=2, scale=model.recipe.scale or None
    )
    assert scored.value == pytest.approx(study.test, abs=1e-9)
    for left in (".model.making", ".model.old", "work"):
        assert not (folder / left).exists()
    assert (folder / "report.html").is_file()
    assert (folder / "report.json").is_file()


def sentence_of(command: Command) -> str:
    """The one sentence a failed command says; a traceback, or two sentences of it, fail the test."""
    assert "Traceback" not in command.err, command.err
    said = [line for line in command.err.splitlines() if line.startswith("Error: ")]
    assert len(said) == 1, command.err
    assert not re.search("a fault in Byeori itself", said[0]), command.err
    return said[0]
