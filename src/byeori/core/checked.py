"""A space with a check that no single question can make."""

from __future__ import annotations

from collections.abc import Callable

from byeori._util.json import Json
from byeori.core.errors import SpaceError
from byeori.core.question import Space
from byeori.core.walk import Default, walk


class Checked(Space):
    """A space with a check that no single question can make: shapes that collapse, a limit on parameters.

    `deciders.sample`, `mutate` and `cross` answer again what fails (counted in `refused`, at most 1,000 times),
    `replay` refuses it; a bare `walk` does not look at checks. The check is code: `to_json` leaves it out, and it
    takes no part in equality.

    Args:
        space: The questions.
        problem: Takes an answer to `space` and returns a sentence on what is wrong with it, or None.
        check_default: Refuse at once a space whose default fails. Turn it off only where the default is never used.

    Raises:
        SpaceError: The default genome fails the check.

    Example:
        >>> from byeori.core.space import Int, Record
        >>> def problem(genome):
        ...     return "wider than deep" if genome["width"] > genome["depth"] else None
        >>> Checked(Record({"width": Int(1, 9), "depth": Int(1, 9)}), problem).problem({"width": 3, "depth": 2})
        'wider than deep'
    """

    kind = "checked"
    space: Space

    def __init__(self, space: Space, problem: Callable[[Json], str | None], *, check_default: bool = True) -> None:
        if not isinstance(space, Space) or not callable(problem):
            raise SpaceError(f"A Checked takes a space and a function of a genome; got {space!r} and {problem!r}.")
        bare = space.bare
        self._fix(space=space, size=bare.size, room=bare.room, checked=True, guarded=bare.guarded)
        self._fix(_problem=problem, _refused=[0])
        if check_default and (said := self.problem(walk(bare, Default()))) is not None:
            raise SpaceError(
                f"The default genome of a Checked space fails its own check ({said}): name defaults that pass."
            )

    _problem: Callable[[Json], str | None]
    _refused: list[int]

    @property
    def bare(self) -> Space:
        """The space without the check around it."""
        return self.space.bare

    @property
    def refused(self) -> int:
        """How often the check has said no so far."""
        return self._refused[0]

    def problem(self, genome: Json) -> str | None:
        """Return what is wrong with an answer, by this check or one inside; the count of `refused` goes up."""
        said = self.space.problem(genome)
        if said is None and (said := self._problem(genome)) is not None:
            self._refused[0] += 1
        return said

    def to_json(self) -> dict[str, Json]:
        """Return the question as JSON."""
        return self.space.to_json()

    def alive(self, answer: Json) -> bool:
        """Say whether an answer keeps clear of every weight of 0."""
        return self.bare.alive(answer)

    def wants(self) -> str:
        """Say in words what an answer must be."""
        return self.bare.wants()
