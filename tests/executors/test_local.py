from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from byeori.core import events as ev
from byeori.core.errors import RunError
from byeori.core.jobs import Job
from byeori.executors import launch
from byeori.executors.local import Local
from byeori.testing.executors import (
    MEMORY,
    IsolatedConformance,
    Make,
    await_report,
    end_of,
    finish,
    reports_of,
    toy_job,
)

TOYS = ("byeori.testing.toys",)

UNGUARDED = """
import sys
from pathlib import Path
from byeori.executors.local import Local
from byeori.testing.executors import await_report, finish, toy_job
print("main runs", flush=True)
executor = Local(workers=2)
for trial, toy in enumerate(sys.argv[2:]):
    executor.submit(toy_job(toy, Path(sys.argv[1]), trial=trial))
    await_report(executor)
print(executor._nursery.marker, flush=True)
sys.stdin.read()
"""

MINE = """
import numpy as np
from byeori.core.jobs import Report
from byeori.testing.toys import Quadratic

class Mapped(Quadratic):
    def train(self, job):
        seen = np.load(job.prepared, mmap_mode="r", allow_pickle=False)
        yield Report(step=1, progress=1.0, value=float(seen.sum()))
"""


class TestLocal(IsolatedConformance):
    @pytest.fixture
    def make(self) -> Make:
        return lambda workers=1, *, memory=None, grace=5.0: Local(workers, memory=memory, grace=grace, preload=TOYS)


@pytest.fixture
def local() -> Iterator[Local]:
    with Local(2, preload=TOYS) as executor:
        yield executor


