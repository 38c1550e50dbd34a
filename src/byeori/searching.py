"""`byeori.search`: the engine for any function of a genome, without data, families or a model at the end.

The module is not called `search`, for its name on the package would hide the function's.
"""

from __future__ import annotations

import inspect
import signal
import tempfile
import threading
import time as clock
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from math import ceil
from pathlib import Path
from types import FrameType

from byeori import catalog
from byeori._util.json import Json
from byeori.core import events as ev
from byeori.core.deciders import default
from byeori.core.errors import RunError
from byeori.core.events import Event
from byeori.core.jobs import DEFAULT, Candidate, Job, Origin, Report
from byeori.core.protocols import Executor, Stopper, Store, Strategy
from byeori.core.space import Space
from byeori.core.state import State, apply
from byeori.engine.brief import ObjectiveBrief
from byeori.engine.budget import Budget
from byeori.engine.confirm import Confirming
from byeori.engine.keeper import KEPT, Keeper
from byeori.engine.loop import Loop, Parts
from byeori.engine.replay import replay_log
from byeori.executors.inline import Inline
from byeori.learners.objective import Calling, path_of
from byeori.search_request import INLINE, SearchRequest
from byeori.search_study import SearchStudy
from byeori.stoppers.never import Never
from byeori.stores.memory import MemoryStore
from byeori.stores.sqlite import SQLiteStore

_RESERVE = 0.5
"""Share of the time that may be held back to confirm the best."""


def search(
    objective: Callable[..., object],
    space: Space,
    *,
    strategy: str | Strategy = "council",
    stopper: str | Stopper | None = None,
    trials: int | None = None,
    time: float | None = None,
    direction: str = "minimize",
    objectives: Mapping[str, str] | None = None,
    seed: int = 0,
    executor: str = INLINE,
    workers: int = 1,
    store: str | Path | None = None,
    confirm: int = 0,
    repeats: int = 3,
) -> SearchStudy:
    """Search a space for the genome that a function rates best: the parents alone, for any purpose.

    Use it for what is no study of data: a simulation, a benchmark, a training of your own. Trial 0 is the default
    genome. An objective that raises, or gives what is no number, ends its trial and not the search. Ctrl-C ends the
    search and returns what was found; the second one raises KeyboardInterrupt.

    Args:
        objective: Takes a genome (plain JSON) and returns a number, or with `objectives` a mapping with a number for
            each; or yields such, alone or as `(number, progress)`, for stoppers to judge. Parameters of it that are
            called `seed`, `until`, `folder` or `weights_from` are passed too: see `byeori.learners.objective`.
        space: The questions, of `byeori.space`.
        strategy: Catalog name of the parent, or one made for this space.
        stopper: Catalog name of what ends or pauses trials by what they yield, or one that is made; none by default.
        trials: How many in all, those in the store included; further evaluations come on top.
        time: Seconds this call may take. Inline, a trial is not interrupted before it yields.
        direction: `minimize` or `maximize`, of an objective that is a number.
        objectives: Name → `min` or `max`. The first is the value that single-minded parents look at.
        seed: Of everything that is drawn; each trial's own is passed to an objective that takes a `seed`.
        executor: `inline` calls the objective in this process. `local` calls it in a process a trial, which survives
            crashes; the objective must then be importable.
        workers: Trials under way. Inline they take turns; 64 of them make one commit to the store of 64 cheap trials.
        store: A file to log to, so that the same call goes on after a kill; in memory where it is not given.
        confirm: How many of the best are evaluated again, with other seeds, when the search is over; `study.best` is
            then the best by their mean.
        repeats: How often each of them.

    Returns:
        The study: best, pareto, trials, frame(), confirmed, figures.

    Raises:
        InputError: What was given is wrong, or the store holds another search.
        RunError: No trial has a value (the sentence has the first reason), or the store cannot be written.

    Example:
        >>> from byeori.space import Float, Record
        >>> study = search(lambda g: (g["x"] - 0.3) ** 2, Record({"x": Float(-1, 1)}), strategy="random", trials=50)
        >>> abs(study.best.genome["x"] - 0.3) < 0.1
        True
    """
    request = SearchRequest(
        objective=objective,
        space=space,
        strategy=strategy,
        stopper=stopper,
        trials=trials,
        time=time,
        direction=direction,
        objectives=objectives,
        seed=seed,
        executor=executor,
        workers=workers,
        store=None if store is None else Path(store),
        confirm=confirm,
        repeats=repeats,
    )
    return _Search(request, began=clock.monotonic()).run()


