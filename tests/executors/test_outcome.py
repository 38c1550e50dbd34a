from __future__ import annotations

import os

import numpy as np
import pytest

from byeori.core import events as ev
from byeori.core.errors import DataError, Diverged, LimitExceeded, TrialError
from byeori.executors.outcome import attempt, outcome_of, outcome_of_status


class Wordless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Diverged("x"), ev.DIVERGED),
        (LimitExceeded("x"), ev.LIMIT),
        (TrialError("x"), ev.FAILED),
        (DataError("x"), ev.FAILED),
        (MemoryError(), ev.OUT_OF_MEMORY),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), ev.OUT_OF_MEMORY),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), ev.OUT_OF_MEMORY),
        (OSError(12, os.strerror(12)), ev.OUT_OF_MEMORY),
        (ValueError("std::bad_alloc"), ev.OUT_OF_MEMORY),
        (RuntimeError("shapes"), ev.FAILED),
        (OSError(28, os.strerror(28)), ev.NO_ROOM),
        (RuntimeError("I/O error: No space left on device (os error 28)"), ev.NO_ROOM),
        (OSError(13, os.strerror(13)), ev.FAILED),
        (RecursionError(), ev.FAILED),
        (Wordless(), ev.FAILED),
        (SystemExit(2), ev.CRASHED),
    ],
)
def test_an_exception_has_a_reason(error: BaseException, reason: str) -> None:
    outcome = outcome_of(error)
    assert outcome.reason == reason
    assert outcome.message


def test_numpys_refusal_is_a_lack_of_memory() -> None:
    def allocate() -> int:
        return int(np.empty(1 << 60, np.uint8)[0])

    outcome = attempt(allocate)
    assert getattr(outcome, "reason", None) == ev.OUT_OF_MEMORY


def test_the_last_lines_of_a_traceback_are_kept_and_the_message_is_cut() -> None:
    def deep(n: int) -> int:
        if n == 0:
            raise ValueError("y" * 10_000)
        return deep(n - 1)

    outcome = attempt(lambda: deep(30))
    message = getattr(outcome, "message", "")
    assert message.startswith("ValueError: yyy")
    assert "in deep\n" in message
    assert 2100 < len(message) <= 4096


def test_words_that_are_no_unicode_can_be_said() -> None:
    assert outcome_of(ValueError("file \udcff")).message.startswith("ValueError: file ?")


@pytest.mark.parametrize(
    ("status", "words"),
    [(-9, "often: out of memory"), (-6, "SIGABRT"), (-63, "signal 63"), (3, "exit code 3"), (0, "without a word")],
)
def test_a_status_has_a_message(status: int, words: str) -> None:
    outcome = outcome_of_status(status)
    assert outcome.reason == ev.CRASHED
    assert words in outcome.message
