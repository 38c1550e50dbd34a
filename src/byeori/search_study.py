"""What a search found: its trials, the best of them, the front of several objectives, a table, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from byeori import plots
from byeori.core import events as ev
from byeori.core.errors import OptionError, StudyError
from byeori.core.fronts import pareto_front
from byeori.core.protocols import Store
from byeori.core.space import Space
from byeori.core.state import State, Trial
from byeori.engine.confirm import Confirmed, confirmed
from byeori.engine.replay import replay_log
from byeori.explain.learnt import Learnt, learnt
from byeori.frame import trial_frame
from byeori.stores.sqlite import SQLiteStore

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class SearchStudy:
    """A search of a function of a genome, as its log tells it.

    Args:
        state: What the log says.
        store: The log.

    Attributes:
        state: As given.
        interrupted: Whether Ctrl-C ended the search in this very call.

    Raises:
        StudyError: The log is that of no such search.
    """

    def __init__(self, state: State, store: Store) -> None:
        if not state.asked or "space" not in state.asked:
            raise StudyError(f"{store} holds no search: give the store= of a `byeori.search`.")
        self.state = state
        self.interrupted = False
        self._store = store

    @staticmethod
    def open(path: str | Path) -> SearchStudy:
        """Open the store of a search that runs or has ended.

        Args:
            path: The file.

        Raises:
            StudyError: There is none.
            StoreError: It cannot be read.
        """
        store = SQLiteStore(path, readonly=True)
        return SearchStudy(replay_log(store), store)

    @property
    def space(self) -> Space:
        """The questions; a check around them is code, and not in a log."""
        return Space.from_json(self.state.asked["space"])

    @property
    def objectives(self) -> Mapping[str, str]:
        """Name → "min" or "max" of what was measured; the first is the value."""
        return dict(self.state.asked["objectives"])

    @property
    def trials(self) -> Sequence[Trial]:
        """Every trial in the order of its number, further evaluations included."""
        return list(self.state.trials())

    @cached_property
    def confirmed(self) -> Sequence[Confirmed]:
        """The trials that were evaluated again with other seeds, best mean first."""
        return confirmed(self.state)

    @property
    def best(self) -> Trial | None:
        """The best trial by its value, or, where some were confirmed, by the mean of their further evaluations; by the
        first objective of several. None where no trial has a value."""
        leader = next((row.number for row in self.confirmed if row.n), self.state.best)
        return None if leader is None else self.state.trial(leader)

    @property
    def pareto(self) -> Sequence[Trial]:
        """The trials that no other one beats in one objective without losing in another, best value first."""
        numbers, losses = self._losses()
        front = sorted(pareto_front(losses), key=lambda i: tuple(losses[i]))
        return [self.state.trial(numbers[i]) for i in front]

    @cached_property
    def failures(self) -> Mapping[int, str]:
        """Trial → why it has no value to be trusted: the reason, and what was raised; read from the log."""
        said: dict[int, str] = {}
        for event in self._store.read():
            if event.kind == ev.ENDED and not isfinite(self.state.value(event.trial)):
                data = event.data
                said[event.trial] = f"{data['reason']}: {data['message']}" if data["message"] else data["reason"]
        return said

    @cached_property
    def learnt(self) -> Learnt:
        """Which questions mattered, which ones together, and the path from the default genome to the winner; takes some
        seconds."""
        return learnt(self.trials, self.space, maximize=self.state.maximize)

    def frame(self) -> pd.DataFrame:
        """Return a row a trial: number, value, the objectives where there are several, status, reason, seconds,
        strategy, and a column for the answer to each question, called by its path."""
        names = list(self.objectives) if len(self.objectives) > 1 else []
        return trial_frame(self.state.trials(), names)

    def plot_history(self) -> Figure:
        """Draw every value in the order of the trials, and the best so far.

        Returns:
            A figure of matplotlib: `figure.savefig("history.png")`.
        """
        return plots.history(self._searched(), self._label(), maximize=self.state.maximize)

    def plot_pareto(self, x: str | None = None, y: str | None = None) -> Figure:
        """Draw two objectives against each other, and the front of all of them.

        Args:
            x: Name of an objective; the first where it is not given.
            y: Name of another; the second where it is not given.

        Raises:
            OptionError: There is but one objective, or none of that name.
        """
        names = list(self.objectives)
        if len(names) < 2:
            raise OptionError("A front needs two objectives: search with objectives={name: 'min' or 'max', …}.")
        x = x or names[0]
        y = y or next(name for name in names if name != x)
        for name in (x, y):
            if name not in names:
                raise OptionError(f"Unknown objective {name!r}: there are {', '.join(names)}.")
        return plots.pareto(self._searched(), self.pareto, x, y)

    def plot_parallel(self, questions: Sequence[str] = ()) -> Figure:
        """Draw each trial as a line through its answers, the better the darker.

        Args:
            questions: Paths as in `frame()`; the ten that most trials were asked where none are given.

        Raises:
            OptionError: No trial was asked such a question.
        """
        return plots.parallel(
            self._searched(), questions, self._label(), maximize=self.state.maximize, space=self.space
        )

    def plot_importance(self) -> Figure:
        """Draw how much each question mattered: its share of what sets the best tenth apart, and of the differences
        between all trials; of several objectives, for the first."""
        return plots.importance(self.learnt)

    def __repr__(self) -> str:
        best = self.best
        found = "no value yet" if best is None else f"best {self._label()} {best.value:.6g} in trial {best.number}"
        return f"SearchStudy({len(self.state)} trials, {found})"

    def _searched(self) -> list[Trial]:
        """The trials of the search itself."""
        return [trial for trial in self.state.trials() if trial.number not in self.state.confirms]

    def _label(self) -> str:
        return next(iter(self.objectives))

    def _losses(self) -> tuple[list[int], np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
        """Return the trials with a value, and their losses, a row each."""
        trials = [trial for trial in self._searched() if isfinite(trial.loss)]
        ways = self.objectives
        if len(ways) == 1:
            rows = [[trial.loss] for trial in trials]
        else:
            signs = {name: -1.0 if way == "max" else 1.0 for name, way in ways.items()}
            rows = [[sign * trial.facts["objectives"][name] for name, sign in signs.items()] for trial in trials]
        return [trial.number for trial in trials], np.array(rows, dtype=np.float64).reshape(len(rows), len(ways))
