"""The space of a study: every family that fits the data, and what is tried before any parent is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from byeori import catalog
from byeori._util.json import Json
from byeori._util.seeds import rng_of
from byeori.core.deciders import default, mutate, sample
from byeori.core.errors import GenomeError, OptionError
from byeori.core.genome import differences
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Family
from byeori.core.schema import Schema
from byeori.core.space import Checked, OneOf
from byeori.engine.budget import BASELINE

DEFAULT = "default"
"""Strategy name of trial 0 and of the other families' default genomes."""
NEIGHBOUR = "neighbour"
"""Strategy name of children one mutation away from the default genome."""
NEIGHBOURS = 4


def study_families(schema: Schema) -> tuple[catalog.Row, ...]:
    """Return the families that can learn from this data, those that parents breed first."""
    fitting = [row for row in catalog.rows("family") if schema.modality in row.modalities]
    if not any(schema.modality in row.searched for row in fitting):
        raise OptionError(f"No family learns from {schema.modality}: install one, or give --modality.")
    return tuple(sorted(fitting, key=lambda row: schema.modality not in row.searched))


def study_space(schema: Schema, max_params: int | None = None) -> Checked:
    """Return the space `family → its questions`, with a check that keeps impossible and too large children out.

    Baselines are in it, with a weight of 0: they can be replayed and never come up by chance.

    Args:
        schema: Of the data.
        max_params: Parameters a child may have, or None.

    Raises:
        SpaceError: No child of the space is small enough.
    """
    rows = study_families(schema)
    families: dict[str, Family] = {row.name: catalog.load("family", row.name) for row in rows}

    def problem(genome: Json) -> str | None:
        ((name, part),) = genome.items()
        try:
            params = families[name].params(part, schema)
        except GenomeError as error:
            return str(error)
        if max_params is not None and params > max_params:
            return f"{params:,} parameters are more than the {max_params:,} allowed"
        return None

    branches = {row.name: families[row.name].space(schema) for row in rows}
    weights = {row.name: 1.0 if schema.modality in row.searched else 0.0 for row in rows}
    return Checked(OneOf(branches, weights=weights), problem, check_default=max_params is None)


def opening_of(space: Checked, schema: Schema, seed: int) -> tuple[Candidate, ...]:
    """Return what is tried first: the default genome, the baselines, the other searched families' defaults where they
    train in moments, and a few neighbours of the default.

    Args:
        space: Of the study.
        schema: Of the data.
        seed: For a default where the space's own is not allowed by a limit.

    Raises:
        SpaceError: No genome satisfies the limits.
    """
    rows = study_families(schema)
    first = default(space)
    if space.problem(first) is not None:
        first = sample(space, rng_of(seed, "default"))
    opening = [Candidate(genome=first, origin=Origin(strategy=DEFAULT))]
    begun = {next(iter(first))}
    for row in reversed(rows):
        genome = {row.name: default(catalog.load("family", row.name).space(schema))}
        plain = row.learner != "nets"
        quick = plain or schema.modality == catalog.TABLES
        if row.name not in begun and quick and space.problem(genome) is None:
            strategy = BASELINE if plain else DEFAULT
            opening.append(Candidate(genome=genome, origin=Origin(strategy=strategy)))
    return (*opening, *_neighbours(space, first, seed))


def _neighbours(space: Checked, first: Json, seed: int) -> Iterator[Candidate]:
    """Yield a few children near the default genome: where time allows a handful, they beat strangers, and where it
    allows one more, it goes well with the default in an ensemble."""
    for index in range(NEIGHBOURS):
        rng = rng_of(seed, "neighbour", index)
        genome = mutate(space, first, rng)
        origin = Origin(strategy=NEIGHBOUR, parents=(0,), changed=differences(first, genome))
        yield Candidate(genome=genome, origin=origin)


def space_facts(space: Checked, rows: Sequence[catalog.Row]) -> dict[str, Json]:
    """Return what study.json says of the space."""
    return {"space": space.space.to_json(), "families": [row.name for row in rows]}
