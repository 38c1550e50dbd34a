from __future__ import annotations

import pytest

from byeori.core.errors import OptionError
from byeori.stoppers.median import Median
from byeori.stoppers.never import Never
from byeori.testing.stoppers import StopperConformance


class TestMedian(StopperConformance):
    def make(self, maximize):
        return Median(maximize=maximize)


def test_fewer_epochs_find_the_same_best(search):
    whole, stopped = search(Never()), search(Median(maximize=False))
    assert stopped.found == whole.best
    assert stopped.epochs <= 0.75 * whole.epochs


def test_nobody_is_judged_before_enough_have_come(search):
    found = search(Median(maximize=False, least=50), trials=40)
    assert {t.reason for t in found.state.trials()} == {"done"}


@pytest.mark.parametrize("options", [{"grace": -0.1}, {"least": 0}])
def test_options_out_of_range(options):
    with pytest.raises(OptionError):
        Median(maximize=False, **options)
