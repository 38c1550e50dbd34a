"""Time and trials as a promise: how long the search may go on, and how long one child may take."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from byeori.core.errors import OptionError
from byeori.core.jobs import BASELINE
from byeori.core.state import ENDED, State

_SHORTEST = 0.45
"""A child that could train for less than this share of what the best one took is not begun."""
_LONGEST = 2.5
"""A child may take this many times as long as the default genome did."""
_BASELINE_SHARE = 0.1
"""A baseline may take this share of the time that is left."""
_LEAST = 0.5
"""Seconds below which no child is begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a study may spend.

    Args:
        trials: Children to breed, the default genome among them; None for as many as time allows.
        ends: Clock time (monotonic seconds) at which the whole command must be over; None for no limit.
        reserve: Seconds to hold back for the finish, measured from what the state knows.
        spare: Seconds to keep free beyond that when a child is begun, for what is done only where there is time (a
            refit); what runs already is not cut short for it.
    """

    trials: int | None = None
    ends: float | None = None
    reserve: Callable[[State], float] | None = None
    spare: Callable[[State], float] | None = None

    def __post_init__(self) -> None:
        if self.trials is not None and self.trials < 1:
            raise OptionError(f"A study needs 1 trial or more; got {self.trials}.")

    def closes(self, state: State) -> float:
        """Return the clock time at which the search must be over; infinite for no limit."""
        if self.ends is None:
            return math.inf
        return self.ends - (self.reserve(state) if self.reserve else 0.0)

    def spent(self, bred: int) -> bool:
        """Say whether all the children asked for have been bred."""
        return self.trials is not None and bred >= self.trials

    def grant(self, state: State, now: float, *, baseline: bool = False) -> float | None:
        """Return the seconds a child that begins now may take; None for no limit; NaN where beginning is no use.

        The default genome may use all the time there is: nothing is risked on strangers before it is safe. Later
        children get at most 2.5 times what it took, or what the best one took, and none is begun that could train for
        less than 0.45 of what the best one took: under a squeezed schedule it would only look worse than it is. A
        baseline gets a tenth.
        """
        if self.ends is None:
            return None
        left = self.closes(state) - now - (self.spare(state) if self.spare else 0.0)
        if left < _LEAST:
            return math.nan
        if baseline:
            return max(_LEAST, _BASELINE_SHARE * left)
        # Where the last resort came first, the majority is trial 0.
        first = next((t for t in state.trials() if t.origin.strategy != BASELINE), None)
        if first is None or first.status != ENDED:
            return left
        default = first.seconds
        best = state.trial(state.best).seconds if state.best is not None else default
        if left < _SHORTEST * min(best, default):
            return math.nan
        return min(left, max(_LONGEST * default, best, 2.0))


def finish_reserve(limit: float, *, predict: float) -> float:
    """Return the seconds to hold back from a limit for the finish.

    Args:
        limit: Seconds promised for the whole command.
        predict: Measured estimate of the one look at the test split, seconds.

    Example:
        >>> finish_reserve(10.0, predict=0.2) < 3
        True
    """
    return 0.9 + 0.01 * limit + 1.25 * predict
