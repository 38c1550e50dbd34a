"""The commands that do the work, on a table small enough to search in seconds."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

SUMMARY = {"study", "task", "metric", "valid", "test", "trials", "seconds", "model"}


def write_table(path: Path, rows: int = 120) -> Path:
    dice = random.Random(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["width", "height", "colour", "kind"])
        for _ in range(rows):
            width, height = dice.gauss(0, 1), dice.gauss(0, 1)
            kind = "=big" if width + height + dice.gauss(0, 0.3) > 0 else "small"
            writer.writerow([f"{width:.3f}", f"{height:.3f}", dice.choice(["red", "green"]), kind])
    return path


def command(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "byeori", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    write_table(folder / "things.csv")
    return folder


@pytest.fixture(scope="module")
def fitted(place: Path) -> subprocess.CompletedProcess[str]:
    return command(
        "fit", "things.csv", "--out", "study", "--target", "kind", "--trials", "1", "--workers", 1, "--json", cwd=place
    )


def test_fit_prints_one_object_and_nothing_else(fitted: subprocess.CompletedProcess[str]) -> None:
    assert fitted.returncode == 0, fitted.stderr
    summary = json.loads(fitted.stdout)
    assert set(summary) == SUMMARY
    assert fitted.stdout.count("\n") == 1
    assert summary["task"] == "classification"
    assert 0.0 <= summary["test"] <= 1.0
    assert summary["trials"] >= 1
    assert "searching" in fitted.stderr, "progress goes to stderr"
    assert "\x1b" not in fitted.stderr, "and is plain where there is no terminal"


def test_fit_leaves_a_model_and_a_report(fitted: subprocess.CompletedProcess[str], place: Path) -> None:
    summary = json.loads(fitted.stdout)
    assert (place / summary["model"] / "model.json").is_file()
    assert "<html" in (place / "study" / "report.html").read_text()[:500]


def test_predict_writes_a_row_an_input_in_order(
    fitted: subprocess.CompletedProcess[str], place: Path, byeori: Any
) -> None:
    answer = byeori("predict", place / "study", place / "things.csv", "-o", place / "out.csv")
    assert (answer.code, answer.out) == (0, "")
    assert "120 predictions" in answer.err
    with (place / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["input", "prediction", "proba_=big", "proba_small"]
    assert len({row["input"] for row in rows}) == len(rows) == 120
    assert {row["prediction"] for row in rows} <= {"'=big", "small"}, "no spreadsheet runs a label"
    for row in rows:
        assert float(row["proba_=big"]) + float(row["proba_small"]) == pytest.approx(1.0, abs=1e-4)
    head, *body = (place / "things.csv").read_text().splitlines()
    (place / "turned.csv").write_text("\n".join([head, *reversed(body)]) + "\n")
    turned = list(csv.DictReader(byeori("predict", place / "study", place / "turned.csv").out.splitlines()))
    there, back = ([float(row["proba_small"]) for row in each] for each in (rows, reversed(turned)))
    assert there == pytest.approx(back), "the order is that of the inputs"


def test_predict_says_the_same_on_stdout_and_as_json(
    fitted: subprocess.CompletedProcess[str], place: Path, byeori: Any
) -> None:
    plain = byeori("predict", place / "study" / "model", place / "things.csv")
    rows = list(csv.DictReader(plain.out.splitlines()))
    told = json.loads(byeori("predict", place / "study", place / "things.csv", "--json").out)["predictions"]
    assert [row["input"] for row in rows] == [row["input"] for row in told]
    assert [float(row["proba_small"]) for row in rows] == pytest.approx([row["proba_small"] for row in told])
    written = byeori("predict", place / "study", place / "things.csv", "-o", place / "o2.csv", "--json")
    assert json.loads(written.out) == {"output": str(place / "o2.csv"), "rows": 120}


def test_evaluate_gives_intervals(fitted: subprocess.CompletedProcess[str], place: Path, byeori: Any) -> None:
    metrics = json.loads(byeori("evaluate", place / "study", place / "things.csv", "--json").out)
    assert metrics
    for figures in metrics.values():
        assert figures["low"] <= figures["value"] <= figures["high"]
    table = byeori("evaluate", place / "study", place / "things.csv").out
    assert all(name in table for name in metrics)


def test_report_says_where_it_lies(fitted: subprocess.CompletedProcess[str], place: Path, byeori: Any) -> None:
    assert byeori("report", place / "study").out == f"{place / 'study' / 'report.html'}\n"
    said = json.loads(byeori("report", place / "study", "--json").out)
    assert said["report"].endswith("report.html")
    assert said["learnt"]["trials"] + said["learnt"]["left_out"] >= 2


def test_a_finished_study_is_not_gone_on_with_by_accident(
    fitted: subprocess.CompletedProcess[str], place: Path, byeori: Any
) -> None:
    answer = byeori("resume", place / "study", "--trials", "4")
    assert answer.code == 2
    assert "--reopen-test" in answer.err
    assert answer.err.count("\n") == 1


def test_check_looks_and_says(place: Path, byeori: Any) -> None:
    answer = byeori("check", place / "things.csv", "--target", "kind")
    assert answer.code == 0
    assert "small" in answer.out
    found = json.loads(byeori("check", place / "things.csv", "--target", "kind", "--json").out)
    assert set(found) == {"findings", "counts", "facts"}
    assert sum(found["counts"].values()) == 120


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["check", "nowhere"], "nowhere"),
        (["check", "things.csv", "--target", "kinds"], "kinds"),
        (["fit", "nowhere.csv", "--out", "s"], "nowhere.csv"),
        (["fit", "empty", "--out", "s"], "empty"),
        (["fit", "things.csv", "--out", "s", "--target", "kind", "--metric", "acuracy"], "acuracy"),
        (["fit", "things.csv", "--out", "s", "--target", "kind", "--trials", "0"], "0"),
        (["fit", "things.csv", "--out", "s", "--target", "kind", "--preset", "slow"], "slow"),
        (["resume", "nowhere"], "nowhere"),
        (["report", "nowhere"], "nowhere"),
    ],
)
def test_a_wrong_input_is_one_sentence(
    place: Path, byeori: Any, monkeypatch: pytest.MonkeyPatch, arguments: list[str], named: str
) -> None:
    (place / "empty").mkdir(exist_ok=True)
    monkeypatch.chdir(place)
    answer = byeori(*arguments)
    assert answer.code == 2
    assert answer.out == ""
    (last,) = [line for line in answer.err.splitlines() if not line.startswith("[")]
    assert last.startswith("Error: ")
    assert named in last
    assert not (place / "s").exists(), "nothing is left behind"


@pytest.mark.parametrize("which", ["nowhere", "things.csv"])
def test_what_is_no_model_is_one_sentence(place: Path, byeori: Any, which: str) -> None:
    answer = byeori("predict", place / which, place / "things.csv")
    assert answer.code in (1, 2)
    assert answer.err.count("\n") == 1
    assert which in answer.err


def test_ctrl_c_saves_the_best_so_far(place: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "byeori", "fit", "things.csv", "--out", "stopped", "--target", "kind", "--time", "90s"],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    events = place / "stopped" / "events.db"
    until = time.monotonic() + 60
    while not events.exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(4.0)
    os.kill(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert err.endswith("Stopped.\n")
    assert (place / "stopped" / "model" / "model.json").is_file()
    assert str(Path("stopped") / "model") in out


def test_a_time_is_kept_and_said(place: Path) -> None:
    done = command("fit", "things.csv", "--out", "timed", "--target", "kind", "--time", "8s", "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["seconds"] > 0
    assert summary["trials"] >= 1
    predicted = command("predict", summary["model"], "things.csv", "-o", "timed.csv", cwd=place)
    assert predicted.returncode == 0, predicted.stderr
    assert (place / "timed.csv").read_text().count("\n") == 121
    log = json.loads((place / "timed" / "report.json").read_text())
    assert log
