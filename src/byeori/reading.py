"""The data of a study: prepared once, found again, and refused where it is no longer what the study began with."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from byeori import catalog
from byeori._util.json import Json
from byeori.core.data import Prepared
from byeori.core.errors import DataError, StudyError
from byeori.request import Request, Spend, is_gone, mark_of, modality_of

_SHARE = 0.25
"""Preparation may take this share of the time promised; beyond it a sample is taken."""


def ready(request: Request, spend: Spend, folder: Path, record: Json | None) -> Prepared:
    """Return a study's prepared data, made now or found.

    Args:
        request: What was asked.
        spend: What may be spent; preparation takes a share of the time at most.
        folder: The study's.
        record: Its study.json, or None where it begins now.

    Raises:
        DataError: No study can be made of the data.
        StudyError: It is not what the study began with, or is gone.
    """
    prepared = None
    if record is not None:
        with suppress(DataError):
            prepared = Prepared.open(folder / "prepared")
    if prepared is None:
        if is_gone(request.source.data) or is_gone(request.source.test):
            raise StudyError(
                f"The data of the study in {folder} was in memory and what was prepared of it is gone: call "
                "byeori.fit again with the same data and out=."
            )
        prepared = _make(request, spend, folder / "prepared")
    if record is not None and record.get("fingerprint") != prepared.fingerprint:
        raise StudyError(_changed(folder))
    if record is not None and record.get("sizes", prepared.sizes) != prepared.sizes:
        raise StudyError(
            f"The prepared data of the study in {folder} was deleted and cannot be made again as it was, for "
            "how many rows were taken depended on the time: give a new --out."
        )
    return prepared


def unchanged(request: Request, spend: Spend, folder: Path, record: Json) -> None:
    """Refuse to go on with data that changed since the study began; data that is gone cannot have.

    Only where the files were touched is the data prepared anew, beside, to be compared.

    Raises:
        StudyError: It changed.
    """
    mark = mark_of(request.source)
    if not mark or mark == record.get("mark", mark):
        return
    fingerprint = ""
    with TemporaryDirectory(prefix="byeori-") as beside, suppress(DataError):
        fingerprint = _make(request, spend, Path(beside) / "again").fingerprint
    if fingerprint != record.get("fingerprint"):
        raise StudyError(_changed(folder))


def _make(request: Request, spend: Spend, to: Path) -> Prepared:
    source = request.source
    modality = catalog.load("modality", request.modality or modality_of(source.data))()
    share = None if spend.seconds is None else _SHARE * spend.seconds
    made: Prepared = modality.prepare(source, modality.infer(source), to, seed=request.seed, seconds=share)
    return made


def _changed(folder: Path) -> str:
    return f"The data of the study in {folder} has changed since: give a new --out; the old study is left as it is."
