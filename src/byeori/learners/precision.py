"""Whether nets train in bf16 on this machine: measured once a study on its default genome, never guessed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from byeori._util.lazy import lazy
from byeori._util.seeds import seed_of
from byeori.core.data import Prepared
from byeori.core.errors import ModelError
from byeori.core.jobs import Job, Member, Report
from byeori.core.protocols import Predictor
from byeori.core.schema import CLASSIFICATION, Schema

if TYPE_CHECKING:
    import torch

    from byeori.learners import _nets_make, _nets_state
else:
    torch = lazy("torch")
    _nets_make = lazy("byeori.learners._nets_make")
    _nets_state = lazy("byeori.learners._nets_state")

FP32 = "fp32"
BF16 = "bf16"
_PAYS = 1.15
"""Times faster that bf16 must be to be worth its digits."""
_EACH = 0.6
"""Seconds spent on each precision."""
_STEPS = 12
_ROWS = 16
_AGREE = 0.05
"""How far the two losses may lie apart, as a share of their size and beside it."""
_FLAGS = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """What nets train in.

    Args:
        name: `fp32` or `bf16`.
        why: One sentence for the report.
        seconds: What finding out took.
        speed: Rows the default genome is trained on in a second, in the precision chosen; 0 where it was not measured.
    """

    name: str
    why: str
    seconds: float
    speed: float = 0.0


def choose_precision(job: Job) -> Precision:
    """Time a few steps in fp32 and in bf16, and choose bf16 if it is 1.15 times faster and the losses agree.

    Call it once a study, with the job of the default genome of a family of nets; it takes at most about three seconds
    and writes nothing.

    Args:
        job: A training job; its precision is not looked at.

    Returns:
        The choice and why.
    """
    begun = time.perf_counter()
    if job.device == "cpu" and not _has_bf16():
        return Precision(name=FP32, why="This processor computes no bf16.", seconds=time.perf_counter() - begun)
    schema = Prepared.open(Path(job.prepared)).schema
    if schema.task != CLASSIFICATION:
        return Precision(
            name=FP32, why="Values need more than bf16's three digits.", seconds=time.perf_counter() - begun
        )
    torch.set_num_threads(job.threads)
    plain, plain_loss, rows = _time(replace(job, precision=FP32), None)
    fast, fast_loss, _ = _time(replace(job, precision=BF16), rows)
    ratio = plain / fast
    seconds = time.perf_counter() - begun
    if abs(plain_loss - fast_loss) > _AGREE * (1.0 + abs(plain_loss)):
        return Precision(
            name=FP32,
            why=f"The loss in bf16 ({fast_loss:.4f}) is not that in fp32 ({plain_loss:.4f}).",
            seconds=seconds,
            speed=rows / plain,
        )
    if ratio < _PAYS:
        why = f"bf16 is only {ratio:.2f} times as fast as fp32."
        return Precision(name=FP32, why=why, seconds=seconds, speed=rows / plain)
    why = f"bf16 is {ratio:.2f} times as fast as fp32, with the same loss."
    return Precision(name=BF16, why=why, seconds=seconds, speed=rows / fast)


def _time(job: Job, rows: int | None) -> tuple[float, float, int]:
    """Return seconds a step, the mean loss, and the rows a step; as few rows as keep a step short."""
    setting = _nets_make.Setting.of(job)
    fold = job.folds[0] if job.folds else None
    dice = _nets_state.Dice(seed_of(job.seed, "precision"))
    stepper = _nets_make.made(setting, fold, dice)
    count = len(setting.prepared.train_rows(fold))
    with dice.rolling():
        most = min(count, setting.recipe.batch_size)
        if rows is None:
            few = min(most, _ROWS)
            rows = most
            stepper.step(torch.arange(few), 0.1, 1)
            start = time.perf_counter()
            stepper.step(torch.arange(few), 0.1, 2)
            a_row = (time.perf_counter() - start) / few
            rows = max(few, min(most, int(0.1 * _EACH / max(1e-9, a_row))))
        index = torch.arange(rows)
        stepper.step(index, 0.1, 3)
        stepper.read()
        start = time.perf_counter()
        done = 0
        fastest = float("inf")
        while done < 2 or (done < _STEPS and time.perf_counter() - start < _EACH):
            before = time.perf_counter()
            stepper.step(index, 0.1, 4 + done)
            loss = stepper.read()["loss"]
            fastest = min(fastest, time.perf_counter() - before)
            done += 1
    return fastest, loss, rows


def _has_bf16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return any(flag in flags for flag in _FLAGS)


class Probe:
    """`choose_precision` as a learner, so that a worker can find out while the parent stays light.

    It leaves no model: its one report carries the facts `precision` and `why`.
    """

    def train(self, job: Job) -> Iterator[Report]:
        """Measure and report."""
        found = choose_precision(job)
        facts = {"precision": found.name, "why": found.why, "speed": found.speed}
        yield Report(step=1, progress=1.0, seconds=found.seconds, facts=facts)

    def load(self, member: Member, schema: Schema) -> Predictor:
        """There is nothing to load.

        Raises:
            ModelError: Always.
        """
        raise ModelError(f"{member.folder} holds no model: a probe leaves none.")
