"""A log that lives as long as the process: for tests, simulations and searches nobody means to resume."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from byeori.core.events import Event


class MemoryStore:
    """A store in memory.

    Example:
        >>> store = MemoryStore()
        >>> store.append([Event.of("budget", {"trials": 3}), Event.of("finished", {"seconds": 1.0})])
        >>> [(event.number, event.kind) for event in store.read(1)]
        [(2, 'finished')]
    """

    def __init__(self) -> None:
        self._events: list[Event] = []

    def append(self, events: Sequence[Event]) -> None:
        """Keep events, numbered on from the last."""
        first = len(self._events) + 1
        self._events += [replace(event, number=number) for number, event in enumerate(events, first)]

    def read(self, start: int = 0) -> Iterator[Event]:
        """Yield the events there are now with a number greater than `start`."""
        return iter(self._events[max(start, 0) :])

    def close(self) -> None:
        """Do nothing; there to be called like any other store's."""
