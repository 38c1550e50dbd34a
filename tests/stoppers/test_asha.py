from __future__ import annotations

import pytest

from byeori.core import events as ev
from byeori.core.events import Event
from byeori.engine.replay import replay_log
from byeori.stoppers.asha import ASHA
from byeori.stoppers.never import Never
from byeori.stores.memory import MemoryStore
from byeori.testing.stoppers import StopperConformance


class TestASHA(StopperConformance):
    def make(self, maximize):
        return ASHA(maximize=maximize)


class TestASHAWithPauses(StopperConformance):
    def make(self, maximize):
        return ASHA(maximize=maximize, promote=True, eta=4.0, grace=0.02)


@pytest.mark.parametrize("promote", [False, True])
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("workers", [1, 8])
def test_a_third_of_the_epochs_finds_the_same_best(search, promote, maximize, workers):
    whole = search(Never(maximize=maximize), maximize=maximize)
    halved = search(ASHA(maximize=maximize, promote=promote), maximize=maximize, workers=workers)
    assert halved.epochs <= whole.epochs / 3
    assert halved.found == whole.found == whole.best


def test_with_pauses_the_best_is_trained_to_its_end(search):
    found = search(ASHA(maximize=False, promote=True), trials=10)
    best = found.state.trial(found.state.best)
    assert (best.reason, best.progress) == (ev.DONE, 1.0)
    assert len(found.state) == 10
    assert found.state.paused


def test_with_pauses_no_epoch_is_trained_twice(search):
    found = search(ASHA(maximize=False, promote=True))
    assert found.epochs == pytest.approx(sum(round(27 * t.progress) for t in found.state.trials()))


@pytest.mark.parametrize("promote", [False, True])
def test_a_study_killed_anywhere_decides_as_the_log_says(search, promote):
    found = search(ASHA(maximize=False, promote=promote), trials=30)
    events = list(found.store.read())
    for cut in range(10, len(events), 37):
        half = MemoryStore()
        half.append([Event(e.kind, e.trial, e.attempt, e.body, 0, e.time) for e in events[:cut]])
        stopper = ASHA(maximize=False, promote=promote)
        state = replay_log(half, stopper)
        for event in events[cut:]:
            if event.kind == ev.STARTED and event.trial in state.paused:
                # What the live one promoted next, the replayed one would too, unless the rest of the log changed it.
                assert stopper.promote(state.paused) in (event.trial, None)
            break
