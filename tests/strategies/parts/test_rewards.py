from __future__ import annotations

from math import inf
from random import Random

import pytest

from byeori.strategies.parts.rewards import DECAY, WINDOW, Rewards


def advantages(losses: list[float]) -> list[float]:
    rewards = Rewards()
    return [rewards.advantage(loss) for loss in losses]


def test_the_scale_of_losses_is_no_matter() -> None:
    dice = Random(0)
    losses = [dice.random() for _ in range(600)]
    assert advantages(losses) == advantages([1e6 * loss**3 - 5 for loss in losses])


def test_no_reward_is_in_its_own_baseline() -> None:
    # rewards of 0, 1, 1: the third is held against the mean of the first two, corrected for having begun at nothing
    expected = 1.0 - 1.0 / (1.0 + DECAY)
    assert advantages([0.5, 0.4, 0.3]) == pytest.approx([0.0, 1.0, expected])


def test_equal_losses_are_neither_better_nor_worse() -> None:
    assert advantages([0.3] * 20) == [0.0] * 20


def test_failures_are_the_worst_there_is_and_push_nobody_up() -> None:
    found = advantages([inf, inf, inf, 0.5, 0.9])
    assert found[:3] == [0.0, 0.0, 0.0]
    assert found[3] == pytest.approx(1.0), "the first that does not fail"
    assert found[4] < found[3]


def test_the_window_forgets() -> None:
    early = advantages([float(n % 7) for n in range(WINDOW)] + [3.0] * WINDOW + [2.0])
    late = advantages([3.0] * WINDOW + [2.0])
    assert early[-1] == pytest.approx(late[-1], abs=0.02)
