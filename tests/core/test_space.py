from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from math import inf, nan
from random import Random

import pytest

from byeori._util.json import Json, dumps, loads, pretty
from byeori.core.deciders import default, sample
from byeori.core.errors import SpaceError
from byeori.core.space import (
    HOLE,
    Categorical,
    Checked,
    Float,
    Int,
    OneOf,
    Record,
    Repeat,
    Space,
    path,
    questions,
)
from byeori.testing.spaces import conformance_spaces

EMPTY = Record({})


@pytest.mark.parametrize(
    ("question", "middle"),
    [
        (Float(0, 1), 0.5),
        (Float(1e-4, 1e-2, log=True), pytest.approx(1e-3)),
        (Float(0, 1, default=0), 0.0),
        (Int(1, 9), 5),
        (Int(1, 2), 1),
        (Int(16, 256, step=16), 128),
        (Int(8, 512, log=True), 64),
        (Int(8, 128, log=True, step=8), 32),
        (Int(1, 9, default=9), 9),
        (Categorical(["a", "b"]), "a"),
        (Categorical(["a", "b"], default="b"), "b"),
        (Categorical(["a", None], default=None), None),
        (Categorical(["a", "b"], default=None), "a"),
        (Categorical([1, True], default=True), True),
        (Categorical(["a", "b"], weights=[0, 1]), "b"),
        (OneOf({"a": EMPTY, "b": EMPTY}), {"a": {}}),
        (OneOf({"a": EMPTY, "b": EMPTY}, weights={"a": 0}), {"b": {}}),
        (OneOf({"a": EMPTY, "b": EMPTY}, default="b"), {"b": {}}),
        (Repeat(Int(1, 9), 2, 4), [5, 5]),
        (Repeat(Int(1, 9), 0, 4, default=1), [5]),
    ],
)
def test_defaults(question: Space, middle: Json) -> None:
    assert default(question) == middle
    assert type(default(question)) is type(middle) or not isinstance(middle, (bool, int))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Float(1, 0), "upside down"),
        (lambda: Float(0, 1, log=True), "no logarithm"),
        (lambda: Float(0, inf), "finite number"),
        (lambda: Float(nan, 1), "finite number"),
        (lambda: Float(-1.7e308, 1.7e308), "spans too much"),
        (lambda: Float(0, 1, default=2), "a number from 0 to 1"),
        (lambda: Float(False, 1), "finite number"),
        (lambda: Float("0", 1), "finite number"),  # type: ignore[arg-type]
        (lambda: Int(0, 2.5), "whole number"),  # type: ignore[arg-type]
        (lambda: Int(16, 100, step=16), "make high 96 or 112"),
        (lambda: Int(1, 9, step=0), "step of an Int"),
        (lambda: Int(1, 9, step=4, default=2), "steps of 4"),
        (lambda: Int(0, 2**60), "2\\^53"),
        (lambda: Int(0, 8, log=True), "no logarithm"),
        (lambda: Categorical([]), "needs options"),
        (lambda: Categorical("abc"), "a list"),
        (lambda: Categorical(["a", "a"]), "each once"),
        (lambda: Categorical([[1]]), "of type list"),
        (lambda: Categorical([nan]), "finite number"),
        (lambda: Categorical(["\ud800"]), "An option is a string"),
        (lambda: Categorical([2**70]), "An option is"),
        (lambda: Categorical(["a"], default="b"), "one of 'a'"),
        (lambda: Categorical([1], default=True), "one of 1"),
        (lambda: Categorical(["a", "b"], weights=[1]), "as many weights"),
        (lambda: Categorical(["a", "b"], weights=[0, 0]), "not all 0"),
        (lambda: Categorical(["a", "b"], weights=[2, -1]), "0 or more"),
        (lambda: Record({"a.b": EMPTY}), "without"),
        (lambda: Record({"a%": EMPTY}), "without"),
        (lambda: Record({"": EMPTY}), "without"),
        (lambda: Record({"a\n": EMPTY}), "without"),
        (lambda: Record({1: EMPTY}), "printable text"),  # type: ignore[dict-item]
        (lambda: Record({"a": 3}), "to be a space"),  # type: ignore[dict-item]
        (lambda: OneOf({}), "needs a branch"),
        (lambda: OneOf({"a": EMPTY}, default="b"), "none of"),
        (lambda: OneOf({"a": EMPTY}, weights={"b": 1}), "name \\['b'\\]"),
        (lambda: Repeat(Int(1, 2), 3, 2), "0 <= low <= high"),
        (lambda: Repeat(Int(1, 2), -1, 2), "0 <= low <= high"),
        (lambda: Repeat(Int(1, 2), 1, 2, default=3), "from 1 to 2"),
        (lambda: Repeat("x", 1, 2), "is a space"),  # type: ignore[arg-type]
        (lambda: Checked(Int(1, 3), lambda genome: "too odd"), "too odd"),
        (lambda: Checked(Int(1, 3), "no"), "takes a space and a function"),  # type: ignore[arg-type]
        (lambda: Space.from_json({"kind": "cube"}), "known `kind`"),
        (lambda: Space.from_json({"kind": "int", "low": 3}), "needs 'high'"),
        (lambda: Space.from_json([]), "known `kind`"),
    ],
)
def test_what_contradicts_itself_is_refused(make: Callable[[], Space], said: str) -> None:
    with pytest.raises(SpaceError, match=said):
        make()


