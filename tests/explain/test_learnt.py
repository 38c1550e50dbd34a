from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from byeori._util.json import Json, dumps
from byeori.core.jobs import Origin
from byeori.core.space import Float, Int, Record
from byeori.explain.learnt import learnt
from byeori.testing.spaces import baseline_space, flat_space, network_space
from byeori.testing.strategies import loss_of

FLAT = flat_space()


def loss(genome: Json) -> float:
    return abs(np.log10(genome["rate"]) + 2.0) + 0.5 * (genome["norm"] == "layer") + 0.3 * genome["dropout"]


def family_loss(genome: Json) -> float:
    if "net" in genome:
        return 1.0 + abs(genome["net"]["width"] - 40) / 40
    return abs(np.log2(genome["trees"]["leaves"]) - 5) / 5


def test_what_mattered_comes_first_by_both_measures(search) -> None:
    found = learnt(search(FLAT, 200, loss), FLAT)
    names = [question.path for question in found.questions]
    assert names[:2] == ["rate", "norm"]
    assert max(found.questions, key=lambda question: question.best).path == "rate"
    region = found.regions[0]
    assert sum(question.best for question in region.questions) == pytest.approx(1.0)
    assert 0.5 < sum(question.variance or 0.0 for question in region.questions) <= 1.0
    assert region.fit is not None
    assert region.fit > 0.8
    assert len(region.pairs) == 28
    assert found.cautions == ()
    assert found.family is None


def test_the_path_goes_from_the_default_to_the_winner(search) -> None:
    trials = search(FLAT, 150, loss)
    found = learnt(trials, FLAT)
    best = min(trials, key=lambda trial: trial.loss)
    assert found.winner == best.number
    assert (found.path[0].trial, found.path[0].loss) == (0, trials[0].loss)
    assert (found.path[-1].trial, found.path[-1].loss) == (best.number, best.loss)
    changed = [change.path for step in found.path for change in step.changed]
    assert len(changed) == len(set(changed))
    assert "norm" not in changed or changed.index("norm") < 4


def test_a_metric_that_is_maximised_is_shown_as_it_is(search) -> None:
    trials = [replace(t, value=-t.loss) for t in search(FLAT, 60, loss)]
    found = learnt(trials, FLAT, maximize=True)
    assert found.value(found.path[-1]) == max(trial.value for trial in trials)
    assert found.to_json()["path"][0]["value"] == trials[0].value


def test_families_are_a_question_and_have_questions_of_their_own(search) -> None:
    space = baseline_space()
    trials = search(space, 120, family_loss)
    baseline = replace(trials[0], number=120, genome={"majority": {}}, origin=Origin(strategy="baseline"), loss=-9.0)
    found = learnt([*trials, baseline], space)
    assert found.left_out == 1
    assert found.family is not None
    assert (found.family.name, found.family.trials) == ("family", 120)
    assert (found.family.variance or 0.0) > 0.7
    assert [region.family for region in found.regions] == ["trees", "net"]
    assert found.questions[0] is found.family
    assert found.regions[0].questions[0].path == "trees.leaves"
    assert found.regions[1].questions[0].path == "net.width"
    assert [change.path for change in found.path[1].changed] == [""]
    assert found.to_json()["path"][0]["foretold"] is None
    assert (found.path[1].changed[0].before, found.path[1].changed[0].after) == ("net", "trees")
    assert found.path[-1].trial == found.winner


def test_few_trials_are_a_hint_and_fewer_say_nothing(search) -> None:
    hint = learnt(search(FLAT, 12, loss), FLAT)
    assert "Only 12 children" in hint.cautions[0]
    assert hint.questions
    nothing = learnt(search(FLAT, 4, loss), FLAT)
    assert "too few to learn from" in nothing.cautions[0]
    assert (nothing.regions, nothing.path, nothing.winner, nothing.questions) == ((), (), None, ())
    assert learnt([]).trials == 0


def test_a_winner_of_a_family_hardly_tried_has_no_path(search) -> None:
    space = baseline_space()
    trials = search(space, 40, family_loss)
    best = min((trial for trial in trials if "net" in trial.genome), key=lambda trial: trial.loss)
    kept = [trial for trial in trials if "trees" in trial.genome or trial.number in (0, best.number)]
    found = learnt([replace(t, loss=t.loss - 9.0 * ("net" in t.genome)) for t in kept], space)
    assert (found.regions[0].family, found.regions[0].trees, found.path) == ("net", 0, ())
    assert "has but 2 children of the winner's family" in found.cautions[-1]
    assert found.regions[1].trees == 64


def test_where_nothing_varied_it_says_so(make_trials) -> None:
    space = Record({"a": Int(1, 9)})
    found = learnt(make_trials([{"a": 5}] * 30, lambda genome: 0.5), space)
    assert found.cautions == ("No question had more than one answer, so there is nothing to compare.",)
    assert found.regions[0].still == ("a",)


def test_noise_is_called_noise(search) -> None:
    rng = Random(0)
    found = learnt(search(FLAT, 60, lambda genome: rng.random()), FLAT)
    assert any("may be chance" in caution for caution in found.cautions)


def test_without_time_there_is_no_forest_and_the_rest_is_there(search) -> None:
    trials = search(FLAT, 60, loss)
    found = learnt(trials, FLAT, seconds=0.0)
    assert found.regions[0].trees == 0
    assert found.questions[0].path == "rate"
    assert found.questions[0].variance is None
    assert found.path == ()
    assert "had no time to grow" in found.cautions[0]
    assert [learnt(trials, FLAT, seconds=s).regions[0].trees for s in (1.05, 1.18, 9.0)] == [0, 28, 32]


def test_of_very_many_trials_a_selection_with_the_winner_is_looked_at(search) -> None:
    space = Record({"x": Float(0.0, 1.0), "y": Int(1, 9)})
    trials = search(space, 2500, lambda g: g["x"])
    found = learnt(trials, space, seconds=0.0)
    assert (found.trials, found.regions[0].trials) == (2500, 1000)
    assert found.winner == min(trials, key=lambda trial: trial.loss).number
    assert found.questions[0].path == "x"


@pytest.mark.parametrize("given", [True, False])
def test_a_whole_network_with_and_without_its_space(given: bool, search) -> None:
    trials = search(network_space(), 60, loss_of)
    found = learnt(trials, network_space() if given else None)
    assert found.regions[0].questions
    assert found.path[-1].trial == found.winner
    assert dumps(found.to_json())


def test_the_same_trials_give_the_same_answer(search) -> None:
    trials = search(FLAT, 50, loss)
    assert dumps(learnt(trials, FLAT).to_json()) == dumps(learnt(trials, FLAT).to_json())


def test_a_search_that_never_tried_the_default_begins_there_all_the_same(search) -> None:
    space = Record({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})
    trials = [replace(t, origin=Origin(strategy="random")) for t in search(space, 41, lambda g: g["x"])][1:]
    found = learnt(trials, space)
    assert found.path[0].trial is None
    assert found.path[1].changed[0].path == "x"
    assert found.path[1].changed[0].before == "0.5"
