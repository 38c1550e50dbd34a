from __future__ import annotations

from math import isfinite
from random import Random

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

import byeori
from byeori.core.errors import OptionError, StudyError, TrialError
from byeori.search_study import SearchStudy
from byeori.space import Categorical, Float, Int, OneOf, Record, Repeat

SPACE = Record(
    {
        "rate": Float(1e-4, 1e-1, log=True),
        "act": Categorical(["relu", "gelu", None]),
        "blocks": Repeat(OneOf({"conv": Record({"filters": Int(8, 64)}), "pool": Record({})}), 0, 3),
    }
)


def measure(genome, seed):
    if genome["rate"] > 0.07:
        raise TrialError("too fast")
    return {"error": genome["rate"] + Random(seed).random() / 10, "speed": float(len(genome["blocks"]))}


@pytest.fixture(scope="module")
def several() -> SearchStudy:
    ways = {"error": "min", "speed": "max"}
    return byeori.search(measure, SPACE, strategy="random", trials=60, objectives=ways, confirm=2, repeats=2)


@pytest.fixture(scope="module")
def single() -> SearchStudy:
    return byeori.search(lambda g: g["rate"], SPACE, strategy="random", trials=30, direction="maximize")


@pytest.fixture(autouse=True)
def _no_global_state():
    yield
    assert plt.get_fignums() == [], "pyplot knows nothing of our figures"


def drawn(figure: Figure, tmp_path) -> str:
    """The figure as SVG, whose text is searched."""
    file = tmp_path / "figure.svg"
    with plt.rc_context({"svg.fonttype": "none"}):
        figure.savefig(file)
    return file.read_text(encoding="utf-8")


def test_the_front_is_beaten_by_none(several):
    def beats(a, b):
        a, b = a.facts["objectives"], b.facts["objectives"]
        at_least = a["error"] <= b["error"] and a["speed"] >= b["speed"]
        return at_least and (a["error"] < b["error"] or a["speed"] > b["speed"])

    valued = [t for t in several.trials if isfinite(t.value) and t.number not in several.state.confirms]
    front = several.pareto
    assert front
    for trial in valued:
        assert any(beats(other, trial) for other in valued) != (trial.number in {t.number for t in front})
    assert all(t.number not in several.state.confirms for t in front)


def test_one_objective_has_a_front_of_the_best(single):
    assert single.pareto == [single.best]
    assert single.objectives == {"value": "max"}


def test_a_search_says_what_it_is(single, several):
    assert repr(single) == f"SearchStudy(30 trials, best value {single.best.value:.6g} in trial {single.best.number})"
    assert "best error" in repr(several)
    assert several.space == SPACE
    assert several.failures
    assert all(said == "failed: too fast" for said in several.failures.values())


def test_it_can_be_opened_while_it_runs_and_after(tmp_path):
    store, seen = tmp_path / "log.db", []

    def objective(genome):
        seen.append(len(SearchStudy.open(store).trials))
        return genome["rate"]

    study = byeori.search(objective, SPACE, strategy="random", trials=5, store=store)
    assert seen == [1, 2, 3, 4, 5]
    again = SearchStudy.open(store)
    assert repr(again) == repr(study)
    assert again.space == SPACE
    with pytest.raises(StudyError):
        SearchStudy.open(tmp_path / "nothing.db")


def test_the_frame_has_every_trial(several):
    frame = several.frame()
    assert len(frame) == len(several.trials)
    assert list(frame.columns[:8]) == ["number", "value", "error", "speed", "status", "reason", "seconds", "strategy"]
    assert (frame["strategy"] == "confirm").sum() == 4
    assert frame.loc[frame["reason"] == "done", "error"].notna().all()
    assert {"rate", "act", "blocks[0].conv.filters"} <= set(frame.columns)


def test_the_history_shows_values_the_best_and_failures(several, single, tmp_path):
    said = drawn(several.plot_history(), tmp_path)
    for word in ("best so far", "failed", "60 trials", "error"):
        assert word in said
    (line,) = (line for line in single.plot_history().axes[0].lines if line.get_label() == "best so far")
    best = list(line.get_ydata())
    assert best == sorted(best)
    assert best[-1] == single.best.value


def test_the_front_is_drawn(several, single, tmp_path):
    figure = several.plot_pareto()
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("error", "speed")
    assert f"{len(several.pareto)} of 60 trials" in drawn(figure, tmp_path)
    assert several.plot_pareto(x="speed").axes[0].get_ylabel() == "error"
    with pytest.raises(OptionError, match="Unknown objective 'sped'"):
        several.plot_pareto(y="sped")
    with pytest.raises(OptionError, match="A front needs two objectives"):
        single.plot_pareto()


def test_trials_are_lines_through_their_answers(several, tmp_path):
    figure = several.plot_parallel()
    said = drawn(figure, tmp_path)
    for word in ("rate", "act", "gelu", "None", "error", "chosen"):
        assert word in said
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 2]
    assert len(lines) == sum(isfinite(t.value) and t.number not in several.state.confirms for t in several.trials)
    heights = [y for line in lines for y in line.get_ydata()]
    assert {0.0, 1.0} <= set(heights)
    assert min(heights) < 0, "below the axes: not asked"
    assert max(heights) == 1.0
    two = several.plot_parallel(["rate", "act"])
    assert len(two.axes[0].get_xticks()) == 3
    with pytest.raises(OptionError, match=r"No trial was asked 'rat'\. Did you mean 'rate'"):
        several.plot_parallel(["rat"])


def test_importance_is_drawn_for_each_question(single, tmp_path):
    assert single.learnt.questions[0].path == "rate", "the value is the rate"
    figure = single.plot_importance()
    bars = [bar.get_width() for bar in figure.axes[0].patches]
    assert max(bars) > 0.5
    said = drawn(figure, tmp_path)
    for word in ("rate", "act", "share", "30 trials"):
        assert word in said


def test_figures_of_next_to_nothing(tmp_path):
    study = byeori.search(lambda g: 1.0, SPACE, strategy="random", trials=1)
    for figure in (study.plot_history(), study.plot_parallel(), study.plot_importance()):
        assert drawn(figure, tmp_path)
