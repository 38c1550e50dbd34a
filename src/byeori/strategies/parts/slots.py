"""Genomes as rows of numbers: a column for each place where something is chosen, empty where a genome does not ask it.

What a density or a surrogate works on. Columns are laid out once from the space, so they mean the same after a resume.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log, nan
from typing import Final, final

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori.core.deciders import Replay, Trace, walk
from byeori.core.dice import scale
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Repeat, Space
from byeori.core.walk import At, Chooser

Floats = npt.NDArray[np.float64]

LISTED: Final = 32
"""A question of at most so many answers has a probability for each of them, one of more a density."""
ANSWERS = "answers"
ORDER = "order"
RANGE = "range"


@final
class Slot:
    """One place where something is chosen: an answer, a branch, a length.

    Args:
        question: What is asked there.
        kind: `answers` has no order; `order` has, and is short enough to be listed; `range` is taken for continuous.
        options: The answers, branches or lengths of weight above 0, listed; empty for a range.
        prior: How likely each option is by chance.
        edges: Of `order`: where each option begins in 0 to 1, and where the last ends; of others empty.
    """

    def __init__(
        self,
        question: Space,
        kind: str,
        options: Sequence[Json] = (),
        prior: Sequence[float] = (),
        edges: Sequence[float] = (),
    ) -> None:
        self.kind = kind
        self.options = tuple(options)
        self.prior = tuple(prior)
        self.edges = tuple(edges)
        self._question = question
        self._index = {(option.__class__, option): float(i) for i, option in enumerate(options)}
        self._base, self._span = _scale(question) if kind == RANGE else (0.0, 1.0)

    def code(self, answer: Json) -> float:
        """Return an option's index, or where in 0 to 1 a number lies; NaN for an answer of weight 0."""
        if self.kind != RANGE:
            return self._index.get((answer.__class__, answer), nan)
        return ((log(answer) if self._question.log else answer) - self._base) / self._span  # type: ignore[attr-defined]

    def answer(self, code: float) -> Json:
        """Return the option of an index, or the number that lies at a place in 0 to 1."""
        if self.kind != RANGE:
            return self.options[int(code)]
        question = self._question
        x = self._base + self._span * code
        if question.log:  # type: ignore[attr-defined]
            x = exp(x)
        low, high = question.low, question.high  # type: ignore[attr-defined]
        if isinstance(question, Int):
            x = low + question.step * round((x - low) / question.step)
        return low if x < low else high if x > high else x


@final
class Slots:
    """All slots of a space, in the order of the walk.

    Args:
        space: What is searched.

    Attributes:
        index: Place in the space → number of its slot.
        slots: All of them.
        given: Slot → (an earlier slot, least code, most code) without which it is not asked; only where there is one.

    Example:
        >>> space = Record({"act": Categorical(["relu", "gelu"]), "blocks": Repeat(Float(0, 8), 1, 2)})
        >>> slots = Slots(space)
        >>> slots.row({"act": "gelu", "blocks": [4.0]}).tolist()
        [1.0, 0.0, 0.5, nan]
        >>> slots.genome([1.0, 0.0, 0.5, nan])
        {'act': 'gelu', 'blocks': [4.0]}
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.index: dict[At, int] = {}
        self.slots: list[Slot] = []
        self.given: dict[int, tuple[int, int, int]] = {}
        self._lay(space.bare, (), None)

    def __len__(self) -> int:
        return len(self.slots)

    def row(self, genome: Json) -> Floats:
        """Return a genome's row (slots,): an option's index or a place in 0 to 1; NaN where nothing is asked."""
        row = [nan] * len(self.slots)
        trace = Trace(Replay(genome))
        walk(self.space, trace)
        index, slots = self.index, self.slots
        for at, _, answer in trace.seen:
            if (i := index.get(at)) is not None:
                row[i] = slots[i].code(answer)
        return np.array(row)

    def genome(self, row: Sequence[float]) -> Json:
        """Return the genome of a row; what is not asked is not looked at."""
        return walk(self.space, _Written(self, row))

    def blank(self, rows: Floats) -> None:
        """Set to NaN what genomes with these rows (n, slots) do not ask."""
        for i, (slot, least, most) in self.given.items():
            above = rows[:, slot]
            rows[~((above >= least) & (above <= most)), i] = np.nan

    def _lay(self, question: Space, at: At, given: tuple[int, int, int] | None) -> None:
        number = -1
        if question.asks and (slot := _slot(question)) is not None:
            number = self.index[at] = len(self.slots)
            self.slots.append(slot)
            if given is not None:
                self.given[number] = given
        if isinstance(question, Record):
            for name in question.names:
                self._lay(question.child(name), (*at, name), given)
        elif isinstance(question, OneOf):
            for i, name in enumerate(question.values()):  # what has weight 0 has no slots
                self._lay(question.child(name), (*at, name), given if number < 0 else (number, i, i))
        elif isinstance(question, Repeat):
            spare = question.high - question.low
            for i in range(question.high):
                more = i >= question.low
                self._lay(question.child(i), (*at, i), (number, i + 1 - question.low, spare) if more else given)


@final
class _Written(Chooser):
    def __init__(self, slots: Slots, row: Sequence[float]) -> None:
        self._index = slots.index
        self._slots = slots.slots
        self._row = row

    def choose(self, question: Space, at: At) -> Json:
        i = self._index.get(at)
        return question.values()[0] if i is None else self._slots[i].answer(self._row[i])


def _slot(question: Space) -> Slot | None:
    """Return the slot of a question; None where there is nothing to choose."""
    if isinstance(question, Float):
        return Slot(question, RANGE) if question.low < question.high else None
    values = question.values()
    count = len(values)
    if count < 2:
        return None
    if isinstance(question, Int) and count > LISTED:
        return Slot(question, RANGE)
    if isinstance(question, (Categorical, OneOf)):
        weights = [w for w in question.weights if w > 0] if question.weights else [1.0] * count
        prior = tuple(w / sum(weights) for w in weights)
        if isinstance(question, Categorical) and count > 2 and _ascends(values):
            return Slot(question, ORDER, tuple(values), prior, tuple(i / count for i in range(count + 1)))
        return Slot(question, ANSWERS, tuple(values), prior)
    if isinstance(question, Int) and question.log:
        base, span = _scale(question)
        inner = [(log(value + question.step / 2) - base) / span for value in values[:-1]]
        edges = (0.0, *inner, 1.0)
        return Slot(question, ORDER, tuple(values), tuple(b - a for a, b in pairwise(edges)), edges)
    return Slot(question, ORDER, tuple(values), (1 / count,) * count, tuple(i / count for i in range(count + 1)))


def _ascends(values: Sequence[Json]) -> bool:
    """Say whether options are numbers in order: a handful of rates or widths, not names."""
    if any(value.__class__ not in (int, float) for value in values):
        return False
    return list(values) in (sorted(values), sorted(values, reverse=True))


def _scale(question: Space) -> tuple[float, float]:
    if isinstance(question, Int):  # half a step more at either end, as it is drawn
        half = question.step / 2
        low = max(question.low - half, question.low / 2) if question.log else question.low - half
        return scale(low, question.high + half, question.log)
    if isinstance(question, Float):
        return scale(question.low, question.high, question.log)
    raise TypeError(f"A {question.kind} is no range.")
