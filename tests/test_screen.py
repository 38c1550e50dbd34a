from __future__ import annotations

import time

from byeori.core import events as ev
from byeori.core.events import Event
from byeori.core.jobs import Origin, Report
from byeori.core.state import State, apply
from byeori.engine.progress import DONE, READING, Progress
from byeori.request import Spend
from byeori.screen import Screen


def after(*values: float | None, running: float | None = None) -> State:
    """A state of ended trials, None for one that failed, and perhaps one that runs."""
    state, origin = State(), Origin(strategy="random").to_json()
    numbers = [*values, running] if running is not None else list(values)
    for number, value in enumerate(numbers):
        apply(state, Event.of(ev.PROPOSED, {"genome": {"mlp": {}}, "origin": origin}, number))
        if value is not None:
            report = Report(step=1, progress=0.5, value=value).to_json()
            apply(state, Event.of(ev.REPORTED, {"reports": [report]}, number))
        if number < len(values):
            reason = ev.DONE if value is not None else ev.FAILED
            apply(state, Event.of(ev.ENDED, {"reason": reason, "message": ""}, number))
    return state


def test_without_a_watcher_nothing_happens() -> None:
    Screen(Spend(trials=1), None).show(READING, "reading")


def test_a_watcher_sees_what_is_done_what_failed_and_what_runs() -> None:
    seen: list[Progress] = []
    Screen(Spend(trials=5, began=time.monotonic() - 10), seen.append).show(
        "searching", "", after(0.4, None, running=0.6)
    )
    (shown,) = seen
    assert (shown.done, shown.failed, shown.best, shown.best_trial) == (1, 1, 0.4, 0)
    assert [(t.number, t.family, t.progress, t.value) for t in shown.running] == [(2, "mlp", 0.5, 0.6)]
    assert shown.elapsed >= 10
    assert shown.limit is None
    assert shown.trials == 5


def test_a_search_is_shown_at_most_five_times_a_second() -> None:
    seen: list[Progress] = []
    screen = Screen(Spend(seconds=60.0, began=time.monotonic()), seen.append)
    began = time.monotonic()
    turns = 0
    while time.monotonic() - began < 0.3:
        screen.searching(after(0.5))
        turns += 1
    assert 1 <= len(seen) <= 1 + (time.monotonic() - began) / 0.2
    assert turns > len(seen)


def test_the_curve_has_a_point_each_time_the_best_became_better() -> None:
    seen: list[Progress] = []
    screen = Screen(Spend(seconds=60.0, began=time.monotonic()), seen.append)
    for state in (after(0.5), after(0.5, 0.7), after(0.5, 0.7, 0.3)):
        screen.searching(state)
    screen.done(after(0.5, 0.7, 0.3))
    assert seen[-1].stage == DONE
    assert [value for _, value in seen[-1].curve] == [0.5, 0.3]
