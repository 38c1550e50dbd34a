"""Figures of a search, drawn with matplotlib without its global state: each call returns a figure of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log10
from typing import TYPE_CHECKING

import numpy as np

from byeori._util.json import Json
from byeori._util.lazy import lazy
from byeori._util.text import brief
from byeori.core.errors import OptionError, did_you_mean
from byeori.core.genome import flatten
from byeori.core.space import Float, Int, Space, questions
from byeori.core.state import Trial
from byeori.explain.learnt import Learnt

if TYPE_CHECKING:
    import matplotlib as mpl
    from matplotlib import figure as figures
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
else:
    mpl = lazy("matplotlib")
    figures = lazy("matplotlib.figure")

_AXES = 10
"""Questions on a figure of parallel coordinates, where none are named."""
_LINES = 500
"""Trials on it: the best ones; more would be a grey wall."""
_TICKS = 8
_SIZE = (8.0, 4.5)
_INK, _MUTED, _ACCENT = "#1d2a35", "#9aa7b1", "#c2512b"
_SPREAD = 1000.0


def history(trials: Sequence[Trial], label: str, *, maximize: bool) -> Figure:
    """Draw each value in the order of the trials, the best so far, and a tick for each failure.

    Args:
        trials: In the order of their numbers.
        label: What the value is called.
        maximize: Whether a larger value is better.
    """
    figure, axes = _new(f"{len(trials):,} trials")
    done = [trial for trial in trials if isfinite(trial.value)]
    failed = [trial.number for trial in trials if trial.status == "ended" and not isfinite(trial.value)]
    if done:
        numbers, values = [trial.number for trial in done], np.array([trial.value for trial in done])
        best = np.maximum.accumulate(values) if maximize else np.minimum.accumulate(values)
        axes.scatter(numbers, values, s=12, color=_MUTED, label="a trial", linewidths=0)
        axes.step(numbers, best, where="post", color=_ACCENT, label="best so far")
        if values.min() > 0 and values.max() / values.min() > _SPREAD:
            axes.set_yscale("log")
    if failed:
        axes.plot(failed, [0.02] * len(failed), "|", color=_INK, label="failed", transform=axes.get_xaxis_transform())
    axes.set(xlabel="trial", ylabel=label)
    if trials:
        axes.legend(frameon=False)
    return figure


def pareto(trials: Sequence[Trial], front: Sequence[Trial], x: str, y: str) -> Figure:
    """Draw two objectives against each other, and the front.

    Args:
        trials: Those with a value are drawn.
        front: Of all objectives, so that with more than two some of it lies behind others here.
        x: Objective on the horizontal axis.
        y: Objective on the vertical axis.
    """
    figure, axes = _new(f"{len(front):,} of {len(trials):,} trials are beaten by none")
    for name, of, size, colour in (("a trial", trials, 12, _MUTED), ("the front", front, 28, _ACCENT)):
        points = [trial.facts["objectives"] for trial in of if isfinite(trial.value)]
        axes.scatter([p[x] for p in points], [p[y] for p in points], s=size, color=colour, label=name, linewidths=0)
    line = sorted((trial.facts["objectives"][x], trial.facts["objectives"][y]) for trial in front)
    axes.plot([a for a, _ in line], [b for _, b in line], color=_ACCENT, linewidth=1, alpha=0.6)
    axes.set(xlabel=x, ylabel=y)
    axes.legend(frameon=False)
    return figure


def parallel(trials: Sequence[Trial], paths: Sequence[str], label: str, *, maximize: bool, space: Space) -> Figure:
    """Draw each of the 500 best trials as a line through its answers and its value, below the axes where not asked.

    Args:
        trials: Those with a value are drawn.
        paths: Questions, as `genome.flatten` calls them; the ten asked most often where none are given.
        label: What the value is called.
        maximize: Whether a larger value is better.
        space: Says which answers are thought of in factors, and the order of options.

    Raises:
        OptionError: No trial was asked such a question.
    """
    done = sorted((trial for trial in trials if isfinite(trial.loss)), key=lambda trial: trial.loss)[:_LINES]
    answers = [flatten(trial.genome) for trial in done]
    asked = Counter(path for of in answers for path in of)
    if done and (unknown := [path for path in paths if path not in asked]):
        raise OptionError(f"No trial was asked {unknown[0]!r}.{did_you_mean(unknown[0], asked)}")
    often = {path for path, _ in asked.most_common(_AXES)}
    shown = list(paths) or [path for path in asked if path in often]
    known = dict(questions(space))
    scales = [_scale([of.get(p) for of in answers if p in of], known.get(re.sub(r"\[\d+\]", "[%]", p))) for p in shown]
    scales.append(_scale([trial.value for trial in done], None))
    figure, axes = _new(f"the {len(done):,} best trials")
    shades = mpl.colormaps["viridis"]
    for rank in reversed(range(len(done))):
        said = [of.get(path, _UNASKED) for of, path in ((answers[rank], path) for path in shown)]
        heights = [scale.height(answer) for scale, answer in zip(scales, [*said, done[rank].value], strict=True)]
        colour = shades(0.95 * rank / max(1, len(done) - 1))
        axes.plot(range(len(heights)), heights, color=colour, linewidth=1.8 if rank == 0 else 0.9, alpha=0.8)
    _axes_of(axes, scales, [*shown, f"{label} ({'most' if maximize else 'least'} is best)"])
    return figure


def importance(found: Learnt) -> Figure:
    """Draw two bars for each of the most important questions: PED-ANOVA's share and fANOVA's.

    Args:
        found: What the search learnt.
    """
    questions = found.questions[:_AXES][::-1]
    figure, axes = _new(f"{found.trials:,} trials")
    places = range(len(questions))
    bars = [("of what sets the best tenth apart", 0.2, _ACCENT, [q.best for q in questions])]
    if any(q.variance is not None for q in questions):
        shares = [q.variance or 0.0 for q in questions]
        bars.append(("of the differences between all trials, by itself", -0.2, _MUTED, shares))
    for label, shift, colour, widths in bars:
        axes.barh([place + shift for place in places], widths, height=0.36, color=colour, label=label)
    axes.set_yticks(places, [_short(q.name) for q in questions], fontsize=8)
    axes.set(xlabel="share", xlim=(0.0, None))
    if questions:
        axes.legend(frameon=False, loc="lower right")
    else:
        axes.text(0.5, 0.5, "\n".join(found.cautions), ha="center", va="center", transform=axes.transAxes, color=_INK)
    return figure


_UNASKED: Json = object()
_BELOW = -0.12


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where answers stand on an axis from 0 to 1: numbers by size, all else side by side."""

    low: float
    high: float
    log: bool
    places: Mapping[str, float] | None

    def height(self, answer: Json) -> float:
        if answer is _UNASKED:
            return _BELOW
        if self.places is not None:
            return self.places[_word(answer)]
        return self._share(float(answer))

    def ticks(self) -> list[tuple[float, str]]:
        if self.places is not None:
            step = max(1, -(-len(self.places) // _TICKS))
            return [(height, brief(word, 16)) for word, height in list(self.places.items())[::step]]
        return [(self._share(x), f"{x:.3g}") for x in dict.fromkeys((self.low, self.high))]

    def _share(self, x: float) -> float:
        if self.low == self.high:
            return 0.5
        if self.log:
            return (log10(x) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return (x - self.low) / (self.high - self.low)


def _scale(answers: Sequence[Json], question: Space | None) -> _Scale:
    if answers and all(isinstance(a, int | float) and not isinstance(a, bool) for a in answers):
        return _Scale(min(answers), max(answers), isinstance(question, Float | Int) and question.log, None)
    options = [_word(option) for option in getattr(question, "options", ())]
    words = list(dict.fromkeys([*(o for o in options if o in set(map(_word, answers))), *map(_word, answers)]))
    return _Scale(0.0, 1.0, False, {word: i / max(1, len(words) - 1) for i, word in enumerate(words)})


def _word(answer: Json) -> str:
    return "chosen" if answer in ({}, []) else str(answer)


def _axes_of(axes: Axes, scales: Sequence[_Scale], names: Sequence[str]) -> None:
    for place, scale in enumerate(scales):
        axes.plot([place, place], [0.0, 1.0], color=_MUTED, linewidth=0.8, zorder=0)
        for height, word in scale.ticks():
            axes.annotate(word, (place, height), (3, 2), textcoords="offset points", fontsize=7, color=_INK)
    axes.set_xticks(range(len(names)), [_short(name) for name in names], rotation=25, ha="right", fontsize=8)
    axes.set_yticks([_BELOW], ["not asked"], fontsize=7)
    axes.set(xlim=(-0.2, len(names) - 0.5), ylim=(_BELOW - 0.05, 1.08))
    axes.tick_params(left=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _short(name: str, width: int = 32) -> str:
    """Return the end of a long path, which says more than its beginning."""
    return name if len(name) <= width else f"…{name[1 - width :]}"


def _new(title: str) -> tuple[Figure, Axes]:
    figure = figures.Figure(figsize=_SIZE, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=10, color=_INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes
