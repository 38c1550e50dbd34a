"""Learners that do one thing each, most of them wrong, and a family for them: what executors and engines are tried on.

Each is found by its dotted path, `byeori.testing.toys:Quadratic`. None looks at the data. Never run the wrong ones in
your own process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from byeori._util.files import write_whole
from byeori._util.json import Json, dumps, loads
from byeori._util.lazy import lazy
from byeori.core.data import Arrays
from byeori.core.errors import Diverged, LimitExceeded, TrialError
from byeori.core.jobs import Job, Member, Report
from byeori.core.leaves import Float
from byeori.core.schema import Schema
from byeori.core.space import Record

if TYPE_CHECKING:
    import torch
else:
    torch = lazy("torch")

FAMILY = "byeori.testing.toys:Plane"
_FOR_EVER = 3600
_ENOUGH = 8 << 30


def quadratic(genome: Json) -> float:
    """Return the objective of `Quadratic`: 0 at x = 0.3, y = -0.2, more everywhere else."""
    return (float(genome.get("x", 0.0)) - 0.3) ** 2 + (float(genome.get("y", 0.0)) + 0.2) ** 2


class Plane:
    """A family of two numbers in -1 … 1."""

    def space(self, schema: Schema) -> Record:
        """Return the two questions."""
        return Record({"x": Float(-1.0, 1.0), "y": Float(-1.0, 1.0)})

    def params(self, genome: Json, schema: Schema) -> int:
        """Return 2."""
        return 2


class _Constant:
    """Predicts one number for every row."""

    def __init__(self, value: float, outputs: int) -> None:
        self._value = value
        self._outputs = outputs

    def predict(self, batch: Arrays) -> npt.NDArray[np.float32]:
        shape = (len(batch),) if self._outputs == 1 else (len(batch), self._outputs)
        return np.full(shape, self._value, np.float32)


class Quadratic:
    """A costless objective: one report, `quadratic` of the genome. The parent of the other toys."""

    def train(self, job: Job) -> Iterator[Report]:
        yield Report(step=1, progress=1.0, value=quadratic(job.genome))

    def load(self, member: Member, schema: Schema) -> _Constant:
        """Return a predictor that says the genome's `x`, or as many equal probabilities as there are labels."""
        count = schema.outputs
        return _Constant(float(member.genome["x"]) if count == 1 else 1 / count, count)


class Slow(Quadratic):
    """Takes the genome's `seconds` (1 unless given), or the job's where they are fewer, in ten reports."""

    def train(self, job: Job) -> Iterator[Report]:
        took = float(job.genome.get("seconds", 1.0))
        took = took if job.seconds is None else min(took, job.seconds)
        for step in range(1, 11):
            time.sleep(took / 10)
            yield Report(step=step, progress=step / 10, value=quadratic(job.genome), seconds=took * step / 10)


class Fail(Quadratic):
    """Raises an exception nobody expects."""

    def train(self, job: Job) -> Iterator[Report]:
        yield Report(step=1, progress=0.5)
        raise ValueError("the toy is broken")


class Refuse(Quadratic):
    """Raises a TrialError."""

    def train(self, job: Job) -> Iterator[Report]:
        yield Report(step=1, progress=0.5)
        raise TrialError("This child cannot go on.")


class TooSlow(Quadratic):
    """Breaks a limit."""

    def train(self, job: Job) -> Iterator[Report]:
        yield Report(step=0, progress=0.0)
        raise LimitExceeded("One prediction takes 9.0 ms, more than the 1.0 ms allowed.")


class NotANumber(Quadratic):
    """Reports a value that is no number, then says that it diverged."""

    def train(self, job: Job) -> Iterator[Report]:
        nan = float("nan")
        yield Report(step=1, progress=0.5, value=nan, metrics={"train": {"loss": nan}})
        raise Diverged("The loss is not a number in epoch 2.")


class Crash(Quadratic):
    """Reads memory that is not there."""

    def train(self, job: Job) -> Iterator[Report]:
        yield Report(step=1, progress=0.5)
        ctypes.string_at(0)


class Exit(Quadratic):
    """Leaves without a word."""

    def train(self, job: Job) -> Iterator[Report]:
        yield Report(step=1, progress=0.5)
        os._exit(3)


class Leave(Quadratic):
    """Leaves by SystemExit."""

    def train(self, job: Job) -> Iterator[Report]:
        yield Report(step=1, progress=0.5)
        sys.exit(3)


class Shot(Quadratic):
    """Kills itself as the kernel does where memory runs out."""

    def train(self, job: Job) -> Iterator[Report]:
        yield Report(step=1, progress=0.5)
        os.kill(os.getpid(), signal.SIGKILL)


