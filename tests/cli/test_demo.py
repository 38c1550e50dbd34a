from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from byeori.cli import demo, samples


def test_the_digits_are_written_as_people_keep_pictures(tmp_path: Path) -> None:
    assert samples.write_digits(tmp_path) == 1797
    assert sorted(p.name for p in tmp_path.iterdir()) == [str(label) for label in range(10)]
    files = sorted(tmp_path.rglob("*.png"), key=lambda p: p.name)
    assert len(files) == 1797
    with Image.open(files[0]) as image:
        assert (image.size, image.mode) == ((8, 8), "L")
        assert np.asarray(image).max() <= 255
    assert max(int(np.asarray(Image.open(f)).max()) for f in files[:20]) == 255, "the whole range of greys is used"


def test_the_table_is_written_as_people_keep_tables(tmp_path: Path) -> None:
    rows = samples.write_tumours(tmp_path / "t.csv")
    frame = pd.read_csv(tmp_path / "t.csv")
    assert len(frame) == rows == 569
    assert set(frame["diagnosis"]) == {"malignant", "benign"}


class _Rows:
    """Prepared data in which every fifth digit is a test row."""

    def names(self) -> list[str]:
        return [f"3/{n:04d}.png" for n in range(1797)]

    def train_rows(self, fold: int | None) -> Any:
        assert fold is None, "what the model may learn from: training and validation rows"
        return np.flatnonzero(np.arange(1797) % 5 != 0)

    def test_rows(self) -> Any:
        return np.flatnonzero(np.arange(1797) % 5 == 0)


def test_the_classic_is_as_good_as_its_own_documentation_says() -> None:
    assert samples.digits_svc(_Rows()) > 0.97  # type: ignore[arg-type]


class _Study:
    interrupted = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prepared = _Rows()
        self.model_folder = folder / "model"

    def summary(self) -> dict[str, Any]:
        return {"metric": "accuracy", "test": 0.99, "trials": 3, "seconds": 5.0}


class _Api:
    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def fit(self, data: Path, **options: Any) -> _Study:
        self.asked.append({"data": data, **options})
        return _Study(options["out"])


def test_the_demonstration_sets_a_classic_beside_and_says_where_to_look(
    byeori: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = _Api()
    monkeypatch.setattr(demo, "api", api)
    answer = byeori("demo", "--out", tmp_path / "d", "--time", "100s", session=None)
    assert answer.code == 0
    for part in ("0.99", "SVC(gamma=0.001)", "report.html", "byeori predict"):
        assert part in answer.out
    assert [call["target"] for call in api.asked] == [None, "diagnosis"]


def test_the_two_studies_share_the_time(byeori: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = _Api()
    monkeypatch.setattr(demo, "api", api)
    monkeypatch.setattr(demo.clock, "monotonic", lambda: 0.0)
    answer = byeori("demo", "--out", tmp_path / "d", "--time", "100s", "--json")
    assert set(json.loads(answer.out)) == {"digits", "tumours", "report"}
    assert 60 < api.asked[0]["time"] < 70
    assert api.asked[1]["time"] <= 100


def test_ctrl_c_ends_the_whole_demonstration(byeori: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = _Api()
    monkeypatch.setattr(demo, "api", api)
    monkeypatch.setattr(_Study, "interrupted", True)
    assert byeori("demo", "--out", tmp_path / "d", "--time", "100s").code == 130
    assert len(api.asked) == 1


def test_a_place_that_cannot_be_written_is_one_sentence(byeori: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = byeori("demo", "--out", tmp_path / "file", "--time", "100s")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "--out" in answer.err
