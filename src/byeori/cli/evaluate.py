"""`byeori evaluate MODEL DATA`: how good is a model on data with known answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from byeori._util.lazy import lazy
from byeori.cli import options as opt
from byeori.cli import show

if TYPE_CHECKING:
    from byeori import api
else:
    api = lazy("byeori.api")


def evaluate(
    model: opt.ModelFolder,
    data: opt.Data,
    target: opt.Target = None,
    no_header: opt.NoHeader = False,
    as_json: opt.AsJson = False,
) -> None:
    """Measure a model on known answers.

    Gives each metric with its 95 % interval.
    """
    metrics = api.evaluate(model, data, target=target, header=not no_header).metrics
    if as_json:
        show.one_object({name: {"value": m.value, "low": m.low, "high": m.high} for name, m in metrics.items()})
        return
    rows = [(name, show.number(m.value), show.number(m.low), show.number(m.high)) for name, m in metrics.items()]
    show.table(("metric", "value", "low", "high"), rows)
