"""The training of a job: a network a fold, one clock, one row of reports."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch

from byeori._util.json import Json
from byeori.core.jobs import Job, Report
from byeori.learners._folders import fold_folder
from byeori.learners._folds import folds_of, hold_latency, peak_memory, share
from byeori.learners._nets_fold import FoldTraining, Look
from byeori.learners._nets_make import Setting
from byeori.learners._nets_predict import CARD, build, latency_ms
from byeori.learners._nets_state import DONE, Dice


def train(job: Job, begun: float) -> Iterator[Report]:
    """Train a network for each fold of a job.

    Args:
        job: What is to be done.
        begun: When it began, by `time.perf_counter`.

    Raises:
        Diverged: The loss is no number.
        LimitExceeded: One prediction takes longer than `job.max_latency`.
    """
    torch.set_num_threads(job.threads)
    setting = Setting.of(job)
    facts = _measured(setting)
    folds = folds_of(job)
    step = 0
    yield Report(step=0, progress=0.0, seconds=time.perf_counter() - begun, memory=peak_memory(), facts=facts)
    for at, fold in enumerate(folds):
        if _whole(fold_folder(Path(job.out), fold)):
            continue
        seconds = share(job, time.perf_counter() - begun, len(folds) - at)
        look = None
        for look in FoldTraining(setting, fold, seconds).run():
            yield _report(setting, look, done=at, folds=len(folds), step=step, begun=begun)
        step += look.epoch if look else 0
    if not step:
        # Everything had ended before: an attempt was lost after its last word was written.
        yield Report(step=0, progress=1.0, value=setting.board.value, seconds=time.perf_counter() - begun)


def _report(setting: Setting, look: Look, *, done: int, folds: int, step: int, begun: float) -> Report:
    # Folds that are over stand at `until`, so that progress is that of the whole job.
    progress = (done * setting.job.until + look.progress) / folds
    return Report(
        step=step + look.epoch,
        progress=progress,
        metrics=look.metrics,
        value=setting.board.value,
        seconds=time.perf_counter() - begun,
        memory=peak_memory(),
        facts={**look.facts, "epochs": step + look.epoch},
    )


def _whole(folder: Path) -> bool:
    return (folder / DONE).is_file() and (folder / CARD).is_file()


def _measured(setting: Setting) -> Mapping[str, Json]:
    """Measure what is known before training, and refuse a network that breaks the limit on its latency.

    A cross-validated child answers with the mean of all its networks, so theirs add up.
    """
    job = setting.job
    with Dice(job.seed).rolling():
        net = build(job.family, job.genome, setting.prepared.schema).eval()
    latency = latency_ms(net, setting.arrays) * len(folds_of(job))
    hold_latency(job, latency)
    params = sum(p.numel() for p in net.parameters())
    return {"params": params, "latency_ms": latency, "precision": job.precision}
