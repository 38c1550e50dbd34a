"""The history of a search as a table: a row for each trial that says something, a column for each question.

What says something is a child that trained to its end (or to the deadline) and has a value. Failures are left out, and
so are children a stopper ended (their values are of another length of training), the baselines (nobody bred them) and
the re-evaluations of the best. A question that a genome was not asked has its default's number in its place, and
`asked` says where; the column of the branch, share or length on which it depends tells a model the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori.core import events as ev
from byeori.core.jobs import BASELINE, CONFIRM
from byeori.core.question import Space
from byeori.core.state import ENDED, Trial
from byeori.explain.columns import BRANCH, Answers, BoolArray, Column, FloatArray, answers_of, columns_of, inferred

_UNBRED = frozenset({BASELINE, CONFIRM})
_WHOLE = frozenset({ev.DONE, ev.DEADLINE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Trials by questions.

    Args:
        columns: The questions that had more than one answer.
        still: Paths of the questions that had but one.
        values: (trials, columns), what `Column.read` gives, the stand-in where a question was not asked.
        asked: (trials, columns), where it was.
        losses: (trials,), less is better.
        numbers: (trials,), of the trials.
    """

    columns: tuple[Column, ...]
    still: tuple[str, ...]
    values: FloatArray
    asked: BoolArray
    losses: FloatArray
    numbers: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        shape = (len(self.losses), len(self.columns))
        if self.values.shape != shape or self.asked.shape != shape or self.numbers.shape != shape[:1]:
            raise ValueError(f"A table of {shape[0]} trials and {shape[1]} columns has arrays of that shape.")

    def __len__(self) -> int:
        return len(self.losses)

    @property
    def families(self) -> tuple[str, ...]:
        """The branches of the root, where more than one was bred; else nothing."""
        root = self._root()
        return () if root is None else tuple(self.columns[root].options)

    def inside(self, family: str) -> Table:
        """Return the trials of one family, with the questions inside it that had more than one answer there.

        Args:
            family: One of `families`.

        Raises:
            ValueError: It is none of them.
        """
        root = self._root()
        if root is None or family not in self.columns[root].options:
            raise ValueError(f"{family!r} is none of the families of this table: {', '.join(self.families) or 'none'}.")
        rows = self.values[:, root] == self.columns[root].options.index(family)
        mine = [j for j, column in enumerate(self.columns) if column.path.startswith(f"{family}.")]
        still = tuple(path for path in self.still if path.startswith(f"{family}."))
        values, asked = self.values[np.ix_(rows, mine)], self.asked[np.ix_(rows, mine)]
        columns = [self.columns[j] for j in mine]
        return _table(columns, values, asked, self.losses[rows], self.numbers[rows], still)

    def row(self, genome: Json) -> FloatArray:
        """Return a genome as a row of `values`.

        Args:
            genome: Of the same space.
        """
        answers = answers_of(genome)
        read = np.array([column.read(answers) for column in self.columns])
        return np.where(np.isnan(read), [column.standin for column in self.columns], read)

    def _root(self) -> int | None:
        return next((j for j, c in enumerate(self.columns) if c.kind == BRANCH and not c.path), None)


def tells(trial: Trial) -> bool:
    """Say whether a trial says something about the questions: bred, trained to its end, with a value.

    Args:
        trial: Any.
    """
    return (
        trial.status == ENDED
        and trial.reason in _WHOLE
        and isfinite(trial.loss)
        and trial.origin.strategy not in _UNBRED
    )


def history(trials: Sequence[Trial], space: Space | None = None) -> Table:
    """Return the table of a search.

    Args:
        trials: Any; those that say nothing are left out.
        space: What was asked. Without it, ranges and options are those that were tried, and numbers that span more
            than a factor of a hundred are read as logarithms.

    Example:
        >>> from byeori.core.jobs import Origin
        >>> trials = [
        ...     Trial(n, {"width": w}, Origin(strategy="random"), "ended", "done", l, l, 1, 1.0, 0.1, {})
        ...     for n, (w, l) in enumerate([(8, 0.5), (16, 0.25)])
        ... ]
        >>> history(trials).values.tolist()
        [[8.0], [16.0]]
    """
    told = [trial for trial in trials if tells(trial)]
    seen: list[Answers] = [answers_of(trial.genome) for trial in told]
    columns = columns_of(space) if space is not None else inferred(seen)
    read = np.array([[column.read(answers) for column in columns] for answers in seen], dtype=np.float64)
    read = read.reshape(len(told), len(columns))
    asked = ~np.isnan(read)
    values = np.where(asked, read, np.array([column.standin for column in columns]))
    losses = np.array([trial.loss for trial in told], dtype=np.float64)
    numbers = np.array([trial.number for trial in told], dtype=np.int64)
    return _table(columns, values, asked, losses, numbers, ())


def _table(
    columns: Sequence[Column],
    values: FloatArray,
    asked: BoolArray,
    losses: FloatArray,
    numbers: npt.NDArray[np.int64],
    still: tuple[str, ...],
) -> Table:
    """Return a table of the columns that vary where they were asked."""
    varies = [_varies(values[asked[:, j], j]) for j in range(len(columns))]
    return Table(
        columns=tuple(column for column, varied in zip(columns, varies, strict=True) if varied),
        still=still + tuple(column.path for column, varied in zip(columns, varies, strict=True) if not varied),
        values=values[:, varies],
        asked=asked[:, varies],
        losses=losses,
        numbers=numbers,
    )


def _varies(answers: FloatArray) -> bool:
    return len(answers) > 1 and bool(answers.min() < answers.max())
