"""The parent's hold on a nursery: start it, tell it, hear it, and see that nothing of it is left."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence

from byeori._util.json import Json, loads
from byeori.core.jobs import Job
from byeori.executors import processes
from byeori.executors.wire import Lines, drain, send

MARKER = "BYEORI_NURSERY"
"""Environment variable that every process of a nursery carries; its value is the nursery's own."""

_CODE = "import sys, json; sys.path[:] = json.loads(sys.argv[2]); from byeori.executors.nursery import main; \
main(int(sys.argv[1]))"
_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
_LAST_SECONDS = 10.0


class NurseryProcess:
    """A nursery that was started and is importing, or ready; the constructor does not wait for it.

    Args:
        preload: Names of modules that trials need and that take long to import.
    """

    def __init__(self, preload: Sequence[str]) -> None:
        self.link, theirs = socket.socketpair()
        self.ready = False
        self.threads = 0
        self.marker = uuid.uuid4().hex
        self._lines = Lines()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  # closed in `close`
        path = [entry or os.getcwd() for entry in sys.path]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", _CODE, str(theirs.fileno()), json.dumps(path)],
                pass_fds=[theirs.fileno()],
                # Threads: one, or the libraries would start pools that a fork does not copy. Hashes: the same in all.
                env={**os.environ, **_ONE_THREAD, "PYTHONHASHSEED": "0", MARKER: self.marker},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
                start_new_session=True,
            )
        self._tell({"path": path, "preload": list(preload)})

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def begin(self, token: int, job: Job, memory: int | None, handle: int) -> bool:
        """Let a child be forked that reports on a handle; False where the nursery is gone."""
        message = {"do": "begin", "token": token, "job": job.to_json(), "memory": memory, "asked": time.monotonic()}
        return self._tell(message, handle)

    def kill(self, token: int) -> None:
        """Let a child and all it has started be killed."""
        self._tell({"do": "kill", "token": token})

    def hear(self) -> tuple[list[Json], bool]:
        """Return what it said since the last time, and whether it is still there."""
        lines, alive = drain(self.link, self._lines)
        words = [loads(line) for line in lines]
        for word in words:
            if "ready" in word:
                self.ready, self.threads = True, word["ready"]
        return words, alive

    def complaint(self) -> str:
        """Return the last line of what it wrote on stderr."""
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:500] if lines else "it said nothing"

    def close(self) -> None:
        """End it and everything it started, waiting until that is done; at most some seconds."""
        self.hear()
        self.link.close()
        if not self.ready:
            self._process.kill()
        try:
            clean = self._process.wait(_LAST_SECONDS) == 0
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            clean = False
        if not clean:
            processes.kill_marked(self.marker)
        self._complaints.close()

    def _tell(self, message: Json, handle: int | None = None) -> bool:
        try:
            send(self.link, message, handle)
        except OSError:
            return False
        return True
