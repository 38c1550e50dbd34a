"""How a job ended, in one word and one message; and the one place where whatever a child raises is caught."""

from __future__ import annotations

import errno
import signal
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from byeori._util.json import dumps
from byeori.core import events as ev
from byeori.core.errors import ByeoriError, Diverged, LimitExceeded
from byeori.core.events import Event
from byeori.core.jobs import Job

T = TypeVar("T")

MESSAGE_LIMIT = 4096
"""Characters of a message that are kept."""

_NO_MEMORY = ("can't allocate memory", "cannot allocate memory", "out of memory", "bad_alloc")

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_ROOM = ("no space left on device", "disk quota exceeded")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why a job ended: one of `events.REASONS`, and a message for people (empty where all is well)."""

    reason: str
    message: str = ""


def attempt(call: Callable[[], T]) -> T | Outcome:
    """Return what a call returns, or how it ended the job: `done` for a generator that is at its end.

    A child may raise anything at all, and that must end the trial and never the study: hence the broad except, the
    only one. KeyboardInterrupt goes through, for it is meant for the parent.
    """
    try:
        return call()
    except StopIteration:
        return Outcome(ev.DONE)
    except (Exception, SystemExit) as error:
        return outcome_of(error)


def outcome_of(error: BaseException) -> Outcome:
    """Return the reason and the message an exception stands for.

    Example:
        >>> outcome_of(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")).reason
        'out of memory'
        >>> outcome_of(Diverged("The loss is not a number in epoch 3."))
        Outcome(reason='diverged', message='The loss is not a number in epoch 3.')
    """
    text = _text(error)
    if isinstance(error, Diverged):
        return Outcome(ev.DIVERGED, text)
    if isinstance(error, LimitExceeded):
        return Outcome(ev.LIMIT, text)
    if isinstance(error, MemoryError) or any(words in text.lower() for words in _NO_MEMORY):
        return Outcome(ev.OUT_OF_MEMORY, text or "The trial asked for more memory than it may have.")
    if (isinstance(error, OSError) and error.errno in _FULL) or any(words in text.lower() for words in _NO_ROOM):
        return Outcome(ev.NO_ROOM, text)
    if isinstance(error, ByeoriError):
        return Outcome(ev.FAILED, text)
    if isinstance(error, SystemExit):
        return Outcome(ev.CRASHED, f"The trial left by sys.exit({text}).")
    where = "".join(traceback.format_tb(error.__traceback__, limit=-4))[-MESSAGE_LIMIT // 2 :]
    return Outcome(ev.FAILED, f"{type(error).__name__}: {text}\n{where}".rstrip()[:MESSAGE_LIMIT])


def outcome_of_status(status: int) -> Outcome:
    """Return how a process ended that said nothing, from its exit code as `os.waitstatus_to_exitcode` gives it.

    Example:
        >>> outcome_of_status(-11).message
        'The process was killed by signal 11 (SIGSEGV).'
    """
    if status == -signal.SIGKILL:
        return Outcome(ev.CRASHED, "The process was killed by signal 9 (often: out of memory).")
    if status < 0:
        known = {s.value: s.name for s in signal.Signals}
        return Outcome(ev.CRASHED, f"The process was killed by signal {-status} ({known.get(-status, 'unknown')}).")
    return Outcome(ev.CRASHED, f"The process left with exit code {status} and without a word.")


def reported(job: Job, reports: Sequence[bytes]) -> Event:
    """Return one event for several reports, each encoded as JSON."""
    return Event(ev.REPORTED, job.trial, job.attempt, b'{"reports":[' + b",".join(reports) + b"]}")


def ended(job: Job, outcome: Outcome, seconds: float) -> Event:
    """Return the event that ends a job after so many seconds."""
    body = {"reason": outcome.reason, "message": outcome.message, "seconds": round(seconds, 6)}
    return Event(ev.ENDED, job.trial, job.attempt, dumps(body))


def _text(error: BaseException) -> str:
    """The words of an exception, cut, and clean enough to be JSON."""
    try:
        text = str(error)
    except Exception:  # a child's own __str__ is a child's code too
        text = "(its message cannot be read)"
    return text[: MESSAGE_LIMIT // 2].encode("utf-8", "replace").decode()
