"""A study folder, opened: what was asked, what was tried, what came out. Reads; the engine writes.

STUDY/
  study.json       what was asked; written once
  events.db        the log
  prepared/        decoded data
  trials/00/0123/  what the best trials left
  finish.json      what came out, written at the end
  predictions/     valid.npy and test.npy of the model, rows as in prepared
  model/           the model folder
  report.html, report.json
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from byeori._util.files import not_there
from byeori._util.json import Json, loads
from byeori.core import events as ev
from byeori.core.data import Prepared
from byeori.core.errors import StudyError
from byeori.core.jobs import Report
from byeori.core.schema import Schema
from byeori.core.state import State, Trial
from byeori.engine.keeper import trial_folder
from byeori.engine.replay import replay_log
from byeori.frame import trial_frame
from byeori.stores.sqlite import SQLiteStore

if TYPE_CHECKING:
    import pandas as pd

STUDY_FORMAT = 1


class Study:
    """A study folder, opened for reading.

    Args:
        folder: Where it lies.

    Example:
        >>> import byeori
        >>> byeori.Study.open("photos-study").best.value  # doctest: +SKIP
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.interrupted = False
        """Whether Ctrl-C ended the search in this very call."""

    @staticmethod
    def open(path: str | Path) -> Study:
        """Open a study folder.

        Raises:
            StudyError: There is no study, or its study.json is damaged or of a newer format.
        """
        folder = Path(path)
        if not folder.exists():
            raise StudyError(not_there(folder))
        if not (folder / "study.json").is_file():
            raise StudyError(f"There is no study in {folder}: give the folder that `byeori fit --out` made.")
        study = Study(folder)
        if study.asked["format"] > STUDY_FORMAT:
            raise StudyError(f"The study in {folder} was made by a newer Byeori: update Byeori.")
        request = study.asked.get("request")
        if not (isinstance(request, dict) and isinstance(request.get("source"), dict)):
            raise StudyError(_damaged(folder))
        return study

    @cached_property
    def asked(self) -> dict[str, Json]:
        """What study.json says."""
        try:
            record = loads((self.folder / "study.json").read_bytes())
        except (OSError, ValueError):
            record = None
        if not isinstance(record, dict) or not isinstance(record.get("format"), int):
            raise StudyError(_damaged(self.folder))
        return record

    @cached_property
    def schema(self) -> Schema:
        """What is predicted from what."""
        try:
            return Schema.from_json(self.asked["schema"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise StudyError(_damaged(self.folder)) from None

    @cached_property
    def state(self) -> State:
        """What the log says; read once."""
        return replay_log(self._store())

    @cached_property
    def prepared(self) -> Prepared:
        """The prepared data.

        Raises:
            DataError: It was deleted; `byeori resume` makes it again.
        """
        return Prepared.open(self.folder / "prepared")

    @property
    def trials(self) -> Sequence[Trial]:
        """Every trial in the order of its number."""
        return list(self.state.trials())

    @property
    def best(self) -> Trial | None:
        """The best single child by validation, or None where none has a value."""
        return None if self.state.best is None else self.state.trial(self.state.best)

    def frame(self) -> pd.DataFrame:
        """Return a row a trial: number, value, status, reason, seconds, strategy, and a column for the answer to each
        question, called by its path."""
        return trial_frame(self.state.trials())

    @property
    def finished(self) -> bool:
        """Whether the test split was looked at and the model written."""
        return (self.folder / "finish.json").is_file()

    @cached_property
    def outcome(self) -> dict[str, Json]:
        """What finish.json says.

        Raises:
            StudyError: The study is not finished, or what it says is damaged.
        """
        if not self.finished:
            raise StudyError(f"The study in {self.folder} is not finished: `byeori resume {self.folder}` goes on.")
        file = self.folder / "finish.json"
        try:
            record: dict[str, Json] = loads(file.read_bytes())
            whole = {"choice", "test"} <= record.keys() and "total" in record["seconds"]
            whole = whole and "value" in record["valid"]["winner"][self.schema.metric]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            raise StudyError(f"{file} is damaged: delete it, and `byeori resume {self.folder}` writes it anew.")
        return record

    @property
    def model_folder(self) -> Path:
        """Where the model lies."""
        return self.folder / "model"

    @property
    def test(self) -> float | None:
        """The metric on the test split, or None where there was none."""
        winner = (self.outcome.get("test") or {}).get("winner")
        return None if winner is None else winner[self.schema.metric]["value"]

    @property
    def valid(self) -> float:
        """The metric of the model on the validation rows."""
        value: float = self.outcome["valid"]["winner"][self.schema.metric]["value"]
        return value

    def reports(self) -> dict[int, list[Report]]:
        """Return every trial's reports, read from the log."""
        found: dict[int, list[Report]] = {}
        for event in self.events():
            if event.kind == ev.REPORTED:
                found.setdefault(event.trial, []).extend(Report.from_json(r) for r in event.data["reports"])
        return found

    def events(self) -> Iterator[ev.Event]:
        """Yield the log."""
        return self._store().read()

    def trial_folder(self, trial: int) -> Path:
        """Return a trial's folder; deleted for trials that are no longer among the best."""
        return trial_folder(self.folder, trial)

    def summary(self) -> dict[str, Json]:
        """Return the facts that `byeori fit --json` prints."""
        return {
            "study": str(self.folder),
            "task": self.schema.task,
            "metric": self.schema.metric,
            "valid": self.valid,
            "test": self.test,
            "trials": len(self.state),
            "seconds": self.outcome["seconds"]["total"],
            "model": str(self.model_folder),
        }

    def _store(self) -> SQLiteStore:
        return SQLiteStore(self.folder / "events.db", readonly=True)


def _damaged(folder: Path) -> str:
    return f"{folder / 'study.json'} is damaged: restore it from a copy, or begin again in another folder."
