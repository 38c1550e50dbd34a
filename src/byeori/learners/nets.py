"""The learner of torch networks: its two doors, and nothing loaded before one is opened."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from byeori._util.lazy import lazy
from byeori.core.jobs import Job, Member, Report
from byeori.core.protocols import Predictor
from byeori.core.schema import Schema

if TYPE_CHECKING:
    from byeori.learners import _nets_predict, _nets_train
else:
    _nets_train = lazy("byeori.learners._nets_train")
    _nets_predict = lazy("byeori.learners._nets_predict")


class Nets:
    """Trains networks of any family that has `build`, for images and tables alike.

    Training follows the recipe in the genome. Under a time budget the schedule follows the larger of epochs done and
    time used, so the cosine always ends; `job.seconds` is the time in which a whole training from here would end, and
    `job.until` the share of it after which this job stops and leaves a checkpoint. With several folds, one network a
    fold is trained in turn, each with its share of the time, and the first value comes when the last fold has one.

    Files in `job.out`: `fold<k>/weights.safetensors` and `fold<k>/net.json` (or `all/`), `valid.npy`, and
    `fold<k>/checkpoint.safetensors` while there is something to go on with.
    """

    def train(self, job: Job) -> Iterator[Report]:
        """Train, yielding reports; closing the generator cancels.

        Raises:
            Diverged: The loss is no number.
            LimitExceeded: One prediction takes longer than `job.max_latency`; found before training.
        """
        begun = time.perf_counter()
        yield from _nets_train.train(job, begun)

    def load(self, member: Member, schema: Schema) -> Predictor:
        """Load what `train` left in a folder; needs no data and no training code.

        Raises:
            ModelError: Nothing was trained there, or it does not fit the genome.
        """
        return _nets_predict.load_nets(member, schema)
