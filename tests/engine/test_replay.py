from __future__ import annotations

from collections.abc import Collection

from byeori.core import events as ev
from byeori.core.events import Event
from byeori.core.jobs import Origin, Report
from byeori.core.protocols import Decision
from byeori.core.state import Trial
from byeori.engine.replay import replay_log
from byeori.stores.memory import MemoryStore


class Listener:
    """A stopper that remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def decide(self, trial: Trial, report: Report) -> Decision:
        self.seen.append((trial.number, report.step))
        return Decision.STOP

    def promote(self, paused: Collection[int]) -> int | None:
        return None


def reported(number: int, *steps: int, attempt: int = 1) -> Event:
    reports = [Report(step=step, progress=0.5, value=0.1 * step).to_json() for step in steps]
    return Event.of(ev.REPORTED, {"reports": reports}, number, attempt)


def log() -> MemoryStore:
    store, origin = MemoryStore(), Origin(strategy="random").to_json()
    store.append(
        [
            Event.of(ev.ASKED, {"direction": "maximize", "metric": "accuracy", "fingerprint": "f"}),
            Event.of(ev.PROPOSED, {"genome": {"x": 1}, "origin": origin}, 0),
            Event.of(ev.PROPOSED, {"genome": {"x": 2}, "origin": origin}, 1),
            reported(0, 1, 2),
            Event.of(ev.STARTED, {}, 0, 2),
            reported(0, 9),  # of the attempt that was given up: too late to count
            reported(1, 3),
            Event.of(ev.ENDED, {"reason": ev.DONE, "message": "", "seconds": 1.0}, 1),
            reported(1, 9),  # after its end
        ]
    )
    return store


def test_the_state_is_what_the_log_says() -> None:
    state = replay_log(log())
    assert state.maximize
    assert len(state) == 2
    assert state.status(0) == "running"
    assert state.attempt(0) == 2
    assert state.best == 1
    assert state.applied == 9


def test_a_stopper_sees_what_counted_in_the_order_of_the_log_and_decides_nothing() -> None:
    stopper = Listener()
    state = replay_log(log(), stopper)
    assert stopper.seen == [(0, 1), (0, 2), (1, 3)]
    assert state.status(0) == "running"


def test_an_empty_log_is_an_empty_state() -> None:
    state = replay_log(MemoryStore())
    assert (len(state), state.asked, state.best) == (0, None, None)
