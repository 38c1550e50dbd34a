"""What the operating system is asked for so that no process outlives its study: Linux's means, or as near as it gets.

Sources: prctl(2) (PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER), getrlimit(2) (RLIMIT_DATA), proc(5).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LINUX = sys.platform == "linux"
_LIBC = ctypes.CDLL(None) if _LINUX else None


def adopt_orphans() -> None:
    """Make this process the parent of whatever its descendants leave behind (Linux)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with(parent: int, link: socket.socket) -> None:
    """See to it that this process is killed when its parent is gone.

    Args:
        parent: Process number of the parent.
        link: A socket on which nothing ever arrives; watched in a thread where the kernel offers nothing better.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
    else:
        threading.Thread(target=_kill_at_end, args=(link,), daemon=True).start()


def limit_memory(extra: int) -> None:
    """Let this process have `extra` bytes of memory of its own beyond what it has now.

    RLIMIT_DATA on Linux and not RLIMIT_AS: the prepared data is mapped read-only and shared by all trials, and CUDA
    reserves far more addresses than it uses; neither is memory that a trial takes from its neighbours.
    """
    if _LINUX:
        pages = int(Path("/proc/self/statm").read_text().split()[5])
        _lower(resource.RLIMIT_DATA, pages * resource.getpagesize() + extra)
    else:
        _lower(resource.RLIMIT_AS, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + extra)


def no_core_dumps() -> None:
    """Let a crash leave no core file: a study may see thousands."""
    _lower(resource.RLIMIT_CORE, 0)


def die_first() -> None:
    """Tell the kernel to take this process, and not the parent, when memory runs out (Linux)."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def kill_group(leader: int) -> None:
    """Kill a process and its group; nothing happens where they are gone."""
    kill_rest(leader)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(leader, signal.SIGKILL)


def kill_rest(leader: int) -> None:
    """Kill what is left of a group whose leader is dead; while something is, its number is not given anew."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def children() -> list[int]:
    """Return the numbers of this process's children, adopted ones too; empty where it cannot be told."""
    try:
        return [int(n) for task in Path("/proc/self/task").iterdir() for n in (task / "children").read_text().split()]
    except OSError:
        return []


def kill_marked(marker: str) -> None:
    """Kill every process whose environment has a marker (Linux): what a killed nursery could not clear away."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if marker.encode() in (folder / "environ").read_bytes():
                kill_group(int(folder.name))


def _kill_at_end(link: socket.socket) -> None:
    with suppress(OSError):
        link.recv(1)
    os.killpg(0, signal.SIGKILL)


def _lower(what: int, to: int) -> None:
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (to if hard == resource.RLIM_INFINITY else min(to, hard), hard))
