"""Docs cannot rot: what is generated is fresh, what is written runs."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from byeori import catalog
from byeori._util.lazy import resolve
from byeori.cli.main import app

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
GROUP: Any = typer.main.get_command(app)
PARAMS = [(name, p) for name, command in GROUP.commands.items() for p in command.params]


@pytest.mark.parametrize("page", ["cli.md", "catalog.md"])
def test_generated_pages_are_fresh(page: str) -> None:
    pages = runpy.run_path(str(DOCS / "generate.py"))["pages"]()
    assert (DOCS / page).read_text(encoding="utf-8") == pages[DOCS / page], "run `make docs`"


@pytest.mark.parametrize("name", GROUP.commands)
def test_every_command_has_help(name: str) -> None:
    first = GROUP.commands[name].help.splitlines()[0]
    assert first.endswith("."), "one sentence"
    assert len(first) <= 45, "short enough for `byeori --help`"
    assert f"## byeori {name}\n" in (DOCS / "cli.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("command", "param"), PARAMS, ids=[f"{c}-{p.name}" for c, p in PARAMS])
def test_every_option_has_help_and_stands_in_the_reference(command: str, param: Any) -> None:
    assert param.help
    section = (DOCS / "cli.md").read_text(encoding="utf-8").partition(f"## byeori {command}\n")[2].partition("\n## ")[0]
    written = param.metavar if param.param_type_name == "argument" else param.opts[0]
    assert f"`{written}`" in section


@pytest.mark.parametrize("row", catalog.ROWS, ids=lambda row: f"{row.kind}-{row.name}")
def test_every_catalog_row_resolves_and_is_documented(row: catalog.Row) -> None:
    found = resolve(row.path)
    assert (found if isinstance(found, type) else type(found)).__doc__, "what it is, in its docstring"
    assert f"| `{row.name}` | {row.summary} |" in (DOCS / "catalog.md").read_text(encoding="utf-8")


def test_catalog_names_are_unique_and_families_have_a_learner() -> None:
    names = [(row.kind, row.name) for row in catalog.ROWS]
    assert len(names) == len(set(names))
    for row in catalog.rows("family"):
        assert catalog.find("learner", row.learner).kind == "learner"
        for modality in (*row.modalities, *row.searched):
            assert catalog.find("modality", modality).kind == "modality"


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in GROUP.commands if f"byeori {name}" not in text] == []


def test_links_in_the_docs_lead_somewhere() -> None:
    broken = []
    for page in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]:
        for part in page.read_text(encoding="utf-8").split("](")[1:]:
            target = part.partition(")")[0].partition("#")[0]
            if target and "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} → {target}")
    assert broken == []


def test_the_search_on_the_readme_runs(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = (block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "byeori.search(" in block)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "gamma" in done.stdout
    assert {"history.png", "svm.db"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.name)
def test_every_example_runs(example: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(example)], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip(), "an example shows something"
