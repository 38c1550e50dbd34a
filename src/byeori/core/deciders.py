"""Ways of answering a space, and the functions that do it with its checks honoured.

| to | use |
|---|---|
| begin | `default(space)` |
| draw | `sample(space, rng)` |
| validate, or complete a part | `replay(space, genome)`, `replay(space, part, otherwise=decider)` |
| change one thing | `mutate(space, genome, rng)` |
| join two | `cross(space, a, b, rng)` |
| try all | `enumerate_all(space)` |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Final, final

from byeori._util.json import Json
from byeori.core.errors import GenomeError, SpaceError, did_you_mean
from byeori.core.question import HOLE, Space
from byeori.core.space import OneOf, Record, Repeat, path
from byeori.core.vary import Cross, Mutate, mutant
from byeori.core.walk import At, Chooser, Decider, Default, Enumerate, Level, Sample, Seed, walk

__all__ = [
    "At", "Chooser", "Cross", "Decider", "Default", "Enumerate", "Level", "Mutate", "Replay", "Sample", "Seed", "Trace",
    "cross", "default", "enumerate_all", "mutate", "replay", "sample", "walk",
]  # fmt: skip

TRIES: Final = 1000


@final
class Replay:
    """Answers what a genome says and refuses what the space does not allow: this is validation.

    Args:
        genome: Answers; all of them, or with `otherwise` a part.
        otherwise: Who answers what the genome leaves out; None refuses it.

    Raises:
        GenomeError: While walking; the sentence names the path.

    Example:
        >>> from byeori.core.space import Int, Record
        >>> walk(Record({"width": Int(8, 64)}), Replay({"width": 7}))
        Traceback (most recent call last):
        byeori.core.errors.GenomeError: width is 7, but should be a whole number from 8 to 64.
    """

    def __init__(self, genome: Json, otherwise: Decider | None = None) -> None:
        self.genome = genome
        self.otherwise = otherwise

    def leaf(self, question: Space, at: At, seed: Seed) -> Json:
        """Return the genome's answer, spelt as the space spells it."""
        if seed is HOLE:
            if at:
                return self._missing(question, at)
            seed = self.genome
        answer = question.accept(seed)
        return answer if answer is not HOLE else self._refuse(question, at, seed)

    def level(self, question: Space, at: At, seed: Seed) -> Level:
        """Check the keys or the length, and hand each part its answer."""
        if seed is HOLE:
            if at:
                return self._missing(question, at), ()
            seed = self.genome
        if isinstance(question, Repeat):
            if not isinstance(seed, list) or not question.low <= len(seed) <= question.high:
                self._refuse(question, at, seed)
            return [HOLE] * len(seed), enumerate(seed)
        if not isinstance(seed, dict):
            self._refuse(question, at, seed)
        if isinstance(question, OneOf):
            return self._branch(question, at, seed)
        names = question.names if isinstance(question, Record) else ()
        if len(seed) == len(names):
            try:
                return {}, [(name, seed[name]) for name in names]
            except KeyError:
                pass  # some other key; told apart below
        for key in seed:
            if key not in names:
                raise GenomeError(f"{path((*at, key))} is no question of this space.{did_you_mean(str(key), names)}")
        return {}, [(name, seed.get(name, HOLE)) for name in names]

    def _branch(self, question: OneOf, at: At, seed: Json) -> Level:
        if not seed and self.otherwise is not None:
            return self._missing(question, at), ()
        if len(seed) != 1:
            self._refuse(question, at, seed)
        ((branch, answer),) = seed.items()
        if branch not in question.names:
            hint = did_you_mean(str(branch), question.names)
            raise GenomeError(f"{path((*at, branch))} is no branch of this space.{hint}")
        return {}, ((branch, answer),)

    def _missing(self, question: Space, at: At) -> Json:
        if self.otherwise is None:
            raise GenomeError(f"{path(at)} is missing; it should be {question.wants()}.")
        return walk(question, self.otherwise, at)

    def _refuse(self, question: Space, at: At, seed: Seed) -> Json:
        shown = repr(seed)
        shown = shown if len(shown) <= 60 else shown[:60] + "…"
        raise GenomeError(f"{path(at) or 'The genome'} is {shown}, but should be {question.wants()}.")


