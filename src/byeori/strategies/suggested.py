"""The parents of Optuna: its samplers answer our questions define-by-run, and learn from the study's own history."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from random import Random
from typing import Final, final

from byeori._util.json import Json
from byeori.core.deciders import Replay, Trace
from byeori.core.dice import same
from byeori.core.errors import OptionError
from byeori.core.events import STOPPED
from byeori.core.jobs import Candidate, Origin
from byeori.core.space import HOLE, Float, Int, Repeat, Space, path
from byeori.core.state import Trial
from byeori.core.walk import At, Chooser, walk
from byeori.strategies.parts.tried import Tried

try:
    import optuna
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.samplers import BaseSampler, GPSampler, TPESampler
    from optuna.trial import FrozenTrial, TrialState, create_trial
except ImportError as error:
    raise OptionError("The strategies 'tpe' and 'gp' need Optuna: pip install 'byeori[optuna]'.") from error

MOST_AT_ONCE: Final = 4
"""Proposals a Gaussian process makes in one round: each is fitted and maximised on its own."""


@final
class Tpe:
    """Draws where the density of the better trials is high against that of the rest (Optuna's TPESampler).

    Use it from twenty to some thousands of trials, on spaces of any kind; each proposal looks at the whole history, so
    with more use `tpe-fast`. Trials in flight repel further ones (constant liar); what a stopper ended counts by how
    far it came; failures teach nothing. Until `startup` trials have a value, genomes are drawn at random.

    Args:
        space: What is searched.
        multivariate: Model the questions that are asked together in one density, group by group; False: each question
            on its own.
        startup: Trials with a value before the model is asked.

    Raises:
        OptionError: A startup below 1; Optuna is not installed.
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Record
        >>> parent = Tpe(Record({"rate": Float(1e-4, 1e-1, log=True)}))
        >>> [candidate.origin.strategy for candidate in parent.ask(2, Random(0), ())]
        ['tpe', 'tpe']

    Source: Watanabe 2023, https://arxiv.org/abs/2304.11127; https://optuna.readthedocs.io
    """

    def __init__(self, space: Space, *, multivariate: bool = True, startup: int = 10) -> None:
        self.space = space
        self.multivariate = multivariate
        self.startup = startup
        self._desk = _Desk(space, "tpe", self._sampler, startup, tries=10)

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Propose what the densities suggest and was not tried; at random where they suggest nothing new. Fewer than
        `n` where the space is exhausted."""
        return self._desk.ask(n, rng, pending)

    def tell(self, ended: Sequence[Trial]) -> None:
        """Take trials into the history."""
        self._desk.tell(ended, stopped=TrialState.PRUNED)

    def _sampler(self, seed: int) -> BaseSampler:
        return TPESampler(
            seed=seed, n_startup_trials=self.startup, multivariate=self.multivariate, group=self.multivariate
        )


@final
class Gp:
    """Fits a Gaussian process and proposes where it expects the largest improvement (Optuna's GPSampler).

    Use it where a trial is dear: for up to some hundreds of trials on a dozen questions. Its cost grows with the cube
    of the history. It models what every trial was asked; branches' own questions and the further items of a list are
    drawn at random. Trials in flight are taken into account; failures teach nothing.

    Args:
        space: What is searched.
        startup: Trials with a value before the model is asked.

    Raises:
        OptionError: A startup below 1; Optuna is not installed.
        SpaceError: While asked: no genome that passes the space's check can be found.

    Example:
        >>> from byeori.core.space import Record
        >>> parent = Gp(Record({"rate": Float(1e-4, 1e-1, log=True)}))
        >>> [candidate.origin.strategy for candidate in parent.ask(2, Random(0), ())]
        ['gp', 'gp']

    Source: Ament et al. 2023, https://arxiv.org/abs/2310.20708; https://optuna.readthedocs.io
    """

    def __init__(self, space: Space, *, startup: int = 10) -> None:
        self.space = space
        self.startup = startup
        self._desk = _Desk(space, "gp", self._sampler, startup, tries=3)

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        """Propose at most four that promise most and were not tried; at random where nothing new promises anything.
        Fewer where the space is exhausted."""
        return self._desk.ask(min(n, MOST_AT_ONCE), rng, pending)

    def tell(self, ended: Sequence[Trial]) -> None:
        """Take trials into the history."""
        self._desk.tell(ended, stopped=TrialState.COMPLETE)

    def _sampler(self, seed: int) -> BaseSampler:
        return GPSampler(seed=seed, n_startup_trials=self.startup, warn_independent_sampling=False)


@final
class Suggest(Chooser):
    """Answers what an Optuna trial suggests, each choice named by its path; branches and lengths end in `%`.

    Args:
        trial: Of a study of Optuna.

    Example:
        >>> from byeori.core.space import OneOf, Record
        >>> space = OneOf({"net": Record({"width": Int(8, 64)}), "trees": Record({"leaves": Int(2, 9)})})
        >>> walk(space, Suggest(optuna.trial.FixedTrial({"%": 0, "net.width": 32})))
        {'net': {'width': 32}}
    """

    def __init__(self, trial: optuna.trial.BaseTrial) -> None:
        self.trial = trial

    def choose(self, question: Space, at: At) -> Json:
        """Return what is suggested; what has but one answer is not asked."""
        asked = _Asked.of(question, at)
        return asked.only if asked.only is not HOLE else asked.read(asked.suggested(self.trial))


@final
@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as Optuna sees it: numbers as numbers, the rest by the place in the list of answers, so that `True`
    is never taken for `1`."""

    name: str
    question: Space
    distribution: BaseDistribution | None
    only: Json = HOLE

    @staticmethod
    def of(question: Space, at: At) -> _Asked:
        name = path(at) if question.is_leaf else f"{path(at)}%"
        answers = None if isinstance(question, Float) and question.low < question.high else question.values()
        if answers is not None and len(answers) == 1:
            return _Asked(name, question, None, answers[0])
        distribution: BaseDistribution
        if isinstance(question, Float):
            distribution = FloatDistribution(question.low, question.high, log=question.log)
        elif isinstance(question, Int) and question.log and question.step > 1:
            # Optuna has no steps on a logarithm: a number in between, from half a step below as Int.draw has it
            half = question.step / 2
            distribution = FloatDistribution(max(question.low - half, question.low / 2), question.high + half, log=True)
        elif isinstance(question, Int):
            distribution = IntDistribution(question.low, question.high, log=question.log, step=question.step)
        elif isinstance(question, Repeat):
            distribution = IntDistribution(question.low, question.high)
        else:
            distribution = CategoricalDistribution(range(len(question.values())))
        return _Asked(name, question, distribution)

    def suggested(self, trial: optuna.trial.BaseTrial) -> Json:
        """Return what a trial suggests: a number, or the place in the list of answers."""
        found: Json
        match self.distribution:
            case FloatDistribution() as d:
                found = trial.suggest_float(self.name, d.low, d.high, log=d.log)
            case IntDistribution() as d:
                found = trial.suggest_int(self.name, d.low, d.high, step=d.step, log=d.log)
            case CategoricalDistribution() as d:
                found = trial.suggest_categorical(self.name, d.choices)
        return found

    def read(self, found: Json) -> Json:
        """Return the answer that what was suggested stands for."""
        question = self.question
        if isinstance(self.distribution, CategoricalDistribution):
            return question.values()[int(found)]
        if isinstance(question, Float):
            return min(max(float(found), question.low), question.high)
        if isinstance(question, Int):
            stepped = question.low + question.step * round((found - question.low) / question.step)
            return min(max(stepped, question.low), question.high)
        return int(found)

    def write(self, answer: Json) -> float:
        """Return what Optuna would have had to suggest for an answer."""
        if isinstance(self.distribution, CategoricalDistribution):
            return next(i for i, value in enumerate(self.question.values()) if same(value, answer))
        return float(answer) if isinstance(self.distribution, FloatDistribution) else int(answer)


@final
class _Desk:
    """A study of Optuna that holds what was told and nothing else: what is in flight and what is being suggested are
    written on it for the time of one round, and wiped. The sampler is new in every round, so that it hides no state."""

    def __init__(
        self, space: Space, name: str, sampler: Callable[[int], BaseSampler], startup: int, *, tries: int
    ) -> None:
        if startup < 1:
            raise OptionError(f"The startup of {name!r} is 1 trial or more; got {startup}.")
        self._space = space
        self._origin = Origin(strategy=name)
        self._sampler = sampler
        self._startup = startup
        self._tries = tries
        self._tried = Tried(space)
        self._questions: dict[At, _Asked] = {}
        self._in_flight: dict[int, FrozenTrial] = {}
        self._told = 0
        self._with_value = 0
        self._slate = _Slate()
        with _quiet():
            self._study = optuna.create_study(storage=self._slate, sampler=optuna.samplers.RandomSampler())

    def ask(self, n: int, rng: Random, pending: Sequence[Trial]) -> Sequence[Candidate]:
        self._tried.begin(pending)
        found: list[Candidate] = []
        with _quiet():
            self._study.sampler = self._sampler(rng.getrandbits(32))
            try:
                if n > 0 and self._with_value >= self._startup:
                    self._write_down(pending)
                while len(found) < n and (genome := self._new(rng)) is not None:
                    found.append(Candidate(genome=genome, origin=self._origin))
            finally:
                self._slate.wipe(self._told)
        return found

    def tell(self, ended: Sequence[Trial], *, stopped: TrialState) -> None:
        for trial in ended:
            self._tried.remember(trial)
            if not self._space.bare.alive(trial.genome):  # a baseline: Optuna is never offered its answers
                continue
            state = TrialState.FAIL
            if isfinite(trial.loss):
                state = stopped if trial.reason == STOPPED else TrialState.COMPLETE
                self._with_value += 1
            self._study.add_trial(self._frozen(trial, state))
            self._told += 1

    def _new(self, rng: Random) -> Json | None:
        """Return what the sampler suggests, if it is new and passes the check. What is refused stays on the slate as
        in flight, and so repels the next suggestion."""
        for _ in range(self._tries if self._with_value >= self._startup else 0):
            genome = walk(self._space, Suggest(self._study.ask()))
            if self._space.problem(genome) is None and self._tried.claim(genome):
                return genome
        return self._tried.unseen(rng)

    def _write_down(self, pending: Sequence[Trial]) -> None:
        known = self._in_flight
        alive = [trial for trial in pending if self._space.bare.alive(trial.genome)]
        self._in_flight = {t.number: known.get(t.number) or self._frozen(t, TrialState.RUNNING) for t in alive}
        for frozen in self._in_flight.values():
            self._study.add_trial(frozen)

    def _frozen(self, trial: Trial, state: TrialState) -> FrozenTrial:
        trace = Trace(Replay(trial.genome))
        walk(self._space, trace)
        params: dict[str, float] = {}
        distributions: dict[str, BaseDistribution] = {}
        for at, question, answer in trace.seen:
            asked = self._questions.get(at) or self._questions.setdefault(at, _Asked.of(question, at))
            if asked.distribution is not None:
                params[asked.name] = asked.write(answer)
                distributions[asked.name] = asked.distribution
        return create_trial(
            state=state,
            value=trial.loss if state is TrialState.COMPLETE else None,
            params=params,
            distributions=distributions,
            intermediate_values={round(1000 * trial.progress): trial.loss} if state is TrialState.PRUNED else None,
        )


@final
class _Slate(optuna.storages.InMemoryStorage):
    """A storage of one study from which the last trials can be wiped."""

    def wipe(self, keep: int) -> None:
        """Forget all trials but the first `keep`."""
        for study in self._studies.values():
            for trial in study.trials[keep:]:
                del self._trial_id_to_study_id_and_number[trial._trial_id]
            del study.trials[keep:]
        self._max_trial_id = keep - 1


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from announcing studies and experimental features, here and nowhere else."""
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        logger.setLevel(level)
