from __future__ import annotations

import functools
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from byeori.core import genome as module
from byeori.core.errors import Diverged, OptionError, RunError, TrialError
from byeori.core.jobs import Job, Report
from byeori.learners.objective import Calling, Objective, path_of


def job(**changes: object) -> Job:
    return Job(**{"trial": 3, "learner": "", "family": "", "genome": {"x": 2.0}, "prepared": "", "out": "", **changes})


def values(function, **changes: object) -> list[float | None]:
    return [report.value for report in Calling(function)(job(**changes))]


def reports(function, **changes: object) -> list[Report]:
    return list(Calling(function)(job(**changes)))


@pytest.mark.parametrize(
    "number", [2, 2.0, True, np.float32(2), np.int64(2), np.array(2.0), Fraction(4, 2), Decimal("2")]
)
def test_any_number_is_a_value(number):
    (report,) = reports(lambda genome: number)
    assert type(report.value) is float
    assert (report.value, report.progress, report.step) == (float(number), 1.0, 1)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (None, r"Trial 3: the objective is to give a number; it gave nothing \(None\)"),
        ("0.5", r"Trial 3: .* it gave '0.5' \(str\)"),
        ([0.5], r"Trial 3: .* it gave \[0.5\] \(list\)"),
        (np.ones(1), r"Trial 3: .*\(ndarray\)"),
        ({"error": 1.0}, "Trial 3: .* for several figures name each of them in objectives="),
        (1j, r"Trial 3: .*\(complex\)"),
    ],
)
def test_what_is_no_number_is_refused(said, words):
    with pytest.raises(TrialError, match=words):
        values(lambda genome: said)


@pytest.mark.parametrize("said", [float("nan"), float("inf"), -np.inf, np.float32("nan")])
def test_what_cannot_be_compared_has_diverged(said):
    with pytest.raises(Diverged, match="Trial 3: the objective gave"):
        values(lambda genome: said)


def test_several_objectives_are_facts_and_the_first_is_the_value():
    (report,) = reports(lambda genome: {"params": 10, "error": np.float64(0.5)}, objectives=("error", "params"))
    assert report.value == 0.5
    assert report.facts == {"objectives": {"error": 0.5, "params": 10.0}}
    assert values(lambda genome: 0.25, objectives=("error",)) == [0.25]


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({"error": 1.0}, TrialError, "Trial 3: the objective gave 'error', but objectives= names 'error', 'params'"),
        ({"error": 1.0, "params": 1, "flops": 2}, TrialError, "'flops'"),
        ({}, TrialError, "gave nothing, but"),
        (0.5, TrialError, r"a mapping with 'error', 'params'; it gave 0.5 \(float\)"),
        ({"error": 1.0, "params": "many"}, TrialError, "a number as 'params'; it gave 'many'"),
        ({"error": 1.0, "params": float("nan")}, Diverged, "gave nan as 'params'"),
    ],
)
def test_other_names_than_asked_are_refused(said, error, words):
    with pytest.raises(error, match=words):
        values(lambda genome: said, objectives=("error", "params"))


def test_a_generator_reports_step_by_step():
    def train(genome):
        for step in range(1, 5):
            yield genome["x"] / step, step / 4

    found = reports(train)
    assert [(r.step, r.progress, r.value) for r in found] == [
        (1, 0.25, 2.0),
        (2, 0.5, 1.0),
        (3, 0.75, 2 / 3),
        (4, 1.0, 0.5),
    ]


def test_without_progress_it_is_known_at_the_end():
    def train(genome):
        yield {"a": 2.0, "b": 0}
        yield {"a": 1.0, "b": 0}

    found = reports(train, objectives=("a", "b"))
    assert [(r.step, r.progress, r.value) for r in found] == [(1, 0.0, 2.0), (2, 0.0, 1.0), (2, 1.0, 1.0)]
    assert found[-1].facts == found[-2].facts


