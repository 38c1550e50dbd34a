"""The stopper that never stops."""

from __future__ import annotations

from collections.abc import Collection

from byeori.core.jobs import Report
from byeori.core.protocols import Decision
from byeori.core.state import Trial


class Never:
    """Lets every trial train to its end; the default where trainings are short.

    Args:
        maximize: Whether more is better; of no account here.

    Example:
        >>> from byeori.core.jobs import Report
        >>> Never().decide(None, Report(step=1, progress=0.1))
        <Decision.GO_ON: 'go on'>
    """

    def __init__(self, *, maximize: bool = False) -> None:
        self.maximize = maximize

    def decide(self, trial: Trial | None, report: Report) -> Decision:
        """Say go on."""
        return Decision.GO_ON

    def promote(self, paused: Collection[int]) -> int | None:
        """Say that none may: nothing was paused from here."""
        return None
