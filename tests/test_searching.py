from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from random import Random

import numpy as np
import pytest

import byeori
from byeori import catalog
from byeori.core import events as ev
from byeori.core.errors import OptionError, RunError, SpaceError, StudyError
from byeori.core.jobs import CONFIRM
from byeori.core.protocols import Decision
from byeori.search_study import SearchStudy
from byeori.space import Categorical, Checked, Float, Int, OneOf, Record, Repeat, Space
from byeori.stoppers.never import Never
from byeori.strategies.evolution import Evolution
from byeori.testing.spaces import network_space

SPACE = Record({"x": Float(-1.0, 1.0), "net": OneOf({"wide": Record({"width": Int(1, 64)}), "none": Record({})})})
X = Float(0.0, 1.0).to_json()
STRATEGIES = [row.name for row in catalog.ROWS if row.kind == "strategy"]


def square(genome):
    return (genome["x"] - 0.25) ** 2 + (0.0 if "none" in genome["net"] else 0.1)


def genomes(study: SearchStudy) -> list[object]:
    return [trial.genome for trial in study.trials]


def search(objective=square, space: Space = SPACE, **changes: object) -> SearchStudy:
    return byeori.search(objective, space, **{"strategy": "random", "trials": 10, **changes})


# ------------------------------------------------------------------------------------------------------- the search


def test_it_is_a_function_however_often_it_is_looked_up():
    assert callable(byeori.search)
    assert byeori.search is byeori.search


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_parent_searches_any_function(name):
    study = search(strategy=name, trials=40, workers=4)
    assert len(study.trials) == 40
    assert study.best.value == min(trial.value for trial in study.trials)
    assert study.best.value <= square(study.trials[0].genome)
    assert study.pareto[0] == study.best


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_parent_takes_a_space_of_lists_and_branches(name):
    study = search(lambda genome: float(len(str(genome))), network_space(), strategy=name, trials=25)
    assert len(study.trials) == 25


def test_the_default_genome_is_the_first_trial():
    study = search(trials=3)
    assert [trial.origin.strategy for trial in study.trials] == ["default", "random", "random"]
    assert study.trials[0].genome == {"x": 0.0, "net": {"wide": {"width": 32}}}


def test_a_default_that_the_check_refuses_is_left_out():
    space = Checked(SPACE, lambda genome: None if genome["x"] > 0 else "not above 0", check_default=False)
    study = search(space=space)
    assert all(genome["x"] > 0 for genome in genomes(study))


def test_larger_can_be_better():
    study = search(direction="maximize")
    assert study.best.value == max(trial.value for trial in study.trials)
    assert study.state.maximize


def test_the_same_seed_is_the_same_search_whatever_the_workers():
    assert genomes(search()) == genomes(search(workers=7)) != genomes(search(seed=1))


def test_a_parent_of_ones_own():
    study = search(strategy=Evolution(SPACE, population=3), trials=20)
    assert len(study.trials) == 20
    assert {trial.origin.strategy for trial in study.trials} == {"default", "evolution"}


def test_an_exhausted_space_ends_the_search():
    study = search(lambda genome: float(genome["x"]), Record({"x": Int(1, 4)}), trials=100)
    assert sorted(genome["x"] for genome in genomes(study)) == [1, 2, 3, 4]


def test_time_ends_it():
    def slow(genome):
        time.sleep(0.02)
        return genome["x"]

    began = time.monotonic()
    study = search(slow, trials=None, time=1.0)
    assert len(study.trials) > 5
    assert time.monotonic() - began < 30
    assert study.state.budget == {"trials": None, "seconds": 1.0, "workers": 1}


def test_each_trial_has_a_seed_of_its_own():
    seeds = []

    def noisy(genome, seed):
        seeds.append(seed)
        return Random(seed).random()

    first = search(noisy)
    assert len(set(seeds)) == 10
    assert [t.value for t in search(noisy).trials] == [t.value for t in first.trials]