@pytest.mark.parametrize(
    ("question", "taken", "refused"),
    [
        (Float(0, 1), [0, 1, 0.5, -0.0], [-0.1, 1.1, nan, inf, "0.5", None, True, [0.5]]),
        (Int(2, 10, step=2), [2, 4, 10], [1, 3, 12, 4.0, True, "4", None, {}]),
        (Categorical([1, 3, "a", None]), [1, 3, "a", None], [True, 1.0, "b", False, [], {}]),
        (Categorical([True, 0.5]), [True, 0.5], [1, 1.0, None]),
    ],
)
def test_answers_match_by_type_and_bounds(question: Space, taken: list[Json], refused: list[Json]) -> None:
    assert [question.accept(answer) for answer in taken] == taken
    assert all(question.accept(answer) is HOLE for answer in refused)


def test_a_float_is_spelt_one_way() -> None:
    assert dumps(Float(0, 1).accept(1)) == b"1.0"
    assert dumps(Float(0, 1).accept(-0.0)) == b"0.0"


@pytest.mark.parametrize("log", [False, True])
def test_numbers_stay_within_their_bounds(log: bool) -> None:
    rng = Random(0)
    for _ in range(300):
        low = rng.uniform(1e-9, 3.0)
        question = Float(low, low * (1 + rng.random() * 1e-15) if rng.random() < 0.5 else low * 7, log=log)
        assert all(question.low <= question.draw(rng) <= question.high for _ in range(20))
        assert question.low <= question.default <= question.high


def test_whole_numbers_come_up_evenly_up_to_both_ends() -> None:
    rng = Random(0)
    drawn = [Int(1, 5).draw(rng) for _ in range(5000)]
    assert set(drawn) == {1, 2, 3, 4, 5}
    assert all(850 < drawn.count(n) < 1150 for n in range(1, 6))
    stepped = [Int(8, 64, log=True, step=8).draw(rng) for _ in range(5000)]
    assert set(stepped) == set(range(8, 65, 8))
    assert stepped.count(8) > 3 * stepped.count(64)


def test_weights_are_kept() -> None:
    rng = Random(0)
    question = Categorical(["a", "b", "c"], weights=[3, 1, 0])
    drawn = [question.draw(rng) for _ in range(4000)]
    assert 2850 < drawn.count("a") < 3150
    assert "c" not in drawn
    assert {question.other("a", rng) for _ in range(50)} == {"b"}
    assert question.accept("c") == "c"


@pytest.mark.parametrize("question", [Int(1, 4), Int(1, 4, log=True), Int(0, 9, step=3), Categorical([1, True, 1.0])])
def test_a_different_answer_is_every_other_one(question: Space) -> None:
    rng = Random(0)
    for answer in question.values():
        others = {(type(new), new) for new in (question.other(answer, rng) for _ in range(200))}
        assert others == {(type(v), v) for v in question.values()} - {(type(answer), answer)}


