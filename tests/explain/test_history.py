from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from byeori.core.jobs import Origin
from byeori.core.space import Float, Int, OneOf, Record
from byeori.explain.history import history, tells
from byeori.testing.spaces import baseline_space, network_space

SPACE = Record({"width": Int(1, 64), "skip": OneOf({"off": Record({}), "on": Record({"gain": Float(0.0, 2.0)})})})


def test_only_children_trained_to_their_end_tell(search) -> None:
    trial = search(SPACE, 1, lambda genome: 0.5)[0]
    assert tells(trial)
    assert tells(replace(trial, reason="deadline"))
    for other in (
        replace(trial, reason="stopped"),
        replace(trial, reason="diverged", value=nan, loss=inf),
        replace(trial, status="running", reason=""),
        replace(trial, origin=Origin(strategy="baseline")),
        replace(trial, origin=Origin(strategy="confirm", parents=(0,))),
    ):
        assert not tells(other)
        assert len(history([trial, other], SPACE)) == 1


def test_a_question_not_asked_has_its_default_in_place(make_trials) -> None:
    genomes = [{"width": w, "skip": {"on": {"gain": g}} if g else {"off": {}}} for w, g in [(1, 0), (2, 0.5), (3, 2.0)]]
    table = history(make_trials(genomes, lambda genome: 0.0), SPACE)
    assert [c.path for c in table.columns] == ["width", "skip", "skip.on.gain"]
    assert table.asked[:, 2].tolist() == [False, True, True]
    assert table.values.tolist() == [[1.0, 0.0, 1.0], [2.0, 1.0, 0.5], [3.0, 1.0, 2.0]]
    assert table.row({"width": 9, "skip": {"off": {}}}).tolist() == [9.0, 0.0, 1.0]


def test_what_never_varied_where_it_was_asked_is_still(make_trials) -> None:
    genomes = [{"width": 1, "skip": {"off": {}}}, {"width": 1, "skip": {"on": {"gain": 0.5}}}]
    table = history(make_trials(genomes, lambda genome: 0.0), SPACE)
    assert [c.path for c in table.columns] == ["skip"]
    assert table.still == ("width", "skip.on.gain")


def test_inside_a_family_are_its_trials_and_its_questions(search) -> None:
    table = history(search(baseline_space(), 60, lambda genome: float("net" in genome)), baseline_space())
    assert table.families == ("net", "trees")
    inside = table.inside("net")
    assert set(inside.losses) == {1.0}
    assert {c.path.partition(".")[0] for c in inside.columns} == {"net"}
    assert len(inside) + len(table.inside("trees")) == len(table) == 60
    with pytest.raises(ValueError, match="'majority' is none of the families"):
        table.inside("majority")


def test_a_space_without_families_has_none(search) -> None:
    assert history(search(network_space(), 10, lambda genome: 0.0), network_space()).families == ()


def test_genomes_alone_give_the_same_questions(search) -> None:
    trials = search(network_space(), 200, lambda genome: 0.0)
    given, guessed = history(trials, network_space()), history(trials)
    assert {c.path for c in given.columns} == {c.path for c in guessed.columns}


def test_no_trials_give_an_empty_table() -> None:
    assert len(history([], SPACE)) == len(history([])) == 0
