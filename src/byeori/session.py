"""One command's work on a study, from the data to the report: wiring, and the promise of time."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

from byeori import catalog
from byeori._util.json import Json
from byeori.core import events as ev
from byeori.core import metrics
from byeori.core.data import Prepared
from byeori.core.errors import RunError, StoreError, StudyError, no_room
from byeori.core.events import Event
from byeori.core.jobs import BASELINE, Candidate
from byeori.core.protocols import Executor
from byeori.core.space import Checked
from byeori.core.state import State, apply
from byeori.engine.brief import FP32, Errand, FamilyBrief
from byeori.engine.budget import Budget, finish_reserve
from byeori.engine.keeper import KEPT, Keeper, clear, sweep
from byeori.engine.loop import Loop, Parts
from byeori.engine.progress import FINISHING, READING
from byeori.engine.replay import replay_log
from byeori.executors.inline import Inline
from byeori.executors.local import Local
from byeori.finish import Bench, family_paths, finish, predict_cost, refit_cost
from byeori.reading import ready, unchanged
from byeori.report.write import write_report
from byeori.request import Request, Spend, look_for, mark_of, same_study, write_study
from byeori.screen import Screen
from byeori.stores.sqlite import SQLiteStore
from byeori.study import Study
from byeori.study_space import opening_of, space_facts, study_families, study_space, with_larger

_PROBE = "byeori.learners.precision:Probe"
_PROBE_ATTEMPT = 9003
_PROBE_FROM = 25.0
_PROBE_SECONDS = 20.0
"""A probe that takes longer hangs."""
_CELLS_A_THREAD = 500_000
"""With fewer, threads wait for each other longer than they work; on a busy machine many times longer."""
_LESSON = 2.0
"""Seconds that finding out what the search learnt may take; `byeori report` takes longer where that says more."""
_WRITING = 0.6
"""Seconds that the rest of the report takes."""
_PRELOAD = ("torch", "lightgbm", "byeori.learners._nets_train")
"""What every study's workers load beside its own learners and families."""


