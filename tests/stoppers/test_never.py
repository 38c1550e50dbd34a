from __future__ import annotations

from byeori.stoppers.never import Never
from byeori.testing.stoppers import StopperConformance


class TestNever(StopperConformance):
    def make(self, maximize):
        return Never(maximize=maximize)
