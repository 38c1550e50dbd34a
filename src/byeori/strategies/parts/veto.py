"""What failed children teach: a linear classifier over the answers of a genome, learnt as trials end.

Each question has a row of bins, an answer is one of them, and a bin has a weight: a verdict is a sum of as many numbers
as there are answers. Items of a Repeat share their bins, so three poolings weigh three times as much as one.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, sqrt
from typing import Final, TypeAlias, final

from byeori._util.json import Json
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Repeat, Space

BINS: Final = 8
"""Parts into which a range of numbers is cut, in the scale it is drawn in."""
SLOTS: Final = 2**16
"""Weights at most; questions beyond share them."""
ENOUGH: Final = 12
"""Failures, and as many others, that must have been seen before anything is vetoed."""
_RATE: Final = 0.5
_CEILING: Final = 6.0

_Gather: TypeAlias = Callable[[Json, list[int]], None]


@final
class Veto:
    """Learns which genomes fail.

    Logistic regression, one step a trial: its memory is a weight a bin, its cost a few additions an answer, whatever
    the history. A question that no failure depends on keeps a weight near 0.

    Args:
        space: What genomes answer.

    Example:
        >>> space = Record({"a": Categorical(["good", "bad"]), "b": Int(1, 4)})
        >>> veto = Veto(space)
        >>> for i in range(60):
        ...     a = ("good", "bad")[i % 2]
        ...     veto.learn(veto.bins({"a": a, "b": 1 + i % 4}), a == "bad")
        >>> [veto.doubt(veto.bins({"a": a, "b": 2})) > 0.5 for a in ("good", "bad")]
        [False, True]

    Source: the idea of a classifier beside the genetic algorithm is MENNDL's (Patton et al. 2018,
        https://doi.org/10.1109/SC.2018.00053), where it is a support vector machine.
    """

    def __init__(self, space: Space) -> None:
        self._reader = _Reader()
        self._gather = self._reader.of(space)
        self._weights = [0.0] * min(self._reader.used, SLOTS)
        self._bias = 0.0
        self.failed = 0
        self.passed = 0

    @property
    def knows(self) -> bool:
        """Whether it has seen enough of both to be asked."""
        return self.failed >= ENOUGH and self.passed >= ENOUGH

    def bins(self, genome: Json) -> list[int]:
        """Return the bins of a genome, one for each question answered."""
        found: list[int] = []
        self._gather(genome, found)
        return found

    def doubt(self, bins: list[int]) -> float:
        """Return how likely it is that the genome fails, 0 to 1."""
        weights = self._weights
        score = self._bias
        for place in bins:
            score += weights[place]
        return 1.0 / (1.0 + exp(-score)) if score > -500.0 else 0.0

    def learn(self, bins: list[int], failed: bool) -> None:
        """Take in how one trial ended."""
        if failed:
            self.failed += 1
        else:
            self.passed += 1
        # one step moves the sum by the root of the number of answers: a long genome is not learnt by heart
        step = _RATE * (float(failed) - self.doubt(bins)) / sqrt(len(bins) + 1.0)
        weights = self._weights
        for place in bins:
            weights[place] = min(max(weights[place] + step, -_CEILING), _CEILING)
        self._bias = min(max(self._bias + step, -_CEILING), _CEILING)


class _Reader:
    """Turns a space into functions that gather the bins of an answer: made once, so that a genome costs a call a
    question."""

    def __init__(self) -> None:
        self.used = 0

    def of(self, question: Space) -> _Gather:
        question = question.bare
        if isinstance(question, Record):
            return self._record(question)
        if isinstance(question, OneOf):
            return self._oneof(question)
        if isinstance(question, Repeat):
            return self._repeat(question)
        return self._leaf(question)

    def _take(self, count: int) -> int:
        """Return the first of so many bins; where there are none left, the first of those of others."""
        first = self.used if self.used + count <= SLOTS else self.used % max(SLOTS - count, 1)
        self.used += count
        return first

    def _record(self, question: Record) -> _Gather:
        parts = [(name, self.of(part)) for name, part in question.parts.items()]

        def gather(answer: Json, out: list[int]) -> None:
            for name, part in parts:
                part(answer[name], out)

        return gather

    def _oneof(self, question: OneOf) -> _Gather:
        first = self._take(len(question.names))
        branches = {name: (first + i, self.of(part)) for i, (name, part) in enumerate(question.branches.items())}

        def gather(answer: Json, out: list[int]) -> None:
            for name, part in answer.items():
                place, inner = branches[name]
                out.append(place)
                inner(part, out)

        return gather

    def _repeat(self, question: Repeat) -> _Gather:
        low, wide = question.low, max(1.0, (question.high - question.low + 1) / BINS)
        first = self._take(min(BINS, question.high - question.low + 1))
        inner = self.of(question.item)

        def gather(answer: Json, out: list[int]) -> None:
            out.append(first + int((len(answer) - low) / wide))
            for item in answer:
                inner(item, out)

        return gather

    def _leaf(self, question: Space) -> _Gather:
        if isinstance(question, Categorical):
            return self._options(question)
        if not isinstance(question, (Float, Int)):
            first = self._take(1)
            return lambda answer, out: out.append(first)
        return self._numbers(question)

    def _options(self, question: Categorical) -> _Gather:
        count = min(len(question.options), SLOTS // 2)
        first = self._take(count)
        places = {(option.__class__, option): first + i % count for i, option in enumerate(question.options)}
        return lambda answer, out: out.append(places[answer.__class__, answer])

    def _numbers(self, question: Float | Int) -> _Gather:
        bins = min(BINS, question.size or BINS)
        first = self._take(bins)
        last = first + bins - 1
        low, span = float(question.low), float(question.high - question.low)
        if question.log:
            base, scale = log(low), bins / max(log(low + span) - log(low), 1e-300)
            return lambda answer, out: out.append(min(first + int((log(answer) - base) * scale), last))
        width = bins / (span or 1.0)
        return lambda answer, out: out.append(min(first + int((answer - low) * width), last))
