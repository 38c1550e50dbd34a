"""A space is a tree of questions. Leaves are asked once (Float, Int, Categorical); Record, OneOf and Repeat give shape.

    >>> space = Record({
    ...     "rate": Float(1e-4, 1e-1, log=True),
    ...     "blocks": Repeat(OneOf({"conv": Record({"filters": Int(8, 64, step=8)}), "pool": Record({})}), 1, 4),
    ... })
    >>> [path for path, _ in questions(space)]
    ['rate', 'blocks', 'blocks[%]', 'blocks[%].conv.filters']

A genome of it: `{"rate": 0.01, "blocks": [{"conv": {"filters": 32}}, {"pool": {}}]}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Final

from byeori._util.json import Json
from byeori.core.checked import Checked
from byeori.core.dice import Dice, whole
from byeori.core.errors import SpaceError
from byeori.core.leaves import Categorical, Float, Int
from byeori.core.question import HOLE, Space

__all__ = [
    "HOLE", "Categorical", "Checked", "Float", "Int", "OneOf", "Record", "Repeat", "Space", "path", "questions",
]  # fmt: skip

COUNTABLE: Final = 10**18


class Record(Space):
    """Several questions, all of them asked. Its answer is a dict.

    Args:
        parts: Name → space. Names hold no `. [ ] %`.

    Raises:
        SpaceError: A name is not usable, or a part is no space.

    Example:
        >>> Record({"width": Int(8, 64)}).names
        ('width',)
    """

    kind = "record"
    asks = False
    parts: Mapping[str, Space]
    names: tuple[str, ...]
    default: None = None

    def __init__(self, parts: Mapping[str, Space]) -> None:
        bare = _named("Record", parts)
        rooms = [part.room for part in bare.values()]
        size: int | None = 1
        for part in bare.values():
            size = _times(size, part.size)
        self._fix(parts=dict(parts), names=tuple(parts), size=size, room=sum(rooms), **_flags(parts.values()))
        self._fix(_bare=bare, _todo=tuple((name, HOLE) for name in bare), child=bare.__getitem__)
        self._fix(_dice=Dice("Record", self.names, rooms) if self.room else None)
        self._fix(_samplers=tuple((name, part.sample) for name, part in bare.items()))

    _bare: dict[str, Space]
    _samplers: tuple[tuple[str, Callable[[Random], Json]], ...]
    _todo: tuple[tuple[str, Json], ...]
    _dice: Dice | None

    def to_json(self) -> dict[str, Json]:
        """Return the question as JSON."""
        return {"kind": "record", "parts": [[name, part.to_json()] for name, part in self.parts.items()]}

    @classmethod
    def _read(cls, data: Json) -> Record:
        return cls(_parts("Record", data["parts"]))

    def open(self, choice: Json) -> tuple[Json, Sequence[tuple[str | int, Json]]]:
        """Return an empty answer and the parts to be answered."""
        return {}, self._todo

    def draw(self, rng: Random) -> None:
        """Draw by chance."""
        return None

    def sample(self, rng: Random) -> Json:
        """Draw everything inside."""
        return {name: sample(rng) for name, sample in self._samplers}

    def place(self, rng: Random) -> str:
        """Draw the name of a part to mutate, in proportion to its room.

        Raises:
            SpaceError: No part has any.
        """
        if self._dice is None:
            raise SpaceError("Every question here has but one answer: there is nothing to mutate.")
        name: str = self._dice.draw(rng)
        return name

    def alive(self, answer: Json) -> bool:
        """Say whether an answer keeps clear of every weight of 0."""
        return not self.guarded or all(part.alive(answer[name]) for name, part in self._bare.items())

    def problem(self, genome: Json) -> str | None:
        """Return what a check inside finds wrong, or None."""
        found = (part.problem(genome[name]) for name, part in self.parts.items() if part.checked)
        return next((said for said in found if said is not None), None)

    def wants(self) -> str:
        """Say in words what an answer must be."""
        return f"an object with the keys {', '.join(self.names) or '(none)'}"


class OneOf(Space):
    """One of several spaces. Its answer is a dict with one key, the branch: `{"conv": {…}}`.

    Args:
        branches: Name → space. Names hold no `. [ ] %`.
        default: The first branch with a weight above 0 unless named.
        weights: Name → how often it is drawn, in proportion (1 where a name is left out), or a list in the order of the
            branches. A branch of weight 0 is never drawn, but allowed in a genome: a baseline.

    Raises:
        SpaceError: A name is not usable, there is no branch, the default or a weight fits none.

    Example:
        >>> OneOf({"mean": Record({}), "net": Record({"width": Int(8, 64)})}, weights={"mean": 0}).default
        'net'
    """

    kind = "oneof"
    branches: Mapping[str, Space]
    names: tuple[str, ...]
    default: str
    weights: tuple[float, ...] | None

    def __init__(
        self,
        branches: Mapping[str, Space],
        *,
        default: str | None = None,
        weights: Mapping[str, float] | Sequence[float] | None = None,
    ) -> None:
        bare = _named("OneOf", branches)
        names = tuple(branches)
        if not names:
            raise SpaceError("A OneOf needs a branch; got none.")
        if isinstance(weights, Mapping):
            if unknown := [name for name in weights if name not in branches]:
                raise SpaceError(f"The weights name {unknown}, but the branches are {list(names)}.")
            weights = [weights.get(name, 1.0) for name in names]
        dice = Dice("OneOf", names, weights)
        if default is not None and default not in branches:
            raise SpaceError(f"The default branch {default!r} is none of {list(names)}.")
        live = [bare[name] for name in dice.live]
        flags = _flags(branches.values())
        flags["guarded"] |= len(live) < len(names)
        size: int | None = 0
        for branch in live:
            size = _plus(size, branch.size)
        room = (len(live) > 1) + sum(branch.room for branch in live) / len(live)
        self._fix(branches=dict(branches), names=names, weights=dice.weights, size=size, room=float(room), **flags)
        self._fix(default=default or dice.live[0], _bare=bare, _dice=dice, child=bare.__getitem__, draw=dice.draw)
        self._fix(_todo={name: ((name, HOLE),) for name in names})

    _bare: dict[str, Space]
    _dice: Dice
    _todo: dict[str, tuple[tuple[str, Json], ...]]

    def to_json(self) -> dict[str, Json]:
        """Return the question as JSON."""
        branches = [[name, branch.to_json()] for name, branch in self.branches.items()]
        weights = None if self.weights is None else list(self.weights)
        return {"kind": "oneof", "branches": branches, "default": self.default, "weights": weights}

    @classmethod
    def _read(cls, data: Json) -> OneOf:
        return cls(_parts("OneOf", data["branches"]), default=data["default"], weights=data["weights"])

    def open(self, choice: Json) -> tuple[Json, Sequence[tuple[str | int, Json]]]:
        """Return an empty answer and the parts to be answered."""
        return {}, self._todo[choice]

    def sample(self, rng: Random) -> Json:
        """Draw everything inside."""
        branch = self.draw(rng)
        return {branch: self._bare[branch].sample(rng)}

    def other(self, answer: Json, rng: Random) -> Json:
        """Draw a different one."""
        return self._dice.other(answer, rng)

    def others(self, branch: str) -> bool:
        """Say whether there is another branch to change to."""
        return len(self._dice.live) > (branch in self._dice.live)

    def values(self) -> Sequence[str]:
        """Return all that can be answered, in order."""
        return self._dice.live

    def alive(self, answer: Json) -> bool:
        """Say whether an answer keeps clear of every weight of 0."""
        return not self.guarded or all(b in self._dice.live and self._bare[b].alive(x) for b, x in answer.items())

    def problem(self, genome: Json) -> str | None:
        """Return what a check inside finds wrong, or None."""
        ((branch, answer),) = genome.items()
        return self.branches[branch].problem(answer) if self.checked else None

    def wants(self) -> str:
        """Say in words what an answer must be."""
        return f"an object with one key, the branch: {', '.join(self.names)}"


class Repeat(Space):
    """The same questions several times over. Its answer is a list.

    Args:
        item: What is asked for each item.
        low: Fewest items.
        high: Most items.
        default: How many by default; `low` unless named.

    Raises:
        SpaceError: The bounds or the default contradict each other.

    Example:
        >>> Repeat(Int(8, 64), 1, 5, default=2).size is not None
        True
    """

    kind = "repeat"
    item: Space
    low: int
    high: int
    default: int

    def __init__(self, item: Space, low: int, high: int, *, default: int | None = None) -> None:
        if not isinstance(item, Space):
            raise SpaceError(f"The item of a Repeat is a space; got {item!r}.")
        low, high = whole("low", low), whole("high", high)
        if not 0 <= low <= high:
            raise SpaceError(f"A Repeat has from low to high items, 0 <= low <= high; got {low} and {high}.")
        length = low if default is None else whole("default", default)
        if not low <= length <= high:
            raise SpaceError(f"The default length {length} of a Repeat is not from {low} to {high}.")
        bare = item.bare
        edits = high > low or (high > 1 and bare.room > 0)
        room = edits + bare.room * (low + high) / 2
        self._fix(item=item, low=low, high=high, default=length, size=_lengths(bare.size, low, high))
        self._fix(_bare=bare, room=float(room), **_flags([item]))

    size: int | None
    _bare: Space

    def to_json(self) -> dict[str, Json]:
        """Return the question as JSON."""
        bounds = {"low": self.low, "high": self.high, "default": self.default}
        return {"kind": "repeat", "item": self.item.to_json(), **bounds}

    @classmethod
    def _read(cls, data: Json) -> Repeat:
        return cls(_part("[%]", data["item"]), data["low"], data["high"], default=data["default"])

    def child(self, key: str | int) -> Space:
        """Return the part that answers `key`."""
        return self._bare

    def open(self, choice: Json) -> tuple[Json, Sequence[tuple[str | int, Json]]]:
        """Return an empty answer and the parts to be answered."""
        return [HOLE] * choice, [(i, HOLE) for i in range(choice)]

    def draw(self, rng: Random) -> int:
        """Draw by chance."""
        return self.low + int(rng.random() * (self.high - self.low + 1))

    def sample(self, rng: Random) -> Json:
        """Draw everything inside."""
        sample = self._bare.sample
        return [sample(rng) for _ in range(self.draw(rng))]

    def values(self) -> Sequence[int]:
        """Return all that can be answered, in order."""
        return range(self.low, self.high + 1)

    def alive(self, answer: Json) -> bool:
        """Say whether an answer keeps clear of every weight of 0."""
        return not self.guarded or all(self._bare.alive(item) for item in answer)

    def problem(self, genome: Json) -> str | None:
        """Return what a check inside finds wrong, or None."""
        found = (self.item.problem(item) for item in genome if self.checked)
        return next((said for said in found if said is not None), None)

    def wants(self) -> str:
        """Say in words what an answer must be."""
        return f"a list of {self.low} to {self.high} items"


def path(at: Sequence[str | int]) -> str:
    """Return a place in a genome as people read it.

    Example:
        >>> path(("architecture", "blocks", 3, "conv", "filters"))
        'architecture.blocks[3].conv.filters'
    """
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in at).removeprefix(".")


def questions(space: Space, at: str = "") -> Iterator[tuple[str, Space]]:
    """Yield all that is asked, with its path; `[%]` stands for the number of an item. For documentation and tables.

    Args:
        space: Where to begin.
        at: Path of `space` itself.
    """
    space = space.bare
    if space.asks:
        yield at, space
    if isinstance(space, (Record, OneOf)):
        for name, part in (space.parts if isinstance(space, Record) else space.branches).items():
            yield from questions(part, f"{at}.{name}".removeprefix("."))
    elif isinstance(space, Repeat):
        yield from questions(space.item, f"{at}[%]")


class _Inside(SpaceError):
    """What is wrong with a part of a space that is being read, and where."""

    def __init__(self, at: tuple[str, ...], said: str) -> None:
        where = "".join(key if key.startswith("[") else f".{key}" for key in at).removeprefix(".")
        super().__init__(f"{where}: {said}")
        self.at = at
        self.said = said


def _part(name: str, data: Json) -> Space:
    try:
        return Space.from_json(data)
    except _Inside as error:
        raise _Inside((name, *error.at), error.said) from None
    except SpaceError as error:
        raise _Inside((name,), str(error)) from None


def _parts(owner: str, pairs: Iterable[tuple[str, Json]]) -> dict[str, Space]:
    found: dict[str, Space] = {}
    for name, data in pairs:
        if name in found:
            raise SpaceError(f"{name!r} stands twice in a {owner}: two questions cannot share one path, rename one.")
        found[name] = _part(name, data)
    return found


def _named(owner: str, parts: Mapping[str, Space]) -> dict[str, Space]:
    if not isinstance(parts, Mapping):
        raise SpaceError(f"A {owner} is made of a mapping, name → space; got {parts!r}.")
    for name, part in parts.items():
        if not isinstance(name, str) or not name or not name.isprintable() or set(name) & set(".[]%"):
            raise SpaceError(f"A name in a {owner} is printable text without `. [ ] %`; got {name!r}.")
        if not isinstance(part, Space):
            raise SpaceError(f"{name!r} in a {owner} is to be a space (Float, Int, Categorical, …); got {part!r}.")
    return {name: part.bare for name, part in parts.items()}


def _flags(parts: Iterable[Space]) -> dict[str, bool]:
    parts = list(parts)
    return {"checked": any(p.checked for p in parts), "guarded": any(p.guarded for p in parts)}


def _plus(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None or a + b > COUNTABLE else a + b


def _times(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None or a * b > COUNTABLE else a * b


def _lengths(item: int | None, low: int, high: int) -> int | None:
    if item == 1:
        return high - low + 1
    total: int | None = 0
    ways: int | None = 1
    for length in range(high + 1):
        if length >= low:
            total = _plus(total, ways)
        if ways is None:
            break
        ways = _times(ways, item)
    return total
