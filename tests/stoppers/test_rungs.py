from __future__ import annotations

from math import inf, nan

import pytest

from byeori.core.errors import OptionError
from byeori.core.protocols import Decision
from byeori.stoppers.rungs import Rungs, levels, loss_of


def decide(rungs: Rungs, trial: int, progress: float, loss: float) -> Decision:
    return rungs.decide(rungs.arrive(trial, progress, loss), loss)


def test_rungs_lie_where_a_whole_training_divides() -> None:
    assert levels(3, 1 / 27) == pytest.approx((1 / 27, 1 / 9, 1 / 3))
    assert levels(4, 0.02) == pytest.approx((1 / 16, 1 / 4))
    assert levels(3, 0.5) == ()


@pytest.mark.parametrize(("eta", "grace"), [(1.0, 0.1), (0.5, 0.1), (3.0, 0.0), (3.0, 1.5), (nan, 0.1)])
def test_options_out_of_range(eta: float, grace: float) -> None:
    with pytest.raises(OptionError):
        levels(eta, grace)


def test_the_first_to_arrive_goes_on_and_then_one_in_eta() -> None:
    rungs = Rungs((0.1,), 3, pauses=False)
    said = [decide(rungs, n, 0.1, loss) for n, loss in enumerate([5.0, 6.0, 4.0, 4.5, 4.4, 3.0, 3.5])]
    go, stop = Decision.GO_ON, Decision.STOP
    assert said == [go, stop, go, stop, stop, go, go]


def test_with_pauses_nobody_goes_on_before_eta_have_come() -> None:
    rungs = Rungs((0.1,), 3, pauses=True)
    said = [decide(rungs, n, 0.1, loss) for n, loss in enumerate([2.0, 3.0, 4.0, 1.0])]
    assert said == [Decision.PAUSE] * 3 + [Decision.GO_ON]
    assert rungs.promote({0, 1, 2}) is None  # the fourth, which went on at once, has taken the one place
    decide(rungs, 4, 0.1, 9.0)
    decide(rungs, 5, 0.1, 9.0)
    assert rungs.promote({0, 1, 2, 4, 5}) == 0


def test_the_highest_rung_is_promoted_first_and_nobody_twice() -> None:
    rungs = Rungs((0.1, 0.3), 2, pauses=True)
    for number in range(8):
        decide(rungs, number, 0.1, float(number))
    for number in (0, 1):
        decide(rungs, number, 0.3, float(number))
    assert rungs.promote(set(range(8))) == 0
    assert rungs.promote(set(range(1, 8))) == 2  # one in two of the upper rung, then of the lower
    assert rungs.promote({1, 7}) is None


def test_one_that_reports_seldom_is_noted_at_every_rung_it_jumped_over() -> None:
    rungs = Rungs((0.1, 0.3), 3, pauses=False)
    for number in range(6):
        decide(rungs, number, 0.1, 1.0 + number)
    assert decide(rungs, 6, 0.5, 1.5) is Decision.GO_ON
    assert decide(rungs, 7, 0.5, 9.0) is Decision.STOP
    fresh = Rungs((0.1, 0.3), 3, pauses=False)
    decide(fresh, 0, 0.1, 1.0)
    assert decide(fresh, 1, 0.5, 2.0) is Decision.STOP  # first at the upper rung, and yet judged by the lower


def test_a_rung_is_reached_once() -> None:
    rungs = Rungs((0.1, 0.3), 3, pauses=False)
    assert list(rungs.arrive(4, 0.099999, 1.0)) == [0]
    assert list(rungs.arrive(4, 0.2, 9.0)) == []
    assert list(rungs.arrive(4, 0.333333, 1.0)) == [1]


def test_no_number_is_the_worst_there_is() -> None:
    assert (loss_of(nan, True), loss_of(inf, True), loss_of(None, False)) == (inf, inf, None)
