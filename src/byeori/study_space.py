"""The space of a study: every family that fits the data, and what is tried before any parent is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from byeori import catalog
from byeori._util.json import Json
from byeori._util.seeds import rng_of
from byeori.core.deciders import default, mutate, sample
from byeori.core.errors import GenomeError, OptionError, SpaceError
from byeori.core.genome import differences
from byeori.core.jobs import BASELINE, DEFAULT, Candidate, Origin
from byeori.core.protocols import Family, NetFamily
from byeori.core.schema import Schema
from byeori.core.space import Checked, OneOf

NEIGHBOUR = "neighbour"
"""Strategy name of children one mutation away from the default genome."""
NEIGHBOURS = 4
LARGER = "larger"
"""Strategy name of the default genome scaled up to the time there is."""
_SQUEEZE = 1.25
"""A schedule may be squeezed a little for a larger network, and wide layers cost less than their multiply-adds."""


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
        OptionError: Hardly any child satisfies the limits.
    """
    try:
        return _opening(space, schema, seed)
    except SpaceError as error:
        usual = space.problem(default(space)) or str(error)
        raise OptionError(f"Hardly any child keeps to --max-params (of the usual one, {usual}): give more.") from None


def _opening(space: Checked, schema: Schema, seed: int) -> tuple[Candidate, ...]:
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


def with_larger(
    opening: Sequence[Candidate], space: Checked, schema: Schema, trainings: float
) -> tuple[Candidate, ...]:
    """Return the opening with the default genome scaled up in it, as far as time allows: after the baselines, so that
    the default itself is safe by then.

    Args:
        opening: What `opening_of` returned.
        space: Of the study.
        schema: Of the data.
        trainings: How many times one worker could train the default genome in the time there is.
    """
    ((name, _),) = opening[0].genome.items()
    begun = any(candidate.origin.strategy == LARGER for candidate in opening)  # a resumed study has it already
    if begun or catalog.find("family", name).learner != "nets":
        return tuple(opening)
    family: NetFamily = catalog.load("family", name)
    allowed = [{name: part} for cost, part in family.larger(schema) if cost <= _SQUEEZE * trainings]
    if not allowed or space.problem(allowed[-1]) is not None:
        return tuple(opening)
    changed = differences(opening[0].genome, allowed[-1])
    scaled = Candidate(genome=allowed[-1], origin=Origin(strategy=LARGER, parents=(0,), changed=changed))
    place = next((i for i, c in enumerate(opening) if c.origin.strategy == NEIGHBOUR), len(opening))
    return (*opening[:place], scaled, *opening[place:])


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
