from __future__ import annotations

from math import inf, nan

import numpy as np
import numpy.typing as npt
import pytest

from byeori.core.fronts import crowding, pareto_front, ranks


def _dominates(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> bool:
    return bool((a <= b).all() and (a < b).any())


def _by_force(losses: npt.NDArray[np.float64]) -> list[int]:
    """Rank row by row: a failure is behind all, another row is in the first front that holds nobody who beats it."""
    found = [-1] * len(losses)
    left = [i for i, row in enumerate(losses) if np.isfinite(row).all()]
    front = 0
    while left:
        now = [i for i in left if not any(_dominates(losses[j], losses[i]) for j in left)]
        for i in now:
            found[i] = front
        left = [i for i in left if i not in now]
        front += 1
    return [front if rank < 0 else rank for rank in found]


def _random(seed: int, objectives: int, ties: bool, failures: bool) -> npt.NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    losses = rng.normal(size=(40, objectives))
    if ties:
        losses = np.round(losses)
    if failures:
        losses[rng.integers(40, size=5), rng.integers(objectives, size=5)] = rng.choice([nan, inf, -inf], size=5)
    return losses


@pytest.mark.parametrize("objectives", [1, 2, 3, 5])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("failures", [False, True])
def test_ranks_and_front_as_by_force(objectives: int, ties: bool, failures: bool) -> None:
    for seed in range(8):
        losses = _random(seed, objectives, ties, failures)
        expected = _by_force(losses)
        assert ranks(losses).tolist() == expected
        assert pareto_front(losses).tolist() == [i for i, rank in enumerate(expected) if rank == 0]


def test_equal_rows_are_all_in_the_front() -> None:
    assert pareto_front([[1, 2], [1, 2], [1, 3]]).tolist() == [0, 1]


def test_failures_alone_are_no_front() -> None:
    assert pareto_front([[nan, 1.0], [inf, 0.0]]).tolist() == []
    assert ranks([[nan, 1.0], [inf, 0.0]]).tolist() == [0, 0]
    assert crowding([[nan, 1.0], [inf, 0.0]]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("nothing", [[], np.zeros((0, 3))])
def test_nothing_gives_nothing(nothing: npt.ArrayLike) -> None:
    assert pareto_front(nothing).tolist() == ranks(nothing).tolist() == crowding(nothing).tolist() == []


def test_crowding_is_the_half_perimeter_to_the_neighbours() -> None:
    line = [[0.0, 10.0], [1.0, 6.0], [4.0, 4.0], [10.0, 0.0]]
    assert crowding(line).tolist() == pytest.approx([inf, 0.4 + 0.6, 0.9 + 0.6, inf])


def test_crowding_is_counted_within_each_front() -> None:
    losses = np.array([[0.0, 2.0], [5.0, 9.0], [1.0, 1.0], [2.0, 0.0], [9.0, 5.0]])
    fronts = ranks(losses)
    assert fronts.tolist() == [0, 1, 0, 0, 1]
    assert crowding(losses, fronts).tolist() == [inf, inf, 2.0, inf, inf]


def test_an_objective_on_which_all_agree_says_nothing_of_room() -> None:
    assert crowding([[0.0, 1.0], [1.0, 1.0], [4.0, 1.0]]).tolist() == [inf, 1.0, inf]


def test_neither_order_nor_scale_matters() -> None:
    losses = _random(3, 3, True, True)
    order = np.random.default_rng(1).permutation(len(losses))
    assert ranks(losses[order]).tolist() == ranks(losses)[order].tolist()
    alone = np.unique(_random(4, 2, False, False), axis=0)
    assert crowding(alone * [1e300, 1e-300]).tolist() == pytest.approx(crowding(alone).tolist())


def test_a_large_front_is_quick_enough_to_be_looked_at() -> None:
    x = np.random.default_rng(0).random((200_000, 2))
    front = pareto_front(x)
    best = x[front]
    assert 0 < len(front) < 200
    assert (np.diff(best[np.argsort(best[:, 0])][:, 1]) <= 0).all()


def test_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="row a trial"):
        ranks([1.0, 2.0])
