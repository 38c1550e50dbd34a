"""What a watcher of a running study is shown, made anew a few times a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

READING = "reading"
SEARCHING = "searching"
FINISHING = "finishing"
DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTrial:
    """One trial on its way: its number, its family, 0–1 done, its last validation value (None before the first)."""

    number: int
    family: str
    progress: float
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A study as it stands.

    Args:
        stage: `reading`, `searching`, `finishing` or `done`.
        message: One sentence about what is going on now.
        metric: Name of the metric; empty before it is known.
        elapsed: Seconds since the command began.
        limit: Seconds promised, or None.
        expected_end: Seconds since the command began at which it is expected to end, or None where unknown.
        trials: Trials asked for, or None.
        running: The trials on their way.
        done: Children that ended with a value; baselines come on top.
        failed: Children that ended without one.
        best: The best value, or None.
        best_trial: Its number, or None.
        curve: (seconds, best value) each time the best became better.
    """

    stage: str
    message: str = ""
    metric: str = ""
    elapsed: float = 0.0
    limit: float | None = None
    expected_end: float | None = None
    trials: int | None = None
    running: tuple[RunningTrial, ...] = ()
    done: int = 0
    failed: int = 0
    best: float | None = None
    best_trial: int | None = None
    curve: tuple[tuple[float, float], ...] = ()


Watch = Callable[[Progress], None]
