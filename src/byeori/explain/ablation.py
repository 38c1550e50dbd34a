"""The ablation path: from the default genome to the winner, one question at a time, each time the one that helps most.

What differs between the two is cut into steps that can be taken in any order: an answer; a branch with all that is
asked in it; the items of a Repeat whose number changes; the same question of several items together. The next step is
the one after which the forest foretells the least loss, greedily, as far as the space allows it.

Sources: Fawcett & Hoos 2016 (https://doi.org/10.1007/s10732-014-9275-9), ablation between configurations; Biedenkapp et
al. 2017 (https://ojs.aaai.org/index.php/AAAI/article/view/10657), with a surrogate in place of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from byeori._util.json import Json
from byeori.core.deciders import replay
from byeori.core.dice import same
from byeori.core.errors import GenomeError
from byeori.core.genome import describe, genome_hash
from byeori.core.question import Space
from byeori.explain.columns import FloatArray

_WIDTH = 60
At = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One question answered otherwise.

    Args:
        path: The question; `[*]` stands for the numbers of several items, "" for the root.
        before: What was answered, in words.
        after: What is answered now.
    """

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A genome on the path.

    Args:
        changed: What was changed to come here; nothing at the start, several where none may change alone.
        foretold: Its loss by the forest, less is better; NaN where the forest does not know its like. Compare steps by
            this one: a measured loss beside a foretold one differs by the noise of a training too.
        loss: As measured, else as foretold.
        trial: The trial that measured it; None where none has.
    """

    changed: tuple[Change, ...]
    foretold: float
    loss: float
    trial: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of losses.

    Args:
        measured: Hash of a genome → the trial and the loss it had.
        foretell: Genomes → losses.
        space: What a genome must fit; None where that is not known.
    """

    measured: Mapping[str, tuple[int, float]]
    foretell: Callable[[Sequence[Json]], FloatArray]
    space: Space | None = None

    def allows(self, genome: Json) -> bool:
        """Say whether the space allows a genome."""
        if self.space is None:
            return True
        try:
            replay(self.space, genome)
        except GenomeError:
            return False
        return True

    def step(self, genome: Json, foretold: float, changed: tuple[Change, ...]) -> Step:
        """Return a genome as a step, with its measured loss where a trial had just this genome."""
        trial, loss = self.measured.get(genome_hash(genome), (None, foretold))
        return Step(changed=changed, foretold=foretold, loss=loss, trial=trial)


def ablation(start: Json, goal: Json, known: Known) -> tuple[Step, ...]:
    """Return the path from one genome to another, both among the steps.

    Args:
        start: Usually the default genome.
        goal: Usually the winner.
        known: What losses are chosen and shown by.

    Example:
        >>> import numpy as np
        >>> known = Known(measured={}, foretell=lambda genomes: np.array([g["a"] + 2.0 * g["b"] for g in genomes]))
        >>> [s.changed[0].path for s in ablation({"a": 1, "b": 1}, {"a": 0, "b": 0}, known) if s.changed]
        ['b', 'a']
    """
    left = differing(start, goal)
    path = [known.step(start, float(known.foretell([start])[0]), ())]
    here = start
    while left:
        tried = [(part, _with(here, part.places, goal)) for part in left]
        allowed = [(part, genome) for part, genome in tried if known.allows(genome)]
        if allowed:
            losses = known.foretell([genome for _, genome in allowed])
            best = int(losses.argmin())
            part, here = allowed[best]
            changed: tuple[Change, ...] = (part.change,)
            left.remove(part)
            foretold = float(losses[best])
        else:  # none of them may change alone
            here, changed, left = goal, tuple(part.change for part in left), []
            foretold = float(known.foretell([goal])[0])
        path.append(known.step(here, foretold, changed))
    return tuple(path)


@dataclass(frozen=True, slots=True)
class Part:
    """What changes in one step: where in the genome, and the change in words."""

    change: Change
    places: tuple[At, ...]


def differing(a: Json, b: Json) -> list[Part]:
    """Return what differs between two genomes, cut into parts that can change in any order.

    Args:
        a: From.
        b: To.

    Example:
        >>> a = {"rate": 0.1, "act": {"relu": {}}, "widths": [8, 8]}
        >>> [part.change.path for part in differing(a, {"rate": 0.1, "act": {"gelu": {}}, "widths": [16, 32]})]
        ['act', 'widths[*]']
    """
    found: dict[str, list[At]] = {}
    _compare(a, b, (), "", found)
    return [Part(_change(a, b, path, places), tuple(places)) for path, places in found.items()]


def _compare(a: Json, b: Json, at: At, path: str, found: dict[str, list[At]]) -> None:
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        for key, old in a.items():
            _compare(old, b[key], (*at, key), f"{path}.{key}" if path else key, found)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (old, new) in enumerate(zip(a, b, strict=True)):
            _compare(old, new, (*at, i), f"{path}[*]", found)
    elif isinstance(a, dict | list) or isinstance(b, dict | list) or not same(a, b):
        found.setdefault(path, []).append(at)


def _change(a: Json, b: Json, path: str, places: Sequence[At]) -> Change:
    old, new = ([_said(_at(genome, at)) for at in places] for genome in (a, b))
    return Change(path=path, before=_joined(old), after=_joined(new))


def _said(answer: Json) -> str:
    if isinstance(answer, list):
        return f"{len(answer)} item{'' if len(answer) == 1 else 's'}: {describe(answer, _WIDTH)}"
    return describe(answer, _WIDTH)


def _joined(said: Sequence[str]) -> str:
    text = ", ".join(said)
    return text if len(text) <= 2 * _WIDTH else text[: 2 * _WIDTH - 1] + "…"


def _at(genome: Json, at: At) -> Json:
    for key in at:
        genome = genome[key]
    return genome


def _with(genome: Json, places: Sequence[At], goal: Json) -> Json:
    """Return a genome with some of its places as in another; what does not change is shared."""
    for at in places:
        genome = _put(genome, at, goal)
    return genome


def _put(genome: Json, at: At, goal: Json) -> Json:
    if not at:
        return goal
    out = genome.copy()
    out[at[0]] = _put(genome[at[0]], at[1:], goal[at[0]])
    return out


def measured_of(
    genomes: Sequence[Json], numbers: Sequence[int], losses: Sequence[float]
) -> dict[str, tuple[int, float]]:
    """Return genome hash → trial and loss, the first trial of a genome, of those with a loss.

    Args:
        genomes: Of the trials.
        numbers: Of the trials.
        losses: Of the trials.
    """
    found: dict[str, tuple[int, float]] = {}
    for genome, number, loss in zip(genomes, numbers, losses, strict=True):
        if isfinite(loss):
            found.setdefault(genome_hash(genome), (number, loss))
    return found
