"""The three questions with one answer: Float, Int, Categorical."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from math import exp, isfinite, sqrt
from random import Random

from byeori._util.json import Json
from byeori.core.dice import Dice, number, ordered, same, scalar, scale, whole
from byeori.core.errors import SpaceError
from byeori.core.question import HOLE, Space


class Float(Space):
    """A number in a range; use it for rates and strengths.

    Args:
        low: Smallest answer.
        high: Largest answer.
        log: Draw evenly in the logarithm; for what is thought of in factors, such as a learning rate.
        default: The middle (of the logarithms, with `log`) unless named.

    Raises:
        SpaceError: The bounds or the default contradict each other.

    Example:
        >>> round(Float(1e-4, 1e-2, log=True).default, 6)
        0.001
    """

    kind = "float"
    is_leaf = True
    low: float
    high: float
    log: bool
    default: float

    def __init__(self, low: float, high: float, *, log: bool = False, default: float | None = None) -> None:
        low, high = number("low", low), number("high", high)
        ordered("Float", low, high, log)
        if not isfinite(high - low):
            raise SpaceError(f"Float(low={low}, high={high}) spans too much: bring the bounds nearer.")
        base, span = scale(low, high, log)
        self._fix(low=low, high=high, log=bool(log), room=float(low < high), size=1 if low == high else None)
        draw = partial(_log_float, low, high, base, span) if log else partial(_even_float, low, high, span)
        self._fix(draw=draw, sample=draw, default=(low + high) / 2)
        if default is not None:
            self._fix(default=number("default", default))
            if self.accept(self.default) is HOLE:
                raise SpaceError(f"The default {default!r} of a Float is not {self.wants()}.")
        elif log:
            self._fix(default=min(max(exp(base + span / 2), low), high))

    def to_json(self) -> dict[str, Json]:
        """Return the question as JSON."""
        return {"kind": "float", "low": self.low, "high": self.high, "log": self.log, "default": self.default}

    @classmethod
    def _read(cls, data: Json) -> Float:
        return cls(data["low"], data["high"], log=data["log"], default=data["default"])

    def other(self, answer: Json, rng: Random) -> float:
        """Draw a different one."""
        new: float = self.draw(rng)
        while new == answer:
            new = self.draw(rng)
        return new

    def accept(self, answer: Json) -> Json:
        """Return the answer as it is to be written, or HOLE."""
        if isinstance(answer, (float, int)) and not isinstance(answer, bool) and self.low <= answer <= self.high:
            return float(answer) + 0.0  # -0.0 and 0.0 are one answer, so they have one spelling
        return HOLE

    def values(self) -> Sequence[float]:
        """Return all that can be answered, in order."""
        if self.low == self.high:
            return (self.low,)
        raise SpaceError("A Float has answers without end: use an Int or a Categorical where all are to be tried.")

    def wants(self) -> str:
        """Say in words what an answer must be."""
        return f"a number from {self.low:g} to {self.high:g}"


class Int(Space):
    """A whole number in a range; use it for widths, depths and counts.

    Args:
        low: Smallest answer.
        high: Largest answer; a whole number of steps above `low`.
        log: Draw evenly in the logarithm.
        step: Answers are low, low + step, …
        default: The middle (of the logarithms, with `log`), snapped to a step, unless named.

    Raises:
        SpaceError: Bounds, step or default contradict each other.

    Example:
        >>> Int(8, 128, log=True, step=8).default
        32
    """

    kind = "int"
    is_leaf = True
    low: int
    high: int
    log: bool
    step: int
    default: int

    def __init__(self, low: int, high: int, *, log: bool = False, step: int = 1, default: int | None = None) -> None:
        low, high, step = whole("low", low), whole("high", high), whole("step", step)
        ordered("Int", low, high, log)
        if step < 1:
            raise SpaceError(f"The step of an Int is 1 or more; got {step}.")
        if (high - low) % step:
            near = high - (high - low) % step
            raise SpaceError(
                f"Int(low={low}, high={high}, step={step}) never reaches {high}: make high {near} or {near + step}."
            )
        count = (high - low) // step + 1
        # half a step more at either end, so that the bounds are drawn as often as their neighbours
        base, span = scale(max(low - step / 2, low / 2), high + step / 2, True) if log else (0.0, 0.0)
        self._fix(low=low, high=high, log=bool(log), step=step, room=float(count > 1), size=count)
        draw = partial(_log_int, low, high, step, base, span) if log else partial(_even_int, low, step, count)
        self._fix(draw=draw, sample=draw, default=low + step * ((count - 1) // 2))
        if default is not None:
            self._fix(default=whole("default", default))
            if self.accept(self.default) is HOLE:
                raise SpaceError(f"The default {default!r} of an Int is not {self.wants()}.")
        elif log:
            self._fix(default=low + step * round((sqrt(low) * sqrt(high) - low) / step))

    size: int

    def to_json(self) -> dict[str, Json]:
        """Return the question as JSON."""
        bounds = {"kind": "int", "low": self.low, "high": self.high}
        return {**bounds, "log": self.log, "step": self.step, "default": self.default}

    @classmethod
    def _read(cls, data: Json) -> Int:
        return cls(data["low"], data["high"], log=data["log"], step=data["step"], default=data["default"])

    def other(self, answer: Json, rng: Random) -> int:
        """Draw a different one."""
        if self.log:
            for _ in range(64):
                new: int = self.draw(rng)
                if new != answer:
                    return new
        new = self.low + self.step * int(rng.random() * (self.size - 1))
        return new if new < answer else new + self.step

    def accept(self, answer: Json) -> Json:
        """Return the answer as it is to be written, or HOLE."""
        if answer.__class__ is int and self.low <= answer <= self.high and not (answer - self.low) % self.step:
            return answer
        return HOLE

    def values(self) -> Sequence[int]:
        """Return all that can be answered, in order."""
        return range(self.low, self.high + 1, self.step)

    def wants(self) -> str:
        """Say in words what an answer must be."""
        return f"a whole number from {self.low} to {self.high}" + (f" in steps of {self.step}" if self.step > 1 else "")


class Categorical(Space):
    """One of several options; use it for what has no order, or a handful of values.

    Args:
        options: Strings, numbers, True, False, None. They match by type: `True` is not `1`, and `1` is not `1.0`.
        default: The first option with a weight above 0 unless named.
        weights: How often each is drawn, in proportion; one of weight 0 is never drawn, but allowed in a genome.

    Raises:
        SpaceError: No options, one twice, one that JSON cannot say; a default or weights that do not fit them.

    Example:
        >>> Categorical(["relu", "gelu", None]).default
        'relu'
    """

    kind = "categorical"
    is_leaf = True
    options: tuple[Json, ...]
    default: Json
    weights: tuple[float, ...] | None

    def __init__(
        self, options: Iterable[Json], *, default: Json = HOLE, weights: Sequence[float] | None = None
    ) -> None:
        if isinstance(options, (str, bytes)):
            raise SpaceError(f"The options of a Categorical are a list; got the text {options!r}: write [{options!r}].")
        options = tuple(options)
        for option in options:
            scalar(option)
        index = {(type(option), option): i for i, option in enumerate(options)}
        if not options or len(index) < len(options):
            raise SpaceError(f"A Categorical needs options, each once; got {list(options)!r}.")
        dice = Dice("Categorical", options, weights)
        self._fix(options=options, weights=dice.weights, default=dice.live[0], _index=index)
        self._fix(_dice=dice, _live=dice.live, draw=dice.draw, sample=dice.draw)
        self._fix(room=float(len(dice.live) > 1), size=len(dice.live), guarded=len(dice.live) < len(options))
        # None is an option like any other, and, where it is not, a way to say "not named"
        if default is not HOLE and not (default is None and (type(None), None) not in index):
            if self.accept(default) is HOLE:
                raise SpaceError(f"The default {default!r} of a Categorical is not {self.wants()}.")
            self._fix(default=self.accept(default))

    _index: dict[tuple[type, Json], int]
    _dice: Dice
    _live: tuple[Json, ...]

    def to_json(self) -> dict[str, Json]:
        """Return the question as JSON."""
        weights = None if self.weights is None else list(self.weights)
        return {"kind": "categorical", "options": list(self.options), "default": self.default, "weights": weights}

    @classmethod
    def _read(cls, data: Json) -> Categorical:
        return cls(data["options"], default=data["default"], weights=data["weights"])

    def other(self, answer: Json, rng: Random) -> Json:
        """Draw a different one."""
        return self._dice.other(answer, rng)

    def accept(self, answer: Json) -> Json:
        """Return the answer as it is to be written, or HOLE."""
        try:
            return self.options[self._index[answer.__class__, answer]]
        except (KeyError, TypeError):  # TypeError: a list or a dict, which nothing can look up
            return HOLE

    def values(self) -> Sequence[Json]:
        """Return all that can be answered, in order."""
        return self._live

    def alive(self, answer: Json) -> bool:
        """Say whether an answer keeps clear of every weight of 0."""
        return not self.guarded or any(same(answer, option) for option in self._live)

    def wants(self) -> str:
        """Say in words what an answer must be."""
        shown = ", ".join(repr(option) for option in self.options[:12])
        return f"one of {shown}" + (", …" if len(self.options) > 12 else "")


# How a leaf draws is bound once, with what it needs as arguments: a draw takes two thirds of the time, and a space can
# still be pickled, which it could not with a closure.


def _even_float(low: float, high: float, span: float, rng: Random) -> float:
    x = low + span * rng.random()
    return high if x > high else x  # rounded sums can step over a bound


def _log_float(low: float, high: float, base: float, span: float, rng: Random) -> float:
    x = exp(base + span * rng.random())
    return low if x < low else high if x > high else x  # exp(log(x)) can step over a bound


def _even_int(low: int, step: int, count: int, rng: Random) -> int:
    return low + step * int(rng.random() * count)


def _log_int(low: int, high: int, step: int, base: float, span: float, rng: Random) -> int:
    x = low + step * round((exp(base + span * rng.random()) - low) / step)
    return low if x < low else high if x > high else x
