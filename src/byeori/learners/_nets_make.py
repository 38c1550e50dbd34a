"""From a job and a fold to a network ready for its first step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from byeori._util.seeds import seed_of
from byeori.core.data import Arrays, Prepared
from byeori.core.jobs import Job
from byeori.learners._batches import IMAGE
from byeori.learners._folds import Board
from byeori.learners._nets_predict import build
from byeori.learners._nets_rows import Rows, fit_inputs
from byeori.learners._nets_state import Dice, inherit
from byeori.learners._nets_step import Aim, Stepper
from byeori.learners.recipe import Recipe
from byeori.nn.augment import Augment


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all folds of a job share.

    Args:
        job: What is to be done.
        prepared: The data.
        arrays: Of all rows.
        recipe: How.
        board: Takes the validation predictions.
    """

    job: Job
    prepared: Prepared
    arrays: Arrays
    recipe: Recipe
    board: Board

    @staticmethod
    def of(job: Job) -> Setting:
        """Open the data and read the recipe."""
        prepared = Prepared.open(Path(job.prepared))
        recipe = Recipe.of(job.genome["recipe"])
        return Setting(job=job, prepared=prepared, arrays=prepared.arrays(), recipe=recipe, board=Board(job, prepared))


def number_of(fold: int | None) -> int:
    """Return a fold as a number for seeds; -1 is the training on everything."""
    return -1 if fold is None else fold


def made(setting: Setting, fold: int | None, dice: Dice) -> Stepper:
    """Build the network of a fold, fit its inputs, and put it together with its rows and its aim.

    Args:
        setting: Of the job.
        fold: The fold that is left out of the training; None for none.
        dice: The first weights are drawn from them.
    """
    job, recipe = setting.job, setting.recipe
    train = setting.prepared.train_rows(fold)
    with dice.rolling():
        net = build(job.family, job.genome, setting.prepared.schema)
    if job.weights_from is not None and fold is not None:
        inherit(net, Path(job.weights_from), fold)
    fit_inputs(net, setting.arrays, train)
    net = net.to(job.device).train()
    pictures = IMAGE in setting.arrays.parts
    rows = Rows(
        setting.arrays,
        train,
        device=job.device,
        augment=Augment.of(job.genome["recipe"]) if pictures else None,
        resolution=recipe.resolution,
    )
    fixed = getattr(net, "fixed", None)
    if rows.encodable and fixed is not None:
        rows.encode(fixed)
    target = np.asarray(setting.prepared.target()[train])
    params = sum(p.numel() for p in net.parameters())
    return Stepper(
        net,
        rows,
        Aim.of(setting.prepared.schema, target, recipe, params, job.device),
        recipe=recipe,
        device=job.device,
        bf16=job.precision == "bf16",
        generator=torch.Generator().manual_seed(seed_of(job.seed, "augment", number_of(fold))),
    )
