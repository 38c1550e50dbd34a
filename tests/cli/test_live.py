from __future__ import annotations

import io

import pytest
from rich.console import Console

from byeori.cli.live import line, render, watching
from byeori.engine.progress import DONE, FINISHING, READING, SEARCHING, Progress, RunningTrial

BUSY = Progress(
    stage=SEARCHING,
    message="breeding",
    metric="accuracy",
    elapsed=83.0,
    limit=600.0,
    expected_end=598.0,
    running=(
        RunningTrial(number=13, family="residual", progress=0.45, value=0.951),
        RunningTrial(number=14, family="chain", progress=0.0, value=None),
    ),
    done=12,
    failed=1,
    best=0.97312,
    best_trial=7,
    curve=((5.0, 0.8), (20.0, 0.95), (60.0, 0.97312)),
)


def screen(progress: Progress, width: int = 90) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(render(progress))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_screen_shows_all_that_is_known() -> None:
    text = screen(BUSY)
    for part in ("searching", "1:23 of 10:00", "ends about 9:58", "12 done, 1 failed, 2 running", "#13", "residual"):
        assert part in text
    assert "45%" in text
    assert "0.951" in text
    assert "accuracy 0.9731 (trial 7)" in text
    assert any(0x2800 < ord(c) <= 0x28FF for c in text), "a curve"


def test_the_screen_fits_a_narrow_terminal() -> None:
    assert max(len(row.rstrip()) for row in screen(BUSY, width=60).splitlines()) <= 60


@pytest.mark.parametrize("stage", [READING, SEARCHING, FINISHING, DONE])
def test_a_study_that_knows_nothing_yet_has_a_screen_and_a_line(stage: str) -> None:
    bare = Progress(stage=stage)
    assert stage in screen(bare)
    assert line(bare) == f"[0:00] {stage}"


def test_without_a_time_the_bar_goes_to_the_trials() -> None:
    half = Progress(stage=SEARCHING, elapsed=5.0, trials=10, done=4, failed=1)
    full = Progress(stage=SEARCHING, elapsed=5.0, trials=10, done=10)
    assert "4 done (10 asked for)" in screen(half)
    assert screen(half).splitlines()[0] != screen(full).splitlines()[0]


def test_many_running_trials_are_counted_not_listed() -> None:
    many = tuple(RunningTrial(number=n, family="chain", progress=0.5, value=None) for n in range(30))
    text = screen(Progress(stage=SEARCHING, running=many))
    assert "#7" in text
    assert "#8" not in text
    assert "and 22 more" in text


def test_an_end_that_is_unknown_is_not_told() -> None:
    assert "ends" not in line(Progress(stage=SEARCHING, elapsed=9.0, expected_end=9.0))
    assert "ends" not in line(Progress(stage=DONE, elapsed=9.0, expected_end=99.0))


def test_a_metric_with_brackets_is_no_markup() -> None:
    assert "[bold]x" in screen(Progress(stage=SEARCHING, message="[bold]x"))


def test_elsewhere_than_in_a_terminal_there_is_a_line_at_a_change_and_every_ten_seconds() -> None:
    now = [0.0]
    file = io.StringIO()
    with watching(Console(file=file, width=40), clock=lambda: now[0]) as watch:
        for second in range(25):
            now[0] = float(second)
            watch(Progress(stage=READING if second < 3 else SEARCHING, elapsed=float(second), message="m" * 60))
    said = file.getvalue().splitlines()
    assert [s.split()[0] for s in said] == ["[0:00]", "[0:03]", "[0:13]", "[0:23]"]
    assert all("m" * 60 in s for s in said), "lines are not folded"


def test_a_plain_line_has_the_figures() -> None:
    assert line(BUSY) == (
        "[1:23 of 10:00] searching · breeding · 12 done, 1 failed, 2 running · accuracy 0.9731 (trial 7) · "
        "ends about 9:58"
    )


def test_in_a_terminal_the_screen_is_live_and_goes_away() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80, color_system=None, _environ={"TERM": "xterm"})
    with watching(console) as watch:
        watch(BUSY)
    text = file.getvalue()
    assert "accuracy 0.9731" in text
    assert "\x1b[2K" in text, "it cleans up after itself"


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    console.print(render(BUSY))
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[3" not in console.file.getvalue(), "no colour codes"
