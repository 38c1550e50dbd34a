from __future__ import annotations

from math import exp

import pytest

from byeori.core.errors import OptionError
from byeori.stoppers.asha import ASHA
from byeori.stoppers.never import Never
from byeori.stoppers.pasha import PASHA, noise
from byeori.testing.stoppers import StopperConformance


class TestPASHA(StopperConformance):
    def make(self, maximize):
        return PASHA(maximize=maximize)


def test_where_the_order_is_clear_the_ceiling_stays_low(search):
    stopper = PASHA(maximize=False)
    found = search(stopper)
    assert stopper.ceiling == pytest.approx(1 / 9)
    assert found.found == found.best
    assert found.epochs < search(ASHA(maximize=False, promote=True)).epochs
    assert found.epochs < search(Never()).epochs / 4


def test_where_the_order_changes_the_ceiling_rises(search):
    def crossing(job, progress):
        return abs(job.genome["x"] - 0.3) + exp(-job.genome["speed"] * progress)

    stopper = PASHA(maximize=False)
    search(stopper, curve=crossing)
    assert stopper.ceiling == 1.0


def test_the_best_ends_its_training_whatever_the_ceiling(search):
    found = search(PASHA(maximize=False))
    assert found.state.trial(found.state.best).progress == 1.0


def test_noise_is_the_gap_between_curves_that_cross_and_cross_back():
    apart = {0.1: 3.0, 0.2: 2.0, 0.3: 1.0}
    above = {at: loss + 1.0 for at, loss in apart.items()}
    woven = {0.1: 3.1, 0.2: 1.9, 0.3: 1.2}
    assert noise([apart, above], 90.0) == 0.0
    assert noise([apart, above, woven], 90.0) == pytest.approx(0.2)
    assert noise([], 90.0) == 0.0


def test_options_out_of_range():
    with pytest.raises(OptionError, match="percentile"):
        PASHA(maximize=False, percentile=101.0)
