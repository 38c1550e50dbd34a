from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from byeori.core.errors import DataError
from byeori.core.schema import Finding, Health, Source
from byeori.modalities.images.images import Images


def _check(data: Any, **how: Any) -> Health:
    source = Source(data=data, **how)
    return Images().check(source, Images().infer(source))


def _one(health: Health, code: str) -> Finding:
    found = [f for f in health.findings if f.code == code]
    assert len(found) == 1, [f.code for f in health.findings]
    return found[0]


def test_a_healthy_folder_has_no_findings(tmp_path: Path, make_folder: Any) -> None:
    health = _check(make_folder(tmp_path / "d", count=12))
    assert health.findings == ()
    assert health.counts == {"cat": 12, "dog": 12}
    assert health.facts["working_shape"] == [24, 24, 3]


def test_unreadable_files_are_named_with_the_reason(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "d", count=12)
    (root / "cat" / "3.png").write_bytes(b"")
    data = (root / "dog" / "4.png").read_bytes()
    (root / "dog" / "4.png").write_bytes(data[:-300])
    found = _one(_check(root), "unreadable")
    assert found.count == 2
    assert found.items[0] == "cat/3.png is empty (0 bytes)"
    assert found.items[1].startswith("dog/4.png is ")


def test_more_than_one_in_five_unreadable_stops(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "d", count=10)
    for i in range(5):
        (root / "cat" / f"{i}.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"5 of 20 images in .* \(for example: cat/0.png is no image"):
        _check(root)


def test_a_class_left_with_one_readable_image_stops(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "d", count=12)
    make_folder(tmp_path / "d", ("emu",), 2, start=50)
    (root / "emu" / "0.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"Class 'emu' of .* has only 1 image that can be read"):
        _check(root)


def test_files_left_out_and_empty_classes(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "d", count=12)
    (root / "cat" / "notes.txt").write_text("x")
    (root / "emu").mkdir()
    health = _check(root)
    assert _one(health, "left-out").items == ("cat/notes.txt",)
    assert _one(health, "empty-classes").items == ("emu",)


def test_missing_files_of_a_csv(tmp_path: Path, make_folder: Any) -> None:
    files = sorted(make_folder(tmp_path / "d", count=12).rglob("*.png"))
    rows = [f"{p.relative_to(tmp_path)},{p.parent.name}" for p in files] + ["d/gone.png,cat"]
    (tmp_path / "t.csv").write_text("path,label\n" + "\n".join(rows))
    assert _one(_check(tmp_path / "t.csv"), "missing-files").items == ("row 26: d/gone.png",)
    (tmp_path / "t.csv").write_text("path,label\n" + "\n".join(rows + [f"d/{i}.png,cat" for i in range(9)]))
    with pytest.raises(DataError, match=r"10 of 34 images .* row 26: d/gone.png is not there"):
        _check(tmp_path / "t.csv")


def test_duplicates_and_conflicts(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "d", count=12)
    (root / "dog" / "copy.png").write_bytes((root / "cat" / "5.png").read_bytes())
    health = _check(root)
    assert _one(health, "exact-duplicates").items == ("cat/5.png = dog/copy.png",)
    assert _one(health, "label-conflicts").items == ("cat/5.png (cat) = dog/copy.png (dog)",)


def test_near_duplicates_and_those_across_given_splits(tmp_path: Path, make_folder: Any) -> None:
    make_folder(tmp_path / "d" / "train", count=12)
    make_folder(tmp_path / "d" / "test", count=3, start=300)
    with Image.open(tmp_path / "d" / "train" / "cat" / "5.png") as image:
        image.save(tmp_path / "d" / "test" / "cat" / "again.jpg", quality=80)
    health = _check(tmp_path / "d")
    assert _one(health, "near-duplicates").items == ("test/cat/again.jpg = train/cat/5.png",)
    across = _one(health, "duplicates-across-splits")
    assert (across.level, across.count) == ("warning", 1)
    assert health.facts["given_splits"] == {"training": 24, "test": 7}


def test_imbalance_few_examples_and_spellings(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "d", ("Cat", "cat ", "dog"), 4)
    make_folder(tmp_path / "d", ("many",), 30, start=9_000)
    health = _check(root)
    assert _one(health, "imbalance").items[0] == "many"
    assert _one(health, "few-examples").count == 3
    assert _one(health, "label-spellings").items == ("'Cat' = 'cat '",)


def test_sizes_blank_and_tiny(tmp_path: Path, make_folder: Any, paint: Any) -> None:
    root = make_folder(tmp_path / "d", count=12)
    Image.new("RGB", (24, 24), "red").save(root / "cat" / "blank.png")
    Image.fromarray(paint(77, 9)).save(root / "dog" / "tiny.png")
    health = _check(root)
    assert _one(health, "blank-images").items == ("cat/blank.png",)
    assert _one(health, "tiny-images").items == ("dog/tiny.png",)
    assert _one(health, "mixed-sizes").items == ("24x24: 25", "9x9: 1")


def test_values_have_no_classes(paint: Any) -> None:
    pictures = np.stack([paint(i, 12) for i in range(30)])
    health = _check((pictures, np.linspace(0, 1, 30)), task="regression")
    assert health.counts == {}
    assert health.findings == () or {f.code for f in health.findings} == {"tiny-images"}
