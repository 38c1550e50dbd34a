"""What a worker does with a job: resolve its learner, then train or predict. The same in every executor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from byeori._util.files import write_whole
from byeori._util.lazy import resolve
from byeori.core.data import Prepared
from byeori.core.errors import RunError
from byeori.core.jobs import PREDICT, Job, Member, Report

if TYPE_CHECKING:
    from byeori.core.protocols import Learner

_CHUNK = 8192
"""Rows copied out of the memory map at a time."""


def run_job(job: Job) -> Iterator[Report]:
    """Do a job, yielding what it reports; closing the generator gives the job up.

    A job that predicts writes `<out>/<split>.npy`, float32, a row for each row of the split in ascending order, and
    yields one report with the facts `items` and `seconds_per_item`.

    Args:
        job: What to do; its folder `out` is made.

    Raises:
        ImportError: There is no such learner.
        TrialError: The trial cannot go on.
    """
    learner: Learner = resolve(job.learner)()
    Path(job.out).mkdir(parents=True, exist_ok=True)
    if job.what == PREDICT:
        yield _predict(job, learner)
    else:
        yield from learner.train(job)


def _predict(job: Job, learner: Learner) -> Report:
    if job.weights_from is None:
        raise RunError(f"Job {job.trial} is to predict and names no trained trial: give `weights_from`.")
    began = time.monotonic()
    prepared = Prepared.open(Path(job.prepared))
    rows = prepared.test_rows() if job.split == "test" else prepared.valid_rows(job.folds or None)
    member = Member(folder=Path(job.weights_from), family=job.family, genome=job.genome)
    predictor = learner.load(member, prepared.schema)
    arrays = prepared.arrays()
    loaded = time.monotonic()
    # At least one call, so that the prediction of no rows has the right shape too.
    starts = range(0, max(len(rows), 1), _CHUNK)
    parts = [np.asarray(predictor.predict(arrays.take(rows[n : n + _CHUNK])), np.float32) for n in starts]
    took = time.monotonic() - loaded
    predictions = np.concatenate(parts)
    write_whole(Path(job.out) / f"{job.split}.npy", lambda file: np.save(file, predictions, allow_pickle=False))
    facts = {"items": len(rows), "seconds_per_item": took / max(len(rows), 1)}
    return Report(step=1, progress=1.0, seconds=time.monotonic() - began, facts=facts)
