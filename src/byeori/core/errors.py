"""Everything Byeori raises on purpose.

ByeoriError                 one clear sentence: what was given, what was expected, how to mend it
├── InputError              what the user gave is wrong                          exit code 2
│   ├── DataError           a file, a row, a column, a class
│   ├── OptionError         an option or a name (unknown strategy, negative time)
│   ├── SpaceError          a space that contradicts itself
│   ├── GenomeError         a genome its space does not allow; names the path
│   ├── StudyError          a folder that is no study, another study, or held by another process
│   └── ModelError          a model folder that is not there, damaged or of a newer format
└── RunError                something failed while running                       exit code 1
    ├── StoreError          the log cannot be read or written (disk full)
    │   └── DamagedError    the log is damaged, or none of ours                  exit code 2
    ├── TrialError          a child that cannot go on (a learner raises it; the study goes on)
    ├── Diverged            a TrialError: the loss is not a number
    └── LimitExceeded       a TrialError: the child breaks a limit the user set
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ByeoriError(Exception):
    """The root of all errors that Byeori raises on purpose."""

    exit_code = 1


class InputError(ByeoriError):
    """What the user gave is wrong; the message says how to mend it."""

    exit_code = 2


class DataError(InputError):
    """A file, a row, a column or a class is not what a study can be made of."""


class OptionError(InputError):
    """An option has a value that is unknown or out of range."""


class SpaceError(InputError):
    """A space contradicts itself: bounds, options, names, defaults."""


class GenomeError(InputError):
    """A genome answers a question in a way its space does not allow."""


class StudyError(InputError):
    """A folder is no study, holds another study, or is held by another process."""


class ModelError(InputError):
    """A model folder is not there, damaged, incomplete or of a newer format."""


class RunError(ByeoriError):
    """Something failed while running."""


class StoreError(RunError):
    """The log of events cannot be read or written."""


class DamagedError(StoreError):
    """A file given as the log of a study is damaged, another program's, or of a newer format."""

    exit_code = 2


class TrialError(RunError):
    """A child cannot go on; the study does."""


class Diverged(TrialError):
    """The loss of a child is no longer a number."""


class LimitExceeded(TrialError):
    """A child breaks a limit that the user set, for example on its latency."""


def no_room(what: str) -> str:
    """Return the sentence that a study ends with on a full disk.

    Args:
        what: What the operating system said.
    """
    said = " ".join(what.split())[:200].rstrip(".")
    return f"The disk is full ({said}): free room on it; what was logged is kept, and the same command goes on."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `" Did you mean 'x'?"` for the nearest known word, or the list of known words.

    Args:
        word: What was given.
        known: What would have been right.

    Returns:
        A sentence with a leading blank; empty where nothing is known.

    Example:
        >>> did_you_mean("evoluton", ["random", "evolution"])
        " Did you mean 'evolution'?"
        >>> did_you_mean("x", ["random", "evolution"])
        ' Known: evolution, random.'
    """
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f" Did you mean {near[0]!r}?"
    return f" Known: {', '.join(names[:20])}." if names else ""
