from __future__ import annotations

from itertools import islice
from random import Random

import pytest

from byeori.core.space import Categorical, Float, Int, OneOf, Record, Repeat, Space, path
from byeori.strategies.parts.unit import answer_at, axes, place_of

NUMBERS = [
    Float(-2.0, 3.0),
    Float(1e-5, 1e3, log=True),
    Int(-3, 7),
    Int(16, 256, step=16),
    Int(1, 1000, log=True),
    Int(8, 256, log=True, step=8),
    Repeat(Int(1, 2), 0, 5),
]


@pytest.mark.parametrize("question", NUMBERS, ids=str)
def test_an_answer_stands_at_its_place(question: Space) -> None:
    rng = Random(1)
    for _ in range(200):
        answer = question.draw(rng)
        found = answer_at(question, place_of(question, answer))
        assert found == pytest.approx(answer) if isinstance(question, Float) else found == answer


@pytest.mark.parametrize("question", NUMBERS, ids=str)
def test_the_ends_are_answers(question: Space) -> None:
    assert [answer_at(question, place) for place in (0.0, 1.0)] == pytest.approx([question.low, question.high])
    assert answer_at(question, -1.0) == answer_at(question, 0.0)


def test_every_option_has_its_share_of_the_range() -> None:
    weighted = Categorical(["a", "b", "c"], weights=[2, 0, 2])
    assert [answer_at(weighted, place) for place in (0.0, 0.49, 0.51, 1.0)] == ["a", "a", "c", "c"]


def test_options_have_no_place() -> None:
    with pytest.raises(TypeError, match="no order"):
        place_of(Categorical([1, 2]), 1)


def test_what_every_genome_is_asked_comes_first() -> None:
    net = Record({"width": Int(1, 9), "skip": OneOf({"on": Record({"gain": Float(0.1, 2.0)}), "off": Record({})})})
    space = Record({"net": OneOf({"cnn": net, "none": Record({}), "old": net}, weights={"old": 0}),
                    "blocks": Repeat(Int(1, 4), 1, 3), "same": Float(1.0, 1.0), "rate": Float(0.0, 1.0)})  # fmt: skip
    assert [path(at) for at, _ in axes(space)] == [
        "net", "blocks", "blocks[0]", "rate", "net.cnn.width", "net.cnn.skip", "blocks[1]", "net.cnn.skip.on.gain",
        "blocks[2]",
    ]  # fmt: skip


def test_endless_repeats_are_unrolled_as_far_as_is_asked() -> None:
    found = [at for at, _ in islice(axes(Repeat(Repeat(Int(1, 2), 0, 10**9), 0, 10**9)), 50)]
    assert len(set(found)) == 50
