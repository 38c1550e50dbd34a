from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from byeori.cli import main as cli
from byeori.cli import show
from byeori.core.errors import StoreError

HEAVY = ("torch", "sklearn", "pandas", "numpy", "lightgbm", "pyarrow", "scipy", "PIL")


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["catalog"], ["fit", "x", "--tme", "3"]])
def test_help_and_typos_load_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from byeori.cli.main import run; from byeori.cli.options import Session;"
        f"run({arguments!r}, Session(0.0)); print('LOADED', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED []"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["fitt"], "'fit'"),
        (["fit"], "DATA"),
        (["fit", "x"], "--out"),
        (["fit", "x", "--out", "s", "--trials", "many"], "--trials"),
        (["fit", "x", "--out", "s", "--time", "-3"], "'-3'"),
        (["fit", "x", "--out", "s", "--time", "soon"], "'soon'"),
        (["fit", "x", "--out", "s", "--strategy", "evoluton"], "'evolution'"),
        (["fit", "x", "--out", "s", "--executor", "cloud"], "'cloud'"),
        (["fit", "x", "--out", "s", "--stopper", "nevr"], "'never'"),
        (["fit", "x", "--out", "s", "--tme", "3"], "--tme"),
        (["resume", "nowhere", "--time", "0"], "'0'"),
        (["predict", "m", "x", "-o", "no/such/folder/out.csv"], "no/such/folder"),
        (["catalog", "stratgies"], "'strategies'"),
        (["demo", "--time", "3s"], "15s"),
        (["check", "x", "--task", "dreaming"], "'dreaming'"),
    ],
)
def test_a_wrong_input_is_one_sentence_and_exit_code_2(
    byeori: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = byeori(*arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("Error: ")
    assert answer.err.rstrip().endswith((".", "!", "?"))
    assert named in answer.err
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_without_a_command_there_is_help(byeori: Any) -> None:
    assert "Commands:" in byeori("--help").out


def test_the_version_is_known(byeori: Any) -> None:
    answer = byeori("--version")
    assert answer.code == 0
    assert answer.out.startswith("byeori")


def test_the_catalog_is_listed(byeori: Any) -> None:
    for word in ("strategy", "strategies"):
        out = byeori("catalog", word).out
        assert "evolution" in out
        assert "several objectives" in out, "what each parent can do"
    rows = json.loads(byeori("catalog", "--json").out)["rows"]
    assert {"kind", "name", "path", "summary", "can"} == set(rows[0])


class _Api:
    """An api that fails as told."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def report(self, study: Path) -> Path:
        raise self.error


def test_a_failure_while_running_is_exit_code_1(byeori: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byeori.cli.report.api", _Api(StoreError("The log is\ndamaged")))
    answer = byeori("report", "s")
    assert (answer.code, answer.out, answer.err) == (1, "", "Error: The log is damaged.\n")


def test_debug_shows_where_it_came_from(byeori: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byeori.cli.report.api", _Api(StoreError("The log is damaged.")))
    answer = byeori("report", "s", "--debug")
    assert answer.code == 1
    assert "Traceback" in answer.err
    assert answer.err.endswith("Error: The log is damaged.\n")


def test_ctrl_c_is_exit_code_130(byeori: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byeori.cli.report.api", _Api(KeyboardInterrupt()))
    answer = byeori("report", "s")
    assert (answer.code, answer.err) == (130, "Stopped.\n")


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("ZeroDivisionError('by zero')", "Error: a fault in Byeori itself (ZeroDivisionError: by zero.)"),
        (
            "OSError(28, 'No space left on device')",
            "Error: The operating system refused (No space left on device): look at",
        ),
    ],
)
def test_what_nobody_foresaw_is_no_traceback_either(raised: str, said: str) -> None:
    code = (
        "import sys; import byeori.cli.report as r; from byeori.cli.main import main\n"
        "class Api:\n"
        f"    def report(self, study): raise {raised}\n"
        "r.api = Api(); sys.argv = ['byeori', 'report', 's']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(said)
    assert "Traceback" not in done.stderr


def test_python_m_byeori_is_byeori() -> None:
    done = subprocess.run([sys.executable, "-m", "byeori", "fitt"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'fitt'" in done.stderr


def test_every_command_is_told_when_it_began(byeori: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, object] = {}

    class Api:
        def resume(self, study: Path, **options: object) -> object:
            told.update(options)
            raise StoreError("enough.")

    monkeypatch.setattr("byeori.cli.resume.api", Api())
    byeori("resume", "s", "--time", "1m", session=cli.Session(started=time.monotonic() - 7.0))
    assert told["time"] == 60.0
    assert 7.0 <= time.monotonic() - told["started"] < 60.0


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (float("nan"), "–"), (0.5, "0.5"), (123456.7, "123457"), (-0.00012, "-0.00012")]
)
def test_figures_are_short(value: float | None, text: str) -> None:
    assert show.number(value) == text