def marked(marker: str) -> list[int]:
    """The living processes that carry the marker of a nursery in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def gone(marker: str) -> bool:
    until = time.monotonic() + 10
    while marked(marker) and time.monotonic() < until:
        time.sleep(0.02)
    return not marked(marker)


def nursery(local: Local) -> launch.NurseryProcess:
    assert local._nursery is not None
    return local._nursery


def start_script(folder: Path, *toys: str) -> subprocess.Popen[bytes]:
    (folder / "script.py").write_text(UNGUARDED)
    return subprocess.Popen(
        [sys.executable, str(folder / "script.py"), str(folder), *toys],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.parametrize("toys", [("Stubborn",), ("HangInC", "Stubborn")])
def test_a_parent_that_is_killed_leaves_nothing_behind(tmp_path: Path, toys: tuple[str, ...]) -> None:
    with start_script(tmp_path, *toys) as script:
        assert script.stdout is not None
        assert script.stdout.readline() == b"main runs\n"
        marker = script.stdout.readline().decode().strip()
        assert len(marked(marker)) >= 1 + len(toys) + 3
        script.send_signal(signal.SIGKILL)
    assert gone(marker)


def test_a_parent_that_just_ends_leaves_nothing_behind_and_its_main_is_run_once(tmp_path: Path) -> None:
    with start_script(tmp_path, "Stubborn") as script:
        out, _ = script.communicate(timeout=30)
    first, marker = out.decode().split("\n")[:2]
    assert first == "main runs"
    assert out.count(b"main runs") == 1
    assert gone(marker)


def test_closing_leaves_nothing_behind(tmp_path: Path) -> None:
    with Local(1) as local:
        local.submit(toy_job("Stubborn", tmp_path))
        await_report(local)
        marker = nursery(local).marker
        assert len(marked(marker)) == 5
    assert not marked(marker)
    assert local.free == 0
    with pytest.raises(RunError, match="closed"):
        local.submit(toy_job("Quadratic", tmp_path))
    assert list(local.poll(0.0)) == []


def test_a_worker_killed_from_outside_crashes_alone(local: Local, tmp_path: Path) -> None:
    local.submit(toy_job("Stubborn", tmp_path, trial=0))
    child = await_report(local).data["reports"][0]["facts"]["children"][0]
    local.submit(toy_job("Slow", tmp_path, trial=1, genome={"seconds": 0.3}))
    os.kill(os.getpgid(child), signal.SIGKILL)
    events = finish(local, 2)
    assert end_of(events, 0)["reason"] == ev.CRASHED
    assert "often: out of memory" in end_of(events, 0)["message"]
    assert end_of(events, 1)["reason"] == ev.DONE


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_nursery_dies_its_jobs_are_lost_and_another_is_opened(
    local: Local, tmp_path: Path, how: signal.Signals
) -> None:
    local.submit(toy_job("Stubborn", tmp_path, trial=0))
    await_report(local)
    local.submit(toy_job("HangInC", tmp_path, trial=1))
    await_report(local)
    marker = nursery(local).marker
    os.kill(nursery(local).pid, how)
    events = finish(local, 2)
    assert [end_of(events, n)["reason"] for n in (0, 1)] == [ev.LOST, ev.LOST]
    assert gone(marker)
    assert local.free == 2
    local.submit(toy_job("Quadratic", tmp_path, trial=0, attempt=2))
    assert end_of(finish(local))["reason"] == ev.DONE


def test_a_nursery_that_dies_again_and_again_is_an_error(local: Local, tmp_path: Path) -> None:
    for trial in range(4):
        local.submit(toy_job("Hang", tmp_path, trial=trial))
        os.kill(nursery(local).pid, signal.SIGKILL)
        assert end_of(finish(local), trial)["reason"] == ev.LOST
    with pytest.raises(RunError, match="died 4 times"):
        local.submit(toy_job("Quadratic", tmp_path))


def test_a_nursery_that_is_dead_before_a_job_is_noticed_at_submission(local: Local, tmp_path: Path) -> None:
    os.kill(nursery(local).pid, signal.SIGKILL)
    nursery(local)._process.wait()
    local.submit(toy_job("Quadratic", tmp_path))
    assert end_of(finish(local))["reason"] == ev.DONE


def test_why_a_nursery_cannot_start_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(launch, "_CODE", "raise SystemExit('no room at the inn')")
    with Local(1) as local, pytest.raises(RunError, match="no room at the inn"):  # noqa: PT012
        for trial in range(10):
            local.submit(toy_job("Quadratic", tmp_path, trial=trial))
            assert end_of(finish(local), trial)["reason"] == ev.LOST


def test_a_second_attempt_waits_until_the_first_is_dead(local: Local, tmp_path: Path) -> None:
    local.submit(toy_job("Stubborn", tmp_path))
    await_report(local)
    local.cancel(0)
    local.submit(toy_job("Quadratic", tmp_path, attempt=2))
    events = finish(local, 2)
    assert [(e.attempt, e.kind) for e in events] == [(1, ev.ENDED), (2, ev.REPORTED), (2, ev.ENDED)]


@pytest.mark.parametrize("toy", ["Hang", "Quadratic"])
def test_words_of_a_cancelled_job_that_nobody_heard_are_dropped(local: Local, tmp_path: Path, toy: str) -> None:
    local.submit(toy_job(toy, tmp_path, genome={"says": 3}))
    time.sleep(0.5)
    local.cancel(0)
    events = finish(local)
    assert [event.kind for event in events] == [ev.ENDED]
    assert end_of(events)["reason"] == ev.CANCELLED


def test_nobody_is_killed_for_the_time_before_the_nursery_is_ready(tmp_path: Path) -> None:
    (tmp_path / "slow_to_import.py").write_text("import time; time.sleep(0.6)")
    sys.path.insert(0, str(tmp_path))
    try:
        with Local(1, grace=0.5, preload=["slow_to_import"]) as local:
            local.submit(toy_job("Slow", tmp_path, seconds=0.1))
            assert end_of(finish(local))["reason"] == ev.DONE
    finally:
        sys.path.remove(str(tmp_path))


def test_a_module_that_is_missing_or_broken_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken_module.py").write_text("1 / 0")
    sys.path.insert(0, str(tmp_path))
    try:
        with Local(1, preload=["no_such_module", "broken_module"]) as local:
            local.submit(toy_job("Quadratic", tmp_path))
            assert end_of(finish(local))["reason"] == ev.DONE
    finally:
        sys.path.remove(str(tmp_path))


def test_mapped_data_does_not_count_as_memory(tmp_path: Path) -> None:
    (tmp_path / "mine_mapped.py").write_text(MINE)
    with (tmp_path / "large.npy").open("wb") as file:
        file.write(b"\x93NUMPY\x01\x00\x76\x00")
        file.write(b"{'descr': '|u1', 'fortran_order': False, 'shape': (400000000,), }".ljust(117) + b"\n")
        file.truncate(128 + 400_000_000)
    job = Job(
        trial=0,
        learner="mine_mapped:Mapped",
        family="",
        genome={},
        prepared=str(tmp_path / "large.npy"),
        out=str(tmp_path / "0000"),
    )
    sys.path.insert(0, str(tmp_path))
    try:
        with Local(1, memory=MEMORY) as local:
            local.submit(job)
            events = finish(local)
    finally:
        sys.path.remove(str(tmp_path))
    assert end_of(events)["reason"] == ev.DONE
    assert reports_of(events)[-1]["value"] == 0.0


def test_torch_is_ready_in_a_nursery_with_one_thread(tmp_path: Path) -> None:
    with Local(1, memory=MEMORY, preload=["torch"]) as local:
        local.submit(toy_job("LeakTensors", tmp_path, trial=0))
        assert end_of(finish(local), 0)["reason"] == ev.OUT_OF_MEMORY
        local.submit(toy_job("Quadratic", tmp_path, trial=1))
        assert end_of(finish(local), 1)["reason"] == ev.DONE
        assert nursery(local).threads == 1


def test_a_worker_there_must_be() -> None:
    with pytest.raises(ValueError, match="one worker or more"):
        Local(0)
