"""The process that trials are forked from: it has imported what they need, and clears up after every one of them.

Why not multiprocessing's forkserver: that one imports the user's `__main__` again, tells nobody how a child died, and
leaves a child's own children behind. This one is single-threaded (a fork copies one thread, so locks that others hold
would stay locked), ends when its parent does, and adopts whatever a trial leaves running, to kill it.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path

from byeori._util.json import Json, dumps
from byeori.core.jobs import Job
from byeori.executors import processes
from byeori.executors.child import LOG, live
from byeori.executors.outcome import attempt
from byeori.executors.wire import receive

_LEAST_SECONDS = 0.2

LOG_LIMIT = 1 << 20
"""Bytes of a trial's log.txt that are kept, from its beginning."""

_LAST_SECONDS = 5.0
_TICK = 1.0


def main(handle: int) -> None:
    """Serve one parent until it closes its end.

    Args:
        handle: The socket to it. First comes `{"path", "preload"}`; then `{"do": "begin", "token", "job", "memory"}`
            with a handle for the child's words, and `{"do": "kill", "token"}`. Back go lines: `{"ready": threads}`,
            `{"began": token, "pid", "at"}`, `{"left": token, "status", "seconds"}` (no status: it never began).
    """
    control = socket.socket(fileno=handle)
    nursery = _Nursery(control, os.getppid())
    try:
        nursery.listen_for_signals()
        first = receive(control)
        if first is not None:
            _preload(first[0])
            nursery.serve()
    finally:
        nursery.clear()


@dataclass(frozen=True, slots=True)
class _Child:
    token: int
    began: float
    log: Path


class _Nursery:
    def __init__(self, control: socket.socket, parent: int) -> None:
        self._control = control
        self._parent = parent
        self._children: dict[int, _Child] = {}
        self._bell, self._ring = socket.socketpair()

    def listen_for_signals(self) -> None:
        processes.adopt_orphans()
        self._ring.setblocking(False)
        signal.set_wakeup_fd(self._ring.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    def serve(self) -> None:
        self._say({"ready": len(list(Path("/proc/self/task").glob("*")))})
        # A parent that forked children of its own may die and its end of the socket live on in them: hence the look.
        while os.getppid() == self._parent:
            readable, _, _ = select.select([self._control, self._bell], [], [], _TICK)
            if self._bell in readable:
                self._bell.recv(4096)
            if self._control in readable:
                message = receive(self._control)
                if message is None:
                    return
                self._obey(*message)
            self._reap()
            self._cut_logs(self._children.values())

    def clear(self) -> None:
        """Kill everything that came from here and wait until it is gone."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        until = time.monotonic() + _LAST_SECONDS
        while time.monotonic() < until:
            for pid in {*self._children, *processes.children()}:
                processes.kill_group(pid)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    continue
                time.sleep(0.005)
                continue
            return

    def _obey(self, message: Json, handle: int | None) -> None:
        if message["do"] == "kill":
            for pid, child in self._children.items():
                if child.token == message["token"]:
                    processes.kill_group(pid)
        elif handle is not None:
            self._begin(message, socket.socket(fileno=handle))

    def _begin(self, message: Json, link: socket.socket) -> None:
        token, job = message["token"], Job.from_json(message["job"])
        nursery, now = os.getpid(), time.monotonic()
        if job.seconds is not None:
            # Its time began when it was asked for: what the nursery took to get ready counts.
            job = replace(job, seconds=max(_LEAST_SECONDS, job.seconds - (now - message["asked"])))
        try:
            pid = os.fork()
        except OSError as error:
            self._say({"left": token, "status": None, "seconds": 0.0, "why": str(error)})
            link.close()
            return
        if pid == 0:
            for ours in (self._control, self._bell, self._ring):
                os.close(ours.fileno())
            os.set_inheritable(link.fileno(), False)
            live(job, link, message["memory"], nursery)
        link.close()
        self._children[pid] = _Child(token, now, Path(job.out) / LOG)
        self._say({"began": token, "pid": pid, "at": now})

    def _reap(self) -> None:
        """Bury the dead and kill what they left running, which is our child now; a living trial adopts its own."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                break
            child = self._children.pop(pid, None)
            if child is not None:
                processes.kill_rest(pid)
                self._cut_logs([child])
                seconds = time.monotonic() - child.began
                self._say({"left": child.token, "status": os.waitstatus_to_exitcode(status), "seconds": seconds})
        for pid in processes.children():
            if pid not in self._children:
                processes.kill_group(pid)

    def _cut_logs(self, children: Iterable[_Child]) -> None:
        for child in children:
            with suppress(OSError):
                if child.log.stat().st_size > LOG_LIMIT:
                    os.truncate(child.log, LOG_LIMIT)

    def _say(self, message: Json) -> None:
        # A parent that is gone is noticed where we listen to it.
        with suppress(ConnectionError):
            self._control.sendall(dumps(message) + b"\n")


def _preload(first: Json) -> None:
    """Import what trials need. Only to be quick: what fails here fails again in the trial, where it is reported."""
    sys.path[:] = first["path"]
    for name in first["preload"]:
        attempt(partial(import_module, name))
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
    # What is there now is never freed: without this, the first collection in a child would copy all its pages.
    gc.collect()
    gc.freeze()