def test_several_objectives_and_their_front():
    def both(genome):
        return {"error": (genome["x"] - 0.25) ** 2, "speed": genome["x"]}

    study = search(both, objectives={"error": "min", "speed": "max"}, trials=60)
    front = study.pareto
    assert study.best.number == front[0].number
    assert all(t.facts["objectives"]["speed"] >= 0.2 for t in front)
    errors, speeds = zip(*(t.facts["objectives"].values() for t in front), strict=True)
    assert list(errors) == sorted(errors)
    assert list(speeds) == sorted(speeds)


# ------------------------------------------------------------------------------------------------- several fidelities


class Halve(Never):
    """Stops what is worse than 0.2 at its first step; goes on with nothing."""

    def decide(self, trial, report):
        return Decision.STOP if report.value > 0.2 and report.progress < 1.0 else Decision.GO_ON


def test_a_stopper_ends_what_yields_poor_values():
    steps = []

    def train(genome):
        for step in range(1, 5):
            steps.append(step)
            yield square(genome), step / 4

    study = search(train, stopper=Halve(), trials=30)
    stopped = [trial for trial in study.trials if trial.reason == ev.STOPPED]
    assert stopped
    assert all(trial.value > 0.2 and trial.progress == 0.25 for trial in stopped)
    assert steps.count(4) == 30 - len(stopped)


@pytest.mark.parametrize("name", [row.name for row in catalog.ROWS if row.kind == "stopper"])
def test_every_stopper_judges_what_is_yielded(name):
    def train(genome, folder):
        kept = folder / "step"
        done = int(kept.read_text()) if kept.exists() else 0
        for step in range(done + 1, 10):
            kept.write_text(str(step))
            yield square(genome) + 1 / step, step / 9

    study = search(train, stopper=name, trials=20, workers=2)
    assert len(study.trials) == 20
    assert study.best.reason == ev.DONE, "the winner is trained to its end"


def test_a_population_hands_its_weights_on(tmp_path):
    trained = []

    def train(genome, until, folder, weights_from):
        steps = int((weights_from / "steps").read_text()) if weights_from else 0
        while steps < 8 * until:
            steps += 1
            trained.append(steps)
            (folder / "steps").write_text(str(steps))
            yield square(genome) + 1 / steps, steps / 8

    study = search(train, strategy="population", trials=40)
    assert max(trial.progress for trial in study.trials) == 1.0
    assert len(trained) < 40 * 4, "most went on with weights of others"


# ----------------------------------------------------------------------------------------------------------- failures


def test_an_objective_that_fails_ends_its_trial_and_not_the_study():
    said = [
        lambda: 1 / 0,
        lambda: float("nan"),
        lambda: "0.5",
        lambda: None,
        lambda: {"error": 1.0},
        lambda: 0.5,
    ]
    count = iter(said)
    study = search(lambda genome: next(count)(), trials=6)
    reasons = [trial.reason for trial in study.trials]
    assert reasons == [ev.FAILED, ev.DIVERGED, ev.FAILED, ev.FAILED, ev.FAILED, ev.DONE]
    assert study.best.value == 0.5
    assert "ZeroDivisionError" in study.failures[0]
    assert "Trial 1: the objective gave nan" in study.failures[1]
    assert "Trial 2: the objective is to give a number; it gave '0.5' (str)" in study.failures[2]
    assert "Trial 3: the objective is to give a number; it gave nothing (None)" in study.failures[3]
    assert "Trial 4" in study.failures[4]
    assert "objectives=" in study.failures[4]


def test_a_search_whose_every_trial_fails_says_the_first_reason(tmp_path):
    def fails(genome):
        raise KeyError("weights")

    for store in (None, tmp_path / "log.db"):
        with pytest.raises(RunError, match=r"All 5 trials failed; the first, trial 0, .*KeyError: 'weights'"):
            search(fails, trials=5, store=store)
    assert len(SearchStudy.open(tmp_path / "log.db").failures) == 5, "what was logged is kept"


