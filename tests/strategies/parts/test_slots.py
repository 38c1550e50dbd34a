from __future__ import annotations

from random import Random

import numpy as np
import pytest

from byeori.core.deciders import sample
from byeori.core.space import Categorical, Float, Int, OneOf, Record, Repeat
from byeori.strategies.parts.slots import ANSWERS, ORDER, RANGE, Slots
from byeori.testing.spaces import conformance_spaces

SPACES = conformance_spaces()


@pytest.mark.parametrize("name", SPACES)
def test_a_row_says_all_of_a_genome(name: str) -> None:
    space = SPACES[name]
    slots = Slots(space)
    for seed in range(20):
        genome = sample(space, Random(seed))
        row = slots.row(genome)
        again = slots.row(slots.genome(row.tolist()))
        np.testing.assert_allclose(again, row, atol=1e-12)


@pytest.mark.parametrize("name", SPACES)
def test_what_is_not_asked_is_blank(name: str) -> None:
    space = SPACES[name]
    slots = Slots(space)
    rows = np.array([slots.row(sample(space, Random(seed))) for seed in range(20)]).reshape(20, len(slots))
    filled = np.where(np.isnan(rows), 0.0, rows)
    slots.blank(filled)
    np.testing.assert_array_equal(filled, rows)


def test_kinds() -> None:
    questions = [Categorical(["a", "b", "c"]), Categorical([1, 2, 4]), Categorical([True, False]), Int(1, 8),
                 Int(1, 100), Float(0, 1)]  # fmt: skip
    space = Record({f"q{i}": question for i, question in enumerate(questions)})
    assert [slot.kind for slot in Slots(space).slots] == [ANSWERS, ORDER, ANSWERS, ORDER, RANGE, RANGE]


def test_what_has_one_answer_has_no_slot() -> None:
    assert len(Slots(Record({"a": Categorical(["x"]), "b": Int(3, 3), "c": Repeat(Int(1, 1), 2, 2)}))) == 0


def test_what_has_weight_zero_is_blank() -> None:
    space = Record({"net": OneOf({"mean": Record({"a": Int(1, 9)}), "x": Record({}), "y": Record({})},
                                 weights={"mean": 0})})  # fmt: skip
    slots = Slots(space)
    assert len(slots) == 1
    assert np.isnan(slots.row({"net": {"mean": {"a": 3}}})).all()


def test_bounds_of_log_ranges_stay_inside() -> None:
    for question in (Float(1e-4, 0.1, log=True), Int(3, 3000, log=True), Int(10, 1000, step=10)):
        (slot,) = Slots(Record({"q": question})).slots
        for code in (0.0, 0.3, 1.0):
            assert question.accept(slot.answer(code)) == slot.answer(code)
        assert slot.answer(slot.code(question.high)) == question.high
