"""One trial's process: forked by the nursery, set apart from everything else, it does its job, says so, and leaves."""

from __future__ import annotations

import faulthandler
import os
import random
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from byeori._util.json import dumps
from byeori.core.errors import RunError
from byeori.core.jobs import Job, Report
from byeori.executors import processes
from byeori.executors.outcome import Outcome, attempt
from byeori.executors.run import run_job

REPORT = b"r"
END = b"e"
LOG = "log.txt"

_LONGEST = 1 << 22
"""Bytes of one report: it is a line in a log that is kept for ever."""


def live(job: Job, link: socket.socket, memory: int | None, nursery: int) -> NoReturn:
    """Do a job and leave the process; never returns into the nursery's own stack.

    What it says on the link are lines: `r` and a report as JSON, then `e` and how it ended.

    Args:
        job: What to do.
        link: Where to report; the parent has the other end.
        memory: Bytes it may take beyond what it was born with.
        nursery: Process number of the nursery.
    """
    code = 1
    try:
        os.setsid()
        processes.die_with(nursery, link)
        _calm_signals()
        outcome = attempt(lambda: _settle(job, memory))
        if outcome is None:
            outcome = _work(job, link)
        _flush()
        link.sendall(END + dumps({"reason": outcome.reason, "message": outcome.message}) + b"\n")
        code = 0
    except BrokenPipeError:
        # The parent is gone or has no more use for us; there is nobody left to tell.
        code = 1
    finally:
        os._exit(code)


def _work(job: Job, link: socket.socket) -> Outcome:
    reports = run_job(job)
    while True:
        line = attempt(lambda: _next_line(reports))
        if isinstance(line, Outcome):
            return line
        link.sendall(line)


def _next_line(reports: Iterator[Report]) -> bytes:
    body = dumps(next(reports).to_json())
    if len(body) > _LONGEST:
        raise RunError(f"A report of {len(body):,} bytes is too long: keep it under {_LONGEST:,}.")
    return REPORT + body + b"\n"


def _settle(job: Job, memory: int | None) -> None:
    """Arrange what a trial may have: its log, its memory, its threads, its dice."""
    out = Path(job.out)
    out.mkdir(parents=True, exist_ok=True)
    log = os.open(out / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    faulthandler.enable(2)
    processes.adopt_orphans()
    processes.die_first()
    processes.no_core_dumps()
    random.seed(job.seed)
    os.environ["OMP_NUM_THREADS"] = str(job.threads)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(job.seed % 2**32)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(job.threads)
        torch.manual_seed(job.seed)
    if memory is not None:
        processes.limit_memory(memory)


def _calm_signals() -> None:
    signal.set_wakeup_fd(-1)
    # Ctrl-C is for the parent, which decides what becomes of its trials.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for each in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(each, signal.SIG_DFL)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        attempt(stream.flush)
