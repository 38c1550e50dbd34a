"""Ctrl-C: once finishes with the best so far, twice ends at once, and either way the study is whole."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from byeori.study import Study

from .conftest import Cli, is_sound, killer, log_of, of_kind, ships_what_it_says, wait_for

ARGUMENTS = ("--target", "answer", "--trials", "40", "--strategy", "random", "--workers", "2")


@pytest.mark.usefixtures("steady")
def test_once_finishes_with_the_best_so_far(cli: Cli, table: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    command = cli.start("fit", table, "--out", study, *ARGUMENTS, pause=0.1)
    wait_for(lambda: len(of_kind(log_of(study), "ended")) >= 4, "four children")
    killer(command.process.pid, signal.SIGINT)
    assert command.end() == 130, command.err
    assert "Stopped." in command.err
    assert "Traceback" not in command.err
    assert "validation" in command.out
    ships_what_it_says(study)
    trials = Study.open(study).trials
    assert len(trials) < 40
    assert {trial.reason for trial in trials} == {"done", ""}, "what was in flight is left as it was"
    assert cli.orphans() == []


@pytest.mark.usefixtures("steady")
def test_at_the_first_moment_there_is_a_model(cli: Cli, table: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    command = cli.start("fit", table, "--out", study, *ARGUMENTS, pause=0.3)
    command.await_word("searching")
    killer(command.process.pid, signal.SIGINT)
    assert command.end() == 130, command.err
    ships_what_it_says(study)


@pytest.mark.usefixtures("steady")
def test_twice_ends_at_once(cli: Cli, table: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    command = cli.start("fit", table, "--out", study, *ARGUMENTS, pause=0.1)
    wait_for(lambda: len(of_kind(log_of(study), "ended")) >= 4, "four children")
    killer(command.process.pid, signal.SIGINT)
    command.await_word("finishing")
    killer(command.process.pid, signal.SIGINT)
    assert command.end() == 130, command.err
    assert "Traceback" not in command.err
    assert cli.orphans() == []
    assert not Study.open(study).finished
    said = cli.run("fit", table, "--out", study, *ARGUMENTS, "--trials", 10)
    assert said.process.returncode == 0, said.err
    is_sound(study)


@pytest.mark.parametrize("there", [False, True])
def test_while_reading_leaves_nothing_behind(cli: Cli, tmp_path: Path, there: bool) -> None:
    big, study = tmp_path / "big.csv", tmp_path / "study"
    with big.open("w") as file:
        file.write("a,b,c,d,answer\n")
        file.writelines(f"{n % 977},{n % 31},{n},{n * n % 1009},{n % 2}\n" for n in range(600_000))
    if there:
        study.mkdir()
    command = cli.start("fit", big, "--out", study, *ARGUMENTS)
    command.await_word("reading")
    killer(command.process.pid, signal.SIGINT)
    assert command.end() == 130, command.err
    assert "Traceback" not in command.err
    assert (list(study.iterdir()) if there else study.exists()) == ([] if there else False)
    assert cli.orphans() == []
