from __future__ import annotations

from itertools import pairwise
from math import exp, log

import pytest

from byeori.core.space import Categorical, Float, Int, OneOf, Record, Repeat
from byeori.strategies.parts.tokens import ITEMS, LISTED, Vocabulary, item
from byeori.testing.spaces import baseline_space, single_space


def test_what_leaves_no_choice_is_not_asked() -> None:
    space = Record({"a": Int(3, 3), "b": Float(1.0, 1.0), "c": Categorical([1]), "d": Repeat(Int(1, 2), 2, 2)})
    vocabulary = Vocabulary(space)
    assert [asked.question for asked in vocabulary.asked] == [Int(1, 2)]
    assert Vocabulary(single_space()).outputs == 0


def test_items_share_a_question_and_say_which_they_are() -> None:
    tokens = Vocabulary(Repeat(Categorical(["a", "b"]), 0, 5)).read(["b", "a"])
    assert [(t.asked, t.item, t.option) for t in tokens] == [(0, 0, 2), (1, 1, 1), (1, 2, 0)]
    assert item(("x", 2, "y", 7, "z")) == 8
    assert item((10**6,)) == ITEMS - 1


def test_options_of_weight_0_are_no_options() -> None:
    root = Vocabulary(baseline_space()).asked[0]
    assert root.options == ("net", "trees")


def test_true_is_not_one() -> None:
    vocabulary = Vocabulary(Categorical([1, True, 1.0]))
    assert [vocabulary.read(answer)[0].option for answer in (1, True, 1.0)] == [0, 1, 2]


def test_short_ranges_are_listed_and_long_ones_placed() -> None:
    short, long, lengths = Int(1, LISTED), Int(1, LISTED + 1), Repeat(Int(1, 1), 0, 100)
    vocabulary = Vocabulary(Record({"short": short, "long": long, "lengths": lengths}))
    assert [len(asked.options) for asked in vocabulary.asked] == [LISTED, 0, 0]
    tokens = vocabulary.read({"short": 1, "long": 1 + LISTED // 2, "lengths": [1] * 50})
    assert [(t.option, t.place) for t in tokens] == [(0, 0.0), (0, 0.5), (0, 0.5)]


def test_priors_are_chances() -> None:
    vocabulary = Vocabulary(Record({"log": Int(1, 4, log=True), "branch": OneOf({"x": Int(1, 2), "y": Record({})})}))
    counted, branch, _ = vocabulary.asked
    edges = [log(x) for x in (0.5, 1.5, 2.5, 3.5, 4.5)]
    wanted = [(b - a) / (edges[-1] - edges[0]) for a, b in pairwise(edges)]
    assert [exp(p) for p in counted.prior] == pytest.approx(wanted)
    assert [exp(p) for p in branch.prior] == pytest.approx([0.5, 0.5])
