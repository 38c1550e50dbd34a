"""What a strategy proposes, what a worker is told, what it reports: Origin, Candidate, Job, Report, Member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from byeori._util.frozen import setters
from byeori._util.json import Json

TRAIN = "train"
PREDICT = "predict"
DEFAULT = "default"
"""Strategy name of the default genome, with which a study begins, and of the other families' default genomes."""
BASELINE = "baseline"
"""Strategy name of the ladder's trials; they come on top of the trials asked for."""
CONFIRM = "confirm"
"""Strategy name of trials that evaluate an earlier one again, with another seed; no strategy is told of them."""


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class Origin:
    """Where a genome comes from: the strategy, its parents (trial numbers), the paths at which it differs from the
    first of them."""

    strategy: str
    parents: tuple[int, ...] = ()
    changed: tuple[str, ...] = ()

    def __init__(self, *, strategy: str, parents: tuple[int, ...] = (), changed: tuple[str, ...] = ()) -> None:
        _set_strategy(self, strategy)
        _set_parents(self, parents)
        _set_changed(self, changed)

    def to_json(self) -> Json:
        """Return the origin as JSON."""
        return {"strategy": self.strategy, "parents": list(self.parents), "changed": list(self.changed)}

    @staticmethod
    def from_json(data: Json) -> Origin:
        """Read what `to_json` wrote."""
        return Origin(strategy=data["strategy"], parents=tuple(data["parents"]), changed=tuple(data["changed"]))


_set_strategy, _set_parents, _set_changed = setters(Origin, "strategy", "parents", "changed")


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class Candidate:
    """A genome proposed as a trial.

    Args:
        genome: Plain JSON; the space it answers is the study's.
        origin: Where it comes from.
        continues: A paused trial to go on with instead of a new one.
        weights_from: A trial whose weights are inherited where shapes agree.
        until: Fidelity at which the trial is to stop, 0 to 1; 1 is a whole training.
    """

    genome: Json
    origin: Origin
    continues: int | None = None
    weights_from: int | None = None
    until: float = 1.0

    def __init__(
        self,
        *,
        genome: Json,
        origin: Origin,
        continues: int | None = None,
        weights_from: int | None = None,
        until: float = 1.0,
    ) -> None:
        if not 0.0 < until <= 1.0:
            raise ValueError(f"A candidate's `until` is in (0, 1]; got {until}.")
        _set_genome(self, genome)
        _set_origin(self, origin)
        _set_continues(self, continues)
        _set_weights_from(self, weights_from)
        _set_until(self, until)


_set_genome, _set_origin, _set_continues, _set_weights_from, _set_until = setters(
    Candidate, "genome", "origin", "continues", "weights_from", "until"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All a worker is told; plain JSON, so it can travel anywhere.

    Args:
        trial: Number of the trial.
        attempt: 1, or more after a worker was lost.
        what: `train` or `predict`.
        learner: Dotted path `module:name` of the learner.
        family: Dotted path `module:name` of the family.
        genome: The family's part of the genome, for example `{"architecture": …, "recipe": …}`.
        prepared: Folder of the prepared data.
        out: Folder the job writes to; made by the executor.
        seed: For every source of randomness in the job.
        folds: Folds to validate in turn, a model each; empty trains one model on all but the test split.
        split: For `predict`: `test` or `valid`.
        weights_from: `train`: folder of a trial whose weights are inherited where shapes agree; `predict`: folder of
            the trained trial.
        until: Fidelity at which to stop, 0 to 1.
        seconds: Wall time the job may take from its start; schedules follow it. None: as long as the recipe says.
        threads: Threads it may use.
        device: `cpu`, `cuda:0`, …
        precision: `fp32` or `bf16`.
        max_latency: Milliseconds one item's prediction may take, or None; measured before training.
        objectives: Names of what is measured, where it is several things; the first of them is the value.
    """

    trial: int
    attempt: int = 1
    what: str = TRAIN
    learner: str
    family: str
    genome: Json
    prepared: str
    out: str
    seed: int = 0
    folds: tuple[int, ...] = (0,)
    split: str = "test"
    weights_from: str | None = None
    until: float = 1.0
    seconds: float | None = None
    threads: int = 1
    device: str = "cpu"
    precision: str = "fp32"
    max_latency: float | None = None
    objectives: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.what not in (TRAIN, PREDICT):
            raise ValueError(f"A job is to {TRAIN!r} or to {PREDICT!r}; got {self.what!r}.")

    def to_json(self) -> Json:
        """Return the job as JSON."""
        return asdict(self)

    @staticmethod
    def from_json(data: Json) -> Job:
        """Read what `to_json` wrote."""
        return Job(**{**data, "folds": tuple(data["folds"]), "objectives": tuple(data.get("objectives", ()))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a learner says while it trains.

    Args:
        step: Epochs, rounds or folds done.
        progress: 0 to 1, the larger of work done and time used.
        metrics: Split → metric → value, for `train` and `valid`; at least `loss`.
        value: The study's metric on the validation rows of the model that lies in the job's folder after this report;
            None where no usable model lies there yet. The last one that is not None is the trial's value.
        seconds: Since the job began.
        memory: Peak memory of the process in bytes; 0 where unknown.
        facts: Figures known now: `params`, `latency_ms`, `seconds_per_item` (prediction), `diagnosis`, `epochs`,
            `images_per_second`, `precision`, …
    """

    step: int
    progress: float
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    value: float | None = None
    seconds: float = 0.0
    memory: int = 0
    facts: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> Json:
        """Return the report as JSON; numbers that are none become null."""
        data: dict[str, Json] = {"step": self.step, "progress": round(self.progress, 6), "seconds": self.seconds}
        if self.metrics:
            data["metrics"] = {split: dict(values) for split, values in self.metrics.items()}
        if self.value is not None:
            data["value"] = self.value
        if self.memory:
            data["memory"] = self.memory
        if self.facts:
            data["facts"] = dict(self.facts)
        return data

    @staticmethod
    def from_json(data: Json) -> Report:
        """Read what `to_json` wrote."""
        return Report(
            step=data["step"],
            progress=data["progress"],
            metrics=data.get("metrics", {}),
            value=data.get("value"),
            seconds=data["seconds"],
            memory=data.get("memory", 0),
            facts=data.get("facts", {}),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One trained child on disk, with what is needed to load it.

    Args:
        folder: Holds `fold0/`, `fold1/`, … (or `all/` after a refit), a model each; the prediction is their mean.
        family: Dotted path of the family.
        genome: The family's part of the genome.
    """

    folder: Path
    family: str
    genome: Json