def test_a_mapping_with_other_names_names_the_trial():
    with pytest.raises(RunError, match=r"Trial 0: the objective gave 'acc', but objectives= names 'error'"):
        search(lambda genome: {"acc": 1.0}, objectives={"error": "min"}, trials=3)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"trials": None}, OptionError, "A search needs an end: give trials=, or time="),
        ({"trials": 0}, OptionError, "trials is a whole number of 1 or more; got 0"),
        ({"trials": 2.5}, OptionError, "trials is a whole number"),
        ({"trials": True}, OptionError, "trials is a whole number"),
        ({"time": 0.0}, OptionError, "time is 1 second or more; got 0"),
        ({"time": float("nan")}, OptionError, "time is 1 second or more"),
        ({"workers": 0}, OptionError, "workers is a whole number of 1 or more"),
        ({"confirm": -1}, OptionError, "confirm is a whole number of 0 or more"),
        ({"repeats": 0}, OptionError, "repeats is a whole number of 1 or more"),
        ({"seed": "x"}, OptionError, "The seed is a whole number"),
        ({"strategy": "evoluton"}, OptionError, "Unknown strategy 'evoluton'. Did you mean 'evolution'"),
        ({"strategy": Evolution}, OptionError, "Evolution is a class: give a strategy made of it"),
        ({"strategy": 5}, OptionError, "A strategy is a name of the catalog or an object with ask and tell; got 5"),
        ({"stopper": "nevr"}, OptionError, "Unknown stopper 'nevr'. Did you mean 'never'"),
        ({"stopper": Never}, OptionError, "Never is a class"),
        ({"executor": "locl"}, OptionError, "Unknown executor 'locl'. Did you mean 'local'"),
        ({"direction": "up"}, OptionError, "direction is 'minimize' or 'maximize'; got 'up'"),
        ({"objectives": {"error": "less"}}, OptionError, "objectives names each figure"),
        ({"objectives": {}}, OptionError, "objectives names each figure"),
        ({"objectives": ["error"]}, OptionError, "objectives names each figure"),
        ({"objectives": {5: "min"}}, OptionError, "An objective has a name; got 5"),
        ({"objectives": {"a": "max"}, "direction": "maximize"}, OptionError, "leave direction= away"),
        ({"executor": "local"}, OptionError, "it is a lambda"),
        ({"space": {"x": Float(0, 1)}}, SpaceError, "byeori.space"),
        ({"objective": 5}, OptionError, "The objective is a function of a genome; got 5"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(changes, error, words, tmp_path):
    ran = []
    store = tmp_path / "log.db"
    asked = {"objective": lambda genome: ran.append(genome) or 0.0, "space": SPACE, "store": store, **changes}
    with pytest.raises(error, match=words):
        search(**asked)
    assert not ran
    assert not store.exists()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Float(1.0, 0.0), r"low.*high|1.*0"),
        (lambda: Int(5, 3), "5.*3"),
        (lambda: Repeat(Int(1, 2), 3, 1), "3 and 1"),
        (lambda: Categorical([]), "needs options"),
        (lambda: OneOf({}), "needs a branch"),
        (lambda: Float(0.0, 1.0, log=True), "log"),
        (lambda: Int(0, 8, log=True), "log"),
        (lambda: Space.from_json({"kind": "record", "parts": [["x", X], ["x", X]]}), "'x' stands twice"),
        (lambda: Space.from_json({"kind": "oneof", "branches": [["x", X], ["x", X]]}), "'x' stands twice"),
        (lambda: Record([("x", Float(0, 1)), ("x", Int(0, 1))]), "a mapping, name → space"),
        (lambda: Record({"a.b": Float(0, 1)}), "'a.b'"),
    ],
)
def test_a_space_that_contradicts_itself_is_refused_by_name(make, words):
    with pytest.raises(SpaceError, match=words):
        make()


