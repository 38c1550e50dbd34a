"""What a search learnt: which questions mattered, which ones together, and the path from the default to the winner.

Everything comes from the trials, so from the log alone. It holds for the region this search looked at: a parent that
soon settles on one answer says little about the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from math import isfinite, log2

import numpy as np

from byeori._util.json import Json
from byeori.core.deciders import default
from byeori.core.jobs import DEFAULT
from byeori.core.question import Space
from byeori.core.space import OneOf
from byeori.core.state import Trial
from byeori.explain.ablation import Change, Known, Step, ablation, measured_of
from byeori.explain.columns import BRANCH, LENGTH, SHARE, FloatArray
from byeori.explain.fanova import fanova, interaction
from byeori.explain.forest import TREES, Forest, grow
from byeori.explain.history import Table, history, tells
from byeori.explain.ped_anova import ped_anova

ENOUGH = 20
"""Trials with values below which all of it is a hint."""
_LEAST = 5
"""Trials below which there is nothing to be said."""
_MOST, _HURRIED = 10_000, 1_000
"""Trials looked at, without a limit of time and with one; of more an even selection, and the winner."""
_PAIRED = 8
"""Questions of which the pairs are looked at, the most important ones."""
_BLIND = 0.1
"""A forest that foretells less than this share of the differences is no witness."""
_LOAD, _TREE, _CELL = 1.0, 6e-3, 1e-7
"""Seconds that loading scikit-learn takes, that a tree takes with its share of the pairs, and more of it per trial,
question and halving: twice what was measured on one free core."""
_FEWEST_TREES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """How much one question mattered.

    Args:
        path: The question; `[*]` stands for the number of an item, "" for the root, which is the family.
        kind: `number`, `choice`, `branch`, `share` (of a Repeat's items that took a branch) or `length`.
        trials: How many trials were asked it.
        best: Its share of what sets the best tenth apart (PED-ANOVA); the questions of a region come to 1.
        variance: Share of the forest's variance it explains by itself (fANOVA); None where no forest was grown.
    """

    path: str
    kind: str
    trials: int
    best: float
    variance: float | None

    @property
    def name(self) -> str:
        """The question as people read it."""
        return _name(self.path, self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What two questions, by their names, explain together and neither by itself: a share of the forest's variance."""

    first: str
    second: str
    variance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The questions of one family, or of the whole space where there is but one.

    Args:
        family: Its name; "" for the whole space.
        trials: Trials that say something.
        trees: Of the forest; 0 where none was grown.
        fit: Share of the differences that the forest foretells of trials it has not seen; None without a forest.
        questions: Those that had more than one answer, the most important first.
        pairs: Of the most important questions, the strongest first.
        still: Paths of the questions that had one answer only.
    """

    family: str
    trials: int
    trees: int
    fit: float | None
    questions: tuple[Importance, ...]
    pairs: tuple[Pair, ...]
    still: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What a search learnt.

    Args:
        trials: Trials that say something.
        left_out: Trials that do not: failed, stopped early, baselines, re-evaluations.
        family: Importance of the family where several were bred, or None.
        regions: A region for each family, the one of the winner first.
        path: From the default genome to the winner; empty where there is no forest to choose it by.
        winner: Number of the best trial, or None.
        maximize: Whether the metric is better where it is larger; losses are its negative then.
        cautions: Sentences to be read with it.
    """

    trials: int
    left_out: int
    family: Importance | None
    regions: tuple[Region, ...]
    path: tuple[Step, ...]
    winner: int | None
    maximize: bool
    cautions: tuple[str, ...]

    @property
    def questions(self) -> tuple[Importance, ...]:
        """The family, if it was a question, and the questions of the winner's region, the most important first."""
        inner = self.regions[0].questions if self.regions else ()
        return inner if self.family is None else (self.family, *inner)

    def value(self, step: Step) -> float | None:
        """Return the metric at a step of the path, measured or else foretold; None where neither is."""
        return self._value(step.loss)

    def to_json(self) -> dict[str, Json]:
        """Return it as JSON; each step of the path has metrics, `foretold` and `value`, in place of losses."""
        path = [
            {
                "changed": [asdict(change) for change in step.changed],
                "foretold": self._value(step.foretold),
                "value": self.value(step),
                "trial": step.trial,
            }
            for step in self.path
        ]
        return {
            "trials": self.trials,
            "left_out": self.left_out,
            "family": None if self.family is None else _question(self.family),
            "regions": [
                {**asdict(region), "questions": [_question(question) for question in region.questions]}
                for region in self.regions
            ],
            "path": path,
            "winner": self.winner,
            "cautions": list(self.cautions),
        }

    def _value(self, loss: float) -> float | None:
        if not isfinite(loss):
            return None
        return -loss if self.maximize else loss


def learnt(
    trials: Sequence[Trial], space: Space | None = None, *, maximize: bool = False, seconds: float | None = None
) -> Learnt:
    """Say what a search learnt. The same trials always give the same answer.

    Args:
        trials: All of them, or a selection with the first and the best.
        space: What was asked; without it ranges and options are those that were tried, and any mixture of two genomes
            counts as possible.
        maximize: Whether the metric is better where it is larger.
        seconds: What it may take: the forest is grown smaller, or not at all. None for a whole one (under 10 s).

    Example:
        >>> from byeori.core.jobs import Origin
        >>> trials = [
        ...     Trial(n, {"a": n % 7, "b": n % 5}, Origin(strategy="random"), "ended", "done", l, l, 1, 1.0, 0.1, {})
        ...     for n, l in enumerate([float(n % 7) for n in range(35)])
        ... ]
        >>> found = learnt(trials)
        >>> [(q.path, round(q.variance, 1)) for q in found.questions]
        [('a', 1.0), ('b', 0.0)]
    """
    told = [trial for trial in trials if tells(trial)]
    if len(told) < _LEAST:
        return _nothing(len(trials), len(told), maximize)
    winner = min(told, key=lambda trial: (trial.loss, trial.number))
    looked = _selection(told, winner, _MOST if seconds is None else _HURRIED)
    whole = history(looked, space)
    inner = {name: whole.inside(name) for name in whole.families} or {"": whole}
    home = next(iter(winner.genome)) if whole.families else ""
    names = sorted(
        (n for n in inner if len(inner[n]) >= _LEAST or n == home), key=lambda n: (n != home, -len(inner[n]))
    )
    forests = _forests([inner[n] for n in names], seconds)
    regions = tuple(_region(n, inner[n], f) for n, f in zip(names, forests, strict=True))
    path: tuple[Step, ...] = ()
    if forests[0] is not None:
        path = _path(told, winner, space, inner[home], forests[0])
    return Learnt(
        trials=len(told),
        left_out=len(trials) - len(told),
        family=_family(whole),
        regions=regions,
        path=path,
        winner=winner.number,
        maximize=maximize,
        cautions=_cautions(len(told), regions),
    )


def _nothing(trials: int, told: int, maximize: bool) -> Learnt:
    said = f"{told} of {trials} children trained to their end with a value: too few to learn from."
    return Learnt(
        trials=told,
        left_out=trials - told,
        family=None,
        regions=(),
        path=(),
        winner=None,
        maximize=maximize,
        cautions=(said,),
    )


def _selection(told: Sequence[Trial], winner: Trial, most: int) -> list[Trial]:
    if len(told) <= most:
        return list(told)
    places = np.linspace(0, len(told) - 1, most - 1).round().astype(int)
    return [winner, *(told[i] for i in places if told[i] is not winner)]


def _forests(tables: Sequence[Table], seconds: float | None) -> list[Forest | None]:
    """Return a forest for each table that can have one, as large as the time allows; the first has the first claim."""
    left = np.inf if seconds is None else seconds - _LOAD
    found: list[Forest | None] = []
    for table in tables:
        one = _TREE + _CELL * len(table) * len(table.columns) * log2(max(2, len(table)))
        trees = int(min(TREES if seconds is None else TREES // 2, left / one)) if left > 0 else 0
        usable = trees >= _FEWEST_TREES and len(table) >= _LEAST and bool(table.columns)
        found.append(grow(table, trees=trees) if usable else None)
        left -= one * trees if usable else 0.0
    return found


def _region(family: str, table: Table, forest: Forest | None) -> Region:
    best = _shares(ped_anova(table))
    alone = None if forest is None else fanova(forest)
    questions = [
        Importance(
            path=column.path,
            kind=column.kind,
            trials=int(table.asked[:, j].sum()),
            best=float(best[j]),
            variance=None if alone is None else float(alone[j]),
        )
        for j, column in enumerate(table.columns)
    ]
    order = np.lexsort((-best, -(best if alone is None else alone)))
    pairs: list[Pair] = []
    if forest is not None:
        for j, k in combinations(order[:_PAIRED].tolist(), 2):
            first, second = questions[j].name, questions[k].name
            pairs.append(Pair(first=first, second=second, variance=interaction(forest, j, k)))
    return Region(
        family=family,
        trials=len(table),
        trees=0 if forest is None else len(forest.trees),
        fit=None if forest is None else forest.fit,
        questions=tuple(questions[j] for j in order),
        pairs=tuple(sorted(pairs, key=lambda pair: -pair.variance)),
        still=table.still,
    )


def _question(question: Importance) -> Json:
    return {"name": question.name, **asdict(question)}


def _name(path: str, kind: str) -> str:
    return (path or "family") + {LENGTH: " (how many)", SHARE: " (share of the items)"}.get(kind, "")


def _shares(found: FloatArray) -> FloatArray:
    return found / found.sum() if found.sum() > 0 else found


def _family(whole: Table) -> Importance | None:
    """Return how much the family mattered: the variance between families beside that within them, each family as heavy
    as the next; no forest is needed where one question stands before all others."""
    if not whole.families:
        return None
    root = next(j for j, column in enumerate(whole.columns) if column.kind == BRANCH and not column.path)
    groups = [whole.losses[whole.values[:, root] == place] for place in range(len(whole.families))]
    groups = [group for group in groups if len(group)]
    between = float(np.var([group.mean() for group in groups]))
    within = float(np.mean([group.var() for group in groups]))
    return Importance(
        path="",
        kind=BRANCH,
        trials=len(whole),
        best=float(_shares(ped_anova(whole))[root]),
        variance=between / (between + within) if between + within > 0 else 0.0,
    )


def _path(told: Sequence[Trial], winner: Trial, space: Space | None, table: Table, forest: Forest) -> tuple[Step, ...]:
    def foretell(genomes: Sequence[Json]) -> FloatArray:
        return forest.predict(np.array([table.row(genome) for genome in genomes]))

    measured = measured_of([t.genome for t in told], [t.number for t in told], [t.loss for t in told])
    known = Known(measured=measured, foretell=foretell, space=space)
    start = _start(told, space)
    home = _home(told, winner, space, start)
    path = ablation(home, winner.genome, known)
    if home is start:
        return path
    moved = Change(path="", before=next(iter(start)), after=next(iter(home)))
    return (known.step(start, np.nan, ()), replace(path[0], changed=(moved,)), *path[1:])


def _start(told: Sequence[Trial], space: Space | None) -> Json:
    """Return the default genome: the first trial's that says so, the space's, or the first trial's."""
    said = next((trial.genome for trial in told if trial.origin.strategy == DEFAULT), None)
    if said is not None:
        return said
    return default(space) if space is not None else min(told, key=lambda trial: trial.number).genome


def _home(told: Sequence[Trial], winner: Trial, space: Space | None, start: Json) -> Json:
    """Return the default genome of the winner's family, where the space has families and it is another one."""
    if space is None or not isinstance(space.bare, OneOf) or winner.genome.keys() == start.keys():
        return start
    (family,) = winner.genome
    said = (t.genome for t in told if t.origin.strategy == DEFAULT and family in t.genome)
    return next(said, None) or {family: default(space.bare.branches[family])}


def _cautions(told: int, regions: Sequence[Region]) -> tuple[str, ...]:
    said = []
    if told < ENOUGH:
        said.append(f"Only {told} children trained to their end: take this as a hint, not as a finding.")
    if not any(region.questions for region in regions):
        said.append("No question had more than one answer, so there is nothing to compare.")
    elif regions[0].questions and not regions[0].trees:
        few = regions[0].trials < _LEAST
        why = f"has but {regions[0].trials} children of the winner's family" if few else "had no time to grow"
        said.append(f"The forest {why}: shares of variance, pairs and the path to the winner are left out.")
    for region in regions:
        if region.fit is not None and region.fit < _BLIND:
            of = f" of {region.family}" if region.family else ""
            said.append(
                f"The forest{of} foretells hardly any of the differences between children it has not seen "
                f"(R² {region.fit:.2f}): what it says may be chance."
            )
    return tuple(said)
