"""`byeori report STUDY`: write the study's report anew, finished or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from byeori._util.json import loads
from byeori._util.lazy import lazy
from byeori.cli import options as opt
from byeori.cli import show

if TYPE_CHECKING:
    from byeori import api
else:
    api = lazy("byeori.api")


def report(study: opt.StudyFolder, as_json: opt.AsJson = False) -> None:
    """Write a study's report anew.

    It is one self-contained HTML file; its place is printed. With --json, what the search learnt is printed too: which
    questions mattered, which pairs, and the path from the default genome to the winner.
    """
    path = api.report(study)
    if as_json:
        facts = loads(path.with_suffix(".json").read_bytes())
        show.one_object({"report": str(path), "learnt": facts["learnt"]})
    else:
        show.out(str(path))
