"""What the tests of the command line share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from byeori.cli.main import run
from byeori.cli.options import Session


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str


@pytest.fixture
def byeori(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Run a command in this process, as `main` does."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back after the test
    monkeypatch.setenv("COLUMNS", "100")

    def call(*arguments: object, session: Session | None = None) -> Answer:
        capsys.readouterr()
        code = run([str(a) for a in arguments], session if session is not None else Session(0.0))
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return call