@pytest.mark.parametrize("name", conformance_spaces())
def test_a_space_comes_back_from_json(name: str) -> None:
    space = conformance_spaces()[name]
    for data in (space.to_json(), loads(pretty(space.to_json()))):  # pretty sorts keys: the order of parts must survive
        back = Space.from_json(data)
        assert back == space
        assert hash(back) == hash(space)
        assert sample(back, Random(3)) == sample(space.bare, Random(3))


def test_equality_tells_types_and_order_apart() -> None:
    assert Int(1, 3) == Int(1, 3)
    assert Int(1, 3) != Float(1, 3)
    assert Categorical([1, 2]) != Categorical([True, 2])
    assert Record({"a": EMPTY, "b": EMPTY}) != Record({"b": EMPTY, "a": EMPTY})
    assert Checked(Int(1, 3), lambda genome: None) == Int(1, 3)
    assert Int(1, 3) != "Int(1, 3)"


def test_a_space_never_changes() -> None:
    space = Record({"a": Int(1, 3)})
    with pytest.raises(AttributeError, match="never changes"):
        space.names = ("b",)
    parts: dict[str, Space] = {"a": Int(1, 3)}
    kept = Record(parts)
    parts["b"] = Int(1, 3)
    assert kept.names == ("a",)


@pytest.mark.parametrize("name", ["flat", "network", "baseline"])
def test_a_space_is_copied_whole(name: str) -> None:
    space = conformance_spaces()[name]
    for twin in (copy.deepcopy(space), pickle.loads(pickle.dumps(space))):
        assert twin == space
        assert sample(twin, Random(1)) == sample(space, Random(1))


@pytest.mark.parametrize(
    ("space", "size", "still"),
    [
        (Record({"a": Int(1, 3), "b": Categorical([1, 2])}), 6, False),
        (OneOf({"a": Int(1, 3), "b": EMPTY, "c": Int(1, 9)}, weights={"c": 0}), 4, False),
        (Repeat(Int(1, 2), 1, 3), 2 + 4 + 8, False),
        (Repeat(EMPTY, 2, 4), 3, False),
        (Repeat(EMPTY, 2, 2), 1, True),
        (Float(0, 1), None, False),
        (Float(1, 1), 1, True),
        (Repeat(Int(1, 10), 0, 30), None, False),
        (EMPTY, 1, True),
    ],
)
def test_size_and_room(space: Space, size: int | None, still: bool) -> None:
    assert space.size == size
    assert (space.room == 0) is still


def test_paths_and_questions() -> None:
    space = Record(
        {"blocks": Repeat(OneOf({"conv": Record({"width": Int(1, 3)}), "pool": EMPTY}), 1, 2), "rate": Int(1, 2)}
    )
    assert [name for name, _ in questions(space)] == ["blocks", "blocks[%]", "blocks[%].conv.width", "rate"]
    assert path(("blocks", 1, "conv", "width")) == "blocks[1].conv.width"
    assert path(()) == ""


def test_a_check_inside_another_space_is_kept_and_counted() -> None:
    even = Checked(Int(1, 8, default=2), lambda genome: "odd" if genome % 2 else None)
    space = Record({"net": OneOf({"a": Repeat(even, 1, 3)})})
    assert space.checked
    assert space.problem({"net": {"a": [2, 4]}}) is None
    assert space.problem({"net": {"a": [2, 3]}}) == "odd"
    assert even.refused == 1
    rng = Random(0)
    for _ in range(50):
        assert all(n % 2 == 0 for n in sample(space, rng)["net"]["a"])
    assert even.refused > 10


def test_a_check_around_a_check_asks_both() -> None:
    inner = Checked(Int(1, 9), lambda genome: "small" if genome < 3 else None)
    outer = Checked(inner, lambda genome: "large" if genome > 7 else None)
    assert [outer.problem(n) for n in (1, 5, 9)] == ["small", None, "large"]
