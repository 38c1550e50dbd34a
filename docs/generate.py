"""Writes docs/cli.md and docs/catalog.md from the code: `make docs`. A test fails where they are stale."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import typer

from byeori import catalog
from byeori.cli.main import app

HERE = Path(__file__).parent
_OF = {
    "strategy": "Strategies: the parents, `--strategy`",
    "stopper": "Stoppers: early ends, `--stopper`",
    "executor": "Executors: where children train, `--executor`",
    "modality": "Modalities: kinds of data, `--modality`",
    "family": "Families: kinds of models that are bred",
    "learner": "Learners: what trains a family",
}


def pages() -> dict[Path, str]:
    """Return every generated page: its path, its text."""
    return {HERE / "cli.md": cli_page(), HERE / "catalog.md": catalog_page()}


def cli_page() -> str:
    """Return the reference of the command line."""
    group: Any = typer.main.get_command(app)
    lines = [
        "# The command line",
        "",
        "Written by `make docs` from the commands themselves.",
        "",
        "Results go to stdout, progress and errors to stderr. An error is one sentence; `--debug`, anywhere, shows",
        "where it came from.",
        "",
        "Exit codes: 0 done · 1 failed while running · 2 the input is wrong · 130 stopped by Ctrl-C.",
    ]
    for name, command in group.commands.items():
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option"]
        usage = " ".join([f"byeori {name}", *(str(a.metavar) for a in arguments), *(["[OPTIONS]"] if options else [])])
        lines += ["", f"## byeori {name}", "", inspect.cleandoc(command.help), "", f"    {usage}", ""]
        lines += ["| | what it does | if left out |", "|---|---|---|", *(_row(p) for p in [*arguments, *options])]
    return "\n".join(lines) + "\n"


def catalog_page() -> str:
    """Return the table of all that has a name."""
    written = "Written by `make docs` from `src/byeori/catalog.py`; `byeori catalog` lists plug-ins too."
    lines = ["# The catalog", "", written]
    for kind in catalog.KINDS:
        can = kind == "strategy"
        lines += [
            "",
            f"## {_OF[kind]}",
            "",
            f"| name | what it is |{' can |' * can} where |",
            f"|---|---|{'---|' * can}---|",
        ]
        for row in catalog.ROWS:
            if row.kind == kind:
                file = f"src/{row.path.partition(':')[0].replace('.', '/')}.py"
                able = f" {row.abilities} |" if can else ""
                lines.append(f"| `{row.name}` | {row.summary} |{able} [`{row.path}`](../{file}) |")
    return "\n".join(lines) + "\n"


def _row(param: Any) -> str:
    """Return a parameter as a line of a table: how it is written, what it is, what it is if left out."""
    if param.param_type_name == "argument":
        return f"| `{param.metavar}` | {param.help} | {'required' if param.required else ''} |"
    names = ", ".join(f"`{name}`" for name in param.opts)
    default = f"`{param.default}`" if param.default not in (None, False, ()) else ""
    return f"| {names} | {param.help} | {'required' if param.required else default} |"


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
