"""Questions as numbers from 0 to 1: what stands at a place between, where an answer stands, and all places there are.

Parents that think in points of a cube (Sobol, CMA-ES) need no code per kind of question.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from math import log, nextafter
from random import Random
from typing import Final, TypeAlias, final

from byeori._util.json import Json
from byeori.core.space import Float, Int, OneOf, Record, Repeat, Space
from byeori.core.walk import At, Chooser

_BELOW_ONE: Final = nextafter(1.0, 0.0)
_Part: TypeAlias = tuple[Space, At, int | None]
"""A question and where it stands; with a number, that item of a Repeat and those behind it."""


def answer_at(question: Space, place: float) -> Json:
    """Return the answer, branch or length at a place: each has a part of the range as wide as chance would draw it.

    Args:
        question: A leaf, a OneOf or a Repeat.
        place: 0 to 1.

    Example:
        >>> answer_at(Int(1, 4), 0.3), answer_at(Float(0.0, 8.0), 0.25)
        (2, 2.0)
    """
    return question.draw(_Loaded(place))


def place_of(question: Space, answer: Json) -> float:
    """Return the place of a number or a length, 0 to 1; the middle of its part where answers are whole numbers.

    Args:
        question: A Float, an Int or a Repeat of more than one answer.
        answer: One of its answers.

    Example:
        >>> place_of(Int(1, 4), 2)
        0.375
    """
    if isinstance(question, Float):
        low, high = question.low, question.high
    elif isinstance(question, Int):
        low, high = question.low - question.step / 2, question.high + question.step / 2
        if question.log:  # a logarithm begins above 0; as Int.draw has it
            low = max(low, question.low / 2)
    elif isinstance(question, Repeat):
        low, high = question.low - 0.5, question.high + 0.5
    else:
        raise TypeError(f"A {question.kind} has no order, so its answers have no place.")
    if isinstance(question, (Float, Int)) and question.log:
        answer, low, high = log(answer), log(low), log(high)
    return min(max(float((answer - low) / (high - low)), 0.0), 1.0)


def axes(space: Space) -> Iterator[tuple[At, Space]]:
    """Yield every question that leaves a choice, with its place in the genome: in the order of the space, but first
    what every genome is asked, then what depends on one branch or one item more, and so on. What weight 0 excludes is
    left out.

    Args:
        space: Its repeats are unrolled as they are reached, so take no more than is needed.

    Example:
        >>> from byeori.core.space import Categorical
        >>> space = Record({"a": OneOf({"x": Int(1, 2), "y": Record({})}), "b": Categorical(["p", "q"])})
        >>> [".".join(at) for at, _ in axes(space)]
        ['a', 'b', 'a.x']
    """
    later: deque[_Part] = deque([(space.bare, (), None)])
    while later:
        question, at, item = later.popleft()
        if isinstance(question, Repeat) and item is not None:
            if item + 1 < question.high:
                later.append((question, at, item + 1))
            question, at = question.child(item), (*at, item)
        yield from _sure(question, at, later)


def _sure(question: Space, at: At, later: deque[_Part]) -> Iterator[tuple[At, Space]]:
    """Yield what is asked wherever `question` is; put the rest off."""
    if question.asks and _open(question):
        yield at, question
    if isinstance(question, Record):
        for name in question.names:
            yield from _sure(question.child(name), (*at, name), later)
    elif isinstance(question, OneOf):
        later.extend((question.child(name), (*at, name), None) for name in question.values())
    elif isinstance(question, Repeat):
        for item in range(question.low):
            yield from _sure(question.child(item), (*at, item), later)
        if question.low < question.high:
            later.append((question, at, question.low))


def _open(question: Space) -> bool:
    if isinstance(question, Float):
        return question.low < question.high
    return len(question.values()) > 1


@final
class Point(Chooser):
    """Answers what stands at a point of a cube, and by chance what has no axis.

    Args:
        places: A number from 0 to 1 for each axis.
        axes: Place in the genome → number of its axis.
        rng: Dice for the rest.
    """

    def __init__(self, places: Sequence[float], axes: Mapping[At, int], rng: Random) -> None:
        self.places = places
        self.axes = axes
        self.rng = rng

    def choose(self, question: Space, at: At) -> Json:
        """Return what stands there."""
        axis = self.axes.get(at)
        return question.draw(self.rng) if axis is None else answer_at(question, self.places[axis])


@final
class _Loaded(Random):
    """Dice that show what they are told: a question draws its answer with one throw, so it gives the one that stands
    there."""

    def __init__(self, place: float) -> None:
        super().__init__(0)
        self._place = min(max(place, 0.0), _BELOW_ONE)

    def random(self) -> float:
        """Return the place."""
        return self._place
