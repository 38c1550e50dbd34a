"""What every executor must keep: pytest classes to inherit, given one fixture.

`ExecutorConformance` is for all; `IsolatedConformance` adds what one must keep that runs a job in a process of its own.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from byeori._util.json import Json
from byeori.core import events as ev
from byeori.core.data import Prepared
from byeori.core.errors import RunError
from byeori.core.events import Event
from byeori.core.jobs import PREDICT, Job
from byeori.core.protocols import Executor
from byeori.core.schema import Column, Health, Schema
from byeori.testing.toys import FAMILY, quadratic

Make: TypeAlias = Callable[..., Executor]
"""`(workers=1, *, memory=None, grace=0.3)` → a new executor."""

MEMORY = 300 << 20
GRACE = 0.3
_LIMIT = 60.0


def toy_job(
    toy: str,
    out: Path,
    *,
    trial: int = 0,
    attempt: int = 1,
    genome: Json = None,
    seconds: float | None = None,
) -> Job:
    """Return a job for a toy learner; it writes to a folder of its own in `out`."""
    return Job(
        trial=trial,
        attempt=attempt,
        learner=f"byeori.testing.toys:{toy}",
        family=FAMILY,
        genome={"x": 0.5, "y": 0.5} if genome is None else genome,
        prepared=str(out / "prepared"),
        out=str(out / f"{trial:04d}"),
        seconds=seconds,
    )


def finish(executor: Executor, count: int = 1) -> list[Event]:
    """Poll until so many jobs have ended; fails after a minute."""
    events: list[Event] = []
    until = time.monotonic() + _LIMIT
    while sum(event.kind == ev.ENDED for event in events) < count:
        assert time.monotonic() < until, f"{count} jobs did not end; so far {events}"
        events += executor.poll(0.2)
    return events


def await_report(executor: Executor) -> Event:
    """Poll until the one running job has reported and not ended yet; return that event."""
    until = time.monotonic() + _LIMIT
    while time.monotonic() < until:
        if events := executor.poll(0.2):
            assert [event.kind for event in events] == [ev.REPORTED]
            return events[0]
    raise AssertionError("no job reported")


def end_of(events: Sequence[Event], trial: int = 0) -> Json:
    """Return the body of the one event that ended a trial, which must be its last."""
    mine = [event for event in events if event.trial == trial]
    assert [event.kind for event in mine].count(ev.ENDED) == 1
    assert mine[-1].kind == ev.ENDED
    body = mine[-1].data
    assert body["reason"] in ev.REASONS
    assert body["seconds"] >= 0
    return body


def reports_of(events: Sequence[Event], trial: int = 0) -> list[Json]:
    """Return the reports of a trial in order."""
    return [
        report
        for event in events
        if event.kind == ev.REPORTED and event.trial == trial
        for report in event.data["reports"]
    ]


_RAISED = {
    "Fail": (ev.FAILED, "ValueError: the toy is broken\n"),
    "Refuse": (ev.FAILED, "This child cannot go on."),
    "TooSlow": (ev.LIMIT, "more than the 1.0 ms allowed."),
    "NotANumber": (ev.DIVERGED, "The loss is not a number in epoch 2."),
    "HugeMessage": (ev.FAILED, "RuntimeError: 벼xxx"),
    "Unsayable": (ev.FAILED, "not JSON serializable"),
    "Leave": (ev.CRASHED, "sys.exit(3)"),
    "NoSuchToy": (ev.FAILED, "NoSuchToy"),
}
_DONE_TO_ITSELF = {
    "Crash": (ev.CRASHED, "signal 11 (SIGSEGV)"),
    "Exit": (ev.CRASHED, "exit code 3"),
    "Shot": (ev.CRASHED, "killed by signal 9 (often: out of memory)"),
    "Leak": (ev.OUT_OF_MEMORY, ""),
    "HugeReport": (ev.FAILED, "too long"),
}


class ExecutorConformance:
    """Inherit it and define the fixture `make`: a function `(workers=1, *, memory=None, grace=0.3)` that returns a new
    executor for so many jobs at the same time."""

    @pytest.fixture
    def make(self) -> Make:
        """Return the function described above."""
        raise TypeError("An executor's conformance test needs its own fixture `make`.")

    def test_a_job_reports_and_ends(self, make: Make, tmp_path: Path) -> None:
        with _closing(make()) as executor:
            executor.submit(toy_job("Quadratic", tmp_path, trial=7, attempt=2))
            events = finish(executor)
        assert {(event.trial, event.attempt, event.number) for event in events} == {(7, 2, 0)}
        (report,) = reports_of(events, 7)
        assert report["value"] == quadratic({"x": 0.5, "y": 0.5})
        assert end_of(events, 7) == {"reason": ev.DONE, "message": "", "seconds": end_of(events, 7)["seconds"]}

    def test_free_counts_what_can_be_submitted(self, make: Make, tmp_path: Path) -> None:
        with _closing(make(2)) as executor:
            assert executor.free == 2
            executor.submit(toy_job("Quadratic", tmp_path))
            assert executor.free == 1
            finish(executor)
            assert executor.free == 2

    def test_a_job_too_many_is_refused(self, make: Make, tmp_path: Path) -> None:
        with _closing(make(1)) as executor:
            executor.submit(toy_job("Slow", tmp_path))
            with pytest.raises(RunError, match="poll until"):
                executor.submit(toy_job("Quadratic", tmp_path, trial=1))

    def test_many_jobs_end_once_each(self, make: Make, tmp_path: Path) -> None:
        events: list[Event] = []
        with _closing(make(3)) as executor:
            waiting = [toy_job("Quadratic", tmp_path, trial=n, genome={"x": n / 20, "y": 0.0}) for n in range(20)]
            while waiting or executor.free < 3:
                while waiting and executor.free:
                    executor.submit(waiting.pop())
                events += executor.poll(0.2)
            assert list(executor.poll(0.0)) == []
        for n in range(20):
            assert end_of(events, n)["reason"] == ev.DONE
            assert reports_of(events, n)[-1]["value"] == quadratic({"x": n / 20, "y": 0.0})

    def test_whatever_is_raised_ends_the_trial_alone(self, make: Make, tmp_path: Path) -> None:
        with _closing(make()) as executor:
            for trial, (toy, (reason, message)) in enumerate(_RAISED.items()):
                executor.submit(toy_job(toy, tmp_path, trial=trial))
                end = end_of(finish(executor), trial)
                assert (toy, end["reason"]) == (toy, reason)
                assert message in end["message"]
                assert len(end["message"]) <= 4096
            executor.submit(toy_job("Quadratic", tmp_path, trial=99))
            assert end_of(finish(executor), 99)["reason"] == ev.DONE

    def test_a_value_that_is_no_number_is_null(self, make: Make, tmp_path: Path) -> None:
        with _closing(make()) as executor:
            executor.submit(toy_job("NotANumber", tmp_path))
            (report,) = reports_of(finish(executor))
        assert (report["value"], report["metrics"]) == (None, {"train": {"loss": None}})

    def test_thousands_of_reports_come_in_order(self, make: Make, tmp_path: Path) -> None:
        with _closing(make()) as executor:
            executor.submit(toy_job("Talkative", tmp_path))
            events = finish(executor)
        assert [report["step"] for report in reports_of(events)] == list(range(1, 5001))
        assert end_of(events)["reason"] == ev.DONE

    def test_a_poll_has_one_event_of_reports_a_trial(self, make: Make, tmp_path: Path) -> None:
        with _closing(make()) as executor:
            executor.submit(toy_job("Talkative", tmp_path))
            while executor.free == 0:
                assert [event.kind for event in executor.poll(0.2)].count(ev.REPORTED) <= 1

    def test_cancelling_ends_the_trial_once(self, make: Make, tmp_path: Path) -> None:
        with _closing(make(2)) as executor:
            executor.submit(toy_job("Slow", tmp_path, trial=3, genome={"seconds": 5.0}))
            await_report(executor)
            for _ in range(3):
                executor.cancel(3)
            events = finish(executor)
            executor.cancel(3)
            executor.cancel(99)
            assert list(executor.poll(0.1)) == []
            assert executor.free == 2
        assert end_of(events, 3)["reason"] == ev.CANCELLED

    def test_a_second_attempt_goes_on_from_the_checkpoint(self, make: Make, tmp_path: Path) -> None:
        with _closing(make()) as executor:
            executor.submit(toy_job("Checkpointing", tmp_path, genome={"pause": 0.1}))
            await_report(executor)
            executor.cancel(0)
            assert end_of(finish(executor))["reason"] == ev.CANCELLED
            executor.submit(toy_job("Checkpointing", tmp_path, attempt=2, genome={}))
            events = finish(executor)
        assert {event.attempt for event in events} == {2}
        began = reports_of(events)[0]["facts"]["began"]
        assert 1 <= began < 10
        assert [report["step"] for report in reports_of(events)] == list(range(began + 1, 11))

    def test_a_job_may_predict(self, make: Make, tmp_path: Path) -> None:
        _prepare(tmp_path / "prepared")
        job = Job(
            trial=4,
            what=PREDICT,
            learner="byeori.testing.toys:Quadratic",
            family=FAMILY,
            genome={"x": 0.25, "y": 0.0},
            prepared=str(tmp_path / "prepared"),
            out=str(tmp_path / "out"),
            split="test",
            weights_from=str(tmp_path / "0004"),
        )
        with _closing(make()) as executor:
            executor.submit(job)
            events = finish(executor)
        assert end_of(events, 4)["reason"] == ev.DONE
        (report,) = reports_of(events, 4)
        assert report["facts"]["items"] == 3
        assert report["facts"]["seconds_per_item"] >= 0
        predictions = np.load(tmp_path / "out" / "test.npy", allow_pickle=False)
        assert predictions.dtype == np.float32
        assert predictions.tolist() == [0.25] * 3

    def test_closing_twice_is_fine(self, make: Make, tmp_path: Path) -> None:
        executor = make()
        executor.submit(toy_job("Slow", tmp_path))
        executor.close()
        executor.close()


class IsolatedConformance(ExecutorConformance):
    """Inherit it where each job is a process of its own that cannot hurt the others."""

    def test_whatever_a_child_does_to_itself_ends_its_trial_alone(self, make: Make, tmp_path: Path) -> None:
        events: list[Event] = []
        with _closing(make(2, memory=MEMORY)) as executor:
            executor.submit(toy_job("Slow", tmp_path, trial=99, genome={"seconds": 1.0}))
            for trial, toy in enumerate(_DONE_TO_ITSELF):
                executor.submit(toy_job(toy, tmp_path, trial=trial))
                while not any(event.kind == ev.ENDED and event.trial == trial for event in events):
                    events += executor.poll(0.2)
            if not any(event.kind == ev.ENDED and event.trial == 99 for event in events):
                events += finish(executor)
        for trial, (toy, (reason, message)) in enumerate(_DONE_TO_ITSELF.items()):
            end = end_of(events, trial)
            assert (toy, end["reason"]) == (toy, reason)
            assert message in end["message"]
        assert end_of(events, 99)["reason"] == ev.DONE
        assert len(reports_of(events, 99)) == 10

    @pytest.mark.parametrize("toy", ["Hang", "HangInC", "Stubborn"])
    def test_a_child_that_hangs_is_killed(self, make: Make, tmp_path: Path, toy: str) -> None:
        with _closing(make(grace=GRACE)) as executor:
            executor.submit(toy_job(toy, tmp_path, seconds=0.2))
            end = end_of(finish(executor))
        assert end["reason"] == ev.HUNG
        assert end["seconds"] >= 0.2 + GRACE

    def test_a_child_that_hangs_with_a_value_keeps_it(self, make: Make, tmp_path: Path) -> None:
        with _closing(make(grace=GRACE)) as executor:
            executor.submit(toy_job("Hang", tmp_path, genome={"says": 2}, seconds=0.2))
            events = finish(executor)
        assert end_of(events)["reason"] == ev.DEADLINE
        assert len(reports_of(events)) == 2

    @pytest.mark.parametrize("toy", ["HangInC", "Stubborn"])
    def test_a_child_that_listens_to_nobody_is_cancelled(self, make: Make, tmp_path: Path, toy: str) -> None:
        with _closing(make()) as executor:
            executor.submit(toy_job(toy, tmp_path))
            await_report(executor)
            executor.cancel(0)
            assert end_of(finish(executor))["reason"] == ev.CANCELLED

    @pytest.mark.parametrize("ends", [True, False])
    def test_a_childs_children_end_with_it(self, make: Make, tmp_path: Path, ends: bool) -> None:
        with _closing(make()) as executor:
            executor.submit(toy_job("Stubborn", tmp_path, genome={"ends": ends}))
            if ends:
                (report,) = reports_of(finish(executor))
            else:
                (report,) = await_report(executor).data["reports"]
                executor.cancel(0)
                finish(executor)
            children = report["facts"]["children"]
            until = time.monotonic() + 10
            while any(map(_runs, children)) and time.monotonic() < until:
                time.sleep(0.02)
            assert not any(map(_runs, children))

    def test_what_a_child_prints_is_in_its_log_and_cut(self, make: Make, tmp_path: Path) -> None:
        with _closing(make()) as executor:
            executor.submit(toy_job("Printing", tmp_path))
            assert end_of(finish(executor))["reason"] == ev.DONE
        log = tmp_path / "0000" / "log.txt"
        assert log.read_text().startswith("a line on stderr\nxxx")
        assert log.stat().st_size <= 1 << 20

    def test_ctrl_c_is_not_for_children(self, make: Make, tmp_path: Path) -> None:
        with _closing(make()) as executor:
            executor.submit(toy_job("Stubborn", tmp_path))
            (child, _) = await_report(executor).data["reports"][0]["facts"]["children"]
            os.kill(os.getpgid(child), signal.SIGINT)
            assert list(executor.poll(0.2)) == []


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _prepare(folder: Path) -> Prepared:
    """Six rows for regression: three to learn from and validate on, three of the test split."""
    (folder / "arrays").mkdir(parents=True)
    np.save(folder / "arrays" / "numbers.npy", np.arange(12.0).reshape(6, 2))
    column = Column(name="a", kind="number")
    schema = Schema(
        modality="tables",
        task="regression",
        inputs=(column,),
        targets=(Column(name="t", kind="value"),),
        metric="rmse",
    )
    return Prepared.write(
        folder,
        schema=schema,
        fitted={},
        target=np.arange(6.0),
        fold=np.array([0, 1, 1, -1, -1, -1], np.int16),
        names=[f"row {n}" for n in range(6)],
        fingerprint="toy",
        health=Health(),
    )


@contextmanager
def _closing(executor: Executor) -> Iterator[Executor]:
    try:
        yield executor
    finally:
        executor.close()
