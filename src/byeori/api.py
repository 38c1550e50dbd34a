"""What users call: check, fit, resume, load, evaluate, report, as on the command line; and what a search learnt."""

from __future__ import annotations

import time as clock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from byeori import catalog
from byeori.core.errors import OptionError, StudyError
from byeori.core.metrics import Interval
from byeori.core.schema import Health, Source
from byeori.engine.progress import Watch
from byeori.explain.learnt import Learnt
from byeori.model import Model
from byeori.report.learnt import learnt_of
from byeori.report.write import write_report
from byeori.request import Request, Spend, modality_of
from byeori.screen import Screen
from byeori.session import Session
from byeori.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How a model does on data that says what is true.

    Args:
        metrics: Metric → interval, the study's own first.
    """

    metrics: Mapping[str, Interval]


def check(source: Source, *, modality: str | None = None) -> Health:
    """Look for what would spoil a study of this data; nothing is written.

    Args:
        source: The data and what is said about it.
        modality: Catalog name; inferred where it is not given.

    Raises:
        DataError: No study can be made of it; one sentence.
    """
    found = catalog.load("modality", modality or modality_of(source.data))()
    health: Health = found.check(source, found.infer(source))
    return health


def fit(
    data: Any,
    *,
    out: str | Path | None = None,
    target: str | None = None,
    task: str | None = None,
    ignore: Sequence[str] = (),
    header: bool = True,
    group: str | None = None,
    time_column: str | None = None,
    test: Any = None,
    test_fraction: float = 0.2,
    metric: str | None = None,
    time: float | None = None,
    trials: int | None = None,
    strategy: str = "council",
    stopper: str = "never",
    executor: str = "local",
    workers: int | None = None,
    max_params: int | None = None,
    max_latency: float | None = None,
    max_disk: int | None = None,
    seed: int = 0,
    preset: str = "pilot",
    modality: str | None = None,
    watch: Watch | None = None,
    started: float | None = None,
) -> Study:
    """Make a network for this data: search, train, check, ship. The same call on the same folder goes on where it was.

    Args:
        data: A path, a DataFrame, or `(X, y)`.
        out: The study's folder; `<name of the data>-study` where it is not given.
        target: Name of the target column.
        task: `classification` or `regression`; inferred where it is not given.
        ignore: Columns to leave out.
        header: False where a table's first row is data.
        group: Column whose equal values stay on one side of every split.
        time_column: Column that orders the rows; the latest are the test split.
        test: A test set of your own.
        test_fraction: Share kept for the one look at the end where no `test` is given.
        metric: What ranks the children; one that suits the task where it is not given.
        time: Seconds the whole call may take.
        trials: Children to breed.
        strategy: Catalog name of the parent.
        stopper: Catalog name of what ends poor children early.
        executor: Catalog name of where children train.
        workers: Children at once; one a processor where it is not given.
        max_params: Parameters a child may have.
        max_latency: Milliseconds one prediction may take on this machine.
        max_disk: Bytes the trials' folders may take.
        seed: Of everything.
        preset: `pilot` (10 minutes) or `production` (a day), where neither time nor trials are given.
        modality: Catalog name; inferred where it is not given.
        watch: Called with a Progress a few times a second.
        started: `time.monotonic()` at which the command began, so that its start counts against `time`.

    Returns:
        The finished study.

    Raises:
        InputError: What was given is wrong.
        RunError: Something failed while running; the same call goes on.

    Example:
        >>> import byeori
        >>> study = byeori.fit("photos/", time=600)  # doctest: +SKIP
        >>> study.test  # doctest: +SKIP
    """
    source = Source(
        data=data,
        test=test,
        target=target,
        ignore=tuple(ignore),
        header=header,
        group=group,
        time_column=time_column,
        task=task,
        metric=metric,
        test_fraction=test_fraction,
    )
    request = Request(
        source=source,
        modality=modality or "",
        strategy=strategy,
        stopper=stopper,
        executor=executor,
        max_params=max_params,
        max_latency=max_latency,
        max_disk=max_disk,
        seed=seed,
    )
    spend = Spend(trials=trials, seconds=time, workers=workers, began=clock.monotonic() if started is None else started)
    folder = Path(out) if out is not None else _default_out(data)
    return _run(request, spend.with_preset(preset), folder, watch)


def resume(
    study: str | Path,
    *,
    time: float | None = None,
    trials: int | None = None,
    workers: int | None = None,
    reopen_test: bool = False,
    watch: Watch | None = None,
    started: float | None = None,
) -> Study:
    """Go on with a study: one that was killed or stopped, or a finished one with more time.

    Args:
        study: Its folder.
        time: Seconds this call may take; what the study was given before where neither time nor trials are given.
        trials: Children in all.
        workers: Children at once.
        reopen_test: Allow a finished study to look at its test split again; the report counts the looks.
        watch: Called with a Progress a few times a second.
        started: `time.monotonic()` at which the command began.

    Raises:
        StudyError: There is no study, or it is finished and `reopen_test` was not given.
    """
    opened = Study.open(study)
    if opened.finished and not reopen_test:
        raise OptionError(
            f"The study in {opened.folder} is finished and its test split was opened: give --reopen-test to go on and "
            "look again (the report counts the looks)."
        )
    request = Request.from_json(opened.asked["request"])
    before = opened.state.budget
    if time is None and trials is None:
        time, trials = before.get("seconds"), before.get("trials")
    began = clock.monotonic() if started is None else started
    spend = Spend(trials=trials, seconds=time, workers=workers or before.get("workers"), began=began)
    return _run(request, spend.with_preset("pilot"), opened.folder, watch, reopen_test=reopen_test)


def load(path: str | Path) -> Model:
    """Open a model folder, or the study folder that holds one.

    Raises:
        ModelError: It is not there, damaged, or of a newer format.
    """
    return Model.load(path)


def evaluate(model: str | Path, data: Any, *, target: str | None = None, header: bool = True) -> Evaluation:
    """Measure a model on data that says what is true.

    Raises:
        DataError: The data has no true answers, or lacks what the model needs.
    """
    return Evaluation(metrics=Model.load(model).evaluate(data, header=header, target=target))


def report(study: str | Path) -> Path:
    """Write a study's report again from its log and its model, and return where it lies.

    Raises:
        StudyError: There is no finished study, or its folder cannot be written.
    """
    opened = Study.open(study)
    try:
        return write_report(opened)
    except OSError as error:
        raise StudyError(
            f"The report in {opened.folder} cannot be written ({error.strerror}): look at the room and the rights of "
            "the folder, or copy the study elsewhere."
        ) from None


def learnt(study: str | Path) -> Learnt:
    """Say what a study's search learnt, from its log alone, finished or not: which questions mattered, which pairs, and
    the path from the default genome to the winner.

    Raises:
        StudyError: There is no study.

    Example:
        >>> from byeori import api
        >>> [question.name for question in api.learnt("photos-study").questions[:3]]  # doctest: +SKIP
    """
    return learnt_of(Study.open(study))


def _run(request: Request, spend: Spend, folder: Path, watch: Watch | None, *, reopen_test: bool = False) -> Study:
    screen = Screen(spend, watch)
    session = Session(request, spend, folder, screen)
    study = session.run(reopen_test=reopen_test)
    study.interrupted = session.interrupted
    screen.done(study.state)
    return study


def _default_out(data: Any) -> Path:
    if isinstance(data, str | Path):
        return Path(f"{Path(data).absolute().name.split('.')[0]}-study")
    raise OptionError("Data in memory has no name: say with out= where the study goes.")
