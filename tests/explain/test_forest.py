from __future__ import annotations

from random import Random

import numpy as np
import pytest

from byeori.core.space import Categorical, Float, Record
from byeori.explain.forest import fitted, grow
from byeori.explain.history import history
from byeori.testing.spaces import network_space

SPACE = Record({"x": Float(0.0, 4.0), "kind": Categorical(["a", "b", "c", "d", "e"])})


def test_the_leaves_of_a_tree_fill_the_space_once(search) -> None:
    space = network_space()
    table = history(search(space, 80, lambda genome: len(str(genome)) % 7), space)
    for tree in grow(table, trees=4).trees:
        assert np.prod(tree.high - tree.low, axis=1).sum() == pytest.approx(1.0)


def test_the_boxes_say_what_the_trees_say(search) -> None:
    table = history(search(SPACE, 100, lambda g: g["x"] + 3 * (g["kind"] in "bd")), SPACE)
    forest = grow(table, trees=8)
    x = (table.values + np.array([0.0, 0.5])) / [4.0, 5.0]  # an option is one wide, its number in the middle
    said = [
        tree.value[(((tree.low <= row) & (row <= tree.high)).all(axis=1)).argmax()]
        for tree in forest.trees
        for row in x
    ]
    assert np.reshape(said, (8, -1)).mean(axis=0) == pytest.approx(forest.predict(table.values), abs=1e-5)


def test_borders_between_options_are_half_way(make_trials) -> None:
    genomes = [{"x": i / 25, "kind": "ac"[i % 2]} for i in range(40)]
    table = history(make_trials(genomes, lambda g: float(g["kind"] == "c")), SPACE)
    edges = {
        e for tree in grow(table, trees=8).trees for e in np.concatenate([tree.low[:, 1], tree.high[:, 1]]).tolist()
    }
    assert edges <= {0.0, 0.2, 0.4, 0.6, 0.8, 1.0}


def test_one_that_diverged_is_not_all_there_is_to_foretell(search) -> None:
    trials = search(SPACE, 200, lambda g: 1e9 if g["kind"] == "e" and g["x"] > 3.7 else g["x"])
    assert grow(history(trials, SPACE)).fit > 0.8


def test_noise_is_not_foretold(search) -> None:
    rng = Random(0)
    assert grow(history(search(SPACE, 200, lambda genome: rng.random()), SPACE)).fit < 0.1


def test_the_same_table_grows_the_same_forest(search) -> None:
    table = history(search(SPACE, 50, lambda g: g["x"]), SPACE)
    one, two = (grow(table, trees=4).predict(table.values) for _ in range(2))
    assert np.array_equal(one, two)


def test_of_many_trials_a_selection_is_taken(search) -> None:
    table = history(search(SPACE, 2500, lambda g: g["x"]), SPACE)
    assert len(grow(table, trees=1).model.estimators_samples_[0]) == 2000


def test_a_forest_needs_something_to_grow_from(search) -> None:
    with pytest.raises(ValueError, match="two trials and a question; got 1 and 0"):
        grow(history(search(SPACE, 1, lambda genome: 1.0), SPACE))


def test_trials_none_of_which_was_left_out_by_a_tree_have_no_fit(search) -> None:
    table = history(search(SPACE, 2, lambda g: g["x"]), SPACE)
    assert fitted(table.columns, table.values, table.losses, trees=1).fit <= 1.0
