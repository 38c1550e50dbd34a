"""The command `byeori`: its commands, and what becomes of errors: one sentence on stderr, an exit code, no traceback.

Exit codes: 0 done · 1 failed while running · 2 the input is wrong · 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Annotated

import typer

from byeori._util.text import brief
from byeori.cli import show
from byeori.cli.catalog import catalog
from byeori.cli.check import check
from byeori.cli.demo import demo
from byeori.cli.doctor import doctor
from byeori.cli.evaluate import evaluate
from byeori.cli.fit import STOPPED, fit
from byeori.cli.options import Session
from byeori.cli.predict import predict
from byeori.cli.report import report
from byeori.cli.resume import resume
from byeori.cli.times import process_start
from byeori.core.errors import ByeoriError

COMMANDS = (check, fit, resume, predict, evaluate, report, catalog, demo, doctor)
"""In the order of `byeori --help`."""
_LONGEST = 200
"""Characters of a label or a cell that a sentence quotes."""
_QUOTED = re.compile(rf"'([^']{{{_LONGEST},}})'")


def main() -> None:
    """Run the command line and leave with its exit code; the entry point of the package."""
    sys.exit(run(sys.argv[1:], Session(process_start())))


def run(arguments: Sequence[str], session: Session) -> int:
    """Run one command.

    Args:
        arguments: What follows `byeori`.
        session: When it began.

    Returns:
        The exit code.
    """
    debug = "--debug" in arguments
    if not debug:
        sys.excepthook = _fault
    try:
        code = typer.main.get_command(app).main(
            [a for a in arguments if a != "--debug"],
            prog_name="byeori",
            standalone_mode=False,
            obj=dataclasses.replace(session, debug=debug),
        )
    except (ByeoriError, typer.TyperException) as error:
        if debug:
            traceback.print_exc()
        said = _usage(error, arguments) if isinstance(error, typer.TyperException) else _sentence(error)
        show.err(f"Error: {said}")
        return error.exit_code
    except KeyboardInterrupt:
        code = STOPPED
    if code == STOPPED:
        show.err("Stopped.")
    return code if isinstance(code, int) else 0


app = typer.Typer(
    name="byeori",
    help="Give it data: Byeori designs, trains, checks, explains and ships a model made for that data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)
for _function in COMMANDS:
    app.command()(_function)


def _version(wanted: bool) -> None:
    if wanted:
        try:
            show.out(f"byeori {version('byeori')}")
        except PackageNotFoundError:
            show.out("byeori, run from its source without being installed")
        raise typer.Exit


@app.callback()
def _everywhere(
    shown: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version and leave.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    """Hold the options of the whole command line; `run` has read `--debug` before."""


def _sentence(error: Exception) -> str:
    """Return an error's message as one line that ends a sentence."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename} cannot be read or written" if error.filename else "The operating system refused"
        return f"{where} ({error.strerror}): look at the path, its rights, and the room on the disk."
    text = " ".join(str(error).split())
    text = _QUOTED.sub(lambda found: f"'{brief(found[1], _LONGEST)}'", text)
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _usage(error: typer.TyperException, arguments: Sequence[str]) -> str:
    """Return what typer says of the words of a command, with the word it is about, and where help is."""
    text = " ".join(error.format_message().split()).rstrip(".")
    option, _, why = text.removeprefix("Invalid value for ").partition(": ")
    for kind, wanted in (("integer", "a whole number, for example 20"), ("number", "a number, for example 1.5")):
        if f"valid {kind}" in why:
            name = option.strip("'")
            text = f"{name} takes {wanted}, and not {_given(name, arguments)!r}"
    if text.endswith("?"):
        return text
    command = next((word for word in arguments if word in {function.__name__ for function in COMMANDS}), "")
    return f"{text}: see `{' '.join(filter(None, ('byeori', command)))} --help`."


def _given(option: str, arguments: Sequence[str]) -> str:
    """Return the value that an option was given."""
    for word, after in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == option:
            return after
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return ""


def _fault(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
    """Print what nobody foresaw as one sentence; `byeori --debug …` shows the whole of it."""
    if isinstance(value, OSError):
        show.err(f"Error: {_sentence(value)}")
    else:
        show.err(
            f"Error: a fault in Byeori itself ({kind.__name__}: {_sentence(value)}) "
            "The same command with --debug shows where; please report it."
            if isinstance(value, Exception)
            else f"Error: {kind.__name__}."
        )


if __name__ == "__main__":
    main()
