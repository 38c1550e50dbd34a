"""The figures of the report: mean regret against evaluations, a panel a table."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter
from measured import Measured
from runner import MARKS

COLOURS = {
    "council": "#d62728",
    "evolution": "#2ca02c",
    "menndl": "#98df8a",
    "tpe": "#1f77b4",
    "tpe-fast": "#17becf",
    "controller": "#9467bd",
    "cmaes": "#bcbd22",
    "gp": "#8c564b",
    "random": "#7f7f7f",
    "optuna-tpe-multi": "#ff7f0e",
    "optuna-tpe-uni": "#ffbb78",
    "optuna-nsga2": "#e377c2",
    "hyperopt-tpe": "#000000",
    "nevergrad-ngopt": "#c49c94",
}
"""Who is drawn, in this order; peers are dashed. The others are in the tables."""


def draw(measured: Measured, tables: Sequence[str], file: Path) -> bool:
    """Draw the mean regret (of naval the median) in a band of one standard error; False where nothing is there yet."""
    tables = [table for table in tables if measured.strategies(table)]
    if not tables:
        return False
    wide = min(3, len(tables))
    high = ceil(len(tables) / wide)
    with mpl.rc_context({"svg.hashsalt": "byeori", "font.size": 8, "svg.fonttype": "none"}):
        figure = Figure(figsize=(3.6 * wide, 2.7 * high + 0.5), layout="constrained")
        panels = [figure.add_subplot(high, wide, i + 1) for i in range(len(tables))]
        for panel, table in zip(panels, tables, strict=True):
            _panel(panel, measured, table)
        lines = {line.get_label(): line for panel in panels for line in panel.get_lines()}
        shown = [name for name in COLOURS if name in lines]
        figure.legend([lines[name] for name in shown], shown, loc="outside lower center", ncols=5, frameon=False)
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, metadata={"Date": None})
    return True


def _panel(panel: Axes, measured: Measured, table: str) -> None:
    naval = "naval" in table
    for name, colour in COLOURS.items():
        points = [(mark, measured.estimate(table, name, mark)) for mark in MARKS]
        known = [(mark, e) for mark, e in points if e is not None and e.seeds > 1]
        if not known:
            continue
        marks = [mark for mark, _ in known]
        centre = np.array([e.median if naval else e.mean for _, e in known])
        error = np.array([e.error for _, e in known])
        dashed = "-" in name and name != "tpe-fast"
        panel.plot(marks, centre, "--" if dashed else "-", color=colour, label=name, lw=2 if name == "council" else 1)
        if not naval:
            panel.fill_between(marks, centre - error, centre + error, color=colour, alpha=0.12, lw=0)
    panel.set(title=table + (" (median)" if naval else ""), xscale="log", yscale="log")
    panel.set_xticks([10, 20, 50, 100, 200, 500], labels=["10", "20", "50", "100", "200", "500"])
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    panel.minorticks_off()
    panel.set_xlabel("evaluations")
    panel.set_ylabel("regret")
    panel.grid(alpha=0.25)
