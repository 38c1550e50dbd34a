"""The table of all that has a name: what it is, where it lies, one line about it.

Other people's plug-ins come through the same door: an entry point in the group `byeori.strategies`,
`byeori.stoppers`, `byeori.executors`, `byeori.modalities`, `byeori.families` or `byeori.learners` names a `Row`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from itertools import chain
from typing import Any

from byeori._util.lazy import resolve
from byeori.core.errors import OptionError, did_you_mean

IMAGES = "images"
TABLES = "tables"
KINDS = ("strategy", "stopper", "executor", "modality", "family", "learner")
ABILITIES = {
    "objectives": "several objectives",
    "fidelities": "fidelities",
    "real": "real questions",
    "parallel": "parallel",
}
"""What a strategy makes use of, and in words: several objectives, partial trainings, the order of real questions, many
workers."""
_GROUPS = {
    "strategy": "byeori.strategies",
    "stopper": "byeori.stoppers",
    "executor": "byeori.executors",
    "modality": "byeori.modalities",
    "family": "byeori.families",
    "learner": "byeori.learners",
}
PLURALS = {kind: group.removeprefix("byeori.") for kind, group in _GROUPS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the catalog.

    Args:
        kind: One of `KINDS`.
        name: What users type and files carry.
        path: Dotted path `module:name`.
        summary: One line for `byeori catalog`.
        learner: Families: catalog name of the learner that trains them.
        modalities: Families: what they can learn from, best first.
        searched: Families: the modalities for which parents breed them; elsewhere they are baselines.
        can: Strategies: what they make use of, of `ABILITIES`.
    """

    kind: str
    name: str
    path: str
    summary: str
    learner: str = ""
    modalities: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    can: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"Row {self.name!r} is of kind {self.kind!r}; known: {', '.join(KINDS)}.")
        if unknown := sorted(set(self.can) - set(ABILITIES)):
            raise ValueError(f"Row {self.name!r} can {', '.join(unknown)}; known: {', '.join(ABILITIES)}.")
        if ":" not in self.path:
            raise ValueError(f"Row {self.name!r} has the path {self.path!r}; expected `module:name`.")

    @property
    def abilities(self) -> str:
        """What it makes use of, in words."""
        return ", ".join(words for ability, words in ABILITIES.items() if ability in self.can)


