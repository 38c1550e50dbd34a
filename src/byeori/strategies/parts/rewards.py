"""What a trial was worth, whatever the scale of its loss: its rank among the latest, and how that compares."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from math import isfinite
from typing import Final, final

WINDOW: Final = 256
DECAY: Final = 0.9


@final
class Rewards:
    """Turns losses, in the order in which they are told, into advantages.

    A reward is the share of the last 256 finite losses that are worse less the share that are better, −1 to 1; a
    failure has −1. An advantage is a reward less the mean of those before it, in which the latest count most. No reward
    is in its own baseline, so the first has no advantage.

    Example:
        >>> rewards = Rewards()
        >>> [round(rewards.advantage(loss), 2) for loss in (0.5, 0.2, 0.9, float("inf"))]
        [0.0, 1.0, -1.53, -0.96]
    """

    def __init__(self) -> None:
        self._latest: deque[float] = deque()
        self._sorted: list[float] = []
        self._sum = 0.0
        self._weight = 0.0

    def advantage(self, loss: float) -> float:
        """Return how much better than expected a trial did, and expect the next to be more like it."""
        reward = self._reward(loss)
        ahead = reward - self._sum / self._weight if self._weight else 0.0
        self._sum = DECAY * self._sum + (1.0 - DECAY) * reward
        self._weight = DECAY * self._weight + (1.0 - DECAY)
        return ahead

    def _reward(self, loss: float) -> float:
        if not isfinite(loss):
            return -1.0
        ranked = self._sorted
        better, known = bisect_left(ranked, loss), bisect_right(ranked, loss)
        reward = (len(ranked) - known - better) / len(ranked) if ranked else 0.0
        insort(ranked, loss)
        self._latest.append(loss)
        if len(self._latest) > WINDOW:
            del ranked[bisect_left(ranked, self._latest.popleft())]
        return reward
