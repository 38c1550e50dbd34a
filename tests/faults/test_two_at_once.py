"""Two commands on one study: the second is told who holds it, and the first does not notice."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from .conftest import Cli, is_sound, log_of, of_kind, sentence_of, wait_for

ARGUMENTS = ("--target", "answer", "--trials", "8", "--strategy", "random", "--workers", "1")


@pytest.mark.usefixtures("steady")
def test_the_second_is_told_who_holds_the_study(cli: Cli, table: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    first = cli.start("fit", table, "--out", study, *ARGUMENTS, pause=0.1)
    wait_for(lambda: of_kind(log_of(study), "proposed"), "the first child")
    for command in ("fit", "resume"):
        rest = ("fit", table, "--out", study, *ARGUMENTS) if command == "fit" else ("resume", study)
        second = cli.run(*rest)
        assert second.process.returncode == 2, second.err
        said = sentence_of(second)
        assert f"process {first.process.pid} on {socket.gethostname()}" in said
        assert first.process.poll() is None
    assert first.end() == 0, first.err
    is_sound(study)
    assert of_kind(log_of(study), "started") == []
    assert cli.orphans() == []


@pytest.mark.usefixtures("steady")
def test_many_that_begin_at_the_same_moment(cli: Cli, table: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    commands = [cli.start("fit", table, "--out", study, *ARGUMENTS) for _ in range(3)]
    codes = [command.end() for command in commands]
    assert sorted(codes) == [0, 2, 2], [command.err for command in commands]
    is_sound(study)
    assert of_kind(log_of(study), "started") == []
