"""The log: what happened, in order. Replaying it gives the state of a study."""

from __future__ import annotations

from dataclasses import dataclass

from byeori._util.json import Json, dumps, loads

EVENT_VERSION = 1

ASKED = "asked"
BUDGET = "budget"
PRECISION = "precision"
PROPOSED = "proposed"
STARTED = "started"
REPORTED = "reported"
PAUSED = "paused"
ENDED = "ended"
TEST_OPENED = "test_opened"
FINISHED = "finished"
KINDS = (ASKED, BUDGET, PRECISION, PROPOSED, STARTED, REPORTED, PAUSED, ENDED, TEST_OPENED, FINISHED)

DONE = "done"
STOPPED = "stopped"
DEADLINE = "deadline"
DIVERGED = "diverged"
OUT_OF_MEMORY = "out of memory"
CRASHED = "crashed"
HUNG = "hung"
FAILED = "failed"
LIMIT = "limit"
CANCELLED = "cancelled"
LOST = "lost"
NO_ROOM = "no room"
REASONS = (DONE, STOPPED, DEADLINE, DIVERGED, OUT_OF_MEMORY, CRASHED, HUNG, FAILED, LIMIT, CANCELLED, LOST, NO_ROOM)
"""Why a trial ended.

`done` it trained to its end; `stopped` a stopper judged it; `deadline` time was up; `diverged` its loss is no number;
`out of memory`; `crashed` the process died of a signal; `hung` it did not end in its time and was killed; `failed` an
exception; `limit` it breaks a limit the user set; `cancelled` the user stopped the study; `lost` the worker is gone;
`no room` the disk is full: no fault of the trial's, so the study stops and the trial goes on when it is resumed.
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log.

    Bodies by kind (JSON):
        asked        what study.json says
        budget       `{"trials", "seconds", "workers"}`
        precision    `{"precision", "why", "speed"}`
        proposed     `{"genome", "origin", "continues", "weights_from", "until"}`; the first attempt starts with it
        started      `{"until"}`; a further attempt, by default as far as the one before
        reported     `{"reports": [report, …]}`
        paused       `{}`
        ended        `{"reason", "message", "seconds"}`
        test_opened  `{"what": [names]}`
        finished     `{"seconds"}`

    Args:
        kind: One of `KINDS`.
        trial: Number of the trial, or -1 for events of the study.
        attempt: Which attempt of the trial; a worker that was given up is known by it.
        body: JSON bytes.
        number: Position in the log; the store stamps it, 0 before.
        time: Seconds since the epoch; the engine stamps it.
        version: Of the event format.
    """

    kind: str
    trial: int = -1
    attempt: int = 1
    body: bytes = b"{}"
    number: int = 0
    time: float = 0.0
    version: int = EVENT_VERSION

    @staticmethod
    def of(kind: str, data: Json, trial: int = -1, attempt: int = 1, time: float = 0.0) -> Event:
        """Return an event with a body encoded from JSON data."""
        return Event(kind, trial, attempt, dumps(data), 0, time)

    @property
    def data(self) -> Json:
        """The body, decoded."""
        return loads(self.body)
