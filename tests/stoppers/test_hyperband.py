from __future__ import annotations

from collections import Counter

import pytest

from byeori.stoppers.hyperband import Hyperband, brackets
from byeori.stoppers.never import Never
from byeori.testing.stoppers import StopperConformance


class TestHyperband(StopperConformance):
    def make(self, maximize):
        return Hyperband(maximize=maximize)


class TestHyperbandWithPauses(StopperConformance):
    def make(self, maximize):
        return Hyperband(maximize=maximize, promote=True)


def test_the_table_of_the_paper():
    table = brackets(3, 4)
    assert [bracket.trials for bracket in table] == [81, 34, 15, 8, 5]
    assert [81 * bracket.first for bracket in table] == pytest.approx([1, 3, 9, 27, 81])


def test_trials_are_dealt_out_in_the_shares_of_the_table_and_evenly():
    stopper = Hyperband(maximize=False, grace=1 / 81)
    first = Counter(stopper.bracket_of(trial) for trial in range(143))
    assert [first[bracket] for bracket in range(5)] == [81, 34, 15, 8, 5]
    early = Counter(stopper.bracket_of(trial) for trial in range(29))
    assert [early[bracket] for bracket in range(5)] == pytest.approx([16.4, 6.9, 3.0, 1.6, 1.0], abs=1.0)


@pytest.mark.parametrize("promote", [False, True])
def test_four_tenths_of_the_epochs_find_the_same_best(search, promote):
    whole = search(Never(), trials=200)
    halved = search(Hyperband(maximize=False, promote=promote), trials=200)
    assert halved.epochs <= 0.4 * whole.epochs
    assert halved.found == whole.found


def test_the_last_bracket_judges_nobody(search):
    stopper = Hyperband(maximize=False)
    found = search(stopper)
    ended = [t for t in found.state.trials() if stopper.bracket_of(t.number) == 3]
    assert ended
    assert {t.reason for t in ended} == {"done"}
