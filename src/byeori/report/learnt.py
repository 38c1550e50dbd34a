"""What the search learnt, in the report: gathered from the log, said as bars, a list of pairs and a path of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

import numpy as np

from byeori._util.json import Json
from byeori.core.question import Space
from byeori.core.state import State, Trial
from byeori.explain.learnt import Learnt, learnt
from byeori.report.svg import BLUE, GREEN, ORANGE, Line, chart
from byeori.report.words import changed, folded, listed, number, section, table
from byeori.study import Study
from byeori.study_space import study_space

_SHOWN = 12
_PAIRS = 6
_FAINT = 0.005
"""A pair that explains less is not worth a line."""
_MOST = 20_000
"""Trials that are read; of more an even selection."""


def learnt_of(study: Study, seconds: float | None = None) -> Learnt:
    """Return what a study's search learnt.

    Args:
        study: One with a log; finished or not.
        seconds: What it may take; None for as long as it needs (under 10 s).
    """
    state = study.state
    return learnt(_read(state), _space(study), maximize=state.maximize, seconds=seconds)


def learnt_section(found: Mapping[str, Json], metric: str) -> str:
    """Return the section of the page; nothing where nothing was learnt.

    Args:
        found: What `Learnt.to_json` returned.
        metric: Name of the study's metric.
    """
    if not found["regions"]:
        return ""
    left = f" ({found['left_out']:,} others, such as failures and baselines, say nothing here)" * bool(
        found["left_out"]
    )
    parts = [
        f"<p>From {found['trials']:,} children that trained to their end{left}. It holds in the region this search "
        "looked at: of an answer that was hardly tried it knows little.</p>",
        listed(found["cautions"]),
        _hint(found),
    ]
    if found["family"]:
        parts += ["<h3>Which family</h3>", _bars([found["family"]], "")]
    for region in found["regions"]:
        parts.append(_region(region, several=bool(found["family"])))
    parts.append(_path(found["path"], found["winner"], metric))
    return section("What the search learnt", "".join(parts))


def _read(state: State) -> Sequence[Trial]:
    if len(state) <= _MOST:
        return list(state.trials())
    numbers = set(np.linspace(0, len(state) - 1, _MOST).round().astype(int).tolist())
    return [state.trial(n) for n in sorted(numbers | ({state.best} if state.best is not None else set()))]


def _space(study: Study) -> Space:
    """Return the space as it was asked, with its checks where this version still asks the same."""
    recorded = Space.from_json(study.asked["space"])
    today = study_space(study.schema, study.asked["request"].get("max_params"))
    return today if today == recorded else recorded


def _hint(found: Mapping[str, Json]) -> str:
    """Say how to have the forest that there was no time for."""
    if all(region["trees"] or not region["questions"] for region in found["regions"]):
        return ""
    return "<p><code>byeori report STUDY</code> takes the time to grow the forest where there are trials enough.</p>"


def _region(region: Mapping[str, Json], *, several: bool) -> str:
    questions, family = region["questions"], region["family"]
    if not questions:
        return ""
    title = (
        f"<h3>Inside {escape(family)}, {region['trials']:,} children</h3>" if several else "<h3>Which questions</h3>"
    )
    rest = folded(f"{len(questions) - _SHOWN} more", _bars(questions[_SHOWN:], family)) if questions[_SHOWN:] else ""
    still = ", ".join(path.removeprefix(f"{family}.") for path in region["still"])
    return (
        f"{title}{_bars(questions[:_SHOWN], family)}{rest}{_fit(region)}{_pairs(region)}"
        f"{folded('Questions that had one answer only', f'<p>{escape(still)}</p>') if still else ''}"
    )


def _fit(region: Mapping[str, Json]) -> str:
    """Say what the two figures are, and how far the forest is to be believed."""
    said = (
        "<i>Best tenth</i> is each question's share of what sets the answers of the best tenth apart from all that "
        "were given (PED-ANOVA)."
    )
    if region["trees"]:
        said += (
            " <i>Alone</i> is the share of the losses' variance over the whole space that the question explains by "
            f"itself (fANOVA, {region['trees']} trees); the forest foretells {max(0.0, region['fit']):.0%} of the "
            "differences between children it has not seen."
        )
    return f"<p>{said}</p>"


def _bars(questions: Sequence[Mapping[str, Json]], family: str) -> str:
    forest = any(q["variance"] is not None for q in questions)
    head = (
        "<tr><th>question</th>" + "<th>alone</th><th></th>" * forest + "<th>best tenth</th><th></th><th>asked</th></tr>"
    )
    rows = "".join(
        f"<tr><td><code>{escape(q['name'].removeprefix(f'{family}.'))}</code></td>"
        f"{_share(q['variance'], BLUE) if forest else ''}{_share(q['best'], ORANGE)}"
        f'<td class="n">{q["trials"]:,}×</td></tr>'
        for q in questions
    )
    return table(head + rows)


def _pairs(region: Mapping[str, Json]) -> str:
    prefix = f"{region['family']}."
    rows = "".join(
        f"<tr><td><code>{escape(pair['first'].removeprefix(prefix))}</code> × "
        f"<code>{escape(pair['second'].removeprefix(prefix))}</code></td>{_share(pair['variance'], GREEN)}</tr>"
        for pair in region["pairs"][:_PAIRS]
        if pair["variance"] >= _FAINT
    )
    return table(f"<tr><th>pairs</th><th>together, beyond each alone</th><th></th></tr>{rows}") if rows else ""


def _share(value: float | None, colour: str) -> str:
    """Return two cells: a bar and its figure."""
    share = value or 0.0
    return (
        f'<td><i class="count" style="width:{max(1, round(160 * min(1.0, share)))}px;background:{colour}"></i></td>'
        f'<td class="n">{share:.0%}</td>'
    )


def _path(path: Sequence[Mapping[str, Json]], winner: int, metric: str) -> str:
    if len(path) < 2:
        return f"<p>The default genome is the best child, trial {winner}.</p>" if path else ""
    steps = [f"<li>{_worth(step, before)}{changed(step['changed'])}</li>" for before, step in pairwise(path)]
    rest = folded(f"{len(steps) - _SHOWN} more steps", f"<ul>{''.join(steps[_SHOWN:])}</ul>") if steps[_SHOWN:] else ""
    return (
        f"<h3>From the default genome to the winner</h3>{_stairs(path, metric)}"
        f"<p>The default genome: {_worth(path[0])}. Each step takes over from the winner what the forest says helps "
        "most then. The winner's own value was the best of many and flatters it: what it is beyond the last step "
        "foretold is partly luck.</p>"
        f'<ol class="lineage">{"".join(steps[:_SHOWN])}</ol>{rest}'
    )


def _worth(step: Mapping[str, Json], before: Mapping[str, Json] | None = None) -> str:
    """Say what a genome is worth by the forest, what it gained, and what was measured of it."""
    foretold, was = step["foretold"], before and before["foretold"]
    said = [] if foretold is None else [f"<b>{number(foretold)}</b> foretold"]
    if foretold is not None and was is not None:
        said[0] += f" ({foretold - was:+.3g})"
    if step["trial"] is not None:
        said.append(f"<b>{number(step['value'])}</b> <em>measured, trial {step['trial']}</em>")
    return ", ".join(said) or "not known"


def _stairs(path: Sequence[Mapping[str, Json]], metric: str) -> str:
    """Return the path as a chart: level until the next change, and what was measured on the way."""
    stairs: list[tuple[float, float]] = []
    for at, step in enumerate(path):
        if step["foretold"] is not None:
            stairs += [(float(at), stairs[-1][1])] if stairs else []
            stairs.append((float(at), step["foretold"]))
    measured = [(float(at), step["value"]) for at, step in enumerate(path) if step["trial"] is not None]
    lines = [
        Line(points=stairs, name="foretold", colour=ORANGE),
        Line(points=measured, name="measured", colour=BLUE, dots=True),
    ]
    return chart(lines, x="changes made", y=metric)
