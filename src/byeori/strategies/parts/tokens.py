"""A genome as a sequence of choices with numbers, what a policy says one after the other: tokens.

Items of a Repeat share their questions; which item it is stands in the token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final, NamedTuple, final

from byeori._util.json import Json
from byeori.core.deciders import Replay, Trace, walk
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Repeat, Space
from byeori.core.walk import At
from byeori.strategies.parts.unit import place_of

LISTED: Final = 32
"""A whole number or length of at most so many answers is chosen from a list, one of more by its place in the range."""
ITEMS: Final = 64
"""Items from here on are not told apart."""


class Token(NamedTuple):
    """One choice.

    Args:
        asked: Number of the question in the vocabulary.
        item: 0 outside a Repeat, else 1 and more, the innermost item's.
        option: Which of the options; 0 for a range.
        place: Where in a range, 0 to 1; 0 for options.
    """

    asked: int
    item: int
    option: int
    place: float


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """A question that leaves a choice, and where a policy keeps what it knows of it.

    Args:
        number: Its own.
        question: What is asked.
        options: The answers, branches or lengths of weight above 0; empty for a range.
        prior: Logarithm of how likely chance makes each option; empty for a range.
        output: First of its outputs: one an option, two for a range.
        row: First of its answers' rows: one an option, two for a range.
        index: Type and value of each option → which it is.
    """

    number: int
    question: Space
    options: tuple[Json, ...]
    prior: tuple[float, ...]
    output: int
    row: int
    index: dict[tuple[type, Json], int]

    @property
    def width(self) -> int:
        """How many outputs it has."""
        return len(self.options) or 2

    def place(self, answer: Json) -> float:
        """Return where in a range an answer lies; 0 for options."""
        return 0.0 if self.options else place_of(self.question, answer)


@final
class Vocabulary:
    """Every question of a space that leaves a choice.

    Args:
        space: What is searched.

    Attributes:
        asked: The questions, in the order of the space.
        outputs: How many numbers a policy gives for all of them together.
        rows: How many rows their answers take; the first is the beginning of a genome.

    Example:
        >>> space = Record({"act": Categorical(["relu", "gelu"]), "rates": Repeat(Float(0.0, 2.0), 1, 3)})
        >>> [tuple(token) for token in Vocabulary(space).read({"act": "gelu", "rates": [0.5, 2.0]})]
        [(0, 0, 1, 0.0), (1, 0, 1, 0.0), (2, 1, 0, 0.25), (2, 2, 0, 1.0)]
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.asked: list[Asked] = []
        self.outputs = 0
        self.rows = 1
        self._at: dict[At, Asked] = {}
        self._add(space.bare, ())

    def find(self, at: At) -> Asked | None:
        """Return the question at a place of a genome; None where there is nothing to choose."""
        return self._at.get(tuple("%" if isinstance(key, int) else key for key in at))

    def read(self, genome: Json) -> list[Token]:
        """Return a genome's tokens in the order of the walk.

        Args:
            genome: Valid, and clear of every weight of 0.
        """
        trace = Trace(Replay(genome))
        walk(self.space, trace)
        tokens = []
        for at, _, choice in trace.seen:
            if (asked := self.find(at)) is not None:
                option = asked.index[choice.__class__, choice] if asked.options else 0
                tokens.append(Token(asked.number, item(at), option, asked.place(choice)))
        return tokens

    def _add(self, question: Space, at: At) -> None:
        if question.asks and _chooses(question):
            options, prior = _options(question)
            index = {(option.__class__, option): i for i, option in enumerate(options)}
            asked = Asked(len(self.asked), question, options, prior, self.outputs, self.rows, index)
            self.asked.append(asked)
            self._at[at] = asked
            self.outputs += asked.width
            self.rows += asked.width
        if isinstance(question, (Record, OneOf)):
            for name in question.names:
                self._add(question.child(name), (*at, name))
        elif isinstance(question, Repeat) and question.high:
            self._add(question.child(0), (*at, "%"))


def item(at: At) -> int:
    """Return which item of the innermost Repeat a place lies in, from 1 on; 0 outside of one."""
    for key in reversed(at):
        if isinstance(key, int):
            return min(key + 1, ITEMS - 1)
    return 0


def _chooses(question: Space) -> bool:
    if isinstance(question, Float):
        return question.low < question.high
    return len(question.values()) > 1


def _options(question: Space) -> tuple[tuple[Json, ...], tuple[float, ...]]:
    """Return the options and the logarithms of their chances; nothing for a range."""
    if isinstance(question, (Categorical, OneOf)):
        options = tuple(question.values())
        weights: Sequence[float] = [w for w in question.weights if w > 0] if question.weights else [1.0] * len(options)
    elif isinstance(question, (Int, Repeat)) and len(question.values()) <= LISTED:
        options = tuple(question.values())
        half = question.step / 2 if isinstance(question, Int) else 0.5
        weights = [place_of(question, x + half) - place_of(question, x - half) for x in options]
    else:
        return (), ()
    return options, tuple(log(weight / sum(weights)) for weight in weights)
