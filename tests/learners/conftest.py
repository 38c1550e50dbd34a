"""Genomes that train in a moment, and jobs made of them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from byeori._util.json import Json
from byeori._util.lazy import resolve
from byeori.core.data import Prepared
from byeori.core.deciders import default
from byeori.core.jobs import Job

CHAIN = "byeori.families.images.chain:CHAIN"
MLP = "byeori.families.tables.mlp:MLP"
BOOSTED = "byeori.families.plain.boosted:BOOSTED"
LINEAR = "byeori.families.plain.linear:LINEAR"


def quick(family: str, prepared: Prepared, **recipe: Json) -> Json:
    """Return a family's default genome, with a short recipe where it has one."""
    genome = copy.deepcopy(default(resolve(family).space(prepared.schema)))
    if "recipe" in genome:
        genome["recipe"] |= {"epochs": 4, "batch_size": 64} | recipe
    if family == MLP:
        genome["architecture"] |= {"width": 64, "depth": 2, "heads": 4}
    return genome


@pytest.fixture
def job_of(tmp_path: Path) -> Callable[..., Job]:
    """Return a function of a family, prepared data and a genome that makes a job."""

    def made(family: str, prepared: Prepared, genome: Json, **more: Json) -> Job:
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        told = {"folds": prepared.validated, "seed": 3} | more
        return Job(
            trial=0, learner="", family=family, genome=genome, prepared=str(prepared.folder), out=str(out), **told
        )

    return made
