"""`byeori report STUDY`: write the study's report anew, finished or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from byeori._util.lazy import lazy
from byeori.cli import options as opt
from byeori.cli import show

if TYPE_CHECKING:
    from byeori import api
else:
    api = lazy("byeori.api")


def report(study: opt.StudyFolder, as_json: opt.AsJson = False) -> None:
    """Write a study's report anew.

    It is one self-contained HTML file; its place is printed.
    """
    path = api.report(study)
    if as_json:
        show.one_object({"report": str(path)})
    else:
        show.out(str(path))
