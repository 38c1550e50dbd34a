"""Questions as columns of numbers: how the answers of genomes of any shape and length are read into one table.

A path holds `[*]` where the number of a Repeat's item stands, so what is asked of every item is one question, such as
`blocks[*].conv.filters`. Five kinds of columns:

    number   the answer, its logarithm where it is drawn so; of several items the mean
    choice   the number of the option; of several items the most common one, the earlier among equals
    branch   a OneOf that is asked once: the number of the branch
    share    a OneOf that every item answers: the share of the items that took the branch, a column for each branch
    length   the items of a Repeat
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf, log, log2, nan

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori.core.deciders import default
from byeori.core.leaves import Categorical, Float, Int
from byeori.core.question import Space
from byeori.core.space import OneOf, Repeat, questions

NUMBER, CHOICE, BRANCH, SHARE, LENGTH = "number", "choice", "branch", "share", "length"
CELLS = 50
"""Cells a range is cut into, at most; Optuna's number, so that both say the same."""
_FACTORS = 100.0
"""Without a space: numbers that span more than this factor are thought of in factors."""

Answers = Mapping[tuple[str, str], Sequence[Json]]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One question as a column.

    Args:
        path: The question; `[*]` stands for the number of an item, and "" is the root.
        kind: `number`, `choice`, `branch`, `share` or `length`.
        low: Smallest number in the column; of a logarithm, its logarithm.
        high: Largest number in the column.
        cells: Into how many cells the range is cut for a density.
        log: The column holds logarithms.
        options: What the numbers of a choice or a branch stand for.
        standin: Stands where the question was not asked; the default's number where there is a space.
    """

    path: str
    kind: str
    low: float
    high: float
    cells: int
    log: bool = False
    options: tuple[Json, ...] = ()
    standin: float = 0.0

    def __post_init__(self) -> None:
        if not self.low <= self.high or self.cells < 1:
            raise ValueError(
                f"Column {self.path!r} is to reach from low to high; got {self.low} to {self.high} in {self.cells}."
            )

    @property
    def listed(self) -> bool:
        """Whether its numbers are places in a list, without an order."""
        return self.kind in (CHOICE, BRANCH)

    def read(self, answers: Answers) -> float:
        """Return a genome's number, NaN where the question was not asked of it.

        Args:
            answers: What `answers_of` returned.
        """
        if self.kind == SHARE:
            at, _, branch = self.path.rpartition(".")
            taken = answers.get((BRANCH, at))
            return sum(name == branch for name in taken) / len(taken) if taken else nan
        found = answers.get((_SOURCE[self.kind], self.path))
        if not found:
            return nan
        if self.listed:
            places = [place for answer in found if (place := _place(self.options, answer)) >= 0]
            return float(Counter(places).most_common(1)[0][0]) if places else nan
        numbers = [_scaled(answer, self.log) for answer in found]
        mean = sum(numbers) / len(numbers)
        return min(max(mean, self.low), self.high)


def answers_of(genome: Json) -> dict[tuple[str, str], list[Json]]:
    """Return what a genome answers: (`leaf`, `branch` or `length`, path) → the answers, one for each item.

    Without a space a Record of one question looks like a OneOf of one branch, which never varies.

    Example:
        >>> found = answers_of({"blocks": [{"conv": {"filters": 32}}, {"pool": {}}]})
        >>> found["branch", "blocks[*]"], found["leaf", "blocks[*].conv.filters"], found["length", "blocks"]
        (['conv', 'pool'], [32], [2])
    """
    found: dict[tuple[str, str], list[Json]] = {}
    _gather(genome, "", found)
    return found


def columns_of(space: Space) -> list[Column]:
    """Return the columns of a space, in the order of its questions; what weight 0 excludes is no option.

    Args:
        space: The questions.
    """
    first = answers_of(default(space))
    found = [column for path, question in questions(space) for column in _made(path.replace("[%]", "[*]"), question)]
    return [_defaulted(column, first) for column in found]


def inferred(seen: Sequence[Answers]) -> list[Column]:
    """Return the columns that genomes alone show: ranges and options as far as they were tried.

    Args:
        seen: What `answers_of` returned for each genome.
    """
    every: dict[tuple[str, str], list[Json]] = {}
    for answers in seen:
        for key, found in answers.items():
            every.setdefault(key, []).extend(found)
    return [column for (kind, path), found in every.items() for column in _guessed(kind, path, found)]


_SOURCE = {NUMBER: "leaf", CHOICE: "leaf", BRANCH: BRANCH, LENGTH: LENGTH}


def _gather(answer: Json, at: str, found: dict[tuple[str, str], list[Json]]) -> None:
    if isinstance(answer, dict):
        if len(answer) == 1:
            found.setdefault((BRANCH, at), []).append(next(iter(answer)))
        for key, part in answer.items():
            _gather(part, f"{at}.{key}" if at else key, found)
    elif isinstance(answer, list):
        found.setdefault((LENGTH, at), []).append(len(answer))
        for part in answer:
            _gather(part, f"{at}[*]", found)
    else:
        found.setdefault(("leaf", at), []).append(answer)


def _made(path: str, question: Space) -> Iterator[Column]:
    pooled = "[*]" in path
    if isinstance(question, Float | Int):
        low, high = _scaled(question.low, question.log), _scaled(question.high, question.log)
        cells = _int_cells(question) if isinstance(question, Int) and not pooled else CELLS
        yield Column(path=path, kind=NUMBER, low=low, high=high, cells=cells, log=question.log)
    elif isinstance(question, Categorical):
        yield _choice(path, CHOICE, question.options)
    elif isinstance(question, OneOf):
        yield from _branches(path, question.values())
    elif isinstance(question, Repeat):
        yield _length(path, question.low, question.high)


def _guessed(kind: str, path: str, found: Sequence[Json]) -> Iterator[Column]:
    if kind == LENGTH:
        yield _length(path, min(found), max(found))
    elif kind == BRANCH:
        yield from _branches(path, list(dict.fromkeys(found)))
    elif all(isinstance(answer, int | float) and not isinstance(answer, bool) for answer in found):
        log_ = min(found) > 0 and max(found) / min(found) > _FACTORS
        low, high = _scaled(min(found), log_), _scaled(max(found), log_)
        whole = all(isinstance(answer, int) for answer in found) and not log_ and "[*]" not in path
        cells = min(int(high - low) + 1, CELLS) if whole else CELLS
        middle = _scaled(sorted(found)[len(found) // 2], log_)
        yield Column(path=path, kind=NUMBER, low=low, high=high, cells=cells, log=log_, standin=middle)
    else:
        options = {(type(answer), answer): answer for answer in found}
        yield _choice(path, CHOICE, tuple(options.values()))


def _branches(path: str, names: Sequence[str]) -> Iterator[Column]:
    if "[*]" not in path:
        yield _choice(path, BRANCH, tuple(names))
    elif len(names) > 1:
        # The share of one of two says the share of the other.
        for name in names if len(names) > 2 else names[1:]:
            yield Column(path=f"{path}.{name}", kind=SHARE, low=0.0, high=1.0, cells=CELLS)


def _choice(path: str, kind: str, options: tuple[Json, ...]) -> Column:
    return Column(path=path, kind=kind, low=0.0, high=len(options) - 1.0, cells=len(options), options=options)


def _length(path: str, low: int, high: int) -> Column:
    cells = CELLS if "[*]" in path else min(high - low + 1, CELLS)
    return Column(path=path, kind=LENGTH, low=float(low), high=float(high), cells=cells, standin=float(low))


def _int_cells(question: Int) -> int:
    if question.log:
        return min(ceil(log2(question.high - question.low + 1)) + 1, CELLS)
    return min(question.size, CELLS)


def _defaulted(column: Column, first: Answers) -> Column:
    """Return the column with the default's number as what stands in, the middle where the default is not asked it."""
    found = column.read(first)
    if found != found:
        found = 0.0 if column.listed or column.kind == SHARE else (column.low + column.high) / 2
    return Column(
        path=column.path,
        kind=column.kind,
        low=column.low,
        high=column.high,
        cells=column.cells,
        log=column.log,
        options=column.options,
        standin=found,
    )


def _scaled(answer: float, logarithmic: bool) -> float:
    if logarithmic:
        return log(answer) if answer > 0 else -inf
    return float(answer)


def _place(options: Sequence[Json], answer: Json) -> int:
    """Return where an answer is among the options, matched by type; -1 where it is none of them."""
    for place, option in enumerate(options):
        if option.__class__ is answer.__class__ and option == answer:
            return place
    return -1
