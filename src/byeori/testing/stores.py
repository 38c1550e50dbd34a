"""What every store must keep: a pytest class to inherit, given one fixture.

Example of its use:

    class TestMine(StoreConformance):
        @pytest.fixture
        def reopen(self, tmp_path): ...
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import pytest

from byeori.core.events import EVENT_VERSION, Event
from byeori.core.protocols import Store


class StoreConformance:
    """Inherit it and define the fixture `reopen`: a function that closes the store it opened before, if any, and
    returns a store on the same log, which is empty at the first call of each test."""

    @pytest.fixture
    def reopen(self) -> Callable[[], Store]:
        """Return the function described above."""
        raise TypeError("A store's conformance test needs its own fixture `reopen`.")

    def test_a_new_log_is_empty(self, reopen: Callable[[], Store]) -> None:
        assert list(reopen().read()) == []

    def test_numbers_begin_at_one_and_go_on(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        store.append([_event(0), _event(1)])
        store.append([_event(2)])
        assert [(e.number, e.trial) for e in store.read()] == [(1, 0), (2, 1), (3, 2)]

    def test_a_number_given_is_not_taken(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        store.append([Event("paused", number=17)])
        assert [e.number for e in store.read()] == [1]

    def test_all_fields_come_back(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        event = Event("ended", 1 << 40, 3, '{"message":"벼리\\u0000"}'.encode(), 0, 1.75e9 + 1e-6, EVENT_VERSION)
        store.append([event])
        (back,) = store.read()
        assert back == Event("ended", 1 << 40, 3, event.body, 1, event.time, EVENT_VERSION)
        assert type(back.body) is bytes

    def test_the_event_of_a_study_has_trial_minus_one(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        store.append([Event.of("budget", {"trials": 5})])
        (back,) = store.read()
        assert (back.trial, back.data) == (-1, {"trials": 5})

    def test_a_body_may_be_large(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        body = b'"' + b"x" * 3_000_000 + b'"'
        store.append([Event("asked", body=body)])
        assert next(iter(store.read())).body == body

    def test_nothing_appended_is_nothing(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        store.append([])
        store.append([_event(0)])
        assert [e.number for e in store.read()] == [1]

    @pytest.mark.parametrize("start", [0, 1, 1499, 2500, 2501, 10_000])
    def test_reading_begins_after_start(self, reopen: Callable[[], Store], start: int) -> None:
        store = reopen()
        store.append([_event(n) for n in range(2500)])
        assert [e.number for e in store.read(start)] == list(range(start + 1, 2501))

    def test_the_log_is_there_after_reopening(self, reopen: Callable[[], Store]) -> None:
        reopen().append([_event(0)])
        store = reopen()
        store.append([_event(1)])
        assert [(e.number, e.trial) for e in reopen().read()] == [(1, 0), (2, 1)]

    def test_one_may_append_while_one_reads(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        store.append([_event(n) for n in range(3000)])
        reading = store.read()
        first = list(islice(reading, 10))
        store.append([_event(3000)])
        rest = list(reading)
        assert [e.number for e in first + rest][:3000] == list(range(1, 3001))
        assert [e.number for e in store.read(3000)] == [3001]

    def test_a_reading_given_up_harms_nothing(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        store.append([_event(n) for n in range(10)])
        next(iter(store.read()))
        store.append([_event(10)])
        assert len(list(store.read())) == 11


def _event(trial: int) -> Event:
    return Event.of("reported", {"reports": [{"step": 1, "progress": 0.5, "seconds": 0.1}]}, trial, 1, 1.75e9 + trial)