@final
class Trace:
    """Lets another decider answer and writes down each choice: to feed a history to a model, to score a policy again.

    Args:
        decider: Who answers.

    Attributes:
        seen: Where, the question, and the answer, branch or length, in the order of the walk; of parts the decider
            finishes itself there is nothing.

    Example:
        >>> from byeori.core.space import Int, Record, Repeat
        >>> trace = Trace(Replay({"widths": [8, 9]}))
        >>> _ = walk(Record({"widths": Repeat(Int(8, 64), 1, 3)}), trace)
        >>> [(path(at), choice) for at, question, choice in trace.seen]
        [('widths', 2), ('widths[0]', 8), ('widths[1]', 9)]
    """

    def __init__(self, decider: Decider) -> None:
        self.decider = decider
        self.seen: list[tuple[At, Space, Json]] = []

    def leaf(self, question: Space, at: At, seed: Seed) -> Json:
        """Pass on, and write down the answer."""
        answer = self.decider.leaf(question, at, seed)
        self.seen.append((at, question, answer))
        return answer

    def level(self, question: Space, at: At, seed: Seed) -> Level:
        """Pass on, and write down the branch or the length."""
        out, todo = self.decider.level(question, at, seed)
        todo = list(todo)
        if isinstance(question, OneOf):
            self.seen.append((at, question, next(iter([*out, *(key for key, _ in todo)]))))
        elif isinstance(question, Repeat):
            self.seen.append((at, question, len(out)))
        return out, todo


def default(space: Space) -> Json:
    """Return the default genome.

    Example:
        >>> from byeori.core.space import Categorical, OneOf, Record
        >>> default(OneOf({"conv": Record({"act": Categorical(["relu", "gelu"])})}))
        {'conv': {'act': 'relu'}}
    """
    return walk(space, Default())


def sample(space: Space, rng: Random) -> Json:
    """Return a genome drawn by chance.

    Args:
        space: The questions.
        rng: The dice.

    Raises:
        SpaceError: 1,000 genomes in a row failed the check.
    """
    whole = space.bare
    if not space.checked:
        return whole.sample(rng)
    return _until_passed(space, lambda: whole.sample(rng), "drawn at random")


def mutate(space: Space, genome: Json, rng: Random, rate: float | None = None) -> Json:
    """Return the parent with exactly one change, or each question changed with a probability of `rate`, one at least.

    Args:
        space: The questions.
        genome: The parent; valid, and not changed.
        rng: The dice.
        rate: Probability of a change at each question; None for exactly one change.

    Raises:
        SpaceError: The space has one genome only, or 1,000 mutants in a row failed the check.
    """
    if rate is None and not space.checked:
        return mutant(space.bare, genome, rng)

    def child() -> Json:
        if rate is not None and (changed := walk(space, Mutate(genome, rng, rate))) != genome:
            return changed
        return walk(space, Mutate(genome, rng))

    return _until_passed(space, child, "mutated from a parent") if space.checked else child()


def cross(space: Space, a: Json, b: Json, rng: Random) -> Json:
    """Return a genome of which every part is from one parent or the other.

    Args:
        space: The questions.
        a: First parent; valid, and not changed.
        b: Second parent; valid, and not changed.
        rng: The dice.

    Raises:
        SpaceError: 1,000 crossings in a row failed the check.
    """
    if not space.checked:
        return walk(space, Cross(a, b, rng))
    return _until_passed(space, lambda: walk(space, Cross(a, b, rng)), "crossed from two parents")


def replay(space: Space, genome: Json, otherwise: Decider | None = None) -> Json:
    """Return a genome as the space spells it; this is validation.

    Args:
        space: The questions.
        genome: Answers; all of them, or with `otherwise` a part.
        otherwise: Who answers what is left out, for example `Default()`.

    Raises:
        GenomeError: The genome answers something the space does not allow, with its path, or fails the check.
        SpaceError: 1,000 completions in a row failed the check.

    Example:
        >>> from byeori.core.space import Int, Record
        >>> replay(Record({"width": Int(8, 64), "depth": Int(1, 4)}), {"width": 9}, Default())
        {'width': 9, 'depth': 2}
    """
    if otherwise is not None and space.checked:
        return _until_passed(space, lambda: walk(space, Replay(genome, otherwise)), "completed from a part")
    whole = walk(space, Replay(genome, otherwise))
    if (said := space.problem(whole)) is not None:
        raise GenomeError(f"The genome answers every question, but fails a check of its space: {said}.")
    return whole


def enumerate_all(space: Space) -> Iterator[Json]:
    """Yield every genome of a space that passes its checks; what weight 0 excludes is left out.

    Raises:
        SpaceError: A Float has answers without end.
    """
    return (genome for genome in Enumerate().over(space) if space.problem(genome) is None)


def _until_passed(space: Space, answer: Callable[[], Json], how: str) -> Json:
    said: str | None = None
    for _ in range(TRIES):
        genome = answer()
        said = space.problem(genome)
        if said is None:
            return genome
    raise SpaceError(
        f"{TRIES:,} genomes {how} failed the check of the space, the last because {said}: "
        "narrow the questions so that more of their answers pass."
    )
