"""What every space has in common: it never changes once made, knows its bounds and how to draw within them.

Which answer to take is a decider's business (`core.deciders`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from random import Random
from typing import ClassVar, Final, NoReturn

from byeori._util.json import Json, canonical
from byeori.core.errors import SpaceError


class _Hole(Enum):
    HOLE = "no answer"


HOLE: Final[Json] = _Hole.HOLE
"""No answer; None would not do, since null may be an option."""


class Space:
    """A tree of questions; the answers to them are a genome. Abstract: make one of its kinds.

    Attributes:
        kind: What it is called in JSON.
        is_leaf: One answer and no parts.
        default: The answer, branch or length an experienced hand would begin with.
        asks: Something is to be chosen here: an answer, a branch, a length. Only a Record chooses nothing.
        room: How many places a mutation finds here, on average; 0 where there is but one genome.
        size: How many genomes there are, those behind weight 0 not counted; None beyond 10^18 or without end.
        checked: A `Checked` is somewhere inside.
        guarded: A weight of 0 is somewhere inside.
    """

    kind: ClassVar[str]
    is_leaf: ClassVar[bool] = False
    asks: ClassVar[bool] = True
    default: Json
    room: float
    size: int | None
    checked: bool = False
    guarded: bool = False

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"A space never changes, so {name!r} cannot be set: make a new {type(self).__name__}.")

    def __eq__(self, other: object) -> bool:
        """Two spaces are equal if they ask the same questions; a check is no question."""
        return isinstance(other, Space) and canonical(self.to_json()) == canonical(other.to_json())

    def __hash__(self) -> int:
        return hash(canonical(self.to_json()))

    def __repr__(self) -> str:
        said = (f"{key}={value!r}" for key, value in self.to_json().items() if key != "kind")
        return f"{type(self).__name__}({', '.join(said)})"

    @property
    def bare(self) -> Space:
        """The space without the check around it."""
        return self

    def to_json(self) -> dict[str, Json]:
        """Return the space as JSON; checks are code and are left out."""
        raise NotImplementedError(type(self).__name__)

    @staticmethod
    def from_json(data: Json) -> Space:
        """Read what `to_json` wrote.

        Raises:
            SpaceError: It is no space.
        """
        for kind in Space.__subclasses__():
            if isinstance(data, dict) and kind.kind == data.get("kind"):
                try:
                    return kind._read(data)
                except KeyError as error:
                    raise SpaceError(f"A {kind.kind} in JSON needs {error}; got {sorted(data)}.") from None
        raise SpaceError(f"A space in JSON is an object with a known `kind`; got {str(data)[:80]}.")

    @classmethod
    def _read(cls, data: Json) -> Space:
        raise NotImplementedError(cls.__name__)

    def child(self, key: str | int) -> Space:
        """Return the part that answers `key` of the answer, without the check around it."""
        raise NotImplementedError(type(self).__name__)

    def open(self, choice: Json) -> tuple[Json, Sequence[tuple[str | int, Json]]]:
        """Return an empty answer and the parts to be answered, once branch or length is chosen."""
        raise NotImplementedError(type(self).__name__)

    def draw(self, rng: Random) -> Json:
        """Draw an answer, a branch or a length by chance."""
        raise NotImplementedError(type(self).__name__)

    def sample(self, rng: Random) -> Json:
        """Draw everything inside: what `walk(space.bare, Sample(rng))` answers, with the same dice in the same order,
        and quicker; for the walks of random search are all alike."""
        return self.draw(rng)

    def other(self, answer: Json, rng: Random) -> Json:
        """Draw a different answer or branch; only where there is one."""
        raise NotImplementedError(type(self).__name__)

    def accept(self, answer: Json) -> Json:
        """Return a leaf's answer as it is to be written, or HOLE where it is not allowed."""
        raise NotImplementedError(type(self).__name__)

    def values(self) -> Sequence[Json]:
        """Return all answers, branches or lengths, in order.

        Raises:
            SpaceError: They are without end.
        """
        raise NotImplementedError(type(self).__name__)

    def alive(self, answer: Json) -> bool:
        """Say whether an answer keeps clear of every weight of 0."""
        return True

    def problem(self, genome: Json) -> str | None:
        """Return what a check inside finds wrong with an answer the questions allow, or None."""
        return None

    def wants(self) -> str:
        """Say in words what an answer must be."""
        raise NotImplementedError(type(self).__name__)

    def _fix(self, **values: object) -> None:
        self.__dict__.update(values)
