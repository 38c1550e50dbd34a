"""What all image families share: the genome's frame, the image a network sees, the limit on what it may cost."""

from __future__ import annotations

from collections.abc import Callable

from byeori._util.json import Json
from byeori.core.deciders import default
from byeori.core.errors import GenomeError
from byeori.core.schema import Schema
from byeori.core.space import Checked, Record, Space
from byeori.families.recipe import image_recipe, image_shape
from byeori.nn.spec import Head, Network

MOST_COST = 50
"""How many times the multiply-adds of the family's default network a genome may take: a child that costs more would
use up a study alone."""

ToNetwork = Callable[[Json, Schema], Network]


def framed(architecture: Space, schema: Schema, network: ToNetwork) -> Space:
    """Return the space of a family: its architecture beside the image recipe, with the check that `counted` makes.

    Args:
        architecture: The family's own questions.
        schema: Of the data.
        network: Turns a genome into a network.
    """
    questions = Record({"architecture": architecture, "recipe": image_recipe(schema)})
    limit = MOST_COST * network(default(questions), schema).macs()

    def problem(genome: Json) -> str | None:
        try:
            _afford(network(genome, schema), limit)
        except GenomeError as error:
            return str(error)
        return None

    return Checked(questions, problem)


def counted(genome: Json, schema: Schema, space: Space, network: ToNetwork) -> int:
    """Return how many numbers a genome's network learns.

    Raises:
        GenomeError: Its sizes collapse, or it costs far more than the default.
    """
    found = network(genome, schema)
    _afford(found, MOST_COST * network(default(space.bare), schema).macs())
    return found.params()


def seen(genome: Json, schema: Schema) -> tuple[int, int, int]:
    """Return height, width and channels of the image a genome's network sees, at the recipe's resolution."""
    height, width, channels = image_shape(schema)
    resolution = genome["recipe"]["resolution"]
    return round(height * resolution), round(width * resolution), channels


def head(genome: Json, schema: Schema, *, pool: str, hidden: int = 0) -> Head:
    """Return the head that a genome and the task ask for."""
    return Head(outputs=schema.outputs, pool=pool, hidden=hidden, dropout=genome["recipe"]["dropout"])


def eights(width: float) -> int:
    """Return a width as the nearest multiple of eight, eight at least: what vector units like."""
    return max(8, round(width / 8) * 8)


def _afford(network: Network, limit: int) -> None:
    cost = network.macs()
    if cost > limit:
        raise GenomeError(
            f"This network takes {cost / 1e6:,.0f} million multiply-adds an image, over the limit of "
            f"{limit / 1e6:,.0f} million: make it narrower, shorter, or let it shrink the image earlier."
        )
