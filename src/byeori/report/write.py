"""Writing the report of a study: report.html and report.json."""

from __future__ import annotations

from pathlib import Path

from byeori._util.files import write_whole
from byeori._util.json import pretty
from byeori.report.facts import gather
from byeori.report.page import page
from byeori.study import Study


def write_report(study: Study, seconds: float | None = None) -> Path:
    """Write `report.html` and `report.json` into a finished study's folder.

    Args:
        study: A finished study; it is read, never changed.
        seconds: What finding out what the search learnt may take; None for as long as it needs (under 10 s).

    Returns:
        Where report.html lies.

    Raises:
        StudyError: It is not finished.
    """
    facts = gather(study, seconds)
    write_whole(study.folder / "report.json", pretty(facts), durable=False)
    target = study.folder / "report.html"
    write_whole(target, page(facts), durable=False)
    return target
