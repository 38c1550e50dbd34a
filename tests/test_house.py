"""The house rules that no linter knows, read off the syntax tree of every file in src."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from byeori._util.lazy import resolve

SRC = Path(__file__).resolve().parent.parent / "src"
FILES = sorted(SRC.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LINES_A_FILE = 400
LINES_A_FUNCTION = 60
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
UNSAFE_CALLS = {"eval", "exec", "torch.load", "yaml.load", "yaml.unsafe_load", "pd.read_pickle", "pandas.read_pickle"}
LEFT_FOR_LATER = ("TODO", "FIXME", "XXX", "for now", "placeholder", "simplified version")
STRANGERS = {SRC / "byeori" / "executors" / "outcome.py"}
"""Where a child's code is run or read, anything may be raised, and it is an end of a trial."""
LOADER = SRC / "byeori" / "_util" / "lazy.py"


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(SRC)}:{getattr(node, 'lineno', 1)}"


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[Path, ast.AST]]:
    return ((path, node) for path, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, kinds))


def test_no_import_stands_in_a_function() -> None:
    found = {
        where(path, inner)
        for path, function in nodes(*FUNCTIONS)
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }
    assert found == set(), "use _util.lazy.lazy beside a TYPE_CHECKING import"


def test_modules_are_loaded_by_name_in_one_place() -> None:
    found = [
        where(path, node)
        for path, node in nodes(ast.Call)
        if ast.unparse(node.func) in ("importlib.import_module", "import_module", "__import__") and path != LOADER
    ]
    assert found == [], "use _util.lazy: lazy or resolve"


def test_no_except_is_broad() -> None:
    found = []
    for path, node in nodes(ast.ExceptHandler):
        caught = "" if node.type is None else ast.unparse(node.type)
        cleans_up = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        if caught in ("", "Exception", "BaseException") and not cleans_up and path not in STRANGERS:
            found.append(where(path, node))
    assert found == [], "name what can happen; a broad except may only clean up and raise again"


def test_nothing_is_unpickled_or_evaluated() -> None:
    found = []
    for path, node in nodes(ast.Import, ast.ImportFrom, ast.Call):
        if isinstance(node, ast.Import):
            named = {alias.name.partition(".")[0] for alias in node.names} & UNSAFE_MODULES
        elif isinstance(node, ast.ImportFrom):
            named = {(node.module or "").partition(".")[0]} & UNSAFE_MODULES
        else:
            named = {ast.unparse(node.func)} & UNSAFE_CALLS
            named |= {
                "allow_pickle" for k in node.keywords if k.arg == "allow_pickle" and ast.unparse(k.value) != "False"
            }
        found += [f"{where(path, node)} {name}" for name in named]
    assert found == []


def test_every_array_is_read_without_pickle() -> None:
    found = [
        where(path, node)
        for path, node in nodes(ast.Call)
        if ast.unparse(node.func) in ("np.load", "numpy.load")
        and not any(k.arg == "allow_pickle" and ast.unparse(k.value) == "False" for k in node.keywords)
    ]
    assert found == [], "say allow_pickle=False"


def test_all_lists_what_is_there() -> None:
    found = []
    for path, tree in TREES.items():
        parts = path.relative_to(SRC).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                names = [element.value for element in node.value.elts]
                assert len(names) == len(set(names)), f"{module}.__all__ says nothing twice"
                found += [name for name in names if resolve(f"{module}:{name}") is None]
    assert found == []


def test_a_package_that_re_exports_says_what() -> None:
    found = []
    for path, tree in TREES.items():
        if path.name != "__init__.py":
            continue
        exports = any(isinstance(n, ast.ImportFrom) and (n.module or "").startswith("byeori") for n in tree.body)
        said = any(isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__" for n in tree.body)
        if exports and not said and path.parent != SRC / "byeori":
            found.append(str(path.relative_to(SRC)))
    assert found == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_a_file_is_an_idea_you_can_hold(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LINES_A_FILE
    if not text.strip():
        return
    tree = TREES[path]
    assert ast.get_docstring(tree), "a module says its idea"
    if any(isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.AnnAssign)) for node in ast.walk(tree)):
        assert "from __future__ import annotations" in text
    found = [word for word in LEFT_FOR_LATER if word in text]
    assert found == []


def test_a_function_is_a_screen() -> None:
    found = []
    for path, node in nodes(*FUNCTIONS):
        first = node.body[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        begin = first.end_lineno if documented else node.lineno - 1
        if (node.end_lineno or 0) - begin > LINES_A_FUNCTION:
            found.append(f"{where(path, node)} {node.name}")
    assert found == []


def test_src_asserts_nothing() -> None:
    testing = SRC / "byeori" / "testing"
    found = [where(path, node) for path, node in nodes(ast.Assert) if testing not in path.parents]
    assert found == [], "raise an error of core.errors: python -O removes asserts"


def test_public_functions_take_no_bags_of_options() -> None:
    found = []
    for path, tree in TREES.items():
        owners = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
        for node in (child for owner in owners for child in owner.body if isinstance(child, FUNCTIONS)):
            if node.args.kwarg is not None and not node.name.startswith("_"):
                found.append(f"{where(path, node)} {node.name}")
    assert found == [], "declare each option once, by name"
