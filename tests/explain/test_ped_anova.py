from __future__ import annotations

import warnings
from random import Random

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from byeori._util.json import Json
from byeori.core.space import Categorical, Float, Int, OneOf, Record
from byeori.explain.history import history
from byeori.explain.ped_anova import ped_anova

SPACE = Record(
    {
        "rate": Float(1e-4, 1e-1, log=True),
        "decay": Float(0.0, 0.5),
        "width": Int(16, 256, step=16),
        "depth": Int(1, 40),
        "epochs": Int(5, 60, log=True),
        "act": Categorical(["relu", "gelu", "silu", None]),
        "skip": OneOf({"off": Record({}), "on": Record({"gain": Float(0.1, 2.0)})}),
    }
)
DISTRIBUTIONS = {
    "rate": FloatDistribution(1e-4, 1e-1, log=True),
    "decay": FloatDistribution(0.0, 0.5),
    "width": IntDistribution(16, 256, step=16),
    "depth": IntDistribution(1, 40),
    "epochs": IntDistribution(5, 60, log=True),
    "act": CategoricalDistribution(["relu", "gelu", "silu", None]),
    "skip": CategoricalDistribution(["off", "on"]),
    "skip.on.gain": FloatDistribution(0.1, 2.0),
}


def loss(genome: Json) -> float:
    (skip,) = genome["skip"]
    gain = abs(genome["skip"]["on"]["gain"] - 1.2) if skip == "on" else 1.0
    return (
        abs(np.log(genome["rate"] / 0.01))
        + 0.4 * gain
        + 0.5 * (genome["act"] != "gelu")
        + abs(genome["depth"] - 9) / 40
    )


def optunas(genomes: list[Json]) -> dict[str, float]:
    study = optuna.create_study()
    for genome in genomes:
        (skip,) = genome["skip"]
        params = {**{name: genome[name] for name in SPACE.names if name != "skip"}, "skip": skip}
        params |= {"skip.on.gain": genome["skip"]["on"]["gain"]} if skip == "on" else {}
        of = {name: DISTRIBUTIONS[name] for name in params}
        study.add_trial(optuna.trial.create_trial(params=params, distributions=of, value=loss(genome)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return optuna.importance.PedAnovaImportanceEvaluator().evaluate(study)


@pytest.mark.parametrize("count", [40, 300])
def test_it_says_what_optuna_says(count: int, search) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    trials = search(SPACE, count, loss, seed=count)
    table = history(trials, SPACE)
    mine = dict(zip([c.path for c in table.columns], ped_anova(table).tolist(), strict=True))
    theirs = optunas([trial.genome for trial in trials])
    assert mine == {name: pytest.approx(value, rel=1e-6, abs=1e-9) for name, value in theirs.items()}
    assert sorted(mine, key=mine.__getitem__) == sorted(theirs, key=theirs.__getitem__)


def test_only_the_order_of_losses_counts(search) -> None:
    one = history(search(SPACE, 80, loss), SPACE)
    other = history(search(SPACE, 80, lambda genome: float(np.exp(5 * loss(genome)))), SPACE)
    assert np.array_equal(ped_anova(one), ped_anova(other))


def test_where_all_are_as_good_nothing_matters(search) -> None:
    table = history(search(SPACE, 50, lambda genome: 0.5), SPACE)
    assert ped_anova(table) == pytest.approx(np.zeros(len(table.columns)), abs=1e-20)


def test_a_question_the_best_were_never_asked_does_not_matter(search) -> None:
    table = history(search(SPACE, 100, lambda genome: float("on" in genome["skip"]) + Random(0).random()), SPACE)
    found = dict(zip([c.path for c in table.columns], ped_anova(table).tolist(), strict=True))
    assert found["skip.on.gain"] == 0.0
    assert max(found, key=found.__getitem__) == "skip"


@pytest.mark.parametrize("top", [0.0, 1.0, 3.0])
def test_the_best_are_a_share(top: float, search) -> None:
    with pytest.raises(ValueError, match="share of all between 0 and 1"):
        ped_anova(history(search(SPACE, 5, loss), SPACE), top)
