"""No study ends with its best child half trained: which paused trial goes on when nothing new is begun any more."""

from __future__ import annotations

from collections.abc import Collection
from math import isfinite

from byeori.core.state import ENDED, State

_ONE_IN = 100
"""One child in so many, one at least, is trained to its end, whatever a stopper paused."""
_NEARLY_AS_FAR = 1.5
_WHOLE = 0.9999


def unfinished(state: State, paused: Collection[int], *, opening: int = 0) -> int | None:
    """Return the paused trial that is to go on at the end of a search, or None where enough are whole.

    Values of trainings cut short do not compare with those of whole ones, so of the paused the best among those that
    came furthest is taken, unless one of them is the best of all as it stands.

    Args:
        state: Of the study.
        paused: Who may go on.
        opening: Trials with a smaller number were not chosen by the search: they do not count as whole.
    """
    valued = [n for n in paused if isfinite(state.value(n)) and n not in state.confirms]
    if not valued:
        return None
    if state.best in valued:
        return state.best
    children = len(state) - opening - len(state.confirms)
    whole = sum(1 for n in range(opening, len(state)) if _is_whole(state, n))
    if whole and whole * _ONE_IN >= children:
        return None
    furthest = max(state.progress(n) for n in valued)
    return min((n for n in valued if state.progress(n) * _NEARLY_AS_FAR >= furthest), key=lambda n: (state.loss(n), n))


def _is_whole(state: State, number: int) -> bool:
    if number in state.confirms or not isfinite(state.value(number)):
        return False
    return state.status(number) == ENDED and state.progress(number) >= _WHOLE