_STRATEGIES = (
    Row(
        kind="strategy",
        name="council",
        path="byeori.strategies.council:Council",
        summary="Several parents, each as often as it earned lately, beside a share of chance.",
        can=("real", "parallel"),
    ),
    Row(
        kind="strategy",
        name="random",
        path="byeori.strategies.random:RandomSearch",
        summary="Every child at random: the control every other parent is held against.",
        can=("parallel",),
    ),
    Row(
        kind="strategy",
        name="evolution",
        path="byeori.strategies.evolution:Evolution",
        summary="Aging evolution: the young replace the old; a child is a mutant or a crossing of winners.",
        can=("parallel",),
    ),
    Row(
        kind="strategy",
        name="menndl",
        path="byeori.strategies.menndl:Menndl",
        summary="MENNDL's genetic algorithm: steady state, aligned crossing, and a veto learnt from failures.",
        can=("parallel",),
    ),
    Row(
        kind="strategy",
        name="pareto",
        path="byeori.strategies.pareto:Pareto",
        summary="Several objectives: breeds what nobody dominates, as NSGA-II ranks it, without generations.",
        can=("objectives", "parallel"),
    ),
    Row(
        kind="strategy",
        name="controller",
        path="byeori.strategies.controller:Controller",
        summary="A recurrent policy answers question after question, learnt by PPO or REINFORCE; needs torch.",
        can=("real", "parallel"),
    ),
    Row(
        kind="strategy",
        name="tpe-fast",
        path="byeori.strategies.tpe_fast:TpeFast",
        summary="Draws around the best tenth what is unlikely among the rest, at a cost that never grows.",
        can=("real", "parallel"),
    ),
    Row(
        kind="strategy",
        name="surrogate",
        path="byeori.strategies.surrogate:Surrogate",
        summary="A Gaussian process over whole genomes proposes what should improve most: for trials that are dear.",
        can=("real", "parallel"),
    ),
    Row(
        kind="strategy",
        name="tpe",
        path="byeori.strategies.suggested:Tpe",
        summary="Optuna's TPE, multivariate and grouped; its cost grows with the history.",
        can=("real", "parallel"),
    ),
    Row(
        kind="strategy",
        name="cmaes",
        path="byeori.strategies.cma_es:CmaEs",
        summary="CMA-ES over the numbers of a space; options and branches are drawn at random.",
        can=("real", "parallel"),
    ),
    Row(
        kind="strategy",
        name="gp",
        path="byeori.strategies.suggested:Gp",
        summary="Optuna's Gaussian process: for few and dear trials.",
        can=("real", "parallel"),
    ),
    Row(
        kind="strategy",
        name="grid",
        path="byeori.strategies.grid:Grid",
        summary="Every combination, like an odometer: for small spaces of which everything is to be known.",
        can=("parallel",),
    ),
    Row(
        kind="strategy",
        name="sobol",
        path="byeori.strategies.sobol:Sobol",
        summary="Quasi-random: a scrambled Sobol sequence spreads the children evenly over the space.",
        can=("real", "parallel"),
    ),
    Row(
        kind="strategy",
        name="population",
        path="byeori.strategies.population:Population",
        summary="Population-based training: the worst take over weights and recipe of the best, and recipes drift.",
        can=("fidelities", "real", "parallel"),
    ),
)
_STOPPERS = (
    Row(
        kind="stopper",
        name="never",
        path="byeori.stoppers.never:Never",
        summary="Lets every child train to its end.",
    ),
    Row(
        kind="stopper",
        name="asha",
        path="byeori.stoppers.asha:ASHA",
        summary="Asynchronous halving: at 1/27, 1/9 and 1/3 of a training the best third so far goes on.",
    ),
    Row(
        kind="stopper",
        name="hyperband",
        path="byeori.stoppers.hyperband:Hyperband",
        summary="Halving in brackets that begin to judge earlier or later, or never: where early values may mislead.",
    ),
    Row(
        kind="stopper",
        name="pasha",
        path="byeori.stoppers.pasha:PASHA",
        summary="Halving with pauses and a ceiling that rises only while the order of the best is in doubt.",
    ),
    Row(
        kind="stopper",
        name="median",
        path="byeori.stoppers.median:Median",
        summary="Stops what is worse than the median of the others' averages at the same progress.",
    ),
    Row(
        kind="stopper",
        name="patience",
        path="byeori.stoppers.patience:Patience",
        summary="Stops a child that has not become better for three tenths of a training.",
    ),
)
_EXECUTORS = (
    Row(
        kind="executor",
        name="local",
        path="byeori.executors.local:Local",
        summary="A process a child on this machine, killed as a group, with a memory limit.",
    ),
    Row(
        kind="executor",
        name="inline",
        path="byeori.executors.inline:Inline",
        summary="In this process, one after the other: for tests, debugging and objectives that cost nothing.",
    ),
)
_MODALITIES = (
    Row(
        kind="modality",
        name=IMAGES,
        path="byeori.modalities.images.images:Images",
        summary="Pictures: a folder a class, a CSV of paths, npz, idx or arrays.",
    ),
    Row(
        kind="modality",
        name=TABLES,
        path="byeori.modalities.tables.tables:Tables",
        summary="Tables: CSV, TSV, ARFF, Parquet or a DataFrame with a target column.",
    ),
)
_FAMILIES = (
    Row(
        kind="family",
        name="residual",
        path="byeori.families.images.residual:RESIDUAL",
        summary="Residual convolutional networks: stages of basic, bottleneck or inverted blocks.",
        learner="nets",
        modalities=(IMAGES,),
        searched=(IMAGES,),
    ),
    Row(
        kind="family",
        name="chain",
        path="byeori.families.images.chain:CHAIN",
        summary="A variable-length chain of layers, each with its kind, width, kernel and more, as MENNDL evolves it.",
        learner="nets",
        modalities=(IMAGES,),
        searched=(IMAGES,),
    ),
    Row(
        kind="family",
        name="boosted",
        path="byeori.families.plain.boosted:BOOSTED",
        summary="Gradient-boosted trees (LightGBM); on images, over small pixels.",
        learner="boosted",
        modalities=(TABLES, IMAGES),
        searched=(TABLES,),
    ),
    Row(
        kind="family",
        name="mlp",
        path="byeori.families.tables.mlp:MLP",
        summary="Multi-layer perceptrons for tables, with embeddings and piecewise-linear numbers.",
        learner="nets",
        modalities=(TABLES,),
        searched=(TABLES,),
    ),
    Row(
        kind="family",
        name="linear",
        path="byeori.families.plain.linear:LINEAR",
        summary="Logistic or ridge regression.",
        learner="linear",
        modalities=(TABLES, IMAGES),
        searched=(TABLES,),
    ),
    Row(
        kind="family",
        name="majority",
        path="byeori.families.plain.majority:MAJORITY",
        summary="The shares of the classes, or the mean: what any model must beat.",
        learner="majority",
        modalities=(TABLES, IMAGES),
    ),
)
_LEARNERS = (
    Row(
        kind="learner",
        name="nets",
        path="byeori.learners.nets:Nets",
        summary="Trains torch networks: bf16, EMA, cosine under a deadline, checkpoints.",
    ),
    Row(
        kind="learner",
        name="boosted",
        path="byeori.learners.boosted:Boosted",
        summary="Trains LightGBM with early stopping.",
    ),
    Row(
        kind="learner",
        name="linear",
        path="byeori.learners.linear:Linear",
        summary="Fits logistic and ridge regression; predicts with numpy alone.",
    ),
    Row(
        kind="learner",
        name="majority",
        path="byeori.learners.majority:Majority",
        summary="Counts the classes, or takes the mean.",
    ),
)

