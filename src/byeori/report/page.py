"""The page: the facts of a study as one self-contained HTML file, no script, no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from byeori._util.json import Json, dumps
from byeori.report.style import STYLE
from byeori.report.svg import BLUE, GREEN, GREY, ORANGE, Line, bar, chart

Facts = Mapping[str, Json]


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
        _time(facts),
        _use(facts),
    ]
    body = "".join(section for section in sections if section)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Byeori: {escape(facts['study'])}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(facts['study'])}</h1>"
        f"<p class=sub>{escape(facts['task'])} of <b>{escape(facts['target'])}</b> from {escape(facts['modality'])} · "
        f"{escape(facts['made'])} · Byeori {escape(facts['byeori'])}</p>{body}</main></body></html>"
    )


def _result(facts: Facts) -> str:
    outcome, metric = facts["outcome"], facts["metric"]
    test = (outcome["test"] or {}).get("winner")
    shown = test or outcome["valid"]["winner"]
    where = (
        f"on the {facts['data']['sizes']['test']:,} items of the test split, opened {_times(outcome['opened'])}"
        if test and facts["data"]
        else "on the validation rows, which chose the model: a flattering figure; there was no test split"
    )
    choice = outcome["choice"]
    kind = f"an ensemble of {len(choice['members'])} children" if choice["ensemble"] else "one child"
    refit = " It was trained again on training and validation rows together." if outcome["refit"] else ""
    rows = "".join(f"<tr><td>{escape(name)}</td><td class=n>{_interval(i)}</td></tr>" for name, i in shown.items())
    return _section(
        "Result",
        f"<p class=big>{escape(metric)} <b>{_number(shown[metric]['value'])}</b> "
        f"<small>({_number(shown[metric]['low'])} – {_number(shown[metric]['high'])})</small></p>"
        f"<p>Measured {where}. Intervals are 95 %, by bootstrap.</p>"
        f"<p>The model is {kind}. {escape(choice['why'])}{refit}</p>"
        f"<table><tr><th>metric</th><th>value (95 % interval)</th></tr>{rows}</table>",
    )


def _beside(facts: Facts) -> str:
    rows = facts["baselines"]
    intervals = [r["test"] or r["valid"] for r in rows]
    span = _span(intervals)
    names = {"winner": "the model", "single": "best single child", "default": "default genome"}
    cells = "".join(
        f"<tr><td>{escape(names.get(row['name'], row['name']))}</td>"
        f"<td>{_bar(i, span, BLUE if row['name'] == 'winner' else GREY)}</td><td class=n>{_interval(i)}</td></tr>"
        for row, i in zip(rows, intervals, strict=True)
    )
    gain = facts["outcome"]["beyond_default"]
    said = ""
    if gain:
        clear = abs(gain["value"]) > 2 * gain["error"]
        said = (
            f"<p>Against the default genome, on the same test items, the model is "
            f"{'better' if gain['value'] > 0 else 'worse'} by {_number(abs(gain['value']))} "
            f"± {_number(gain['error'])}: "
            f"{'a real difference' if clear else 'within twice the standard error, so call it a tie'}.</p>"
        )
    return _section(
        "Beside the baselines",
        f"<table><tr><th></th><th></th><th>{escape(facts['metric'])}</th></tr>{cells}</table>{said}",
    )


def _data(facts: Facts) -> str:
    data = facts["data"]
    if not data:
        return _section("Data", "<p>The prepared data was deleted.</p>")
    sizes, health = data["sizes"], data["health"]
    folds = len(data["validated"])
    split = (
        f"{folds}-fold cross-validation over {sizes['train']:,} items"
        if folds > 1
        else f"{sizes['train']:,} items to train on, {sizes['valid']:,} to choose by"
    )
    findings = "".join(
        f"<li class={escape(f['level'])}><b>{escape(f['level'])}</b> {escape(f['message'])} {escape(f['mend'])}"
        f"{_items(f['items'])}</li>"
        for f in health["findings"]
    )
    counts = health["counts"]
    top = max(counts.values(), default=1)
    bars = "".join(
        f"<tr><td>{escape(str(label))}</td><td class=n>{count:,}</td>"
        f'<td><i class=count style="width:{max(1, round(180 * count / top))}px"></i></td></tr>'
        for label, count in list(counts.items())[:50]
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in data["notes"])
    return _section(
        "Data",
        f"<p>{split}, {sizes['test']:,} kept aside for the one look at the end.</p>"
        f"{f'<ul>{notes}</ul>' if notes else ''}"
        f"<ul class=findings>{findings or '<li>The health check found nothing to mend.</li>'}</ul>"
        f"{f'<table>{bars}</table>' if bars else ''}",
    )


def _tried(facts: Facts) -> str:
    rows = facts["leaderboard"]
    span = _span([r for r in rows if r.get("low") is not None])
    cells = "".join(
        f"<tr><td class=n>{row['trial']}</td><td>{escape(row['family'])}</td><td class=n>{_number(row['value'])}"
        f"{' <em>tie</em>' if row['tie'] else ''}</td><td>{_bar(row, span, BLUE)}</td>"
        f"<td class=n>{_count(row['params'])}</td><td class=n>{row['seconds']} s</td><td>{escape(row['strategy'])}</td>"
        f"<td class=genome>{escape(row['genome'])}</td></tr>"
        for row in rows
    )
    endings = ", ".join(f"{count} {escape(reason)}" for reason, count in facts["trials"]["reasons"].items())
    history = [(float(i), point[1]) for i, point in enumerate(facts["history"])]
    best = [(float(i), point[2]) for i, point in enumerate(facts["history"])]
    picture = chart(
        [
            Line(points=history, name="each child", colour=GREY, dots=True),
            Line(points=best, name="best so far", colour=BLUE),
        ],
        x="children, in the order they ended",
        y=facts["metric"],
    )
    return _section(
        "What was tried",
        f"<p>{facts['trials']['all']} children: {endings}. A <em>tie</em> is not behind the first by more than the "
        f"standard error of the difference.</p>{picture}"
        f"<div class=wide><table><tr><th>trial</th><th>family</th><th>{escape(facts['metric'])}</th><th></th>"
        f"<th>parameters</th><th>time</th><th>from</th><th>genome</th></tr>{cells}</table></div>",
    )


def _curves(facts: Facts) -> str:
    parts = []
    for curve in facts["curves"]:
        lines = [
            Line(points=_points(curve["steps"], curve["train"]), name="training loss", colour=ORANGE),
            Line(points=_points(curve["steps"], curve["valid"]), name="validation loss", colour=BLUE),
        ]
        picture = chart(lines, x="epoch or round", y="loss", width=360, height=220)
        if picture:
            said = curve["diagnosis"]
            words = f"<p><b>{escape(said['name'])}</b>: {escape(said['sentence'])}</p>" if said else ""
            parts.append(f"<div><h3>trial {curve['trial']} · {escape(curve['family'])}</h3>{picture}{words}</div>")
    return _section("Learning curves", f"<div class=grid2>{''.join(parts)}</div>") if parts else ""


def _mistakes(facts: Facts) -> str:
    found = facts["mistakes"]
    if not found:
        return ""
    if "points" in found:
        points = [(p[0], p[1]) for p in found["points"]]
        low, high = min(p[0] for p in points), max(p[0] for p in points)
        picture = chart(
            [
                Line(points=[(low, low), (high, high)], name="perfect", colour=GREY),
                Line(points=points, name=f"{found['split']} items", colour=BLUE, dots=True),
            ],
            x="true value",
            y="predicted",
        )
        rows = "".join(
            f"<tr><td>{escape(w['name'])}</td><td class=n>{_number(w['truth'])}</td>"
            f"<td class=n>{_number(w['said'])}</td></tr>"
            for w in found["worst"]
        )
        table = f"<table><tr><th>furthest off</th><th>true</th><th>predicted</th></tr>{rows}</table>"
        return _section("Predictions", picture + table)
    said = f"<p>{found['wrong']:,} of {found['items']:,} {found['split']} items are wrong.</p>"
    return _section("Mistakes", said + _matrix(facts["labels"], found["matrix"]) + _gallery(found["worst"]))


def _matrix(labels: Sequence[str], matrix: Sequence[Sequence[int]]) -> str:
    """Return the confusion matrix; of many classes the twenty that are confused most."""
    wrong = [sum(row) - row[i] + sum(r[i] for r in matrix) - row[i] for i, row in enumerate(matrix)]
    shown = sorted(sorted(range(len(labels)), key=lambda i: -wrong[i])[:20])
    head = "".join(f"<th>{escape(labels[i])}</th>" for i in shown)
    rows = "".join(
        f"<tr><th>{escape(labels[i])}</th>{''.join(_cell(matrix[i], i, j) for j in shown)}</tr>" for i in shown
    )
    less = f"<p>The {len(shown)} classes confused most, of {len(labels)}.</p>" if len(shown) < len(labels) else ""
    return f"{less}<div class=wide><table class=matrix><tr><th>true ↓ said →</th>{head}</tr>{rows}</table></div>"


def _cell(row: Sequence[int], i: int, j: int) -> str:
    share = row[j] / max(1, sum(row))
    colour = "0,114,178" if i == j else "213,94,0"
    shade = share if i == j else min(1.0, 4 * share)
    return f'<td class=n style="background:rgba({colour},{0.85 * shade:.2f})">{row[j] or ""}</td>'


def _gallery(worst: Sequence[Json]) -> str:
    cards = "".join(
        "<figure class=card>"
        + (f'<img alt="" src="data:image/png;base64,{w["picture"]}">' if w["picture"] else "")
        + f"<figcaption>{escape(w['truth'])} → <b>{escape(w['said'])}</b> {w['sure']:.0%}<br>"
        f"<small>{escape(w['name'])}</small></figcaption></figure>"
        for w in worst
    )
    return f"<h3>The surest mistakes (true → said)</h3><div class=cards>{cards}</div>" if cards else ""


def _lineage(facts: Facts) -> str:
    steps = []
    before: float | None = None
    for step in facts["lineage"]:
        value = step["value"]
        gained = "" if before is None or value is None else f" ({value - before:+.4g})"
        changes = "".join(
            f"<li><code>{escape(c['path'])}</code> {_answer(c['before'])} → <b>{_answer(c['after'])}</b></li>"
            for c in step["changed"]
        )
        parents = f" of {', '.join(map(str, step['parents']))}" if step["parents"] else ""
        steps.append(
            f"<li>trial {step['trial']} ({escape(step['strategy'])}{parents}): "
            f"<b>{_number(value)}</b>{gained}<ul>{changes}</ul></li>"
        )
        before = value
    return _section(
        "Lineage of the best child",
        f"<ol class=lineage>{''.join(steps)}</ol><p>Each step shows what changed from the parent; the gain is on the "
        "validation rows and holds their noise.</p>",
    )


def _time(facts: Facts) -> str:
    seconds = facts["seconds"]
    total = seconds.get("total") or sum(seconds.values()) or 1.0
    rows = "".join(
        f"<tr><td>{escape(k)}</td><td class=n>{v:.1f} s</td>"
        f'<td><i class=count style="width:{max(1, round(180 * v / total))}px"></i></td></tr>'
        for k, v in seconds.items()
    )
    return _section("Time", f"<table>{rows}</table>")


def _use(facts: Facts) -> str:
    return _section(
        "How to use the model",
        "<p>The folder <code>model/</code> beside this file is all that is needed.</p>"
        "<pre>byeori predict model NEW_DATA -o out.csv\nbyeori evaluate model LABELLED_DATA</pre>"
        '<pre>import byeori\n\nbyeori.load("model").predict("NEW_DATA").frame()</pre>'
        f"<details><summary>What was asked</summary><pre>{escape(dumps(facts['asked']).decode())}</pre></details>",
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _span(intervals: Sequence[Json]) -> tuple[float, float]:
    lows = [i["low"] for i in intervals if i and i["low"] is not None]
    highs = [i["high"] for i in intervals if i and i["high"] is not None]
    return (min(lows, default=0.0), max(highs, default=1.0))


def _bar(interval: Json, span: tuple[float, float], colour: str = GREEN) -> str:
    if not interval or interval.get("low") is None or interval["value"] is None:
        return ""
    return bar(interval["value"], interval["low"], interval["high"], span, colour)


def _interval(interval: Json) -> str:
    if not interval or interval["value"] is None:
        return "–"
    return f"{_number(interval['value'])} ({_number(interval['low'])} – {_number(interval['high'])})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _count(value: float | None) -> str:
    return "–" if not value else f"{int(value):,}"


def _answer(value: Json) -> str:
    if isinstance(value, float):
        return _number(value)
    return "(not there)" if value is None else escape(str(value))


def _items(items: Sequence[str]) -> str:
    return f"<details><summary>which</summary>{', '.join(escape(i) for i in items)}</details>" if items else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _points(steps: Sequence[int], values: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(float(s), v) for s, v in zip(steps, values, strict=True) if v is not None]
