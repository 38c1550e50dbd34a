"""From a genome to a job: the one place that knows which learner trains which family, and where its folder lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from byeori._util.json import Json
from byeori._util.seeds import seed_of
from byeori.core.jobs import PREDICT, Job
from byeori.engine.keeper import trial_folder

FP32 = "fp32"
_OBJECTIVE = "byeori.learners.objective:Objective"
_REFIT_ATTEMPT = 9001
_PREDICT_ATTEMPT = 9002
"""Attempts no training reaches, so that a late word of a training is never taken for the finish's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One attempt at one trial, as the loop wants it done.

    Args:
        trial: Number of the trial.
        attempt: 1, or more after a worker was lost.
        genome: As proposed.
        seconds: Wall time it may take, or None.
        until: Fidelity at which to stop.
        weights_from: Trial whose weights are inherited, or None.
    """

    trial: int
    genome: Json
    attempt: int = 1
    seconds: float | None = None
    until: float = 1.0
    weights_from: int | None = None


class Brief(Protocol):
    """Turns an errand into a job."""

    def job(self, errand: Errand) -> Job:
        """Return the job for an errand."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyBrief:
    """The brief of a study over families: a genome is `{family: part}`.

    Args:
        study: The study's folder.
        prepared: The prepared data's folder.
        folds: The folds every child is validated on.
        paths: Family name → (dotted path of the learner, dotted path of the family).
        seed: Of the study.
        threads: Threads a child may use.
        precision: What nets train in.
        max_latency: Milliseconds one item's prediction may take, or None.
    """

    study: Path
    prepared: Path
    folds: tuple[int, ...]
    paths: Mapping[str, tuple[str, str]]
    seed: int = 0
    threads: int = 1
    precision: str = FP32
    max_latency: float | None = None

    def job(self, errand: Errand) -> Job:
        """Return the training job for an errand."""
        ((family, part),) = errand.genome.items()
        learner, path = self.paths[family]
        donor = None if errand.weights_from is None else str(trial_folder(self.study, errand.weights_from))
        return Job(
            trial=errand.trial,
            attempt=errand.attempt,
            learner=learner,
            family=path,
            genome=part,
            prepared=str(self.prepared),
            out=str(trial_folder(self.study, errand.trial)),
            seed=seed_of(self.seed, "trial", errand.trial) % (1 << 31),
            folds=self.folds,
            weights_from=donor,
            until=errand.until,
            seconds=errand.seconds,
            threads=self.threads,
            precision=self.precision,
            max_latency=self.max_latency,
        )

    def refit(self, trial: int, genome: Json, to: Path, seconds: float | None) -> Job:
        """Return the job that trains a genome on everything outside the test split."""
        ((family, part),) = genome.items()
        learner, path = self.paths[family]
        return Job(
            trial=trial,
            attempt=_REFIT_ATTEMPT,
            learner=learner,
            family=path,
            genome=part,
            prepared=str(self.prepared),
            out=str(to),
            seed=seed_of(self.seed, "trial", trial) % (1 << 31),
            folds=(),
            # What the trial found out with its validation rows (how many rounds), a refit without any cannot.
            weights_from=str(trial_folder(self.study, trial)),
            seconds=seconds,
            threads=self.threads,
            precision=self.precision,
        )

    def predict(self, number: int, genome: Json, trained: Path, to: Path, split: str = "test") -> Job:
        """Return the job that predicts a split with a trained child."""
        ((family, part),) = genome.items()
        learner, path = self.paths[family]
        return Job(
            trial=number,
            attempt=_PREDICT_ATTEMPT,
            what=PREDICT,
            learner=learner,
            family=path,
            genome=part,
            prepared=str(self.prepared),
            out=str(to),
            split=split,
            weights_from=str(trained),
            threads=self.threads,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveBrief:
    """The brief of a search of any function of a genome.

    Args:
        objective: Dotted path of the function; empty where the executor was handed the function itself.
        names: Names of what it measures, the value first; none where that is a number without a name.
        folder: Where trials may leave files; None where no trial needs a place.
        seed: Of the search.
    """

    objective: str
    names: tuple[str, ...] = ()
    folder: Path | None = None
    seed: int = 0

    def job(self, errand: Errand) -> Job:
        """Return the job for an errand. It may take its time: when the search is over, the loop ends what still runs,
        and how long another genome took says nothing of how long this one should."""
        donor = None if errand.weights_from is None else self._place(errand.weights_from)
        return Job(
            trial=errand.trial,
            attempt=errand.attempt,
            learner=_OBJECTIVE,
            family=self.objective,
            genome=errand.genome,
            prepared="",
            out=self._place(errand.trial),
            seed=seed_of(self.seed, "trial", errand.trial) % (1 << 31),
            weights_from=donor,
            until=errand.until,
            objectives=self.names,
        )

    def _place(self, trial: int) -> str:
        return "" if self.folder is None else str(trial_folder(self.folder, trial))