ROWS: tuple[Row, ...] = (*_STRATEGIES, *_STOPPERS, *_EXECUTORS, *_MODALITIES, *_FAMILIES, *_LEARNERS)
"""What ships with Byeori, in the order in which it is offered."""


def rows(kind: str) -> tuple[Row, ...]:
    """Return the rows of a kind, built-in ones first, then installed plug-ins by name.

    Args:
        kind: One of `KINDS`.

    Example:
        >>> [row.name for row in rows("strategy")][:2]
        ['council', 'random']
    """
    return tuple(row for row in ROWS if row.kind == kind) + tuple(_plugged(kind))


def find(kind: str, name: str) -> Row:
    """Return the row of a name.

    Raises:
        OptionError: There is none; the sentence offers the nearest.

    Example:
        >>> find("family", "chain").learner
        'nets'
    """
    for row in chain((row for row in ROWS if row.kind == kind), _plugged(kind)):
        if row.name == name:
            return row
    raise OptionError(f"Unknown {kind} {name!r}.{did_you_mean(name, [row.name for row in rows(kind)])}")


def hands_on_weights(strategy: str) -> bool:
    """Say whether children of a parent go on with the weights of others, so that more than the best must be kept.

    Example:
        >>> hands_on_weights("population"), hands_on_weights("council")
        (True, False)
    """
    return "fidelities" in find("strategy", strategy).can


def load(kind: str, name: str) -> Any:
    """Return the object a name stands for.

    Raises:
        OptionError: There is no such name.
    """
    return resolve(find(kind, name).path)


def kind_of(word: str) -> str:
    """Return the kind that a word, singular or plural, names.

    Raises:
        OptionError: It names none.

    Example:
        >>> kind_of("strategies"), kind_of("family")
        ('strategy', 'family')
    """
    for kind, plural in PLURALS.items():
        if word in (kind, plural):
            return kind
    raise OptionError(f"Unknown kind {word!r}.{did_you_mean(word, PLURALS.values())}")


def _plugged(kind: str) -> Iterator[Row]:
    """Yield what others have installed; begun only where it is asked for, for it takes some milliseconds."""
    for point in sorted(entry_points(group=_GROUPS[kind]), key=lambda point: point.name):
        row: Row = point.load()
        yield row
