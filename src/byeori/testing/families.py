"""The conformance suite of families: inherit `FamilyConformance`, give a family and schemas, run pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import islice
from random import Random

import pytest
import torch
from torch import Tensor, nn

from byeori._util.json import Json, dumps, loads
from byeori.core.deciders import default, replay, sample
from byeori.core.errors import GenomeError
from byeori.core.protocols import NetFamily
from byeori.core.schema import CLASSIFICATION, Schema
from byeori.core.space import Space

SAMPLES = 50
TRIED = 12
"""Sampled genomes a schema that are also trained for one step."""

ROWS = 4


class FamilyConformance:
    """What every family of torch networks must do; a test class inherits it and overrides the fixtures.

    Override `family` and `schema` (parametrised over the data the family claims to take). For inputs that are neither
    images nor columns of numbers and categories override `batch` too.

    Example:
        class TestResidual(FamilyConformance):
            @pytest.fixture
            def family(self) -> NetFamily:
                return RESIDUAL

            @pytest.fixture(params=[(8, 8, 1), (64, 64, 3)])
            def schema(self, request) -> Schema:
                return images_of(request.param)
    """

    @pytest.fixture
    def family(self) -> NetFamily:
        """The family under test."""
        raise NotImplementedError("Override the fixture `family`.")

    @pytest.fixture
    def schema(self) -> Schema:
        """One kind of data the family takes; parametrise it."""
        raise NotImplementedError("Override the fixture `schema`.")

    @pytest.fixture
    def batch(self, schema: Schema) -> dict[str, Tensor]:
        """A few rows as the learner gives them."""
        dice = torch.Generator().manual_seed(0)
        images = [column for column in schema.inputs if column.kind == "image"]
        if images:
            height, width, channels = images[0].shape
            return {"image": torch.rand(ROWS, channels, height, width, generator=dice)}
        numbers = sum(column.kind in ("number", "date") for column in schema.inputs)
        categories = [column for column in schema.inputs if column.kind == "category"]
        return {
            "numbers": torch.randn(ROWS, numbers, generator=dice),
            "categories": torch.zeros(ROWS, len(categories), dtype=torch.int64),
        }

    @pytest.fixture
    def space(self, family: NetFamily, schema: Schema) -> Space:
        """The family's questions for the schema."""
        return family.space(schema)

    @pytest.fixture
    def genomes(self, family: NetFamily, schema: Schema, space: Space) -> list[Json]:
        """The default genome and many by chance, all of them possible."""
        dice = Random(0)
        drawn = (sample(space, dice) for _ in range(20 * SAMPLES))
        return [default(space), *islice((g for g in drawn if _possible(family, g, schema)), SAMPLES)]

    def test_asks_about_architecture_and_recipe(self, space: Space) -> None:
        assert set(default(space)) == {"architecture", "recipe"}

    def test_the_same_schema_asks_the_same_questions(self, family: NetFamily, schema: Schema, space: Space) -> None:
        assert family.space(Schema.from_json(schema.to_json())) == space

    def test_most_genomes_are_possible(self, genomes: list[Json]) -> None:
        assert len(genomes) == SAMPLES + 1, f"only {len(genomes) - 1} of {20 * SAMPLES} sampled genomes are possible"

    def test_genomes_replay_and_survive_json(self, space: Space, genomes: list[Json]) -> None:
        for genome in genomes:
            assert replay(space, loads(dumps(genome))) == genome

    def test_counts_what_it_builds(self, family: NetFamily, schema: Schema, genomes: list[Json]) -> None:
        for genome in genomes:
            built = sum(leaf.numel() for leaf in family.build(genome, schema).parameters())
            assert family.params(genome, schema) == built, genome

    def test_gives_an_answer_a_row_and_learns(
        self, family: NetFamily, schema: Schema, genomes: list[Json], batch: dict[str, Tensor]
    ) -> None:
        for genome in genomes[: 1 + TRIED]:
            torch.manual_seed(0)
            net = family.build(genome, schema)
            answers = net(batch)
            expected = (ROWS, schema.outputs) if schema.task == CLASSIFICATION else (ROWS,)
            assert answers.shape == expected, genome
            assert answers.dtype == torch.float32, genome
            (answers - 1.0).square().mean().backward()
            assert _changed(net), genome

    def test_answers_row_by_row_in_prediction(
        self, family: NetFamily, schema: Schema, genomes: list[Json], batch: dict[str, Tensor]
    ) -> None:
        for genome in genomes[: 1 + TRIED]:
            net = family.build(genome, schema).eval()
            with torch.inference_mode():
                together = net(batch)
                alone = torch.cat([net({name: part[i : i + 1] for name, part in batch.items()}) for i in range(ROWS)])
            torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4)

    def test_works_in_bfloat16(self, family: NetFamily, schema: Schema, space: Space, batch: dict[str, Tensor]) -> None:
        net = family.build(default(space), schema).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            answers = net(batch)
        answers.sum().backward()
        assert torch.isfinite(answers).all()
        assert _changed(net)

    def test_is_imported_and_counted_without_torch(self, family: NetFamily, schema: Schema, space: Space) -> None:
        module, name = type(family).__module__, _name_of(family)
        code = (
            f"import sys; from {module} import {name} as family\n"
            "from byeori._util.json import loads; from byeori.core.schema import Schema\n"
            "from byeori.core.deciders import default\n"
            f"schema = Schema.from_json(loads({dumps(schema.to_json())!r}))\n"
            "print(family.params(default(family.space(schema)), schema), 'torch' in sys.modules)"
        )
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
        assert done.stdout.split() == [str(family.params(default(space), schema)), "False"], done.stderr


def _possible(family: NetFamily, genome: Json, schema: Schema) -> bool:
    try:
        family.params(genome, schema)
    except GenomeError:
        return False
    return True


def _changed(net: nn.Module) -> bool:
    grads = [leaf.grad for leaf in net.parameters() if leaf.grad is not None]
    return all(bool(torch.isfinite(grad).all()) for grad in grads) and any(bool(grad.any()) for grad in grads)


def _name_of(family: NetFamily) -> str:
    names = [name for name, value in vars(sys.modules[type(family).__module__]).items() if value is family]
    if not names:
        raise LookupError(f"{type(family).__name__} must be a module-level instance of its module.")
    return names[0]
