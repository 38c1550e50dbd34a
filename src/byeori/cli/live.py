"""The screen of a running study, on stderr: a live one in a terminal, a plain line every ten seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from byeori.cli.curve import braille
from byeori.cli.show import number
from byeori.engine.progress import DONE, Progress, RunningTrial, Watch

_EVERY = 10.0
"""Seconds between two plain lines."""
_SHOWN = 8
"""Running trials on the screen; the rest are counted."""
_CURVE = 44
_ROWS = 3


@contextmanager
def watching(console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> Iterator[Watch]:
    """Give a watcher that shows a study's progress as long as the `with` lasts.

    Args:
        console: Where to show it; stderr if left out. NO_COLOR and TERM=dumb are respected.
        clock: Monotonic seconds.

    Example:
        >>> with watching(Console(quiet=True)) as watch:
        ...     watch(Progress(stage="reading", message="reading the images"))
    """
    screen = console if console is not None else Console(stderr=True, highlight=False)
    if not screen.is_terminal or screen.is_dumb_terminal:
        yield _Plain(screen, clock)
        return
    with Live(console=screen, refresh_per_second=4, transient=True) as live:

        def watch(progress: Progress) -> None:
            live.update(render(progress))

        yield watch


class _Plain:
    """Says a line when the stage changes, and one every ten seconds."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console = console
        self._clock = clock
        self._said = float("-inf")
        self._stage = ""

    def __call__(self, progress: Progress) -> None:
        now = self._clock()
        if progress.stage == self._stage and now - self._said < _EVERY:
            return
        self._said, self._stage = now, progress.stage
        self._console.print(line(progress), soft_wrap=True, markup=False, highlight=False)


def line(progress: Progress) -> str:
    """Return a study's progress as one line of plain text."""
    parts = [f"[{_when(progress)}] {progress.stage}"]
    if progress.message:
        parts.append(progress.message)
    if progress.done or progress.failed or progress.running:
        parts.append(_counts(progress))
    if progress.best is not None:
        parts.append(_best(progress))
    if end := _end(progress):
        parts.append(end)
    return " · ".join(parts)


def render(progress: Progress) -> RenderableType:
    """Return a study's progress as a screen."""
    parts: list[RenderableType] = [_head(progress)]
    if progress.message:
        parts.append(Text(progress.message, style="dim", no_wrap=True, overflow="ellipsis"))
    if progress.done or progress.failed or progress.running:
        parts.append(Text(_counts(progress)))
    if progress.running:
        parts.append(_running(progress.running))
    if progress.best is not None:
        parts.append(Text(f"best so far: {_best(progress)}", style="bold green"))
        rows = braille(progress.curve, _CURVE, _ROWS, until=progress.elapsed) if len(progress.curve) > 1 else []
        parts.extend(Text(f"  {row}", style="green") for row in rows)
    return Group(*parts)


def _head(progress: Progress) -> RenderableType:
    """The stage, a bar towards the deadline (or the trials asked for), the time."""
    row = Table.grid(padding=(0, 1))
    row.add_column(no_wrap=True)
    total, done = _aim(progress)
    cells: list[RenderableType] = [Text(f"{progress.stage:<9}", style="bold cyan")]
    if total:
        row.add_column(width=32)
        cells.append(ProgressBar(total=total, completed=min(done, total), width=32))
    row.add_column(no_wrap=True)
    cells.append(Text(", ".join(part for part in (_when(progress), _end(progress)) if part)))
    row.add_row(*cells)
    return row


def _running(trials: tuple[RunningTrial, ...]) -> RenderableType:
    view = Table.grid(padding=(0, 1))
    view.add_column(justify="right", style="dim")
    view.add_column(no_wrap=True)
    view.add_column(width=16)
    view.add_column(justify="right")
    view.add_column(justify="right")
    for trial in trials[:_SHOWN]:
        bar = ProgressBar(total=1.0, completed=min(1.0, max(0.0, trial.progress)), width=16)
        value = "" if trial.value is None else number(trial.value)
        view.add_row(f"#{trial.number}", trial.family, bar, f"{trial.progress:.0%}", value)
    if len(trials) > _SHOWN:
        view.add_row("", f"and {len(trials) - _SHOWN} more", "", "", "")
    return view


def _aim(progress: Progress) -> tuple[float, float]:
    """What the bar goes to, and how far it is: seconds where a time is promised, trials elsewhere."""
    if progress.limit:
        return progress.limit, progress.elapsed
    return float(progress.trials or 0), float(progress.done + progress.failed)


def _when(progress: Progress) -> str:
    return _clock(progress.elapsed) + (f" of {_clock(progress.limit)}" if progress.limit else "")


def _end(progress: Progress) -> str:
    """When it is expected to end; nothing where that is unknown, or now."""
    if progress.stage == DONE or progress.expected_end is None or progress.expected_end < progress.elapsed + 1.0:
        return ""
    return f"ends about {_clock(progress.expected_end)}"


def _clock(span: float) -> str:
    whole = max(0, round(span))
    hours = f"{whole // 3600}:{whole % 3600 // 60:02d}" if whole >= 3600 else f"{whole // 60}"
    return f"{hours}:{whole % 60:02d}"


def _counts(progress: Progress) -> str:
    asked = f" ({progress.trials} asked for)" if progress.trials else ""  # baselines come on top of these
    return f"{progress.done} done{asked}, {progress.failed} failed, {len(progress.running)} running"


def _best(progress: Progress) -> str:
    where = "" if progress.best_trial is None else f" (trial {progress.best_trial})"
    return f"{progress.metric or 'value'} {number(progress.best)}{where}"
