"""Time and trials as a promise: how long the search may go on, and how long one child may take."""

from __future__ import annotations

import math
from dataclasses import dataclass

from byeori.core.errors import OptionError
from byeori.core.state import State

BASELINE = "baseline"
"""Strategy name of the ladder's trials; they come on top of the trials asked for."""

_SHORTEST = 0.3
"""A child that could train for less than this share of what the best one took is not begun."""
_LONGEST = 2.5
"""A child may take this many times as long as the default genome did."""
_LEAST = 0.5
"""Seconds below which no child is begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a study may spend.

    Args:
        trials: Children to breed, the default genome among them; None for as many as time allows.
        ends: Clock time (monotonic seconds) at which the search must be over; None for no limit.
    """

    trials: int | None = None
    ends: float | None = None

    def __post_init__(self) -> None:
        if self.trials is not None and self.trials < 1:
            raise OptionError(f"A study needs 1 trial or more; got {self.trials}.")

    def spent(self, bred: int, now: float) -> bool:
        """Say whether no further child is to be proposed."""
        if self.trials is not None and bred >= self.trials:
            return True
        return self.ends is not None and now >= self.ends - _LEAST

    def grant(self, state: State, now: float) -> float | None:
        """Return the seconds a child that begins now may take; None for no limit; NaN where beginning is no use.

        The default genome may use all the time there is: nothing is risked on strangers before it is safe. Later
        children get at most 2.5 times what it took, and none is begun that could train for less than 0.3 of what the
        best one took: under a squeezed schedule it would only look worse than it is.
        """
        if self.ends is None:
            return None
        left = self.ends - now
        if not len(state) or state.status(0) != "ended":
            return left
        default = state.trial(0).seconds
        best = state.trial(state.best).seconds if state.best is not None else default
        if left < max(_LEAST, _SHORTEST * min(best, default)):
            return math.nan
        return min(left, max(_LONGEST * default, 2.0))


def finish_reserve(limit: float, *, predict: float, refit: float = 0.0) -> float:
    """Return the seconds to hold back from a limit for the finish.

    Args:
        limit: Seconds promised for the whole command.
        predict: Measured estimate of the one look at the test split, seconds.
        refit: Measured estimate of a refit, seconds; 0 where there is none.

    Example:
        >>> finish_reserve(10.0, predict=0.2) < 3
        True
    """
    return 1.2 + 0.01 * limit + 1.25 * predict + 1.1 * refit
