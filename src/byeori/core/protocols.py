"""The doors of the house. A newcomer adds one module that fits one of these, one catalog row, one test class.

Each protocol has a conformance suite in `byeori.testing`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from pathlib import Path
from random import Random
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori.core.data import Arrays, Encoded, Prepared
from byeori.core.events import Event
from byeori.core.jobs import Candidate, Job, Member, Report
from byeori.core.schema import Health, Schema, Source
from byeori.core.space import Space
from byeori.core.state import Trial


class Strategy(Protocol):
    """A parent: proposes genomes and is told how they did."""

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Propose at most `n` candidates; none where there is nothing to propose now (or ever, with none pending)."""
        ...

    def tell(self, ended: Sequence[Trial]) -> None:
        """Learn from trials that ended; on resume it is told the whole history once, in one call."""
        ...


class Decision(Enum):
    """What becomes of a trial after a report."""

    GO_ON = "go on"
    STOP = "stop"
    PAUSE = "pause"


class Stopper(Protocol):
    """Decides from reports whether a trial goes on; keeps its own rungs, rebuilt by replay.

    Made as `Class(maximize=…)`, with options of its own beside it; less is better unless `maximize`.
    """

    def decide(self, trial: Trial, report: Report) -> Decision:
        """Judge one report of one trial; called for every report in the order of the log, in the replay too."""
        ...

    def promote(self, paused: Collection[int]) -> int | None:
        """Return a paused trial that may go on now, or None; asked whenever a worker is free, before the strategy is.
        Changes nothing: what was decided is known from the reports alone."""
        ...


class Predictor(Protocol):
    """A fitted model in memory."""

    def predict(self, batch: Arrays) -> npt.NDArray[np.float32]:
        """Return probabilities (N, classes) or values (N,)."""
        ...


class Learner(Protocol):
    """Turns a genome into a fitted model."""

    def train(self, job: Job) -> Iterator[Report]:
        """Train, yielding reports; closing the generator cancels.

        Writes into `job.out`: `fold<k>/` a model for each fold of `job.folds` (or `all/` where there are none), and
        `valid.npy`, float32 predictions for `prepared.valid_rows(job.folds)` in that order. Whatever lies there after
        a report with a value is a usable model with exactly that value. A checkpoint in `job.out`, if there is one, is
        gone on from: an attempt after the first continues.

        Raises:
            TrialError: The trial cannot go on.
        """
        ...

    def load(self, member: Member, schema: Schema) -> Predictor:
        """Load what `train` left in a folder; must not need the data or the training code."""
        ...


class Family(Protocol):
    """A kind of network or model: a space, and whether a genome of it is possible."""

    def space(self, schema: Schema) -> Space:
        """Return the questions whose answers make one member of the family; needs no torch."""
        ...

    def params(self, genome: Json, schema: Schema) -> int:
        """Return how many numbers are learnt, counted without building; 0 where that has no meaning.

        Raises:
            GenomeError: The genome is impossible for this data (a shape collapses); the sentence says why.
        """
        ...


class NetFamily(Family, Protocol):
    """A family of torch networks."""

    def build(self, genome: Json, schema: Schema) -> Any:
        """Return a torch module whose forward takes a dict of tensors named as the prepared arrays are
        (`image` (N, C, H, W) float in 0–1; `numbers` (N, a) float; `categories` (N, b) int64) and returns logits
        (N, classes) or values (N,)."""
        ...

    def larger(self, schema: Schema) -> Sequence[tuple[float, Json]]:
        """Return the default genome scaled up for those who have more time, the cheapest first, each with how many
        times the default's training it takes; nothing where parents should find that out."""
        ...


class Executor(Protocol):
    """Where trials run."""

    @property
    def free(self) -> int:
        """How many jobs can be submitted now."""
        ...

    def submit(self, job: Job) -> None:
        """Begin a job; a job trains or predicts."""
        ...

    def poll(self, timeout: float) -> Sequence[Event]:
        """Return what happened: `reported` and `ended` events with trial and attempt; waits at most `timeout` seconds.
        Every submitted job ends exactly once."""
        ...

    def cancel(self, trial: int) -> None:
        """End a job; idempotent, an unknown number is fine. Its `ended` event still comes, with `cancelled`."""
        ...

    def close(self) -> None:
        """Kill what runs and give everything back; idempotent."""
        ...


class Store(Protocol):
    """The append-only log."""

    def append(self, events: Sequence[Event]) -> None:
        """Write events in one commit; durable when it returns. Numbers them on from the last."""
        ...

    def read(self, start: int = 0) -> Iterator[Event]:
        """Yield the events with a number greater than `start`, in order; numbers begin at 1."""
        ...


class Artifacts(Protocol):
    """What a remote worker leaves for the parent."""

    def put(self, name: str, folder: Path) -> None:
        """Keep a folder under a name."""
        ...

    def get(self, name: str) -> Path:
        """Return a local folder with what was put under the name."""
        ...


class Modality(Protocol):
    """A kind of data."""

    def infer(self, source: Source) -> Schema:
        """Say what the data is and what is asked of it.

        Raises:
            DataError: It is no data of this kind, or unusable; one sentence.
        """
        ...

    def check(self, source: Source, schema: Schema) -> Health:
        """Look for what would spoil a study; nothing is written."""
        ...

    def prepare(self, source: Source, schema: Schema, to: Path, *, seed: int, seconds: float | None = None) -> Prepared:
        """Decode once, check, split, write `to`; where `seconds` do not suffice for all rows, take a stratified sample
        and say so in `notes`. Returns at once what is there already if its fingerprint fits."""
        ...

    def encode(self, source: Source, schema: Schema, fitted: Json) -> Encoded:
        """Make new data ready by the same steps, for prediction or evaluation."""
        ...
