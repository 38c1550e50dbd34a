"""Opening a study: its log, replayed."""

from __future__ import annotations

from byeori.core import events as ev
from byeori.core.jobs import Report
from byeori.core.protocols import Stopper, Store
from byeori.core.state import State, apply


def replay_log(store: Store, stopper: Stopper | None = None) -> State:
    """Return the state that a log says, and let a stopper see every report it judged.

    Args:
        store: The log.
        stopper: Rebuilds its rungs; None where only the state is wanted.

    Raises:
        StoreError: The log cannot be read.
    """
    state = State()
    for event in store.read():
        counted = apply(state, event)
        if stopper is not None and counted and event.kind == ev.REPORTED:
            for data in event.data["reports"]:
                stopper.decide(state.trial(event.trial), Report.from_json(data))
    return state