class Session:
    """One command at work on one study.

    Args:
        request: What was asked.
        spend: What may be spent.
        folder: The study's folder.
        screen: Shown how it goes.
    """

    def __init__(self, request: Request, spend: Spend, folder: Path, screen: Screen) -> None:
        self._request = request
        self._spend = spend
        self._folder = folder
        self._screen = screen
        self._seconds: dict[str, float] = {}
        self._loop: Loop | None = None

    def run(self, *, reopen_test: bool = False) -> Study:
        """Do everything that is left to do; a finished study is gone on with only where `reopen_test` says so.

        Raises:
            InputError: What was asked or given is wrong; nothing is left behind.
            RunError: Something failed; what was logged is kept and the same command goes on.
        """
        record = same_study(self._folder, self._request)
        if record is not None:
            unchanged(self._request, self._spend, self._folder, record)
        if record is not None and self._finished(reopen_test) and (self._folder / "report.html").exists():
            return Study.open(self._folder)
        if record is None:
            look_for(self._request.source)
        executor = self._executor()
        try:
            with self._store() as store:
                self._work(store, executor, reopen_test)
        except OSError as error:
            raise RunError(
                f"{error.filename or self._folder} cannot be read or written ({error.strerror or error}): mend that "
                "(free room on a full disk); what was logged is kept, and the same command goes on."
            ) from None
        finally:
            executor.close()
        return Study.open(self._folder)

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the search."""
        return self._loop is not None and self._loop.stopped

    @property
    def workers(self) -> int:
        """Children at once."""
        if self._request.executor != "local":
            return 1
        return self._spend.workers or cores()

    def _finished(self, reopen_test: bool) -> bool:
        return (self._folder / "finish.json").exists() and not reopen_test

    def _work(self, store: SQLiteStore, executor: Executor, reopen_test: bool) -> None:
        """Do what is left to do; the study is ours, and what it says is read again, for another may have had it."""
        record = same_study(self._folder, self._request)
        sweep(self._folder)
        if record is not None and self._finished(reopen_test):
            _conclude(self._folder, store)
            return
        self._screen.show(READING, "reading the data")
        began = time.monotonic()
        prepared = ready(self._request, self._spend, self._folder, record)
        self._seconds["reading"] = time.monotonic() - began
        self._study(store, executor, prepared, record)

    def _executor(self) -> Executor:
        """Start the workers first: they load torch while the data is read."""
        if self._request.executor == "local":
            paths = {row.path for kind in ("learner", "family") for row in catalog.rows(kind)}
            return Local(workers=self.workers, preload=(*_PRELOAD, *sorted(path.split(":")[0] for path in paths)))
        made: Executor = catalog.load("executor", self._request.executor)()
        return made

    @contextmanager
    def _store(self) -> Iterator[SQLiteStore]:
        """Hold the study; who fails before there is a study.json leaves the place as it was, and lets go after that."""
        made = [place for place in (self._folder, *self._folder.parents) if not place.exists()]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            empty = not any(self._folder.iterdir())
        except OSError as error:
            raise StudyError(f"{self._folder} cannot be made ({error.strerror}): give another --out.") from None
        if not os.access(self._folder, os.W_OK):
            raise StudyError(
                f"There is no right to write in {self._folder}: mend its rights, or give another --out to a new study."
            )
        try:
            store = SQLiteStore(self._folder / "events.db")
        except StoreError:
            # Not so where another process holds the study: what lies there is that one's.
            if empty:
                clear(self._folder, made)
            raise
        try:
            yield store
        except BaseException:
            if empty and not (self._folder / "study.json").exists():
                clear(self._folder, made)
            raise
        finally:
            store.close()

    def _study(self, store: SQLiteStore, executor: Executor, prepared: Prepared, record: Json | None) -> None:
        schema = prepared.schema
        space = study_space(schema, self._request.max_params)
        opening = opening_of(space, schema, self._request.seed)
        facts = study_facts(prepared, space)
        if record is None:
            write_study(self._folder, self._request, {**facts, "mark": mark_of(self._request.source)})
        stopper = catalog.load("stopper", self._request.stopper)(maximize=facts["direction"] == "maximize")
        state = replay_log(store, stopper)
        for name in ("finish.json", "report.html", "report.json"):
            (self._folder / name).unlink(missing_ok=True)
        opening = _numbered(opening, state)
        if state.asked is None:
            log(store, state, ev.ASKED, {k: facts[k] for k in ("fingerprint", "direction", "metric")})
        limits = {"trials": self._spend.trials, "seconds": self._spend.seconds, "workers": self.workers}
        log(store, state, ev.BUDGET, limits)
        brief = self._brief(prepared)
        if not state.precision:
            log(store, state, ev.PRECISION, self._precision(executor, brief, opening[0]))
        brief = replace(brief, precision=state.precision)
        opening = with_larger(opening, space, schema, self._trainings(state, prepared, opening[0]))
        bench = self._bench(store, state, executor, prepared, brief)
        parts = Parts(
            space=space,
            strategy=catalog.load("strategy", self._request.strategy)(space),
            stopper=stopper,
            executor=executor,
            store=store,
            brief=brief,
            keeper=Keeper(
                self._folder,
                room=self._request.max_disk,
                safe=len(opening),
                latest=KEPT * catalog.hands_on_weights(self._request.strategy),
            ),
        )
        self._screen.metric = schema.metric
        self._loop = Loop(parts, state, budget=self._budget(bench), seed=self._request.seed, opening=opening)
        with self._ctrl_c():
            began = time.monotonic()
            self._loop.run(self._screen.searching)
            self._seconds["searching"] = time.monotonic() - began
            _last_resort(bench, opening)
            finish(bench, lambda message: self._screen.show(FINISHING, message, state))
            write_report(Study.open(self._folder), self._lesson(bench))

    def _precision(self, executor: Executor, brief: FamilyBrief, first: Candidate) -> Json:
        """Let a worker measure whether bf16 pays for the default genome, where it is a net and there is time."""
        ((family, _),) = first.genome.items()
        if catalog.find("family", family).learner != "nets":
            return {"precision": FP32, "why": "The default genome is no net of torch."}
        if self._spend.seconds is not None and self._spend.seconds < _PROBE_FROM:
            return {"precision": FP32, "why": f"A study of less than {_PROBE_FROM:.0f} s has no time to measure."}
        job = brief.job(Errand(trial=0, attempt=_PROBE_ATTEMPT, genome=first.genome, seconds=_PROBE_SECONDS))
        out = self._folder / "work" / "precision"
        executor.submit(replace(job, learner=_PROBE, out=str(out)))
        facts: dict[str, Json] = {}
        running = True
        while running:
            for event in executor.poll(0.25):
                running = event.kind != ev.ENDED
                if event.kind == ev.REPORTED:
                    facts |= event.data["reports"][-1].get("facts", {})
        return {"precision": FP32, "why": "It could not be measured."} | facts

    def _trainings(self, state: State, prepared: Prepared, first: Candidate) -> float:
        """Return how many times one worker could train the default genome in the time that is left; 0 where that is
        not known."""
        ((_, part),) = first.genome.items()
        if self._spend.seconds is None or not state.speed:
            return 0.0
        left = self._spend.began + self._spend.seconds - time.monotonic()
        epochs: int = part["recipe"]["epochs"]
        return left * state.speed / (epochs * max(1, prepared.sizes["train"]))

    def _lesson(self, bench: Bench) -> float:
        """Return the seconds that finding out what the search learnt may take: at most half of those the finish has
        left over, for on a busy machine it takes twice as long."""
        return 0.0 if bench.hurried() else min(_LESSON, (bench.left() - _WRITING) / 2)

    def _brief(self, prepared: Prepared) -> FamilyBrief:
        return FamilyBrief(
            study=self._folder,
            prepared=self._folder / "prepared",
            folds=prepared.validated,
            paths=family_paths([row.name for row in study_families(prepared.schema)]),
            seed=self._request.seed,
            threads=self._threads(prepared),
            max_latency=self._request.max_latency,
        )

    def _threads(self, prepared: Prepared) -> int:
        """Return the threads a child may use: its share of the processors, but no more than it can feed."""
        cells = sum(array.size for array in prepared.arrays().parts.values())
        return max(1, min(cores() // self.workers, cells // _CELLS_A_THREAD))

    def _bench(
        self, store: SQLiteStore, state: State, executor: Executor, prepared: Prepared, brief: FamilyBrief
    ) -> Bench:
        return Bench(
            study=self._folder,
            prepared=prepared,
            state=state,
            store=store,
            executor=executor,
            brief=brief,
            workers=self.workers,
            began=self._spend.began,
            limit=self._spend.seconds,
            hurried=lambda: self.interrupted,
            seconds=self._seconds,
        )

    def _budget(self, bench: Bench) -> Budget:
        limit = self._spend.seconds

        def reserve(state: State) -> float:
            predict, _ = predict_cost(state, bench.prepared, bench.workers, limit)
            return finish_reserve(limit or 0.0, predict=predict)

        def spare(state: State) -> float:
            return 1.1 * refit_cost(state, bench.prepared, bench.workers, limit)

        ends = None if limit is None else self._spend.began + limit
        return Budget(trials=self._spend.trials, ends=ends, reserve=reserve, spare=spare)

    @contextmanager
    def _ctrl_c(self) -> Iterator[None]:
        """The first Ctrl-C ends the search and finishes with the best so far; the second ends the program."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:
            if self._loop is None or self._loop.stopped:
                raise KeyboardInterrupt
            self._loop.stop()

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def log(store: SQLiteStore, state: State, kind: str, data: Json) -> None:
    """Log one event of the study and apply it."""
    event = Event.of(kind, data, time=time.time())
    store.append([event])
    apply(state, event)


