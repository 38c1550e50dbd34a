"""The training of one network: steps until there is something to say, then a look; the first model on disk early."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from byeori._util.json import Json, digest
from byeori._util.seeds import seed_of
from byeori.core.metrics import metric
from byeori.learners._folders import fold_folder
from byeori.learners._nets_make import Setting, made, number_of
from byeori.learners._nets_rows import order, steps_per_epoch
from byeori.learners._nets_state import CHECKPOINT, DONE, Dice, Marks, go_on, save_checkpoint
from byeori.learners._nets_valid import FEW, Best, Validation
from byeori.learners._schedule import Schedule

_TALK = 10.0
"""Seconds after which a training says something even in the middle of an epoch."""
_CHECKPOINT = 30.0
"""Seconds between two checkpoints, at most …"""
_SAVING = 0.03
"""… and as many as take no more than this share of the time: a stopper may pause a training at any report, and what was
not kept by then is trained again."""
_COST = 0.1
"""Share of the training time that looking at the validation rows may take."""
_FIRST = 0.25
"""Share of its seconds after which a training has a first model on disk, if an epoch takes longer …"""
_FIRST_COST = 0.15
"""… unless the look that this needs takes more than this share."""
_PATIENCE = 0.25
"""Progress without anything better after which a training ends early …"""
_DECISIVE = 0.6
"""… but never after this progress: a network gets good at the low rates of the cosine's end."""
_PERFECT = 5
"""Looks in a row with a perfect metric after which nothing more can be won, once the rates have begun to fall."""
_DISK = 2e8
"""Bytes a second a file is written with, at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at a training found.

    Args:
        epoch: Epochs begun.
        progress: Of this fold, 0 to 1.
        metrics: Split → figure → value.
        facts: Figures known now.
    """

    epoch: int
    progress: float
    metrics: Mapping[str, Mapping[str, float]]
    facts: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """What is to be done at a look: the training is over, the first model or a checkpoint is due."""

    over: bool
    first: bool
    saving: bool

    @property
    def anything(self) -> bool:
        return self.over or self.first or self.saving


