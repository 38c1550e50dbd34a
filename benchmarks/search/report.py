"""The page docs/benchmarks/search.md: the bars with reached or missed, the anchors, every table, the figures."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path

from figures import draw
from measured import ALL_MIXED, Estimate, Measured, read, seconds
from peers import PEERS
from runner import NOT_HERE, PEER
from tables import CATEGORICAL, MIXED, OPTIONS, ROOT

from byeori import catalog

DOCS = Path(os.environ.get("BYEORI_BENCHMARK_DOCS", ROOT / "docs" / "benchmarks"))
AT = (50, 100, 200, 500)
ANCHORS = {
    "macro": {
        "random": (0.0086, 0.0068, 0.0053),
        "evolution-20-5": (0.0064, 0.0032, 0.0017),
        PEER: (0.0041, 0.0023, 0.0012),
    },
    "hpobench-phoneme": {
        "random": (0.0269, 0.0220, 0.0189),
        "evolution-20-5": (0.0231, 0.0178, 0.0145),
        PEER: (0.0173, 0.0132, 0.0097),
    },
    "fcnet-protein": {
        "random": (0.194, 0.144, 0.102),
        "evolution-20-5": (0.115, 0.043, 0.017),
        PEER: (0.071, 0.046, 0.011),
    },
}
"""Regret after 50, 100 and 200 evaluations as measured elsewhere (issue 3's facts, section 10)."""
NO_THEORY = frozenset({"grid", "sobol", "random"})
"""Who is not expected to beat random search on a table of options: it learns nothing from what it is told."""

INTRO = """\
Made by `python benchmarks/search/run.py [--quick] [--tables …] [--strategies …] [--seeds N] [--jobs N]`; every run is
kept in `benchmarks/results/search/`, so the command may be stopped and goes on; `run.py report` writes this page from
what is kept. Peers are installed beside (`benchmarks/search/peers.py` says which); they search in the same run on the
same seeds, and everybody is dealt the same training seed at the same evaluation.

**What is measured.** A search asks a table of real trainings. It sees the value of one training seed, drawn anew at
every evaluation; the incumbent is the best it has *seen*, and its regret is taken on the mean over the seeds. Regret is
in shares of the table's range; on FCNet (`fcnet-…`) it is MSE / best - 1, since diverged trainings stretch the range,
and on naval, whose tail is heavy, the median of it (and of differences, the logarithm). NAS-Bench-Graph has one seed
and the surrogate `rpart-…` none: no noise there, and on `rpart-…` the best is the best known. Smaller is better; ± is
one standard error over seeds. Trial 0 is whatever the strategy proposes, not the default genome.

**How a table is asked.** Numbers are asked as positions (`Int`), because the anchors were measured so: with them
Optuna's multivariate TPE agrees with its anchors on protein and phoneme, with options (`Categorical`) it does not
(protein after 100: 0.024 instead of 0.046; phoneme: 0.0146 instead of 0.0132; 100 seeds). The same tables asked as
options are there as `…-options`."""


def write_report() -> None:
    """Write the page and its figures from what is kept."""
    measured = read()
    parts = [
        f"# Search\n\n{INTRO}",
        f"Machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}.",
        "## The bars\n",
        _table(("what", "bar", "measured", ""), _bars(measured)),
        "## Anchors\n\nMean regret after 50, 100 and 200 evaluations as measured elsewhere (with an unknown error), "
        "and here. `evolution-20-5` is aging evolution with a population of 20, tournaments of 5 and no crossing; ours "
        "refuses what was tried already, the textbook's does not.\n",
        _table(("table", "search", "anchor", "here", "within two standard errors"), _anchors(measured)),
        *_figures(measured),
        "## Better than random search\n\nDifference from random search after 100 evaluations in its standard errors, "
        "seed by seed: above 2 is better beyond doubt, below -2 worse.\n",
        _table(("search", *CATEGORICAL, ALL_MIXED), _against_random(measured)),
        "## Regret\n",
        *(f"### {table}\n\n{_regrets(measured, table)}" for table in measured.tables),
        "## What an evaluation costs\n\nMilliseconds of one core to ask once, look up and tell once, on the tables of "
        f"options, on average over a search: {_costs()}.",
        f"## Elsewhere\n\nWhat several fidelities save: {_page('fidelities', 'search/fidelities.py')}. Proposals a "
        f"second: {_page('throughput', 'strategies/throughput.py')}.",
    ]
    DOCS.mkdir(parents=True, exist_ok=True)
    (DOCS / "search.md").write_text("\n\n".join(part.rstrip("\n") for part in parts) + "\n")


def _bars(measured: Measured) -> Iterator[Sequence[str]]:
    for table in (*CATEGORICAL, *OPTIONS):
        for mark in (100, 200):
            yield _council_bar(measured, table, mark)
    for mark in (100, 200):
        yield _mixed_bar(measured, mark)
    agree = [row[-1] for row in _anchors(measured)]
    yield (
        "random, evolution-20-5 and multivariate TPE on Macro, phoneme, protein",
        "within two standard errors of the anchors",
        f"{agree.count('yes')} of {len(agree)} figures; {agree.count('better')} better, {agree.count('worse')} worse",
        _verdict(agree.count("yes") == len(agree) if agree else None),
    )
    for row in catalog.rows("strategy"):
        if row.name not in NO_THEORY | NOT_HERE:
            yield _random_bar(measured, row.name)


def _council_bar(measured: Measured, table: str, mark: int) -> Sequence[str]:
    shared = measured.difference(table, "council", PEER, mark)
    ours = measured.estimate(table, "council", mark, beside=PEER)
    theirs = measured.estimate(table, PEER, mark, beside="council")
    if shared is None or ours is None or theirs is None:
        return f"council on {table}, {mark}", f"at most {PEER}", "–", _verdict(None)
    naval = "naval" in table
    said = f"{_centre(ours, naval)} beside {_centre(theirs, naval)}, {shared.seeds} seeds"
    said += "" if naval else f"; difference {_figure(shared)}"
    held = ours.median <= theirs.median if naval else ours.mean <= theirs.mean
    return f"council on {table}, {mark}{' (median)' if naval else ''}", f"at most {PEER}", said, _verdict(held)


def _mixed_bar(measured: Measured, mark: int) -> Sequence[str]:
    found = {name: measured.estimate(ALL_MIXED, name, mark) for name in measured.strategies(ALL_MIXED)}
    single = {n: e for n, e in found.items() if e is not None and n != "council" and e.seeds >= 5 and n not in PEERS}
    what = f"council on ten rpart sets, {mark}"
    ours = found.get("council")
    if ours is None or not single:
        return what, "within the standard error of the best single strategy", "–", _verdict(None)
    name, best = min(single.items(), key=lambda item: item[1].mean)
    said = f"{_figure(ours)} beside {name} {_figure(best)}"
    held = ours.mean <= best.mean + best.error
    return what, "within the standard error of the best single strategy", said, _verdict(held)


def _random_bar(measured: Measured, name: str) -> Sequence[str]:
    scores = [s for table in (*CATEGORICAL, ALL_MIXED) if (s := _score(measured, table, name)) is not None]
    better, worse = sum(s > 2 for s in scores), sum(s < -2 for s in scores)
    said = f"by more than two on {better} of {len(scores)} tables, worse by more than two on {worse}"
    held = better > len(scores) / 2 and not worse if scores else None
    bar = "better than random search by more than two standard errors after 100"
    return name, bar, said if scores else "–", _verdict(held)


def _score(measured: Measured, table: str, name: str) -> float | None:
    """Return by how many standard errors a strategy is better than random search after 100 evaluations."""
    found = measured.difference(table, "random", name, 100, logarithms="naval" in table)
    if found is None or not isfinite(found.error):
        return None
    return found.mean / found.error if found.error else 0.0


def _against_random(measured: Measured) -> Iterator[Sequence[str]]:
    names = {name for table in measured.tables for name in measured.strategies(table)} - {"random"}
    rows = {name: [_score(measured, table, name) for table in (*CATEGORICAL, ALL_MIXED)] for name in names}
    for name, scores in sorted(rows.items(), key=lambda item: -sum(s or 0.0 for s in item[1])):
        yield (f"`{name}`", *("–" if score is None else f"{score:.1f}" for score in scores))


def _anchors(measured: Measured) -> Iterator[Sequence[str]]:
    for table, anchors in ANCHORS.items():
        for name, figures in anchors.items():
            for mark, anchor in zip((50, 100, 200), figures, strict=True):
                if (found := measured.estimate(table, name, mark)) is not None and found.seeds > 1:
                    near = abs(found.mean - anchor) <= 2 * found.error
                    said = "yes" if near else "better" if found.mean < anchor else "worse"
                    yield f"{table}, {mark}", f"`{name}`", f"{anchor:.4g}", _figure(found), said


def _figures(measured: Measured) -> Iterator[str]:
    for tables, name, said in (
        (CATEGORICAL, "search-options", "Tables of options"),
        ((ALL_MIXED,), "search-mixed", "Mixed spaces: the mean of ten data sets"),
        (MIXED, "search-rpart", "Mixed spaces, one by one"),
    ):
        if draw(measured, tables, DOCS / f"{name}.svg"):
            yield f"![{said}: mean regret against evaluations]({name}.svg)"


def _regrets(measured: Measured, table: str) -> str:
    naval = "naval" in table

    def order(name: str) -> tuple[float, ...]:
        found = measured.estimate(table, name, 100)
        return (float("inf") if found is None else found.median if naval else found.mean,)

    rows = []
    for name in sorted(measured.strategies(table), key=order):
        found = [measured.estimate(table, name, mark) for mark in AT]
        seeds = "/".join(dict.fromkeys(str(e.seeds) for e in found if e is not None))
        shown = f"**`{name}`**" if name == "council" else f"`{name}`"
        rows.append((shown, seeds, *("–" if e is None else _centre(e, naval) for e in found)))
    return _table(("search", "seeds", *map(str, AT)), rows)


def _centre(found: Estimate, median: bool) -> str:
    return f"{found.median:.3g}" if median else _figure(found)


def _figure(found: Estimate) -> str:
    return f"{found.mean:.4f} ± {found.error:.4f}"


def _costs() -> str:
    return ", ".join(f"`{name}` {ms:.2g}" for name, ms in seconds().items())


def _page(name: str, script: str) -> str:
    return f"[{name}]({name}.md)" if (DOCS / f"{name}.md").exists() else f"`benchmarks/{script}`"


def _verdict(held: bool | None) -> str:
    return "not measured" if held is None else "reached" if held else "**missed**"


def _table(head: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
