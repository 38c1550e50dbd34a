from __future__ import annotations

from pathlib import Path

import pytest

from byeori.core import events as ev
from byeori.core.errors import Diverged, RunError
from byeori.core.events import Event
from byeori.core.jobs import Job
from byeori.testing.executors import end_of, reports_of, toy_job
from byeori.testing.simulated import Simulated, VirtualClock


def simulated(workers: int = 2, seconds: float = 10.0) -> tuple[Simulated, VirtualClock]:
    clock = VirtualClock(100.0)
    return Simulated(workers, clock, lambda job: seconds * (1 + job.trial), lambda job, p: job.trial + p), clock


def run(executor: Simulated, clock: VirtualClock, count: int) -> list[tuple[float, Event]]:
    seen: list[tuple[float, Event]] = []
    while sum(event.kind == ev.ENDED for _, event in seen) < count:
        seen += [(clock(), event) for event in executor.poll(1000.0)]
    return seen


def test_time_leaps_from_event_to_event(tmp_path: Path) -> None:
    executor, clock = simulated()
    executor.submit(toy_job("", tmp_path, trial=0))
    executor.submit(toy_job("", tmp_path, trial=1))
    seen = run(executor, clock, 2)
    assert [time for time, event in seen if event.kind == ev.ENDED] == [110.0, 120.0]
    assert [r["value"] for r in reports_of([e for _, e in seen], 1)] == pytest.approx(
        [1 + n / 10 for n in range(1, 11)]
    )
    assert end_of([e for _, e in seen], 1) == {"reason": ev.DONE, "message": "", "seconds": 20.0}


def test_time_goes_no_further_than_a_poll_may_wait(tmp_path: Path) -> None:
    executor, clock = simulated()
    executor.submit(toy_job("", tmp_path))
    assert list(executor.poll(0.25)) == []
    assert clock() == 100.25
    assert len(executor.poll(0.75)) == 1
    assert clock() == 101.0


def test_two_runs_are_the_same(tmp_path: Path) -> None:
    logs = []
    for _ in range(2):
        executor, clock = simulated(3, 7.0)
        for trial in (2, 0, 1):
            executor.submit(toy_job("", tmp_path, trial=trial))
        logs.append(run(executor, clock, 3))
    assert logs[0] == logs[1]


def test_a_job_with_less_time_ends_in_it(tmp_path: Path) -> None:
    executor, clock = simulated()
    executor.submit(toy_job("", tmp_path, seconds=4.0))
    seen = run(executor, clock, 1)
    assert clock() == 104.0
    assert reports_of([e for _, e in seen])[-1]["progress"] == 1.0


def test_a_job_of_lower_fidelity_stops_there() -> None:
    executor, clock = simulated()
    executor.submit(Job(trial=0, learner="", family="", genome={}, prepared="", out="", until=0.5))
    seen = run(executor, clock, 1)
    assert clock() == 105.0
    assert reports_of([e for _, e in seen])[-1]["progress"] == 0.5


def test_a_cancelled_job_ends_once_and_its_slot_is_free(tmp_path: Path) -> None:
    executor, clock = simulated(1)
    executor.submit(toy_job("", tmp_path))
    with pytest.raises(RunError):
        executor.submit(toy_job("", tmp_path, trial=1))
    executor.poll(1.0)
    executor.cancel(0)
    executor.cancel(0)
    executor.cancel(99)
    assert end_of(executor.poll(5.0))["reason"] == ev.CANCELLED
    assert (clock(), executor.free) == (101.0, 1)
    assert list(executor.poll(5.0)) == []
    executor.close()


def test_a_curve_may_fail(tmp_path: Path) -> None:
    def curve(job: Job, progress: float) -> float:
        if progress > 0.5:
            raise Diverged("Too steep.")
        return progress

    clock = VirtualClock()
    executor = Simulated(1, clock, lambda job: 1.0, curve)
    executor.submit(toy_job("", tmp_path))
    events = [event for _, event in run(executor, clock, 1)]
    assert end_of(events)["reason"] == ev.DIVERGED
    assert len(reports_of(events)) == 5
