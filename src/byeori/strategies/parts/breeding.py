"""What parents that breed have in common: who wins a tournament, what a child is made of, who has none."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Generic, NamedTuple, Protocol, TypeVar

from byeori._util.json import Json
from byeori.core.deciders import cross, mutate
from byeori.core.errors import SpaceError
from byeori.core.genome import differences
from byeori.core.jobs import Candidate, Origin
from byeori.core.space import OneOf, Space

_Any = TypeVar("_Any")


class Breeder(Protocol):
    """A trial that may have children."""

    @property
    def number(self) -> int:
        """Of the trial."""
        ...

    @property
    def genome(self) -> Json:
        """What it answered."""
        ...

    @property
    def rate(self) -> float | None:
        """Chance of a change at each question of its children; None for exactly one change."""
        ...


_Parent = TypeVar("_Parent", bound=Breeder)


class Child(NamedTuple, Generic[_Parent]):
    """A genome and whom it is from: nobody, where it was drawn."""

    genome: Json
    parents: tuple[_Parent, ...] = ()

    def candidate(self, strategy: str, inherit: bool = False) -> Candidate:
        """Return it as a proposal; with `inherit` it begins with the weights of its first parent."""
        if not self.parents:
            return Candidate(genome=self.genome, origin=Origin(strategy=strategy))
        first = self.parents[0]
        numbers = tuple([parent.number for parent in self.parents])
        origin = Origin(strategy=strategy, parents=numbers, changed=differences(first.genome, self.genome))
        return Candidate(genome=self.genome, origin=origin, weights_from=first.number if inherit else None)


def bred(
    space: Space, ranked: Sequence[_Parent], rng: Random, *, rounds: int, crossover: float
) -> Child[_Parent] | None:
    """Return a mutant of a winner, or of a crossing of two.

    Args:
        space: What genomes answer.
        ranked: The parents, the best first; at least one.
        rng: The dice.
        rounds: Draws in a tournament.
        crossover: Share of the children that have two parents.

    Returns:
        None where all neighbours found fail the check of the space; those of another parent may not.
    """
    first = winner(ranked, rounds, rng)
    genome = first.genome
    parents: tuple[_Parent, ...] = (first,)
    try:
        if rng.random() < crossover and (second := winner(ranked, rounds, rng)) is not first:
            genome = cross(space, genome, second.genome, rng)
            parents = (first, second)
        return Child(mutate(space, genome, rng, first.rate), parents)
    except SpaceError:
        return None


def winner(ranked: Sequence[_Any], rounds: int, rng: Random) -> _Any:
    """Return the best of some draws with replacement, in one draw: the least of k uniform numbers is 1 - u^(1/k).

    Args:
        ranked: Who takes part, the best first; at least one.
        rounds: Draws.
        rng: The dice.

    Example:
        >>> winner(["first", "second"], 1000, Random(0))
        'first'
    """
    place = int((1.0 - rng.random() ** (1.0 / rounds)) * len(ranked))
    return ranked[min(place, len(ranked) - 1)]


def barren(space: Space) -> frozenset[str]:
    """Return the branches of weight 0 at the root, the baselines: what is answered by one of them has no children.

    Example:
        >>> from byeori.core.space import Record
        >>> sorted(barren(OneOf({"majority": Record({}), "net": Record({})}, weights={"majority": 0})))
        ['majority']
    """
    root = space.bare
    if not isinstance(root, OneOf) or root.weights is None:
        return frozenset()
    return frozenset(name for name, weight in zip(root.names, root.weights, strict=True) if weight == 0)
