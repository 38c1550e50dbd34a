"""Progress under two clocks, epochs and seconds, and the learning rate that follows it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Schedule:
    """Says how far a training is, when it must stop, and at which rate it learns.

    Progress is the larger of steps done and time used, so that a training under a time budget still ends its cosine.

    Args:
        steps: Of a whole training.
        warmup: Share of the progress in which the rate rises.
        seconds: From now until the training must have ended, with all that follows it; None for no limit.
        until: Progress at which this job stops.
        clock: Monotonic seconds.

    Example:
        >>> schedule = Schedule(10, warmup=0.2, seconds=None)
        >>> schedule.rate(0.1), schedule.rate(0.2), round(schedule.rate(1.0), 6)
        (0.5, 1.0, 0.0)
        >>> schedule.progress(5)
        0.5
    """

    def __init__(
        self,
        steps: int,
        *,
        warmup: float,
        seconds: float | None,
        until: float = 1.0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.steps = steps
        self.until = until
        self.reserve = 0.0
        self._warmup = warmup
        self._seconds = seconds
        self._begun = 0.0
        self._highest = 0.0
        self._clock = clock
        self._start = clock()

    def begin(self, progress: float) -> None:
        """Say at which progress the training goes on; the seconds are those from here to its end."""
        self._begun = self._highest = progress

    def elapsed(self) -> float:
        """Return the seconds since this was made."""
        return self._clock() - self._start

    def left(self) -> float:
        """Return the seconds until everything must have ended; infinite without a limit."""
        return math.inf if self._seconds is None else self._seconds - self.elapsed()

    def hold_back(self, seconds: float) -> None:
        """Keep time for what follows the training: the last evaluation and the saving.

        Args:
            seconds: Measured, with some room.
        """
        self.reserve = seconds

    def progress(self, done: int) -> float:
        """Return how far the training is, 0 to 1; it never falls.

        Args:
            done: Steps done.
        """
        reached = done / self.steps
        if self._seconds is not None:
            usable = max(1e-3, self._seconds - self.reserve)
            reached = max(reached, self._begun + (1.0 - self._begun) * self.elapsed() / usable)
        self._highest = min(1.0, max(self._highest, reached))
        return self._highest

    def rate(self, progress: float) -> float:
        """Return the share of the full learning rate: a line up, then half a cosine down (Loshchilov & Hutter 2017,
        https://arxiv.org/abs/1608.03983).

        Args:
            progress: At the end of the step.
        """
        if progress < self._warmup:
            return progress / self._warmup
        return 0.5 + 0.5 * math.cos(math.pi * (progress - self._warmup) / (1.0 - self._warmup))
