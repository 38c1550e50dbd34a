"""Killed at any moment, the same command goes on; nothing that was said to be done is lost, and nothing is left."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from byeori._util.json import loads
from byeori.core.jobs import Report

from .conftest import Cli, Command, is_sound, killer, log_of, of_kind, wait_for

WORKERS = 2
KILLS = 20
ARGUMENTS = ("--target", "answer", "--trials", "8", "--strategy", "random")


def genomes(study: Path) -> dict[int, object]:
    return {row[2]: loads(row[4])["genome"] for row in of_kind(log_of(study), "proposed")}


def reports(study: Path, trial: int) -> list[tuple[int, Report]]:
    """A trial's reports, each with its attempt."""
    rows = [row for row in of_kind(log_of(study), "reported") if row[2] == trial]
    return [(row[3], Report.from_json(report)) for row in rows for report in loads(row[4])["reports"]]


def _moments(dice: random.Random) -> list[Callable[[Command], None]]:
    """Twenty moments: while the program loads and reads, while it searches, while it finishes."""

    def after(word: str, low: float, high: float) -> Callable[[Command], None]:
        def wait(command: Command) -> None:
            if word:
                command.await_word(word)
            time.sleep(dice.uniform(low, high))

        return wait

    early = [after("", 0.3, 1.2), after("", 0.3, 1.2), after("reading", 0.0, 0.1), after("reading", 0.0, 0.4)]
    middle = [after("searching", 0.0, 0.5) for _ in range(10)]
    late = [after("finishing", 0.0, 0.1 if n < 4 else 0.4) for n in range(KILLS - len(early) - len(middle))]
    return [*early, *middle, *late]


@pytest.mark.usefixtures("steady")
def test_killed_at_twenty_moments(cli: Cli, table: Path, tmp_path: Path) -> None:
    plain, study = tmp_path / "plain", tmp_path / "study"
    undisturbed = cli.start("fit", table, "--out", plain, *ARGUMENTS, "--workers", 1, pause=0.0)
    dice, before, hits = random.Random(20), log_of(study), 0
    for moment in _moments(dice):
        command = cli.start("fit", table, "--out", study, *ARGUMENTS, "--workers", WORKERS, pause=0.1)
        moment(command)
        seen = log_of(study)
        hits += command.process.poll() is None
        killer(command.process.pid)
        assert command.end() in (-9, 0), command.err
        after = log_of(study)
        assert after[: len(before)] == before, "what was read before this start is as it was"
        assert after[: len(seen)] == seen, "what was on the disk before the kill is there after it"
        again = [row for row in after[len(before) :] if row[1] == "started"]
        assert len({row[2] for row in again}) <= WORKERS, "no more than the trials in flight are begun again"
        before = after
    assert hits >= KILLS - 5, "a kill while it finishes may come too late, and then the study is finished"
    last = cli.run("fit", table, "--out", study, *ARGUMENTS, "--workers", WORKERS, "--json")
    assert last.process.returncode == 0, last.err
    assert loads(last.out)["valid"] is not None
    assert log_of(study)[: len(before)] == before
    is_sound(study)
    assert undisturbed.end() == 0, undisturbed.err
    assert genomes(study) == genomes(plain)
    assert {path.name for path in study.iterdir() if path.name.startswith(".")} == set()
    assert cli.orphans() == []


def test_a_killed_worker_goes_on_from_its_checkpoint(cli: Cli, table: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    command = cli.start("fit", table, "--out", study, "--target", "answer", "--trials", 1, "--workers", 1, nets=True)
    wait_for(lambda: len(reports(study, 0)) > 3 or command.process.poll() is not None, "reports of the first child")
    _, child = command.descendants()
    killer(child)
    assert command.end() == 0, command.err
    rows = log_of(study)
    assert [row[3] for row in of_kind(rows, "started") if row[2] == 0] == [2]
    first = [report.progress for attempt, report in reports(study, 0) if attempt == 1]
    second = [report.progress for attempt, report in reports(study, 0) if attempt == 2]
    assert 0.0 < first[1] < first[-1]
    assert second[1] > first[-1], "after its measures, it goes on where its last checkpoint was"
    assert second[-1] == 1.0
    assert loads(of_kind([r for r in rows if r[2] == 0], "ended")[0][4])["reason"] == "done"


@pytest.mark.usefixtures("steady")
def test_a_killed_parent_goes_on_with_fewer_workers(cli: Cli, table: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    command = cli.start("fit", table, "--out", study, *ARGUMENTS, "--workers", 4, pause=0.3)
    wait_for(lambda: len(of_kind(log_of(study), "proposed")) >= 5, "four children at once")
    killer(command.process.pid)
    command.end()
    rows = log_of(study)
    flying = {row[2] for row in of_kind(rows, "proposed")} - {row[2] for row in of_kind(rows, "ended")}
    assert len(flying) > 1
    said = cli.run("fit", table, "--out", study, *ARGUMENTS, "--workers", 1)
    assert said.process.returncode == 0, said.err
    is_sound(study)
    assert {row[2] for row in of_kind(log_of(study), "started")} == flying


@pytest.mark.usefixtures("steady")
def test_a_killed_nursery_ends_no_study(cli: Cli, table: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    command = cli.start("fit", table, "--out", study, *ARGUMENTS, "--workers", WORKERS, pause=0.1)
    for count in (2, 6):
        wait_for(lambda n=count: len(of_kind(log_of(study), "ended")) >= n, f"{count} ends")
        killer(command.descendants()[0])
    assert command.end() == 0, command.err
    is_sound(study)
    rows = log_of(study)
    assert 1 <= len(of_kind(rows, "started")) <= 2 * WORKERS
    assert {loads(row[4])["reason"] for row in of_kind(rows, "ended")} == {"done"}


@pytest.mark.usefixtures("steady")
def test_a_killed_nursery_ends_no_finish(cli: Cli, table: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    command = cli.start("fit", table, "--out", study, *ARGUMENTS, "--workers", 1)
    command.await_word("finishing")
    killer(command.descendants()[0])
    assert command.end() == 0, command.err
    is_sound(study)


@pytest.mark.usefixtures("steady")
def test_prepared_data_that_was_deleted_is_made_again(cli: Cli, table: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    for damage in (
        lambda: shutil.rmtree(study / "prepared"),
        lambda: next((study / "prepared" / "arrays").glob("*.npy")).unlink(),
        lambda: os.truncate(study / "prepared" / "target.npy", 100),
    ):
        command = cli.start("fit", table, "--out", study, *ARGUMENTS, "--workers", WORKERS)
        ended = len(of_kind(log_of(study), "ended"))
        wait_for(lambda n=ended: len(of_kind(log_of(study), "ended")) > n, "a child's end")
        killer(command.process.pid)
        command.end()
        damage()
    (study / ".model.making" / "members").mkdir(parents=True)
    (study / ".prepared.partial").mkdir()
    said = cli.run("fit", table, "--out", study, *ARGUMENTS, "--workers", WORKERS)
    assert said.process.returncode == 0, said.err
    is_sound(study)
    assert {loads(row[4])["reason"] for row in of_kind(log_of(study), "ended")} == {"done"}