def test_what_a_generator_returns_is_its_last_word():
    def train(genome):
        yield 2.0, 0.5
        return 1.0

    assert [(r.step, r.progress, r.value) for r in reports(train)] == [(1, 0.5, 2.0), (2, 1.0, 1.0)]


def test_reports_are_passed_on():
    def train(genome):
        yield Report(step=7, progress=0.5, metrics={"valid": {"loss": 1.0}}, memory=9, facts={"params": 3})
        yield Report(step=8, progress=1.0, value=np.float32(0.5), seconds=4.0)

    found = reports(train)
    assert found[0].value is None
    assert (found[0].step, found[0].memory, found[0].facts) == (7, 9, {"params": 3})
    assert found[1].value == 0.5
    assert found[1].seconds == 4.0


def test_only_a_part_of_a_training_is_followed():
    done = []

    def train(genome):
        try:
            for step in range(1, 11):
                done.append(step)
                yield float(step), step / 10
        finally:
            done.append("closed")

    assert values(train, until=0.3) == [1.0, 2.0, 3.0]
    assert done == [1, 2, 3, "closed"]


@pytest.mark.parametrize("progress", [-0.1, 1.5, "half", None, float("nan")])
def test_a_progress_beyond_its_ends_is_refused(progress):
    def train(genome):
        yield 1.0, progress

    with pytest.raises(TrialError, match="Trial 3: progress is a share"):
        values(train)


def test_a_generator_without_a_value_is_refused():
    def train(genome):
        yield from ()

    with pytest.raises(TrialError, match="Trial 3: the objective ended without a value"):
        values(train)


def test_it_is_given_what_it_names(tmp_path: Path):
    seen = {}

    def train(genome, seed, *, until, folder, weights_from="none asked", other=5):
        seen.update(seed=seed, until=until, folder=folder, weights_from=weights_from, other=other)
        return 0.0

    out = tmp_path / "a" / "b"
    values(train, seed=17, until=0.5, out=str(out))
    assert seen == {"seed": 17, "until": 0.5, "folder": out, "weights_from": None, "other": 5}
    assert out.is_dir()
    values(train, weights_from=str(tmp_path), out=str(out))
    assert seen["weights_from"] == tmp_path


def test_the_genome_may_be_called_as_one_likes():
    assert values(lambda seed: seed["x"]) == [2.0]
    assert values(lambda genome, **rest: len(rest)) == [0.0]


@pytest.mark.parametrize("function", [lambda: 0.0, lambda genome, data: 0.0, lambda *, genome: 0.0, 5, "f"])
def test_what_cannot_be_called_with_a_genome_is_refused(function):
    with pytest.raises(OptionError, match="objective is"):
        Calling(function)


def test_the_learner_finds_the_function_by_its_path():
    def first(found: Iterator[Report]) -> float | None:
        return next(found).value

    assert first(Objective().train(job(family="byeori.core.genome:genome_key", genome={"a": 1}))) == float(
        module.genome_key({"a": 1})
    )
    with pytest.raises(RunError, match="leaves no model"):
        Objective().load(None, None)


def outer():
    def inner(genome):
        return 0.0

    return inner


class Callable:
    def __call__(self, genome):
        return 0.0

    def method(self, genome):
        return 0.0


def impostor(genome):
    return 0.0


impostor.__module__, impostor.__qualname__ = "byeori.core.genome", "describe"


def script(genome):
    return 0.0


script.__module__ = "__main__"


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda genome: 0.0, "it is a lambda"),
        (outer(), "'inner' is defined inside another function"),
        (functools.partial(module.describe, width=3), "is no function that a module defines"),
        (Callable(), "is no function that a module defines"),
        (Callable().method, "names something else"),
        (impostor, "byeori.core.genome:describe names something else"),
        (script, "'script' stands in the script that is run"),
    ],
)
def test_what_other_processes_cannot_import_is_refused(function, words):
    with pytest.raises(OptionError, match=words) as caught:
        path_of(function)
    assert "objective.py" in str(caught.value), "it says what to do"
