"""Where the model is wrong: the confusion matrix, or the spread of a regression, and the worst mistakes."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori.core import metrics
from byeori.core.errors import DataError
from byeori.core.schema import CLASSIFICATION
from byeori.modalities.images.thumbnails import thumbnails
from byeori.study import Study

_SHOWN = 24


def mistakes(study: Study) -> Json:
    """Return the confusion matrix, or the spread of a regression, on the test split (else validation), and the worst
    mistakes with their pictures."""
    tested = (study.folder / "predictions" / "test.npy").is_file() and study.outcome["test"]
    split = "test" if tested else "valid"
    try:
        prepared = study.prepared
        raw = np.load(study.folder / "predictions" / f"{split}.npy", allow_pickle=False)
    except (DataError, OSError, ValueError):
        return None
    rows = prepared.test_rows() if tested else prepared.valid_rows()
    if len(raw) != len(rows):
        return None
    target = np.asarray(prepared.target()[rows])
    if study.schema.task == CLASSIFICATION:
        known = target >= 0
        rows, target, raw = rows[known], target[known], raw[known]
    if study.schema.task != CLASSIFICATION:
        return _spread(study, split, rows, target, raw)
    decided = metrics.decide(raw, tuple(study.outcome["choice"]["scale"]) or None)
    size = len(study.schema.labels)
    matrix = np.bincount(target * size + decided, minlength=size * size).reshape(size, size)
    wrong = np.flatnonzero(decided != target)
    worst = wrong[np.argsort(-raw[wrong, decided[wrong]])][:_SHOWN]
    return {
        "split": split,
        "matrix": matrix.tolist(),
        "wrong": len(wrong),
        "items": len(rows),
        "worst": _worst(study, rows, worst, target, decided, raw[worst, decided[worst]]),
    }


def _worst(
    study: Study,
    rows: npt.NDArray[np.int64],
    worst: npt.NDArray[np.int64],
    target: npt.NDArray[Any],
    decided: npt.NDArray[Any],
    sure: npt.NDArray[Any],
) -> list[Json]:
    labels, names = study.schema.labels, study.prepared.names()
    pictures: Sequence[bytes | None] = [None] * len(worst)
    if study.schema.modality == "images" and len(worst):
        pictures = thumbnails(study.prepared, rows[worst])
    return [
        {
            "name": names[int(rows[i])],
            "truth": labels[int(target[i])],
            "said": labels[int(decided[i])],
            "sure": float(p),
            "picture": None if picture is None else base64.b64encode(picture).decode(),
        }
        for i, p, picture in zip(worst, sure, pictures, strict=True)
    ]


def _spread(
    study: Study,
    split: str,
    rows: npt.NDArray[np.int64],
    target: npt.NDArray[Any],
    raw: npt.NDArray[Any],
) -> Json:
    """Return true against predicted values (at most 500) and the rows that are furthest off."""
    names = study.prepared.names()
    shown = np.linspace(0, len(rows) - 1, min(len(rows), 500)).astype(int)
    worst = np.argsort(-np.abs(raw - target))[:10]
    return {
        "split": split,
        "points": [[float(target[i]), float(raw[i])] for i in shown],
        "items": len(rows),
        "worst": [{"name": names[int(rows[i])], "truth": float(target[i]), "said": float(raw[i])} for i in worst],
    }