def study_facts(prepared: Prepared, space: Checked) -> dict[str, Json]:
    """Return what study.json says beside the request."""
    schema = prepared.schema
    return {
        "schema": schema.to_json(),
        "metric": schema.metric,
        "direction": "maximize" if metrics.metric(schema.metric).maximize else "minimize",
        "fingerprint": prepared.fingerprint,
        "sizes": dict(prepared.sizes),
        **space_facts(space, study_families(schema)),
    }


def _conclude(folder: Path, store: SQLiteStore) -> None:
    """Write what a study lacks that was killed between its finish.json and its report."""
    state = replay_log(store)
    last = ""
    for event in store.read(max(0, state.applied - 1)):
        last = event.kind
    if last != ev.FINISHED:
        log(store, state, ev.FINISHED, {"seconds": Study.open(folder).outcome["seconds"]["total"]})
    write_report(Study.open(folder))


def _numbered(opening: Sequence[Candidate], state: State) -> tuple[Candidate, ...]:
    """Return the opening with the trials that the log has in front, for the last resort may have come before the rest
    of it."""
    tried = [state.trial(n) for n in range(min(len(state), len(opening)))]
    genomes = [trial.genome for trial in tried]
    begun = tuple(Candidate(genome=trial.genome, origin=trial.origin) for trial in tried)
    return begun + tuple(c for c in opening if c.genome not in genomes)


def _last_resort(bench: Bench, opening: Sequence[Candidate]) -> None:
    """There is always a model: where no child has one yet, the majority is counted here and now."""
    if bench.state.top(1):
        return
    state, number = bench.state, len(bench.state)
    plain = next(c for c in opening if c.origin.strategy == BASELINE)
    body = {"genome": plain.genome, "origin": plain.origin.to_json()}
    executor = Inline()
    executor.submit(bench.brief.job(Errand(trial=number, genome=plain.genome)))
    events = [Event.of(ev.PROPOSED, body, number, time=time.time())]
    apply(state, events[0])
    while state.status(number) != "ended":
        for said in executor.poll(0.0):
            if said.kind == ev.ENDED and said.data["reason"] == ev.NO_ROOM:
                raise RunError(no_room(said.data["message"]))
            events.append(replace(said, time=time.time()))
            apply(state, events[-1])
    bench.store.append(events)
