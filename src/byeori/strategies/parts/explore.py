"""Exploring a recipe: every number a little up or down, now and then one anew; what weights depend on is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final, final

from byeori._util.json import Json
from byeori.core.deciders import walk
from byeori.core.leaves import Categorical, Float, Int
from byeori.core.question import HOLE, Space
from byeori.core.space import OneOf, Record, Repeat
from byeori.core.walk import At, Level, Seed

RECIPE: Final = "recipe"
_UP, _DOWN = 1.2, 0.8


@final
class Explore:
    """A decider that answers as a genome does, but for its recipe: there numbers are multiplied by 1.2 or 0.8, ordered
    options move to a neighbour, and some questions are answered anew.

    Where no part of the genome is called `recipe`, all its numbers are explored, and nothing else.

    Args:
        genome: Valid, and not changed.
        rng: The dice.
        rate: Chance of a change at each question.
        resample: Share of the changes that are drawn anew.

    Source: Jaderberg et al. 2017, https://arxiv.org/abs/1711.09846
    """

    def __init__(self, genome: Json, rng: Random, *, rate: float = 1.0, resample: float = 0.25) -> None:
        self.genome = genome
        self.rng = rng
        self.rate = rate
        self.resample = resample
        self._marked = _has_recipe(genome)

    def leaf(self, question: Space, at: At, seed: Seed) -> Json:
        """Move a number, or draw it anew."""
        if seed is HOLE:
            if at:
                return question.draw(self.rng)
            seed = self.genome
        if not question.room or not self._is_open(question, at) or self.rng.random() >= self.rate:
            return seed
        if self.rng.random() < self.resample:
            return question.other(seed, self.rng)
        return _moved(question, seed, self.rng)

    def level(self, question: Space, at: At, seed: Seed) -> Level:
        """Leave the shape as it is; in a recipe a branch may change."""
        if seed is HOLE:
            if at:
                return question.open(question.draw(self.rng) if question.asks else None)
            seed = self.genome
        if isinstance(question, Record):
            return {}, list(seed.items())
        if isinstance(question, Repeat):
            return [HOLE] * len(seed), list(enumerate(seed))
        ((branch, answer),) = seed.items()
        changes = self._is_open(question, at) and self.rng.random() < self.rate * self.resample
        if isinstance(question, OneOf) and changes and question.others(branch):
            return question.open(question.other(branch, self.rng))
        return {}, ((branch, answer),)

    def _is_open(self, question: Space, at: At) -> bool:
        return RECIPE in at if self._marked else isinstance(question, Float | Int)


def explored(space: Space, genome: Json, rng: Random, *, rate: float = 1.0, resample: float = 0.25) -> Json:
    """Return a genome with its recipe explored; checks of the space are not looked at.

    Args:
        space: The questions.
        genome: Valid, and not changed.
        rng: The dice.
        rate: Chance of a change at each question.
        resample: Share of the changes that are drawn anew.

    Example:
        >>> space = Record({"width": Int(8, 64), "recipe": Record({"rate": Float(0.01, 1.0, log=True)})})
        >>> explored(space, {"width": 8, "recipe": {"rate": 0.5}}, Random(1), resample=0.0)
        {'width': 8, 'recipe': {'rate': 0.4}}
    """
    return walk(space, Explore(genome, rng, rate=rate, resample=resample))


def _moved(question: Space, answer: Json, rng: Random) -> Json:
    factor = _UP if rng.random() < 0.5 else _DOWN
    if isinstance(question, Float):
        return min(max(answer * factor, question.low), question.high) + 0.0
    if isinstance(question, Int):
        steps = round((answer * factor - question.low) / question.step)
        if question.low + steps * question.step == answer:
            steps += 1 if factor > 1.0 else -1
        return min(max(question.low + steps * question.step, question.low), question.high)
    if isinstance(question, Categorical) and (ladder := _ordered(question.values())):
        place = next((i for i, option in enumerate(ladder) if option == answer), None)
        if place is not None:
            return ladder[min(max(place + (1 if factor > 1.0 else -1), 0), len(ladder) - 1)]
    return answer


def _ordered(options: Sequence[Json]) -> list[Json]:
    """Return options that are numbers in their order, and nothing of others."""
    numbers = [option for option in options if isinstance(option, int | float) and not isinstance(option, bool)]
    return sorted(numbers) if len(numbers) == len(options) else []


def _has_recipe(genome: Json) -> bool:
    if isinstance(genome, dict):
        return RECIPE in genome or any(_has_recipe(part) for part in genome.values())
    return isinstance(genome, list) and any(_has_recipe(part) for part in genome)
