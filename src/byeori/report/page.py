"""The page: the facts of a study as one self-contained HTML file, no script, no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from byeori._util.json import Json, pretty
from byeori.core.genome import describe
from byeori.report.learnt import learnt_section
from byeori.report.style import STYLE
from byeori.report.svg import BLUE, GREY, ORANGE, Line, chart
from byeori.report.words import (
    changed,
    count,
    decimals,
    folded,
    interval,
    listed,
    number,
    picture,
    section,
    span,
    table,
    times,
)

Facts = Mapping[str, Json]

_CLASSES = 50
_CONFUSED = 20


def page(facts: Facts) -> str:
    """Return the report of a study as HTML.

    Args:
        facts: What `report.facts.gather` returned.
    """
    sections = [
        _result(facts),
        _beside(facts),
        _data(facts),
        _tried(facts),
        _curves(facts),
        _mistakes(facts),
        _lineage(facts),
        learnt_section(facts["learnt"], facts["metric"]),
        _time(facts),
        _use(facts),
    ]
    what = f"{escape(facts['task'])} of <b>{escape(facts['target'])}</b> from {escape(facts['modality'])}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Byeori: {escape(facts['study'])}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(facts['study'])}</h1>"
        f'<p class="sub">{what} · {escape(facts["made"])} · Byeori {escape(facts["byeori"])}</p>'
        f"{''.join(sections)}</main></body></html>"
    )


def _result(facts: Facts) -> str:
    outcome, metric = facts["outcome"], facts["metric"]
    test = (outcome["test"] or {}).get("winner")
    shown = test or outcome["valid"]["winner"]
    choice = outcome["choice"]
    kind = f"an ensemble of {len(choice['members'])} children" if choice["ensemble"] else "one child"
    refit = " It was trained again on training and validation rows together." if outcome["refit"] else ""
    rows = "".join(f'<tr><td>{escape(name)}</td><td class="n">{interval(i)}</td></tr>' for name, i in shown.items())
    value, _, ends = interval(shown[metric]).partition(" ")
    return section(
        "Result",
        f'<p class="big">{escape(metric)} <b>{value}</b> <small>{ends}</small></p>'
        f"<p>Measured {_where(facts)}. Intervals are 95 %, by bootstrap.</p>"
        f"{listed(outcome['notes'])}"
        f"<p>The model is {kind}. {escape(choice['why'])}{refit}</p>"
        f"{table(f'<tr><th>metric</th><th>value (95 % interval)</th></tr>{rows}')}",
    )


def _where(facts: Facts) -> str:
    outcome = facts["outcome"]
    if (outcome["test"] or {}).get("winner"):
        items = f"the {facts['data']['sizes']['test']:,} items of the" if facts["data"] else "the items of the"
        return f"on {items} test split, opened {times(outcome['opened'])}"
    why = "" if outcome["opened"] else "; there was no test split"
    return f"on the validation rows, which chose the model: a flattering figure{why}"


def _beside(facts: Facts) -> str:
    rows = facts["baselines"]
    found = [row["test"] or row["valid"] for row in rows]
    edges, places = span(found), decimals(found)
    names = {"winner": "the model", "single": "best single child", "default": "default genome"}
    cells = "".join(
        f"<tr><td>{escape(names.get(row['name'], row['name']))}</td>"
        f"<td>{picture(one, edges, BLUE if row['name'] == 'winner' else GREY)}</td>"
        f'<td class="n">{interval(one, places)}</td></tr>'
        for row, one in zip(rows, found, strict=True)
    )
    return section(
        "Beside the baselines",
        table(f"<tr><th></th><th></th><th>{escape(facts['metric'])}</th></tr>{cells}")
        + _against(facts["outcome"]["beyond_default"]),
    )


def _against(gain: Mapping[str, float | None] | None) -> str:
    """Say how far the model is beyond the default genome."""
    if not gain or gain["value"] is None or gain["error"] is None:
        return ""
    value, error = gain["value"], gain["error"]
    if not value:
        return f"<p>On the same test items the default genome is as good as the model (± {number(error)}).</p>"
    clear = abs(value) > 2 * error
    return (
        f"<p>Against the default genome, on the same test items, the model is {'better' if value > 0 else 'worse'} by "
        f"{number(abs(value))} ± {number(error)}: "
        f"{'a real difference' if clear else 'within twice the standard error, so call it a tie'}.</p>"
    )


def _data(facts: Facts) -> str:
    data = facts["data"]
    if not data:
        return section("Data", "<p>The prepared data was deleted.</p>")
    sizes, health = data["sizes"], data["health"]
    folds = len(data["validated"])
    split = (
        f"{folds}-fold cross-validation over {sizes['train']:,} items"
        if folds > 1
        else f"{sizes['train']:,} items to train on, {sizes['valid']:,} to choose by"
    )
    findings = "".join(
        f'<li class="{escape(f["level"])}"><b>{escape(f["level"])}</b> {escape(f["message"])} {escape(f["mend"])}'
        f"{folded('which', escape(', '.join(f['items']))) if f['items'] else ''}</li>"
        for f in health["findings"]
    )
    found = f'<ul class="findings">{findings}</ul>' if findings else "<p>The health check found nothing to mend.</p>"
    return section(
        "Data",
        f"<p>{split}, {sizes['test']:,} kept aside for the one look at the end.</p>{listed(data['notes'])}{found}"
        f"{_counts(health['counts'])}",
    )


def _counts(counts: Mapping[str, int]) -> str:
    top = max(counts.values(), default=1)
    bars = "".join(
        f'<tr><td>{escape(str(label))}</td><td class="n">{items:,}</td>'
        f'<td><i class="count" style="width:{max(1, round(180 * items / max(1, top)))}px"></i></td></tr>'
        for label, items in list(counts.items())[:_CLASSES]
    )
    more = f"<p>and {len(counts) - _CLASSES:,} classes more</p>" if len(counts) > _CLASSES else ""
    return table(bars) + more


def _tried(facts: Facts) -> str:
    rows, trials = facts["leaderboard"], facts["trials"]
    edges = span(rows)
    cells = "".join(
        f'<tr><td class="n">{row["trial"]}</td><td>{escape(row["family"])}</td><td class="n">{number(row["value"])}'
        f"{' <em>tie</em>' if row['tie'] else ''}</td><td>{picture(row, edges, BLUE)}</td>"
        f'<td class="n">{count(row["params"])}</td><td class="n">{number(row["seconds"])} s</td>'
        f'<td>{escape(row["strategy"])}</td><td class="genome">{_genome(row)}</td></tr>'
        for row in rows
    )
    endings = ", ".join(f"{n:,} {escape(reason)}" for reason, n in trials["reasons"].items())
    failed = [f"trial {f['trial']} {f['reason']}: {f['message']}" for f in trials["failed"]]
    return section(
        "What was tried",
        f"<p>{trials['all']:,} children: {endings}. A <em>tie</em> is not behind the first by more than the "
        f"standard error of the difference.</p>{folded('why some failed', listed(failed)) if failed else ''}"
        f"{_history(facts)}"
        + table(
            f"<tr><th>trial</th><th>family</th><th>{escape(facts['metric'])}</th><th></th><th>parameters</th>"
            f"<th>time</th><th>from</th><th>genome</th></tr>{cells}"
        ),
    )


def _genome(row: Mapping[str, Json]) -> str:
    """Say what changed from the parent, or what the genome is; all its answers behind it."""
    steps = row["changed"]
    said = "; ".join(
        f"{s['path'].removeprefix(row['family'] + '.') or 'family'}: {s['before'] or 'nothing'} → "
        f"{s['after'] or 'nothing'}"
        for s in steps[:3]
    )
    more = f" and {len(steps) - 3} more" if len(steps) > 3 else ""
    answers = "\n".join(f"{path} = {describe(answer)}" for path, answer in row["answers"].items())
    return folded(said + more if said else row["genome"], f"<pre>{escape(answers)}</pre>")


def _history(facts: Facts) -> str:
    points, baseline = facts["history"]["points"], facts["history"]["baseline"]
    last = max(1, len(points))
    lines = [
        Line(points=[(i, p[1]) for i, p in enumerate(points, 1)], name="each child", colour=GREY, dots=True),
        Line(points=[(i, p[2]) for i, p in enumerate(points, 1)], name="best so far", colour=BLUE),
    ]
    if baseline:
        ends = [(1.0, baseline["value"]), (float(last), baseline["value"])]
        lines.append(Line(points=ends, name=f"best baseline ({baseline['family']})", colour=ORANGE))
    return chart(lines, x="children bred, in the order they ended", y=facts["metric"], outliers=False)


def _curves(facts: Facts) -> str:
    parts = []
    for curve in facts["curves"]:
        lines = [
            Line(points=_points(curve["steps"], curve["train"]), name="training loss", colour=ORANGE),
            Line(points=_points(curve["steps"], curve["valid"]), name="validation loss", colour=BLUE),
        ]
        said, fold = curve["diagnosis"], curve["fold"]
        of = f" · fold {fold[0]} of {fold[1]}" if fold else ""
        parts.append(
            f"<div><h3>trial {curve['trial']} · {escape(curve['family'])}{of}</h3>"
            f"{chart(lines, x='epoch or round', y='loss', width=440, height=240)}"
            f"<p><b>{escape(said['name'])}</b>: {escape(said['sentence'])}</p></div>"
        )
    return section("Learning curves", f'<div class="grid2">{"".join(parts)}</div>') if parts else ""


def _mistakes(facts: Facts) -> str:
    found = facts["mistakes"]
    if not found:
        return ""
    if "points" in found:
        return _predictions(found)
    said = f"<p>{found['wrong']:,} of {found['items']:,} {found['split']} items are wrong.</p>"
    return section("Mistakes", said + _matrix(facts["labels"], found["matrix"]) + _gallery(found["worst"]))


def _predictions(found: Mapping[str, Json]) -> str:
    points = [(p[0], p[1]) for p in found["points"]]
    low, high = min(p[0] for p in points), max(p[0] for p in points)
    perfect = Line(points=[(low, low), (high, high)], name="perfect", colour=GREY)
    dots = Line(points=points, name=f"{found['split']} items", colour=BLUE, dots=True)
    rows = "".join(
        f'<tr><td>{escape(w["name"])}</td><td class="n">{number(w["truth"])}</td>'
        f'<td class="n">{number(w["said"])}</td></tr>'
        for w in found["worst"]
    )
    return section(
        "Predictions",
        chart([perfect, dots], x="true value", y="predicted")
        + table(f"<tr><th>furthest off</th><th>true</th><th>predicted</th></tr>{rows}"),
    )


def _matrix(labels: Sequence[str], matrix: Sequence[Sequence[int]]) -> str:
    """Return the confusion matrix; of many classes the twenty that are confused most."""
    wrong = [sum(row) + sum(r[i] for r in matrix) - 2 * row[i] for i, row in enumerate(matrix)]
    shown = sorted(sorted(range(len(labels)), key=lambda i: -wrong[i])[:_CONFUSED])
    head = "".join(f"<th>{escape(labels[i])}</th>" for i in shown)
    rows = "".join(
        f"<tr><th>{escape(labels[i])}</th>{''.join(_cell(matrix[i], i, j) for j in shown)}</tr>" for i in shown
    )
    less = f"<p>The {len(shown)} classes confused most, of {len(labels):,}.</p>" if len(shown) < len(labels) else ""
    return less + table(f"<tr><th>true ↓ said →</th>{head}</tr>{rows}", kind="matrix")


def _cell(row: Sequence[int], i: int, j: int) -> str:
    share = row[j] / max(1, sum(row))
    colour = "0,114,178" if i == j else "213,94,0"
    shade = 0.6 * share if i == j else min(0.6, 3 * share)
    return f'<td style="background:rgba({colour},{shade:.2f})">{row[j] or ""}</td>'


def _gallery(worst: Sequence[Json]) -> str:
    cards = "".join(
        '<figure class="card">'
        + (f'<img alt="" src="data:image/png;base64,{w["picture"]}">' if w["picture"] else "")
        + f"<figcaption>{escape(w['truth'])} → <b>{escape(w['said'])}</b> {w['sure']:.0%}<br>"
        f"<small>{escape(w['name'])}</small></figcaption></figure>"
        for w in worst
    )
    return f'<h3>The surest mistakes (true → said)</h3><div class="cards">{cards}</div>' if cards else ""


def _lineage(facts: Facts) -> str:
    steps = []
    before: float | None = None
    for step in facts["lineage"]:
        value = step["value"]
        gained = "" if before is None or value is None else f" ({value - before:+.3g})"
        parents = f" of {', '.join(map(str, step['parents']))}" if step["parents"] else ""
        steps.append(
            f"<li>trial {step['trial']}, {escape(step['family'])} ({escape(step['strategy'])}{parents}): "
            f"<b>{number(value)}</b>{gained}{changed(step['changed'])}</li>"
        )
        before = value
    return section(
        "Lineage of the best child",
        f'<ol class="lineage">{"".join(steps)}</ol><p>Each step shows what changed from its first parent; the gain is '
        "on the validation rows and holds their noise.</p>",
    )


def _time(facts: Facts) -> str:
    seconds = facts["seconds"]
    total = seconds["total"] or 1.0
    stages = {name: seconds[name] for name in ("reading", "searching", "finishing") if name in seconds}
    shown = {"starting": max(0.0, total - sum(stages.values())), **stages, "total": total}
    rows = "".join(
        f'<tr><td>{name}</td><td class="n">{took:,.1f} s</td>'
        f'<td><i class="count" style="width:{max(1, round(180 * took / total))}px"></i></td></tr>'
        for name, took in shown.items()
    )
    return section("Time", table(rows))


def _use(facts: Facts) -> str:
    return section(
        "How to use the model",
        "<p>The folder <code>model/</code> beside this file is all that is needed.</p>"
        "<pre>byeori predict model NEW_DATA -o out.csv\nbyeori evaluate model LABELLED_DATA</pre>"
        '<pre>import byeori\n\nbyeori.load("model").predict("NEW_DATA").frame()</pre>'
        + folded("What was asked", f"<pre>{escape(pretty(facts['asked']))}</pre>"),
    )


def _points(steps: Sequence[int], values: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(float(s), v) for s, v in zip(steps, values, strict=True) if v is not None]
