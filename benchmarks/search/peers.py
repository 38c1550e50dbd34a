"""Other people's searches behind the ask and tell of this benchmark.

Not among Byeori's dependencies: `pip install optuna==5.0.0 cmaes` (the extra `optuna`), and, for the two that are used
where they are there, `pip install hyperopt==0.3.0 nevergrad==1.0.12`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from math import log
from typing import Any, Protocol

import optuna

from byeori._util.json import Json
from byeori._util.lazy import lazy
from byeori.core.leaves import Categorical, Float, Int
from byeori.core.space import Record, Space

hyperopt: Any = lazy("hyperopt")
ng: Any = lazy("nevergrad")
optuna.logging.set_verbosity(optuna.logging.ERROR)


class Search(Protocol):
    """One search under way."""

    def ask(self) -> Json:
        """Return the next genome, None where there is none."""
        ...

    def tell(self, loss: float) -> None:
        """Learn how it did."""
        ...


class Optuna:
    """A study in memory with one of Optuna's samplers.

    Args:
        space: What is searched; flat.
        sampler: Makes the sampler of a seed.
        seed: Of the run.
    """

    def __init__(self, space: Record, sampler: Callable[[int], optuna.samplers.BaseSampler], seed: int) -> None:
        self._asked = {name: _distribution(part) for name, part in space.parts.items()}
        self._study = optuna.create_study(sampler=sampler(seed))

    def ask(self) -> Json:
        self._trial = self._study.ask(self._asked)
        return dict(self._trial.params)

    def tell(self, loss: float) -> None:
        self._study.tell(self._trial, loss)


def _distribution(part: Space) -> optuna.distributions.BaseDistribution:
    if isinstance(part, Float):
        return optuna.distributions.FloatDistribution(part.low, part.high, log=part.log)
    if isinstance(part, Int):
        return optuna.distributions.IntDistribution(part.low, part.high, log=part.log, step=part.step)
    if isinstance(part, Categorical):
        return optuna.distributions.CategoricalDistribution(part.options)
    raise TypeError(f"Peers are asked flat questions; got {part!r}.")


class Hyperopt:
    """The TPE of those who invented it, with its defaults: 20 at random first, each question on its own."""

    def __init__(self, space: Record, seed: int) -> None:
        self._space, self._seed = space, seed
        self._trials = hyperopt.Trials()
        questions = {name: _expression(name, part) for name, part in space.parts.items()}
        self._domain = hyperopt.Domain(lambda answers: 0.0, questions)

    def ask(self) -> Json:
        number = len(self._trials.trials)
        (self._document,) = hyperopt.tpe.suggest(
            self._trials.new_trial_ids(1), self._domain, self._trials, (self._seed * 100_003 + number) % 2**31
        )
        values = {name: value[0] for name, value in self._document["misc"]["vals"].items()}
        return {name: _answer(part, values[name]) for name, part in self._space.parts.items()}

    def tell(self, loss: float) -> None:
        self._document["result"] = {"status": "ok", "loss": loss}
        self._document["state"] = hyperopt.JOB_STATE_DONE
        self._trials.insert_trial_docs([self._document])
        self._trials.refresh()


def _expression(name: str, part: Space) -> object:
    if isinstance(part, Float) and part.log:
        return hyperopt.hp.loguniform(name, log(part.low), log(part.high))
    if isinstance(part, Float):
        return hyperopt.hp.uniform(name, part.low, part.high)
    if isinstance(part, Int):
        return hyperopt.hp.uniformint(name, part.low, part.high)
    return hyperopt.hp.randint(name, len(part.values()))


def _answer(part: Space, value: float) -> Json:
    if isinstance(part, Float):
        return min(max(float(value), part.low), part.high)
    if isinstance(part, Int):
        return int(value)
    if isinstance(part, Categorical):
        return part.options[int(value)]
    raise TypeError(f"Peers are asked flat questions; got {part!r}.")


class Nevergrad:
    """NGOpt, which chooses among Nevergrad's algorithms by the space and the budget."""

    def __init__(self, space: Record, seed: int, budget: int) -> None:
        asked = ng.p.Dict(**{name: _parameter(part) for name, part in space.parts.items()})
        asked.random_state.seed(seed)
        self._optimizer = ng.optimizers.NGOpt(asked, budget=budget)

    def ask(self) -> Json:
        self._candidate = self._optimizer.ask()
        return dict(self._candidate.value)

    def tell(self, loss: float) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._optimizer.tell(self._candidate, loss)


def _parameter(part: Space) -> object:
    if isinstance(part, Float):
        return (ng.p.Log if part.log else ng.p.Scalar)(lower=part.low, upper=part.high)
    if isinstance(part, Int):
        return ng.p.Scalar(lower=part.low, upper=part.high).set_integer_casting()
    return ng.p.Choice(list(part.values()))


def _optuna(sampler: Callable[[int], optuna.samplers.BaseSampler]) -> Callable[[Record, int, int], Search]:
    return lambda space, seed, budget: Optuna(space, sampler, seed)


_Samplers = optuna.samplers
PEERS: Mapping[str, Callable[[Record, int, int], Search]] = {
    "optuna-random": _optuna(lambda seed: _Samplers.RandomSampler(seed=seed)),
    "optuna-tpe-uni": _optuna(lambda seed: _Samplers.TPESampler(seed=seed, multivariate=False)),
    "optuna-tpe-multi": _optuna(lambda seed: _Samplers.TPESampler(seed=seed, multivariate=True)),
    "optuna-cmaes": _optuna(lambda seed: _Samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)),
    "optuna-nsga2": _optuna(lambda seed: _Samplers.NSGAIISampler(seed=seed)),
    **({"hyperopt-tpe": lambda space, seed, budget: Hyperopt(space, seed)} if find_spec("hyperopt") else {}),
    **({"nevergrad-ngopt": Nevergrad} if find_spec("nevergrad") else {}),
}
"""Name → search of a space, with a seed and so many evaluations. CMA-ES draws options independently."""
