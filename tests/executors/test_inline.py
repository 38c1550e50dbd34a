from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from byeori.core import events as ev
from byeori.core.jobs import Job, Report
from byeori.executors.inline import Inline
from byeori.testing.executors import ExecutorConformance, Make, end_of, finish, reports_of, toy_job


class TestInline(ExecutorConformance):
    @pytest.fixture
    def make(self) -> Make:
        return lambda workers=1, *, memory=None, grace=0.3: Inline(workers, grace=grace)


def steps(job: Job) -> Iterator[Report]:
    for step in range(1, 4):
        yield Report(step=step, progress=step / 4)


def test_slots_take_turns(tmp_path: Path) -> None:
    executor = Inline(2, run=steps)
    for trial in (0, 1):
        executor.submit(toy_job("", tmp_path, trial=trial))
    seen = [[(event.trial, event.kind) for event in executor.poll(10.0)] for _ in range(4)]
    assert seen == [[(0, ev.REPORTED), (1, ev.REPORTED)]] * 3 + [[(0, ev.ENDED), (1, ev.ENDED)]]


def test_a_poll_without_time_takes_one_step_and_forgets_nobody(tmp_path: Path) -> None:
    executor = Inline(2, run=steps)
    for trial in (0, 1):
        executor.submit(toy_job("", tmp_path, trial=trial))
    assert [[event.trial for event in executor.poll(0.0)] for _ in range(4)] == [[0], [1], [0], [1]]


def test_a_whole_job_is_reported_and_ended_in_one_poll(tmp_path: Path) -> None:
    executor = Inline()
    executor.submit(toy_job("Quadratic", tmp_path))
    assert [event.kind for event in executor.poll(0.0)] == [ev.REPORTED, ev.ENDED]


@pytest.mark.parametrize(("value", "reason"), [(1.0, ev.DEADLINE), (None, ev.HUNG)])
def test_a_job_past_its_time_is_given_up_between_reports(tmp_path: Path, value: float | None, reason: str) -> None:
    closed = []

    def endless(job: Job) -> Iterator[Report]:
        try:
            while True:
                time.sleep(0.01)
                yield Report(step=1, progress=0.5, value=value)
        finally:
            closed.append(job.trial)

    executor = Inline(run=endless, grace=0.02)
    executor.submit(toy_job("", tmp_path, seconds=0.03))
    events = finish(executor)
    assert end_of(events)["reason"] == reason
    assert len(reports_of(events)) >= 1
    assert closed == [0]


def test_what_a_job_raises_when_given_up_harms_nobody(tmp_path: Path) -> None:
    def sore(job: Job) -> Iterator[Report]:
        try:
            yield Report(step=1, progress=0.5)
        finally:
            raise ValueError("I was not finished")

    executor = Inline(run=sore)
    executor.submit(toy_job("", tmp_path))
    executor.poll(0.0)
    executor.cancel(0)
    assert end_of(executor.poll(0.0))["reason"] == ev.CANCELLED


def test_ctrl_c_reaches_the_parent(tmp_path: Path) -> None:
    def interrupted(job: Job) -> Iterator[Report]:
        raise KeyboardInterrupt
        yield

    executor = Inline(run=interrupted)
    executor.submit(toy_job("", tmp_path))
    with pytest.raises(KeyboardInterrupt):
        executor.poll(0.0)


def test_a_slot_there_must_be() -> None:
    with pytest.raises(ValueError, match="one slot or more"):
        Inline(0)
