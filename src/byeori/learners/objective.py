"""Any function of a genome as a learner: it is called, and what it returns or yields becomes reports.

The function takes the genome, and of `seed`, `until`, `folder` and `weights_from` what it names among its parameters:

    seed          an int, another for each trial and for each further evaluation of one: every die is to follow it
    until         share of a whole training that is asked for, above 0 to 1; 1 is all of it
    folder        a Path of the trial's own: what was left there by a paused or killed attempt is to be gone on from
    weights_from  the `folder` of a trial to begin from, or None

It returns a number, or a mapping with a number for each name in the search's `objectives`. Or it yields such, one for
each step of a training: alone, or as `(number, progress)` with a progress above 0 to 1 (`step / steps`), without which
the progress is not known until the end; or as a `Report` of core.jobs. What a generator returns at its end is its last
word. The last value is the trial's.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from math import isfinite
from numbers import Real
from pathlib import Path
from typing import Any, NoReturn, final

from byeori._util.json import Json
from byeori._util.lazy import resolve
from byeori._util.text import brief
from byeori.core.errors import Diverged, OptionError, RunError, TrialError
from byeori.core.jobs import Job, Member, Report
from byeori.core.schema import Schema

ON_REQUEST = ("seed", "until", "folder", "weights_from")
"""Parameters that are passed to an objective that names them."""
OBJECTIVES = "objectives"
"""The fact of a report under which every objective stands by its name."""
_CLOSE = 1e-9


@final
class Objective:
    """The learner of a search: finds the function that a job names and calls it."""

    def train(self, job: Job) -> Iterator[Report]:
        """Call the function, yielding what it reports."""
        return Calling(resolve(job.family))(job)

    def load(self, member: Member, schema: Schema) -> NoReturn:
        """Refuse: a function leaves no model."""
        raise RunError("A search of a function leaves no model to load: keep what it makes in its `folder`.")


@final
class Calling:
    """A function as what an executor runs.

    Args:
        function: Takes a genome; see the top of this file.

    Raises:
        OptionError: It cannot be called so.

    Example:
        >>> job = Job(trial=3, learner="", family="", genome={"x": 2.0}, prepared="", out="")
        >>> [report.value for report in Calling(lambda genome: genome["x"] ** 2)(job)]
        [4.0]
    """

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function
        self._asks = _asked_for(function)

    @property
    def needs_folder(self) -> bool:
        """Whether it asks for a place of its own."""
        return "folder" in self._asks or "weights_from" in self._asks

    def __call__(self, job: Job) -> Iterator[Report]:
        """Call it for a job.

        Raises:
            TrialError: It gives what is no value.
        """
        began = time.monotonic()
        if self.needs_folder:
            Path(job.out).mkdir(parents=True, exist_ok=True)
        said = self._function(job.genome, **{name: _given(name, job) for name in self._asks})
        if isinstance(said, Iterator):
            yield from _followed(said, job, began)
        else:
            yield _report(said, job, step=1, progress=1.0, began=began)


def path_of(function: Callable[..., object]) -> str:
    """Return the dotted path under which another process finds a function.

    Raises:
        OptionError: There is none; the sentence says what to do.

    Example:
        >>> from byeori.core.genome import describe
        >>> path_of(describe)
        'byeori.core.genome:describe'
    """
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not module or not name:
        why = f"{brief(repr(function))} is no function that a module defines"
    elif "<lambda>" in name:
        why = "it is a lambda"
    elif "<locals>" in name:
        why = f"{name.rpartition('.')[2]!r} is defined inside another function"
    elif module == "__main__":
        why = f"{name!r} stands in the script that is run (or the notebook), which they do not run again"
    elif not _leads_to(f"{module}:{name}", function):
        why = f"{module}:{name} names something else"
    else:
        return f"{module}:{name}"
    raise OptionError(
        f"Other processes import the objective, and cannot import this one: {why}. Write it with `def` at the top of a "
        "module of its own (objective.py) and import it from there, or leave it to executor='inline'."
    )


def _leads_to(path: str, function: object) -> bool:
    try:
        return resolve(path) is function
    except ImportError:
        return False


def _asked_for(function: Callable[..., object]) -> tuple[str, ...]:
    """Return which parameters on request a function names, having made sure that it needs no others."""
    if not callable(function):
        raise OptionError(f"The objective is a function of a genome; got {brief(repr(function))}.")
    try:
        signature = inspect.signature(function)
    except ValueError:  # some functions written in C do not say what they take
        return ()
    named = {
        n for n, p in list(signature.parameters.items())[1:] if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    }
    asks = tuple(name for name in ON_REQUEST if name in named)
    try:
        signature.bind(None, **dict.fromkeys(asks))
    except TypeError as error:
        written = brief(f"{getattr(function, '__name__', 'it')}{signature}")
        raise OptionError(
            f"The objective is called with the genome, and with those of {', '.join(ON_REQUEST)} that it names; "
            f"{written} cannot be ({error})."
        ) from None
    return asks


def _given(name: str, job: Job) -> object:
    if name == "seed":
        return job.seed
    if name == "until":
        return job.until
    if name == "folder":
        return Path(job.out)
    return None if job.weights_from is None else Path(job.weights_from)


def _followed(said: Iterator[object], job: Job, began: float) -> Iterator[Report]:
    """Follow a training to where it was to stop, or to its end."""
    step, progress, last = 0, 0.0, None
    try:
        while True:
            try:
                word = next(said)
            except StopIteration as end:
                returned = end.value
                break
            step += 1
            if isinstance(word, tuple) and len(word) == 2:
                word, progress = word[0], _progress(word[1], job)
            last = _report(word, job, step=step, progress=progress, began=began)
            progress = last.progress
            yield last
            if job.until < 1.0 and progress >= job.until - _CLOSE:
                return
    finally:
        if isinstance(said, Generator):
            said.close()
    if returned is not None:
        yield _report(returned, job, step=step + 1, progress=1.0, began=began)
    elif last is None:
        raise TrialError(f"Trial {job.trial}: the objective ended without a value: yield or return a number.")
    elif last.progress < 1.0:
        seconds = time.monotonic() - began
        yield Report(step=step, progress=1.0, value=last.value, facts=last.facts, seconds=seconds)


def _report(said: object, job: Job, *, step: int, progress: float, began: float) -> Report:
    if isinstance(said, Report):
        value = None if said.value is None else _number(said.value, job)
        facts = dict(said.facts)
        if job.objectives and value is not None:
            facts[OBJECTIVES] = _objectives(facts.get(OBJECTIVES), job)
        seconds = said.seconds or time.monotonic() - began
        return Report(
            step=said.step,
            progress=_progress(said.progress, job),
            metrics=said.metrics,
            value=value,
            seconds=seconds,
            memory=said.memory,
            facts=facts,
        )
    if not job.objectives:
        return Report(step=step, progress=progress, value=_number(said, job), seconds=time.monotonic() - began)
    if len(job.objectives) == 1 and not isinstance(said, Mapping):
        said = {job.objectives[0]: said}
    named = _objectives(said, job)
    value = named[job.objectives[0]]
    return Report(
        step=step, progress=progress, value=value, seconds=time.monotonic() - began, facts={OBJECTIVES: named}
    )


def _objectives(said: object, job: Job) -> dict[str, Json]:
    asked = ", ".join(map(repr, job.objectives))
    if not isinstance(said, Mapping):
        raise TrialError(f"Trial {job.trial}: the objective is to give a mapping with {asked}; it gave {_shown(said)}.")
    if set(said) != set(job.objectives):
        given = ", ".join(map(repr, said)) or "nothing"
        raise TrialError(
            f"Trial {job.trial}: the objective gave {given}, but objectives= names {asked}: make them the same."
        )
    return {name: _number(said[name], job, f" as {name!r}") for name in job.objectives}


def _number(said: Any, job: Job, name: str = "") -> float:
    if isinstance(said, Real) or (hasattr(said, "__float__") and getattr(said, "ndim", 0) == 0):
        number = float(said)
    elif isinstance(said, Mapping):
        raise TrialError(
            f"Trial {job.trial}: the objective gave {_shown(said)}{name}; for several figures name each of them in "
            "objectives={name: 'min' or 'max'}."
        )
    else:
        raise TrialError(f"Trial {job.trial}: the objective is to give a number{name}; it gave {_shown(said)}.")
    if not isfinite(number):
        raise Diverged(f"Trial {job.trial}: the objective gave {number}{name}, which is no number to compare.")
    return number


def _progress(said: Any, job: Job) -> float:
    if isinstance(said, Real) and 0.0 <= float(said) <= 1.0:
        return float(said)
    raise TrialError(f"Trial {job.trial}: progress is a share above 0 to 1, step / steps; the objective gave {said!r}.")


def _shown(said: object) -> str:
    return "nothing (None)" if said is None else f"{brief(repr(said))} ({type(said).__name__})"