class _Search:
    """One call at work on one search."""

    def __init__(self, request: SearchRequest, began: float) -> None:
        self._request = request
        self._began = began
        self._calling = Calling(request.objective)
        self._path = "" if request.executor == INLINE else path_of(request.objective)
        self._stop = _CtrlC()

    def run(self) -> SearchStudy:
        request, strategy, stopper = self._request, self._request.make_strategy(), self._request.make_stopper()
        with ExitStack() as stack:
            store = stack.enter_context(_opened(request.store))
            state = replay_log(store, stopper)
            self._begin(store, state)
            folder = self._folder(stack)
            executor = self._executor()
            stack.callback(executor.close)
            parts = Parts(
                space=request.space,
                strategy=strategy,
                stopper=stopper,
                executor=executor,
                store=store,
                brief=ObjectiveBrief(objective=self._path, names=request.names, folder=folder, seed=request.seed),
                keeper=None if folder is None else Keeper(folder, latest=KEPT * request.hands_on_weights),
            )
            with self._stop.caught():
                self._loop(parts, state, self._budget(), self._opening()).run()
                if request.confirm and not self._stop.asked:
                    self._confirm(parts, state)
        study = SearchStudy(state, store if request.store is None else SQLiteStore(request.store, readonly=True))
        study.interrupted = self._stop.asked
        _some_value(study)
        return study

    def _begin(self, store: Store, state: State) -> None:
        """Log what is asked, or make sure that the log was asked the same."""
        request = self._request
        if state.asked is not None:
            request.same(state.asked)
        elif len(state):
            request.same({})
        else:
            _log(store, state, ev.ASKED, request.facts())
        _log(store, state, ev.BUDGET, {"trials": request.trials, "seconds": request.time, "workers": request.workers})

    def _loop(self, parts: Parts, state: State, budget: Budget, opening: tuple[Candidate, ...] = ()) -> Loop:
        loop = Loop(parts, state, budget=budget, seed=self._request.seed, opening=opening)
        self._stop.loop = loop
        return loop

    def _confirm(self, parts: Parts, state: State) -> None:
        request = self._request
        again = Parts(
            space=parts.space,
            strategy=Confirming(state, request.confirm, request.repeats),
            stopper=Never(),
            executor=parts.executor,
            store=parts.store,
            brief=parts.brief,
        )
        self._loop(again, state, Budget(ends=self._ends)).run()

    def _opening(self) -> tuple[Candidate, ...]:
        """Return the default genome, unless the space's check, made without it, refuses it."""
        first = default(self._request.space)
        if self._request.space.problem(first) is not None:
            return ()
        return (Candidate(genome=first, origin=Origin(strategy=DEFAULT)),)

    @property
    def _ends(self) -> float | None:
        return None if self._request.time is None else self._began + self._request.time

    def _budget(self) -> Budget:
        request = self._request
        at_once = 1 if request.executor == INLINE else request.workers
        waves = ceil(request.confirm * request.repeats / at_once)

        def reserve(state: State) -> float:
            if state.best is None or request.time is None:
                return 0.0
            return min(_RESERVE * request.time, 1.2 * waves * state.trial(state.best).seconds)

        return Budget(trials=request.trials, ends=self._ends, reserve=reserve if waves else None)

    def _folder(self, stack: ExitStack) -> Path | None:
        """Return where trials may leave files: beside the store, so that a further attempt finds them, or for the time
        of this call; None where nobody needs one."""
        request = self._request
        if self._calling.needs_folder and request.store is not None:
            return request.store.with_name(request.store.name + "-files")
        if self._calling.needs_folder or request.executor != INLINE:
            return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="byeori-")))
        return None

    def _executor(self) -> Executor:
        request = self._request
        if request.executor == INLINE:
            return Inline(request.workers, run=self._stop.watched(self._calling))
        made = catalog.load("executor", request.executor)
        loads = {"preload": (self._path.partition(":")[0],)} if "preload" in inspect.signature(made).parameters else {}
        executor: Executor = made(workers=request.workers, **loads)
        return executor


class _CtrlC:
    """The first Ctrl-C ends the search, at once where the objective is at work in this very process; the second ends
    the program."""

    def __init__(self) -> None:
        self.asked = False
        self.loop: Loop | None = None
        self._inside = False
        self._twice = False

    def watched(self, run: Callable[[Job], Iterator[Report]]) -> Callable[[Job], Iterator[Report]]:
        """Return `run`, keeping note of when the objective is at work."""

        def follow(job: Job) -> Iterator[Report]:
            reports = run(job)
            while True:
                self._inside = True
                try:
                    report = next(reports, None)
                finally:
                    self._inside = False
                if report is None:
                    return
                yield report

        return follow

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Heed Ctrl-C in this block; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._heed)
        try:
            yield
        except KeyboardInterrupt:
            if self._twice:
                raise
            self.asked = True
        finally:
            signal.signal(signal.SIGINT, before)

    def _heed(self, number: int, frame: FrameType | None) -> None:
        self._twice = self.asked
        self.asked = True
        if self.loop is not None:
            self.loop.stop()
        if self._twice or self._inside:
            raise KeyboardInterrupt


@contextmanager
def _opened(path: Path | None) -> Iterator[Store]:
    if path is None:
        yield MemoryStore()
    else:
        with SQLiteStore(path) as store:
            yield store


def _log(store: Store, state: State, kind: str, data: Json) -> None:
    event = Event.of(kind, data, time=clock.time())
    store.append([event])
    apply(state, event)


def _some_value(study: SearchStudy) -> None:
    """Make sure that something came out of it.

    Raises:
        RunError: Every trial that ended has failed.
    """
    state = study.state
    if study.interrupted or not state.ended_order or state.top(1):
        return
    number, why = next(iter(study.failures.items()))
    raise RunError(
        f"All {len(state.ended_order)} trials failed; the first, trial {number}, for this reason: {why.splitlines()[0]}"
    )
