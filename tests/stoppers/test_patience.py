from __future__ import annotations

import pytest

from byeori.core.errors import OptionError
from byeori.stoppers.never import Never
from byeori.stoppers.patience import Patience
from byeori.testing.stoppers import StopperConformance


class TestPatience(StopperConformance):
    def make(self, maximize):
        return Patience(maximize=maximize)


def saturating(job, progress):
    """The worse a trial is, the sooner it stands still."""
    return abs(job.genome["x"] - 0.3) + max(0.0, 1.0 - progress / max(0.05, 0.5 - abs(job.genome["x"] - 0.3)))


def test_what_stands_still_is_stopped_and_the_best_is_not_lost(search):
    whole, stopped = search(Never(), curve=saturating), search(Patience(maximize=False), curve=saturating)
    assert stopped.found == whole.found
    assert stopped.epochs <= 0.75 * whole.epochs


def test_the_value_a_trial_had_stays(search):
    found = search(Patience(maximize=False, patience=0.1), curve=lambda job, progress: 1.0, trials=5)
    stopped = [t for t in found.state.trials() if t.reason == "stopped"]
    assert len(stopped) == 4  # the first child of a study always ends
    assert all(0.1 < t.progress < 0.25 for t in stopped)
    assert all(t.value == 1.0 for t in stopped)


@pytest.mark.parametrize("options", [{"patience": 0.0}, {"patience": 1.5}, {"least": -1.0}])
def test_options_out_of_range(options):
    with pytest.raises(OptionError):
        Patience(maximize=False, **options)