def test_a_space_from_a_file_names_the_path_of_what_is_wrong():
    inner = {"kind": "record", "parts": [["rate", X | {"log": True}]]}
    items = {"kind": "repeat", "item": inner, "low": 1, "high": 2, "default": 1}
    with pytest.raises(SpaceError, match=r"^net\[%\]\.rate: Float.low=0.0"):
        Space.from_json({"kind": "record", "parts": [["net", items]]})


# --------------------------------------------------------------------------------------------------- going on, Ctrl-C


def test_the_same_call_goes_on_and_other_calls_are_refused(tmp_path):
    store = tmp_path / "log.db"
    search(store=store, trials=4)
    assert genomes(search(store=store, trials=10)) == genomes(search(trials=10))
    assert len(search(store=store, trials=10).trials) == 10, "trials is the total"
    with pytest.raises(StudyError, match=r"differs in seed\)"):
        search(store=store, seed=1)
    with pytest.raises(StudyError, match=r"differs in space, strategy\)"):
        search(store=store, space=Record({"x": Float(0, 1), "net": OneOf({"none": Record({})})}), strategy="evolution")
    with pytest.raises(StudyError, match=r"differs in objectives\)"):
        search(store=store, direction="maximize")


def one(genome):
    return genome["x"] ** 2


def another(genome):
    return genome["x"] ** 3


def test_another_function_is_another_search(tmp_path):
    space = Record({"x": Float(0, 1)})
    byeori.search(one, space, strategy="random", trials=3, store=tmp_path / "s.db")
    with pytest.raises(StudyError, match=r"differs in objective\)"):
        byeori.search(another, space, strategy="random", trials=3, store=tmp_path / "s.db")


@pytest.mark.parametrize(
    "wrong", [{"strategy": None}, {"time": "3", "trials": None}, {"objectives": {"a": ["min"]}}, {"trials": "x"}]
)
def test_what_is_no_argument_is_one_sentence(wrong):
    with pytest.raises(OptionError):
        byeori.search(one, Record({"x": Float(0, 1)}), **{"trials": 3, **wrong})


def test_a_log_of_something_else_is_refused(table_study, tmp_path):
    with pytest.raises(StudyError, match="holds another search"):
        search(store=table_study.folder / "events.db")
    with pytest.raises(StudyError, match="holds no search"):
        SearchStudy.open(table_study.folder / "events.db")


SCRIPT = """
import os, signal, sys
import byeori
from byeori.space import Float, Int, OneOf, Record

SPACE = Record({"x": Float(-1.0, 1.0), "net": OneOf({"wide": Record({"width": Int(1, 64)}), "none": Record({})})})
calls = 0

def objective(genome):
    global calls
    calls += 1
    if calls > int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return (genome["x"] - 0.25) ** 2

byeori.search(objective, SPACE, strategy=sys.argv[1], trials=30, store=sys.argv[2], workers=int(sys.argv[4]), confirm=2)
"""


@pytest.mark.parametrize(("name", "workers"), [*((name, 1) for name in STRATEGIES), ("random", 4)])
def test_killed_again_and_again_it_goes_on(tmp_path, name, workers):
    script, store = tmp_path / "script.py", tmp_path / "log.db"
    script.write_text(SCRIPT)
    ends = []
    for survives in (9, 17, 99):
        done = subprocess.run(
            [sys.executable, script, name, store, str(survives), str(workers)],
            capture_output=True,
            text=True,
            check=False,
        )
        ends.append(done.returncode)
    assert ends == [-signal.SIGKILL, -signal.SIGKILL, 0], done.stderr
    study = SearchStudy.open(store)
    searched = [trial for trial in study.trials if trial.origin.strategy != CONFIRM]
    assert [trial.reason for trial in study.trials] == [ev.DONE] * 36
    assert max(trial.attempt for trial in searched) <= 3
    if name == "random":
        assert [trial.genome for trial in searched] == genomes(search(trials=30)), "exactly those of an unbroken run"


