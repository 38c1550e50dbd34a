"""The deciders that make a genome out of genomes: Mutate changes one, Cross joins two.

Both share what they do not change, so a child costs what is new in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final, final

from byeori._util.json import Json
from byeori.core.align import embedded
from byeori.core.errors import SpaceError
from byeori.core.question import HOLE, Space
from byeori.core.space import OneOf, Record, Repeat
from byeori.core.walk import At, Level, Seed

STILL: Final = "The question has but one answer: there is nothing to mutate."


@final
class Mutate:
    """Answers as the parent, but for exactly one change: a leaf answered anew, a branch changed and sampled, an item of
    a Repeat inserted, deleted or swapped with another. Each place where a change is possible is about as likely as the
    next.

    Args:
        genome: The parent; must be valid.
        rng: The dice.
        rate: Change each question with this probability instead; none may change, or several.

    Raises:
        SpaceError: While walking a space with one genome only.
    """

    def __init__(self, genome: Json, rng: Random, rate: float | None = None) -> None:
        self.genome = genome
        self.rng = rng
        self.rate = rate

    def leaf(self, question: Space, at: At, seed: Seed) -> Json:
        """Answer anew; a hole is drawn."""
        if seed is HOLE:
            if at:
                return question.draw(self.rng)
            seed = self.genome
        if self.rate is None:
            return mutant(question, seed, self.rng)
        if question.room and self.rng.random() < self.rate:
            return question.other(seed, self.rng)
        return seed

    def level(self, question: Space, at: At, seed: Seed) -> Level:
        """Make the change, whose path alone is gone down; at a rate, pass on to every part."""
        if seed is HOLE:
            if at:
                return question.open(question.draw(self.rng))
            seed = self.genome
        if self.rate is None:
            return mutant(question, seed, self.rng), ()
        return self._level_at_rate(question, seed, self.rate)

    def _level_at_rate(self, question: Space, seed: Seed, rate: float) -> Level:
        change = self.rng.random() < rate
        if isinstance(question, OneOf):
            (branch,) = seed
            if change and question.others(branch):
                return question.open(question.other(branch, self.rng))
        elif isinstance(question, Repeat):
            edited = _edit(question, seed, self.rng) if change else None
            items, todo = edited or (seed, ())
            new = {key for key, _ in todo}
            return list(items), [(i, HOLE if i in new else item) for i, item in enumerate(items)]
        return {}, list(seed.items())


def mutant(question: Space, answer: Json, rng: Random) -> Json:
    """Return an answer with exactly one change, as `Mutate` does.

    Args:
        question: A space without a check around it.
        answer: To it; valid, and not changed.
        rng: The dice.

    Raises:
        SpaceError: There is but one answer.
    """
    if question.is_leaf:
        if question.room:
            return question.other(answer, rng)
    elif isinstance(question, Record):
        name = question.place(rng)
        out = answer.copy()
        out[name] = mutant(question.child(name), answer[name], rng)
        return out
    elif isinstance(question, OneOf):
        ((branch, inside),) = answer.items()
        part = question.child(branch)
        if not question.others(branch) or rng.random() * (1.0 + part.room) >= 1.0:
            return {branch: mutant(part, inside, rng)}
        branch = question.other(branch, rng)
        return {branch: question.child(branch).sample(rng)}
    elif isinstance(question, Repeat):
        item = question.child(0)
        if rng.random() * (1.0 + len(answer) * item.room) < 1.0 and (edited := _edit(question, answer, rng)):
            out, todo = edited
            for place, _ in todo:
                out[place] = item.sample(rng)
            return out
        if answer:
            place = int(rng.random() * len(answer))
            out = answer.copy()
            out[place] = mutant(item, answer[place], rng)
            return out
    raise SpaceError(STILL)


def _edit(question: Repeat, items: list[Json], rng: Random) -> Level | None:
    """Insert, delete or swap, whichever is possible; None where nothing is."""
    ways = []
    if len(items) < question.high:
        ways.append("insert")
    if len(items) > question.low:
        ways.append("delete")
    if len(items) > 1 and question.child(0).room:
        ways.append("swap")
    while ways:
        way = ways.pop(int(rng.random() * len(ways)))
        out = items.copy()
        place = int(rng.random() * (len(items) + (way == "insert")))
        if way == "insert":
            out.insert(place, HOLE)
            return out, ((place, HOLE),)
        if way == "delete":
            del out[place]
            return out, ()
        unlike = [i for i, item in enumerate(items) if item != items[place]]
        if unlike:
            with_ = unlike[int(rng.random() * len(unlike))]
            out[place], out[with_] = out[with_], out[place]
            return out, ()
    return None


@final
class Cross:
    """Answers from one parent or the other: a leaf from either, a sub-tree whole from either or crossed in turn, items
    of a Repeat with those they are most like (`core.align`), so that what one parent has more of shifts nothing. What
    has weight 0 is not crossed into.

    Args:
        a: First parent; must be valid.
        b: Second parent; must be valid.
        rng: The dice.
    """

    def __init__(self, a: Json, b: Json, rng: Random) -> None:
        self.a = a
        self.b = b
        self.rng = rng

    def leaf(self, question: Space, at: At, seed: Seed) -> Json:
        """Take one parent's answer."""
        return self._either(question, *(seed if seed is not HOLE else (self.a, self.b)))

    def level(self, question: Space, at: At, seed: Seed) -> Level:
        """Join what the parents have in common, part by part; take the rest from one of them."""
        a, b = seed if seed is not HOLE else (self.a, self.b)
        if isinstance(question, OneOf):
            (branch,) = a
            if branch not in b:
                return self._either(question, a, b), ()
            return {}, ((branch, (a[branch], b[branch])),)
        if isinstance(question, Repeat):
            return self._items(question, a, b)
        out = a.copy()
        return out, self._parts(question, out, [(name, x, b[name]) for name, x in a.items()])

    def _parts(
        self, question: Space, out: Json, pairs: Sequence[tuple[str | int, Json, Json]]
    ) -> list[tuple[str | int, Seed]]:
        """Take half of the sub-trees whole; return what is to be crossed further."""
        todo: list[tuple[str | int, Seed]] = []
        for key, x, y in pairs:
            if x is y:
                continue
            part = question.child(key)
            if not part.is_leaf and self.rng.random() < 0.5:
                todo.append((key, (x, y)))
            else:
                out[key] = self._either(part, x, y)
        return todo

    def _items(self, question: Repeat, a: list[Json], b: list[Json]) -> Level:
        """Cross the items that belong together; each of the others, all in the longer list, is kept or not."""
        longer = a if len(a) > len(b) else b
        if len(a) == len(b):
            out = longer.copy()
            return out, self._parts(question, out, [(i, x, b[i]) for i, x in enumerate(a)])
        places = embedded(b if longer is a else a, longer)
        partner = {place: i for i, place in enumerate(places)}
        out, pairs = [], []
        item = question.child(0)
        for place, x in enumerate(longer):
            if (i := partner.get(place)) is not None:
                pairs.append((len(out), a[place if longer is a else i], b[i if longer is a else place]))
                out.append(x)
            elif self.rng.random() < 0.5 and (not item.guarded or item.alive(x)):
                out.append(x)
        return out, self._parts(question, out, pairs)

    def _either(self, question: Space, a: Json, b: Json) -> Json:
        one, two = (a, b) if self.rng.random() < 0.5 else (b, a)
        if question.guarded and not question.alive(one):
            return two if question.alive(two) else a
        return one
