"""What was asked of a search: checked before anything runs, compared with what the log says was asked before."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from byeori import catalog
from byeori._util.json import Json
from byeori._util.lazy import resolve
from byeori._util.text import brief
from byeori.core.errors import OptionError, SpaceError, StudyError
from byeori.core.protocols import Stopper, Strategy
from byeori.core.space import Space

SINGLE = "value"
"""Name of the objective that has none."""
INLINE = "inline"
DIRECTIONS = {"minimize": "min", "maximize": "max"}
_SHORTEST = 1.0
_COMPARED = ("space", "objectives", "strategy", "stopper", "seed")


@dataclass(frozen=True, kw_only=True)
class SearchRequest:
    """A search as it was asked for; the arguments are those of `byeori.search`.

    Raises:
        InputError: One of them cannot be; the sentence says which.
    """

    objective: Callable[..., object]
    space: Space
    strategy: str | Strategy
    stopper: str | Stopper | None
    trials: int | None
    time: float | None
    direction: str
    objectives: Mapping[str, str] | None
    seed: int
    executor: str
    workers: int
    store: Path | None
    confirm: int
    repeats: int

    def __post_init__(self) -> None:
        if not isinstance(self.space, Space):
            raise SpaceError(
                f"The space is made of the questions in byeori.space, for example Record({{'x': Float(0, 1)}}); got "
                f"{brief(repr(self.space))}."
            )
        if self.trials is None and self.time is None:
            raise OptionError("A search needs an end: give trials=, or time= in seconds, or both.")
        if self.time is not None and not (
            isinstance(self.time, int | float) and isfinite(self.time) and self.time >= _SHORTEST
        ):
            raise OptionError(f"time is {_SHORTEST:g} second or more; got {self.time}.")
        least = {"trials": 1, "workers": 1, "confirm": 0, "repeats": 1}
        for name, low in least.items():
            given = getattr(self, name)
            if given is not None and (not isinstance(given, int) or isinstance(given, bool) or given < low):
                raise OptionError(f"{name} is a whole number of {low} or more; got {given!r}.")
        if not isinstance(self.seed, int):
            raise OptionError(f"The seed is a whole number; got {self.seed!r}.")
        if self.direction not in DIRECTIONS:
            raise OptionError(f"direction is 'minimize' or 'maximize'; got {self.direction!r}.")
        if self.objectives is not None:
            self._check_objectives(self.objectives)
        catalog.find("executor", self.executor)
        for kind, given, methods in (
            ("strategy", self.strategy, ("ask", "tell")),
            ("stopper", self.stopper, ("decide", "promote")),
        ):
            _check_part(kind, given, methods)

    def _check_objectives(self, objectives: Mapping[str, str]) -> None:
        ways = list(DIRECTIONS.values())
        if not isinstance(objectives, Mapping) or not objectives or any(way not in ways for way in objectives.values()):
            raise OptionError(
                "objectives names each figure and says whether less or more of it is better, for example "
                f"{{'error': 'min', 'speed': 'max'}}; got {brief(repr(objectives))}."
            )
        if strange := [name for name in objectives if not isinstance(name, str) or not name]:
            raise OptionError(f"An objective has a name; got {strange[0]!r}.")
        if self.direction != "minimize":
            raise OptionError("Each of the objectives says its own direction: leave direction= away.")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the objectives; none where the objective is a number without one."""
        return tuple(self.objectives or ())

    @property
    def ways(self) -> dict[str, str]:
        """Name → "min" or "max" of everything that is measured, the value first."""
        return dict(self.objectives) if self.objectives else {SINGLE: DIRECTIONS[self.direction]}

    @property
    def maximize(self) -> bool:
        """Whether a larger value is better."""
        return next(iter(self.ways.values())) == "max"

    def facts(self) -> dict[str, Json]:
        """Return what the log is to say was asked."""
        objective = getattr(self.objective, "__qualname__", type(self.objective).__qualname__)
        return {
            "direction": "maximize" if self.maximize else "minimize",
            "metric": next(iter(self.ways)),
            # As pairs: the first is the value, and an object of JSON has no order to rely on.
            "objectives": [[name, way] for name, way in self.ways.items()],
            "objective": f"{getattr(self.objective, '__module__', '')}:{objective}",
            "space": self.space.to_json(),
            "strategy": _named(self.strategy),
            "stopper": _named(self.stopper),
            "seed": self.seed,
        }

    def same(self, asked: Json) -> None:
        """Make sure that a log was asked the same.

        Raises:
            StudyError: It was not; the sentence says in what they differ.
        """
        mine = self.facts()
        differing = [name for name in _COMPARED if asked.get(name) != mine[name]]
        if _renamed(str(asked.get("objective", "")), str(mine["objective"])):
            differing.append("objective")
        if differing:
            raise StudyError(
                f"{self.store} holds another search (it differs in {', '.join(differing)}): give another store=, or "
                "ask for the same again to go on with it."
            )

    def make_strategy(self) -> Strategy:
        """Return the parent, made for the space where it was named; one that can take the objectives is given them."""
        if not isinstance(self.strategy, str):
            return self.strategy
        made = resolve(catalog.find("strategy", self.strategy).path)
        strategy: Strategy = (
            made(self.space, objectives=self.ways)
            if self.objectives and _takes(made, "objectives")
            else made(self.space)
        )
        return strategy

    @property
    def hands_on_weights(self) -> bool:
        """Whether children go on with the weights of others, as far as the catalog knows."""
        return isinstance(self.strategy, str) and catalog.hands_on_weights(self.strategy)

    def make_stopper(self) -> Stopper:
        """Return what judges reports; `never` where nothing was asked for."""
        if self.stopper is not None and not isinstance(self.stopper, str):
            return self.stopper
        made = resolve(catalog.find("stopper", self.stopper or "never").path)
        stopper: Stopper = made(maximize=self.maximize) if _takes(made, "maximize") else made()
        return stopper


def _renamed(before: str, now: str) -> bool:
    """Say whether two functions have other names; their modules may differ, and what has no name of its own may be
    anything."""
    (_, _, old), (_, _, new) = before.partition(":"), now.partition(":")
    return bool(old) and old != new and "<" not in old + new


def _check_part(kind: str, given: Any, methods: tuple[str, ...]) -> None:
    if given is None and kind == "stopper":
        return
    if isinstance(given, str):
        catalog.find(kind, given)
    elif inspect.isclass(given):
        raise OptionError(f"{given.__name__} is a class: give a {kind} made of it, or the name of one in the catalog.")
    elif not all(callable(getattr(given, name, None)) for name in methods):
        raise OptionError(
            f"A {kind} is a name of the catalog or an object with {' and '.join(methods)}; got {brief(repr(given))}."
        )


def _takes(made: Callable[..., object], name: str) -> bool:
    return name in inspect.signature(made).parameters


def _named(part: object) -> str | None:
    return part if part is None or isinstance(part, str) else type(part).__qualname__