def test_ctrl_c_while_the_objective_works_keeps_the_study(tmp_path):
    count = iter(range(100))

    def objective(genome):
        if next(count) == 5:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        return 0.5

    store = tmp_path / "log.db"
    before = signal.getsignal(signal.SIGINT)
    study = search(objective, store=store, confirm=3)
    assert signal.getsignal(signal.SIGINT) is before
    assert study.interrupted
    assert [trial.status for trial in study.trials] == ["ended"] * 5 + ["running"]
    assert study.best.value == 0.5
    assert not study.confirmed
    again = search(store=store)
    assert not again.interrupted
    assert genomes(again) == genomes(search())


def test_ctrl_c_twice_is_meant(monkeypatch):
    def objective(genome):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        except KeyboardInterrupt:
            os.kill(os.getpid(), signal.SIGINT)
        return 0.5

    with pytest.raises(KeyboardInterrupt):
        search(objective)


def test_a_thread_can_search_too():
    found = []
    thread = threading.Thread(target=lambda: found.append(search()))
    thread.start()
    thread.join()
    assert genomes(found[0]) == genomes(search())


# ---------------------------------------------------------------------------------------------------------- processes


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A module of objectives that other processes can import."""
    code = """
        import os

        def square(genome, seed, folder):
            folder.joinpath("seed").write_text(str(seed))
            return (genome["x"] - 0.25) ** 2 + 1e-6 * (seed % 100)

        def dies(genome):
            if genome["x"] < 0:
                os.kill(os.getpid(), 9)
            yield {"error": genome["x"], "pid": os.getpid()}, 1.0
    """
    (tmp_path / "byeori_objectives_of_a_test.py").write_text(textwrap.dedent(code))
    monkeypatch.syspath_prepend(tmp_path)
    return __import__("byeori_objectives_of_a_test")


def test_processes_do_the_same_as_this_one(module, tmp_path):
    store = tmp_path / "log.db"
    inline = search(module.square, trials=6)
    local = search(module.square, trials=6, executor="local", workers=2, store=store, confirm=1, repeats=2)
    assert genomes(local)[:6] == genomes(inline)
    assert [trial.value for trial in local.trials][:6] == [trial.value for trial in inline.trials]
    assert local.confirmed[0].n == 2
    kept = tmp_path / "log.db-files" / "trials" / "00" / "0005" / "seed"
    assert kept.is_file(), "an objective that asks for a folder finds it again"


def test_a_child_that_dies_is_no_harm(module):
    study = search(module.dies, trials=8, executor="local", workers=2, objectives={"error": "min", "pid": "max"})
    reasons = {trial.reason for trial in study.trials}
    assert reasons == {ev.DONE, ev.CRASHED}
    assert all(trial.facts["objectives"]["pid"] != os.getpid() for trial in study.trials if trial.reason == ev.DONE)
    assert study.best.value >= 0


# ------------------------------------------------------------------------------------------------------- confirmation


def test_the_winner_is_chosen_by_fresh_evaluations():
    def lucky(genome, seed):
        return square(genome) + Random(seed).gauss(0.0, 0.3)

    study = search(lucky, trials=40, confirm=5, repeats=4)
    assert len(study.trials) == 60
    assert [row.n for row in study.confirmed] == [4] * 5
    assert study.best.number == study.confirmed[0].number
    assert study.best.origin.strategy != CONFIRM
    means = [row.mean for row in study.confirmed]
    assert means == sorted(means)
    lowest = study.state.trial(study.state.best).value
    assert lowest < min(means), "what was chosen for being low is not as low as it looked"
    for row in study.confirmed:
        assert row.low < row.mean < row.high


def test_confirmation_ends_within_the_time():
    def slow(genome):
        time.sleep(0.05)
        return square(genome)

    study = search(slow, trials=None, time=3.0, confirm=3, repeats=2)
    assert [row.n for row in study.confirmed] == [2, 2, 2]
    assert np.isfinite(study.best.value)