class Hang(Quadratic):
    """Sleeps for an hour after as many reports with a value as the genome's `says` (none unless given)."""

    def train(self, job: Job) -> Iterator[Report]:
        for step in range(1, 1 + job.genome.get("says", 0)):
            yield Report(step=step, progress=0.1, value=quadratic(job.genome))
        time.sleep(_FOR_EVER)


class HangInC(Quadratic):
    """Waits in C and holds the interpreter's lock, so that no signal handler and no thread of Python ever runs."""

    def train(self, job: Job) -> Iterator[Report]:
        yield Report(step=1, progress=0.5)
        ctypes.PyDLL(None).sleep(_FOR_EVER)


class Stubborn(Quadratic):
    """Ignores SIGTERM and has children: one in its group, one in a session of its own, one that was orphaned."""

    def train(self, job: Job) -> Iterator[Report]:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sleep = ["sleep", str(_FOR_EVER)]
        children = [subprocess.Popen(sleep), subprocess.Popen(sleep, start_new_session=True)]
        subprocess.run(["sh", "-c", f"sleep {_FOR_EVER} &"], start_new_session=True, check=True)
        yield Report(step=1, progress=0.5, facts={"children": [child.pid for child in children]})
        if not job.genome.get("ends"):
            time.sleep(_FOR_EVER)


class Leak(Quadratic):
    """Allocates without end; stops at 8 GiB, in case somebody forgot to limit it."""

    def train(self, job: Job) -> Iterator[Report]:
        kept: list[npt.NDArray[np.uint8]] = []
        block = 16 << 20
        yield Report(step=1, progress=0.5)
        while len(kept) * block < _ENOUGH:
            kept.append(np.ones(block, np.uint8))


class LeakTensors(Quadratic):
    """Allocates tensors without end; stops at 8 GiB."""

    def train(self, job: Job) -> Iterator[Report]:
        kept: list[torch.Tensor] = []
        block = 16 << 20
        yield Report(step=1, progress=0.5)
        while len(kept) * block < _ENOUGH:
            kept.append(torch.ones(block, dtype=torch.uint8))


class Talkative(Quadratic):
    """Makes as many reports as the genome's `says` (5,000 unless given)."""

    def train(self, job: Job) -> Iterator[Report]:
        says = job.genome.get("says", 5000)
        for step in range(1, says + 1):
            yield Report(step=step, progress=step / says, value=float(step))


class HugeMessage(Quadratic):
    """Raises an exception with a message of 100 MB."""

    def train(self, job: Job) -> Iterator[Report]:
        yield Report(step=1, progress=0.5)
        raise RuntimeError("벼" + "x" * 100_000_000)


class HugeReport(Quadratic):
    """Makes a report far too long for a log."""

    def train(self, job: Job) -> Iterator[Report]:
        yield Report(step=1, progress=0.5, facts={"diagnosis": "x" * 20_000_000})


class Unsayable(Quadratic):
    """Makes a report that is not JSON."""

    def train(self, job: Job) -> Iterator[Report]:
        yield Report(step=1, progress=0.5, facts={"thing": object()})


class Printing(Quadratic):
    """Prints 3 MB to stdout and a line to stderr."""

    def train(self, job: Job) -> Iterator[Report]:
        print("a line on stderr", file=sys.stderr, flush=True)
        for _ in range(3000):
            print("x" * 999)
        yield from super().train(job)


class Checkpointing(Quadratic):
    """Ten steps, each kept in `checkpoint.json`, from which a later attempt goes on; a step takes the genome's `pause`.

    The facts of a report say at which step the attempt began.
    """

    def train(self, job: Job) -> Iterator[Report]:
        path = Path(job.out) / "checkpoint.json"
        began = int(loads(path.read_bytes())["step"]) if path.exists() else 0
        for step in range(began + 1, 11):
            time.sleep(job.genome.get("pause", 0.0))
            write_whole(path, dumps({"step": step}), durable=False)
            yield Report(step=step, progress=step / 10, value=quadratic(job.genome), facts={"began": began})


class Skilled(Quadratic):
    """Ten steps of a whole training, up to the job's `until`; each adds a skill, from which the value falls. The skill
    is kept after each step, gone on from by a later attempt, and inherited by `weights_from`.

    The facts of a report say the skill it began with.
    """

    def train(self, job: Job) -> Iterator[Report]:
        path = Path(job.out) / "skill.json"
        donor = path if path.exists() or job.weights_from is None else Path(job.weights_from) / "skill.json"
        kept = loads(donor.read_bytes()) if donor.exists() else {"skill": 0, "step": 0}
        skill, began = int(kept["skill"]), int(kept["step"]) if donor == path else 0
        for step in range(began + 1, round(10 * job.until) + 1):
            now = skill + step - began
            write_whole(path, dumps({"skill": now, "step": step}), durable=False)
            value = quadratic(job.genome) + 1 / (1 + now)
            yield Report(step=step, progress=step / 10, value=value, facts={"began": skill})
