from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from byeori._util.json import Json
from byeori.core.genome import genome_hash
from byeori.core.space import Checked, Float, Int, OneOf, Record, Repeat, Space
from byeori.explain.ablation import Known, ablation, differing, measured_of
from byeori.explain.columns import FloatArray


def known(loss, space: Space | None = None, measured: dict[str, tuple[int, float]] | None = None) -> Known:
    def foretell(genomes: Sequence[Json]) -> FloatArray:
        return np.array([loss(genome) for genome in genomes])

    return Known(measured=measured or {}, foretell=foretell, space=space)


def paths(steps) -> list[list[str]]:
    return [[change.path for change in step.changed] for step in steps]


def test_what_helps_most_comes_first() -> None:
    weight = {"a": 1.0, "b": 3.0, "c": 2.0}
    steps = ablation(
        dict.fromkeys("abc", 1), dict.fromkeys("abc", 0), known(lambda g: sum(weight[k] * g[k] for k in g))
    )
    assert paths(steps) == [[], ["b"], ["c"], ["a"]]
    assert [step.loss for step in steps] == [6.0, 3.0, 1.0, 0.0]


def test_each_step_is_judged_where_the_path_stands() -> None:
    # By itself `b` hurts; once `a` has changed it helps most.
    loss = {(1, 1): 4.0, (0, 1): 3.0, (1, 0): 5.0, (0, 0): 0.0}
    steps = ablation({"a": 1, "b": 1}, {"a": 0, "b": 0}, known(lambda g: loss[g["a"], g["b"]]))
    assert paths(steps) == [[], ["a"], ["b"]]


def test_a_branch_changes_with_all_that_is_asked_in_it() -> None:
    a = {"opt": {"adam": {"rate": 0.1, "decay": 0.0}}, "n": 1}
    b = {"opt": {"sgd": {"rate": 0.5, "momentum": 0.9}}, "n": 2}
    parts = differing(a, b)
    assert [part.change.path for part in parts] == ["opt", "n"]
    assert (parts[0].change.before, parts[0].change.after) == ("adam(rate=0.1, decay=0)", "sgd(rate=0.5, momentum=0.9)")


def test_items_change_together_and_a_list_of_another_length_as_a_whole() -> None:
    a = {"same": [{"conv": {"k": 3, "w": 8}}, {"conv": {"k": 3, "w": 8}}, {"pool": {}}], "more": [1]}
    b = {"same": [{"conv": {"k": 5, "w": 8}}, {"conv": {"k": 7, "w": 8}}, {"conv": {"k": 1, "w": 1}}], "more": [1, 2]}
    found = {part.change.path: part for part in differing(a, b)}
    assert list(found) == ["same[*].conv.k", "same[*]", "more"]
    assert found["same[*].conv.k"].change.after == "5, 7"
    assert found["more"].change.after.startswith("2 items")
    steps = ablation(a, b, known(lambda genome: len(str(genome))))
    assert len(steps) == 4
    assert a["more"] == [1]


def test_what_a_trial_measured_stands_beside_what_is_foretold() -> None:
    middle = {"a": 0, "b": 1}
    measured = measured_of([middle, middle, {"a": 9, "b": 9}], [4, 7, 8], [0.25, 0.5, float("inf")])
    assert measured == {genome_hash(middle): (4, 0.25)}
    steps = ablation({"a": 1, "b": 1}, {"a": 0, "b": 0}, known(lambda g: 2.0 * g["a"] + g["b"], measured=measured))
    assert [(step.trial, step.loss) for step in steps] == [(None, 3.0), (4, 0.25), (None, 0.0)]
    assert [step.foretold for step in steps] == [3.0, 1.0, 0.0]


SPACE = Checked(
    Record({"a": Int(0, 9), "b": Int(0, 9), "c": Float(0.0, 1.0)}),
    lambda genome: "more than 9" if genome["a"] + genome["b"] > 9 else None,
)


def test_a_step_the_space_refuses_waits_for_its_turn() -> None:
    start, goal = {"a": 8, "b": 1, "c": 0.5}, {"a": 0, "b": 9, "c": 0.0}
    steps = ablation(start, goal, known(lambda genome: -genome["b"], SPACE))
    assert paths(steps).index(["a"]) < paths(steps).index(["b"])


def test_steps_none_of_which_may_be_taken_alone_are_taken_together() -> None:
    even = Checked(Record({"a": Int(0, 9), "b": Int(0, 9)}), lambda g: "odd" if (g["a"] + g["b"]) % 2 else None)
    steps = ablation({"a": 0, "b": 0}, {"a": 3, "b": 5}, known(lambda genome: 0.0, even))
    assert paths(steps) == [[], ["a", "b"]]


def test_from_a_genome_to_itself_is_no_step() -> None:
    genome = {"a": [1, {"b": None}]}
    assert paths(ablation(genome, genome, known(lambda genome: 1.0))) == [[]]


@pytest.mark.parametrize(("a", "b"), [({"x": 1}, {"x": True}), ({"x": 1}, {"x": 1.0}), ({"x": None}, {"x": "none"})])
def test_answers_of_another_type_differ(a: Json, b: Json) -> None:
    assert len(differing(a, b)) == 1


def test_a_whole_network_is_walked_and_every_genome_on_the_way_fits(search) -> None:
    item = OneOf({"conv": Record({"w": Int(1, 9)}), "pool": Record({})})
    space = Record({"blocks": Repeat(item, 1, 4), "rate": Float(0.0, 1.0)})
    seen: list[Json] = []

    def loss(genome: Json) -> float:
        seen.append(genome)
        return float(len(str(genome)))

    trials = search(space, 12, lambda genome: 0.0)
    for one, other in pairwise(trials):
        ablation(one.genome, other.genome, known(loss, space))
    assert all(known(loss, space).allows(genome) for genome in seen)
