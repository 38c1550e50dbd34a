from __future__ import annotations

from collections.abc import Callable

import pytest

from byeori.core.events import Event
from byeori.stores.memory import MemoryStore
from byeori.testing.stores import StoreConformance


class TestMemoryStore(StoreConformance):
    @pytest.fixture
    def reopen(self) -> Callable[[], MemoryStore]:
        store = MemoryStore()
        return lambda: store


def test_reading_a_memory_store_shows_what_was_there_when_it_began() -> None:
    store = MemoryStore()
    store.append([Event("paused")])
    reading = store.read()
    store.append([Event("paused")])
    assert len(list(reading)) == 1