class FoldTraining:
    """Trains one network of a job.

    Args:
        setting: Shared by the folds.
        fold: The fold to validate on; None trains on all rows outside the test split.
        seconds: Until this fold must have ended, or None.
    """

    def __init__(self, setting: Setting, fold: int | None, seconds: float | None) -> None:
        job, prepared = setting.job, setting.prepared
        self._setting, self._fold, self._seconds = setting, fold, seconds
        self._folder = fold_folder(Path(job.out), fold)
        self._count = len(prepared.train_rows(fold))
        self._per_epoch = steps_per_epoch(self._count, setting.recipe.batch_size)
        steps = self._per_epoch * setting.recipe.epochs
        self._schedule = Schedule(steps, warmup=setting.recipe.warmup, seconds=seconds, until=job.until)
        self._dice = Dice(seed_of(job.seed, "net", number_of(fold)))
        self._stepper = made(setting, fold, self._dice)
        key = digest([job.genome, job.seed, number_of(fold), prepared.fingerprint])
        self._marks = go_on(self._folder, self._stepper, self._dice, key) or Marks(key=key)
        self._schedule.begin(self._marks.progress)
        self._metric = metric(prepared.schema.metric)
        self._best = Best(self._folder, setting.board, fold, self._marks, self._metric.sign)
        self._valid = None
        if fold is not None:
            self._valid = Validation(prepared, setting.arrays, fold, seed=job.seed, device=job.device)
        self._drawn: tuple[int, tuple[Tensor, ...]] = (-1, ())
        self._want_first = True
        self._speed = 0.0
        self._step_seconds = 0.0
        self._saving = 0.01 + 12 * self._stepper.card.params / _DISK
        self._looked = self._whole = self._saved = time.perf_counter()

    def run(self) -> Iterator[Look]:
        """Train to `job.until`, with a look after every epoch and every ten seconds; closing it stops the training.

        Raises:
            Diverged: The loss is no number.
        """
        if self._valid is not None:
            self._valid.some(self._stepper.judged(), self._stepper.card, FEW)
        self._hold_back()
        ended = False
        while not ended:
            with self._dice.rolling():
                self._train_a_while()
            look, ended = self._look()
            yield look

    def _train_a_while(self) -> None:
        """Make steps until an epoch ends, ten seconds are over, the first model is due, or the training is."""
        marks, schedule, start, first = self._marks, self._schedule, time.perf_counter(), self._marks.step
        self._stepper.net.train()
        now = start
        while not self._over:
            before, progress = now, schedule.progress(marks.step + 1)
            self._stepper.step(self._batch(marks.step), schedule.rate(progress), marks.step + 1)
            marks.step, marks.progress = marks.step + 1, progress
            now = time.perf_counter()
            self._step_seconds = max(self._step_seconds * 0.95, now - before)
            if marks.step % self._per_epoch == 0 or now - self._looked > _TALK or self._first_is_due():
                break
        if marks.step > first:
            self._speed = (marks.step - first) * self._count / self._per_epoch / max(1e-9, now - start)

    @property
    def _over(self) -> bool:
        marks, schedule = self._marks, self._schedule
        return marks.progress >= schedule.until or marks.step >= schedule.steps

    def _batch(self, step: int) -> Tensor:
        epoch, place = divmod(step, self._per_epoch)
        if self._drawn[0] != epoch:
            drawn = order(self._setting.job.seed, number_of(self._fold), epoch, self._count)
            self._drawn = (epoch, torch.tensor_split(drawn, self._per_epoch))
        return self._drawn[1][place]

    def _look(self) -> tuple[Look, bool]:
        """Read the training figures, look at the validation rows, keep what is better; say whether this is the end."""
        now, marks, net = time.perf_counter(), self._marks, self._stepper.judged()
        metrics: dict[str, Mapping[str, float]] = {}
        if train := self._stepper.read():
            metrics["train"] = train
        saving = now - self._saved > min(_CHECKPOINT, self._saving / _SAVING)
        due = _Due(over=self._over, first=self._first_is_due(epoch=True), saving=saving)
        converged = False
        if self._valid is None:
            if due.anything:
                self._best.take(net)
        else:
            found, whole = self._judge(self._valid, due, now)
            metrics["valid"] = found
            converged = self._converged(found, whole)
        self._write(due, converged)
        self._looked = time.perf_counter()
        self._hold_back()
        epoch = -(-marks.step // self._per_epoch)
        look = Look(epoch=epoch, progress=marks.progress, metrics=metrics, facts=self._facts(metrics))
        return look, due.over or converged

    def _judge(self, valid: Validation, due: _Due, now: float) -> tuple[dict[str, float], bool]:
        """Look at as many validation rows as the time trained pays for; at all of them where a model is to be kept."""
        net, card, marks = self._stepper.judged(), self._stepper.card, self._marks
        count = valid.affordable(_COST * (now - self._looked))
        wanted = now - self._whole > _CHECKPOINT or marks.progress > 0.85 or marks.perfect >= _PERFECT
        whole = due.over or due.first or count >= 0.8 * len(valid)
        if not whole and not (wanted and valid.cost <= _COST * (now - self._whole)):
            return valid.some(net, card, count), False
        prediction, found = valid.whole(net, card)
        self._best.offer(net, found[self._metric.name], found["loss"], prediction)
        self._whole = time.perf_counter()
        return found, True

    def _converged(self, found: Mapping[str, float], whole: bool) -> bool:
        """Say whether nothing more can be won: neither metric nor loss moves, or the metric is perfect."""
        marks = self._marks
        value, loss = self._metric.sign * found[self._metric.name], found["loss"]
        if marks.highest is None or value > marks.highest:
            marks.highest, marks.moved = value, marks.progress
        if marks.lowest is None or loss < marks.lowest:
            marks.lowest, marks.moved = loss, marks.progress
        perfect = self._metric.maximize and value >= 1.0
        marks.perfect = marks.perfect + 1 if perfect else 0
        if marks.perfect >= _PERFECT and whole and marks.progress >= 0.3:
            return True
        return marks.progress - marks.moved > _PATIENCE and marks.progress < _DECISIVE

    def _first_is_due(self, *, epoch: bool = False) -> bool:
        """Say whether the first model is to be kept now: after an epoch, or a quarter of the time."""
        if not self._want_first:
            return False
        if self._seconds is None:
            return epoch
        elapsed = self._schedule.elapsed()
        if self._valid is not None and self._valid.cost > _FIRST_COST * self._seconds:
            return False
        return epoch or elapsed > _FIRST * self._seconds

    def _write(self, due: _Due, converged: bool) -> None:
        """Bring to the disk what a kill must not take; a training that has ended needs no checkpoint."""
        marks = self._marks
        ended = converged or marks.progress >= 1.0 or marks.step >= self._schedule.steps
        self._best.write(self._stepper.card, now=due.anything or converged)
        self._want_first = self._want_first and not due.first
        if ended:
            marks.progress = 1.0
            (self._folder / DONE).touch()
            (self._folder / CHECKPOINT).unlink(missing_ok=True)
        elif due.over or due.saving:
            begun = time.perf_counter()
            save_checkpoint(self._folder, self._stepper, self._dice, marks)
            self._saved = time.perf_counter()
            self._saving = self._saved - begun

    def _hold_back(self) -> None:
        """Keep time for the last look and the saving, as measured so far."""
        look = 0.0 if self._valid is None else 1.5 * self._valid.cost
        files = 2 if self._schedule.until >= 1.0 else 6
        slack = 0.02 + 0.01 * (self._seconds or 0.0)
        self._schedule.hold_back(look + slack + files * 4 * self._stepper.card.params / _DISK + self._step_seconds)

    def _facts(self, metrics: Mapping[str, Mapping[str, float]]) -> dict[str, Json]:
        facts: dict[str, Json] = {
            "images_per_second": round(self._speed, 1),
            "best_progress": self._marks.best_progress,
        }
        if self._valid is not None:
            facts["seconds_per_item"] = self._valid.seconds_per_item
        for split, figures in metrics.items():
            facts[f"{split}_loss"] = figures["loss"]
        return facts
