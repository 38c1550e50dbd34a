"""The one function that walks a space, and the deciders that only choose: Default, Sample, Enumerate.

A decider works one level at a time. Each part is handed a seed: nothing (`HOLE`), the parent's answer, a pair of
answers. Parts it finishes itself are not walked, so a mutation costs its path and not the genome.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Protocol, TypeAlias, final

from byeori._util.json import Json
from byeori.core.errors import SpaceError
from byeori.core.question import HOLE, Space

Key: TypeAlias = str | int
Seed: TypeAlias = Json
At: TypeAlias = tuple[Key, ...]
Level: TypeAlias = tuple[Json, Iterable[tuple[Key, Seed]]]


class Decider(Protocol):
    """Who answers. A seed of `HOLE` at the root (`at` empty) means: begin with what you hold yourself."""

    def leaf(self, question: Space, at: At, seed: Seed) -> Json:
        """Answer a leaf."""
        ...

    def level(self, question: Space, at: At, seed: Seed) -> Level:
        """Return the answer to a Record, OneOf or Repeat with its finished parts, a new dict or list, and the keys and
        seeds of those still to be answered."""
        ...


def walk(question: Space, decider: Decider, at: At = (), seed: Seed = HOLE) -> Json:
    """Answer a space. Checks are not looked at; the functions of `core.deciders` do.

    Args:
        question: A space, or a part of one.
        decider: Who answers.
        at: Where `question` is in the whole; `space.path(at)` reads it out.
        seed: What the decider is given for it.

    Returns:
        The genome. It may share parts with others, so it is never to be changed in place.

    Example:
        >>> from byeori.core.space import Int, Record
        >>> walk(Record({"width": Int(8, 64, default=16)}), Default())
        {'width': 16}
    """
    question = question.bare
    return decider.leaf(question, at, seed) if question.is_leaf else _inner(question, decider, at, seed)


def _inner(question: Space, decider: Decider, at: At, seed: Seed) -> Json:
    out, todo = decider.level(question, at, seed)
    child = question.child
    for key, sub in todo:
        part = child(key)
        if part.is_leaf:
            out[key] = decider.leaf(part, (*at, key), sub)
        else:
            out[key] = _inner(part, decider, (*at, key), sub)
    return out


class Chooser(ABC):
    """A decider that only chooses: an answer at a leaf, a branch at a OneOf, a length at a Repeat. Inherit from it and
    write `choose`; seeds are not looked at."""

    @abstractmethod
    def choose(self, question: Space, at: At) -> Json:
        """Return an answer, a branch or a length."""

    def leaf(self, question: Space, at: At, seed: Seed) -> Json:
        """Answer a leaf by choosing."""
        return self.choose(question, at)

    def level(self, question: Space, at: At, seed: Seed) -> Level:
        """Choose where there is something to choose, and leave all parts to be answered."""
        return question.open(self.choose(question, at) if question.asks else None)


@final
class Default(Chooser):
    """Answers each question with its own default: what an experienced hand would start with."""

    def choose(self, question: Space, at: At) -> Json:
        """Return the default."""
        return question.default


@final
class Sample(Chooser):
    """Answers by chance, within weights and logarithms.

    Args:
        rng: The dice.
    """

    def __init__(self, rng: Random) -> None:
        self.rng = rng

    def choose(self, question: Space, at: At) -> Json:
        """Draw."""
        return question.draw(self.rng)

    def leaf(self, question: Space, at: At, seed: Seed) -> Json:
        """Draw; written out because it is the hottest line of random search."""
        return question.draw(self.rng)


@final
class Enumerate(Chooser):
    """Answers with every combination in turn, an odometer: each choice met in a walk is a wheel, the last turns first.

    Example:
        >>> from byeori.core.space import Categorical, Int, Record
        >>> space = Record({"a": Int(1, 2), "b": Categorical(["x", "y"])})
        >>> [list(genome.values()) for genome in Enumerate().over(space)]
        [[1, 'x'], [1, 'y'], [2, 'x'], [2, 'y']]
    """

    def __init__(self) -> None:
        self._wheels: list[tuple[Sequence[Json], int]] = []
        self._met = 0

    def choose(self, question: Space, at: At) -> Json:
        """Return what this choice's wheel shows.

        Raises:
            SpaceError: A Float has answers without end.
        """
        if self._met == len(self._wheels):
            try:
                self._wheels.append((question.values(), 0))
            except SpaceError as error:
                name = ".".join(str(key) for key in at) or "the space"
                raise SpaceError(f"{name} cannot be tried in every combination. {error}") from None
        values, shown = self._wheels[self._met]
        self._met += 1
        return values[shown]

    def turn(self) -> bool:
        """Go on to the next combination; False when all have been."""
        self._met = 0
        while self._wheels:
            values, shown = self._wheels.pop()
            if shown + 1 < len(values):
                self._wheels.append((values, shown + 1))
                return True
        return False

    def over(self, space: Space) -> Iterator[Json]:
        """Yield every genome of a space, what weight 0 excludes left out."""
        self._wheels.clear()
        self._met = 0
        while True:
            yield walk(space, self)
            if not self.turn():
                return
