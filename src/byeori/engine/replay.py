"""Opening a study: its log, replayed."""

from __future__ import annotations

from byeori._util.json import loads
from byeori.core import events as ev
from byeori.core.errors import DamagedError
from byeori.core.events import Event
from byeori.core.jobs import BASELINE, Report
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
        try:
            _replay(state, event, stopper)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
            raise DamagedError(
                f"Event {event.number} of {store} cannot be understood ({type(error).__name__}: {error}): the log is "
                "damaged; put back a copy of it, or begin again in another folder."
            ) from None
    return state


def _replay(state: State, event: Event, stopper: Stopper | None) -> None:
    counted = apply(state, event)
    if event.kind == ev.PROPOSED:
        # The state keeps it as bytes, and would stumble over damaged ones later.
        if not {"genome", "origin"} <= set(loads(event.body)):
            raise ValueError("a proposal without a genome or an origin")
    elif stopper is not None and counted and event.kind == ev.REPORTED and event.trial not in state.confirms:
        trial = state.trial(event.trial)
        if trial.origin.strategy != BASELINE:
            for data in event.data["reports"]:
                stopper.decide(trial, Report.from_json(data))
