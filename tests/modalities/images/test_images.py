from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from byeori.core.data import TEST, UNUSED, Prepared
from byeori.core.errors import DataError, OptionError
from byeori.core.protocols import Modality
from byeori.core.schema import Schema, Source
from byeori.modalities.images.images import Images
from byeori.modalities.images.thumbnails import thumbnails
from byeori.testing.modalities import ModalityConformance


class TestFolders(ModalityConformance):
    @pytest.fixture
    def modality(self) -> Modality:
        return Images()

    @pytest.fixture
    def source(self, tmp_path: Path, make_folder: Any) -> Source:
        return Source(data=make_folder(tmp_path / "data", count=12))

    @pytest.fixture
    def own_test(self, tmp_path: Path, make_folder: Any) -> Any:
        return make_folder(tmp_path / "own", count=3, start=50_000)


class TestArrays(ModalityConformance):
    @pytest.fixture
    def modality(self) -> Modality:
        return Images()

    @pytest.fixture
    def source(self, paint: Any) -> Source:
        return Source(data=_pair(paint, 30))

    @pytest.fixture
    def own_test(self, paint: Any) -> Any:
        return _pair(paint, 6, 900)


class TestValuesInACsv(ModalityConformance):
    @pytest.fixture
    def modality(self) -> Modality:
        return Images()

    @pytest.fixture
    def source(self, tmp_path: Path, make_folder: Any) -> Source:
        folder = make_folder(tmp_path / "pictures", count=15)
        files = sorted(folder.rglob("*.png"))
        lines = [f"{path.relative_to(tmp_path)},{i / 7:.4f}" for i, path in enumerate(files)]
        (tmp_path / "values.csv").write_text("file,age\n" + "\n".join(lines))
        return Source(data=tmp_path / "values.csv", task="regression")


def _pair(paint: Any, count: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([paint(start + i, 12, False) for i in range(count)]), np.arange(count) % 3


def _prepare(source: Source, to: Path, **how: Any) -> Prepared:
    modality = Images()
    return modality.prepare(source, modality.infer(source), to, seed=0, **how)


def _encode(prepared: Prepared, data: Any, **how: Any) -> Any:
    return Images().encode(Source(data=data, **how), prepared.schema, prepared.fitted)


def test_grey_pictures_have_one_channel_and_coloured_ones_three(tmp_path: Path, make_folder: Any) -> None:
    colour = Images().infer(Source(data=make_folder(tmp_path / "colour")))
    grey = Images().infer(Source(data=make_folder(tmp_path / "grey", colour=False)))
    assert (colour.inputs[0].shape, grey.inputs[0].shape) == ((24, 24, 3), (24, 24, 1))


def test_one_coloured_picture_that_the_sample_missed_widens_the_lens(tmp_path: Path, paint: Any) -> None:
    grey = [np.repeat(paint(i, 12, False)[:, :, None], 3, axis=2) for i in range(300)]
    assert Images().infer(Source(data=(grey, np.arange(300) % 2))).inputs[0].shape == (12, 12, 1)
    source = Source(data=([*grey[:1], paint(0, 12), *grey[2:]], np.arange(300) % 2))
    schema = Images().infer(source)
    prepared = Images().prepare(source, schema, tmp_path / "p", seed=0)
    assert schema.inputs[0].shape == (12, 12, 1)
    assert prepared.schema.inputs[0].shape == prepared.arrays()["image"].shape[1:] == (12, 12, 3)


@pytest.mark.parametrize("peak", [1.0, 255.0, 4095.0, 65535.0])
def test_a_range_is_brought_to_eight_bits(tmp_path: Path, paint: Any, peak: float) -> None:
    pictures, labels = _pair(paint, 30)
    pictures[0, 0, 0], pictures[1, 0, 0] = 255, 0
    deep = (pictures / 255 * peak).astype(np.float32 if peak <= 255 else np.uint16)
    prepared = _prepare(Source(data=(deep, labels), test_fraction=0.0), tmp_path / "p")
    assert np.abs(prepared.arrays()["image"][..., 0].astype(int) - pictures).max() <= 1
    np.testing.assert_array_equal(_encode(prepared, deep[3:5]).arrays["image"], prepared.arrays()["image"][3:5])


def test_floats_in_0_to_1_suit_a_model_of_bytes(tmp_path: Path, paint: Any) -> None:
    pictures, labels = _pair(paint, 30)
    prepared = _prepare(Source(data=(pictures, labels)), tmp_path / "p")
    encoded = _encode(prepared, (pictures / 255).astype(np.float32))
    assert np.abs(encoded.arrays["image"][..., 0].astype(int) - pictures).max() <= 1
    assert encoded.target is None


def test_deep_pictures_suit_a_model_of_bytes(tmp_path: Path, paint: Any) -> None:
    pictures, labels = _pair(paint, 30)
    pictures[0, 0, 0] = 255
    prepared = _prepare(Source(data=(pictures, labels)), tmp_path / "p")
    encoded = _encode(prepared, [Image.fromarray(one.astype(np.uint16) * 257) for one in pictures])
    assert np.abs(encoded.arrays["image"][..., 0].astype(int) - pictures).max() <= 1


def test_given_splits_are_kept(tmp_path: Path, make_folder: Any) -> None:
    for at, part in enumerate(("train", "Valid", "TEST")):
        make_folder(tmp_path / "data" / part, count=4, start=100 * at)
    prepared = _prepare(Source(data=tmp_path / "data"), tmp_path / "p")
    names, folds = prepared.names(), prepared.folds().tolist()
    assert {(name.split("/")[0], fold) for name, fold in zip(names, folds, strict=True)} == {
        ("train", 1),
        ("Valid", 0),
        ("TEST", TEST),
    }
    assert prepared.schema.labels == ("cat", "dog")


def test_a_test_split_is_drawn_from_training_where_only_validation_is_given(tmp_path: Path, make_folder: Any) -> None:
    make_folder(tmp_path / "data" / "train", count=10)
    make_folder(tmp_path / "data" / "val", count=3, start=100)
    prepared = _prepare(Source(data=tmp_path / "data"), tmp_path / "p")
    assert prepared.sizes == {"train": 16, "valid": 6, "test": 4}
    assert all(prepared.names()[row].startswith("train") for row in prepared.test_rows())


def test_copies_stay_on_one_side(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "data", count=20)
    for i in range(20):
        (root / "cat" / f"copy of {i}.png").write_bytes((root / "cat" / f"{i}.png").read_bytes())
    prepared = _prepare(Source(data=root), tmp_path / "p")
    fold = dict(zip(prepared.names(), prepared.folds().tolist(), strict=True))
    assert all(fold[f"cat/{i}.png"] == fold[f"cat/copy of {i}.png"] for i in range(20))
    assert [f.count for f in prepared.health.findings if f.code == "exact-duplicates"] == [20]


def test_a_training_picture_that_is_in_the_test_set_is_not_trained_on(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "data", count=10)
    own = make_folder(tmp_path / "own", count=3, start=500)
    (own / "cat" / "0.png").write_bytes((root / "cat" / "7.png").read_bytes())
    prepared = _prepare(Source(data=root, test=own), tmp_path / "p")
    fold = dict(zip(prepared.names(), prepared.folds().tolist(), strict=True))
    assert fold["cat/7.png"] == UNUSED
    assert fold["own/cat/0.png"] == TEST
    assert "duplicates-across-splits" in {f.code for f in prepared.health.findings}


def test_a_promise_of_time_is_kept_by_a_sample(tmp_path: Path, paint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(100_000))
    monkeypatch.setattr("byeori.modalities.images.survey.monotonic", lambda: float(next(ticks)))
    pictures, labels = _pair(paint, 600)
    # A probe of 32 pictures takes one tick, so that 20 seconds are enough for some 370.
    prepared = _prepare(Source(data=(pictures, labels)), tmp_path / "p", seconds=20.0)
    assert 300 < len(prepared.names()) < 450
    assert np.ptp(np.bincount(prepared.target())) <= 1
    assert "of 600 images is used" in prepared.notes[0]


def test_a_test_set_of_the_user_is_kept_whole_when_time_is_short(
    tmp_path: Path, paint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(100_000))
    monkeypatch.setattr("byeori.modalities.images.survey.monotonic", lambda: float(next(ticks)))
    source = Source(data=_pair(paint, 600), test=_pair(paint, 90, 5_000))
    prepared = _prepare(source, tmp_path / "p", seconds=15.0)
    assert prepared.sizes["test"] == 90
    assert len(prepared.names()) < 400
    assert len(prepared.notes) == 1


def test_every_class_keeps_twenty_pictures_however_short_the_time(tmp_path: Path, paint: Any) -> None:
    pictures, labels = _pair(paint, 600)
    labels[:] = np.where(np.arange(600) < 25, 1, 0)
    prepared = _prepare(Source(data=(pictures, labels)), tmp_path / "p", seconds=1e-9)
    assert np.bincount(prepared.target()).min() >= 20
    assert len(prepared.names()) < 100


def test_a_group_stays_together(tmp_path: Path, make_folder: Any) -> None:
    files = sorted(make_folder(tmp_path / "data", count=20).rglob("*.png"))
    lines = [f"{p.relative_to(tmp_path)},{p.parent.name},patient {i % 8}" for i, p in enumerate(files)]
    (tmp_path / "t.csv").write_text("path,label,who\n" + "\n".join(lines))
    prepared = _prepare(Source(data=tmp_path / "t.csv", group="who"), tmp_path / "p")
    who = {line.split(",")[0]: line.split(",")[2] for line in lines}
    sides: dict[str, set[int]] = {}
    for name, fold in zip(prepared.names(), prepared.folds().tolist(), strict=True):
        sides.setdefault(who[name], set()).add(fold)
    assert all(len(folds) == 1 for folds in sides.values())
    assert {f for folds in sides.values() for f in folds} >= {TEST, 0, 1}


def test_a_group_needs_columns(tmp_path: Path, make_folder: Any) -> None:
    with pytest.raises(OptionError, match="'who' is no group: give a CSV"):
        Images().infer(Source(data=make_folder(tmp_path / "data"), group="who"))


def test_images_have_no_time(tmp_path: Path, make_folder: Any) -> None:
    with pytest.raises(OptionError, match="not ordered by time"):
        Images().infer(Source(data=make_folder(tmp_path / "data"), time_column="t"))


def test_a_metric_must_suit_the_task(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "data")
    assert Images().infer(Source(data=root, metric="auc")).metric == "auc"
    with pytest.raises(OptionError, match="'rmse' is not for classification"):
        Images().infer(Source(data=root, metric="rmse"))


def test_pictures_alone_are_encoded_in_the_order_given(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "data", count=12)
    prepared = _prepare(Source(data=root), tmp_path / "p")
    row = {name: i for i, name in enumerate(prepared.names())}
    files = [root / "dog" / "3.png", root / "cat" / "10.png", root / "cat" / "2.png"]
    wanted = prepared.arrays()["image"][[row[f"{p.parent.name}/{p.name}"] for p in files]]
    for data in (
        files,
        [str(p) for p in files],
        [Image.open(p) for p in files],
        [np.asarray(Image.open(p)) for p in files],
    ):
        encoded = _encode(prepared, data)
        np.testing.assert_array_equal(encoded.arrays["image"], wanted)
        assert encoded.target is None


def test_a_file_a_flat_folder_and_two_paths_are_pictures_to_predict(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "data", count=12)
    prepared = _prepare(Source(data=root), tmp_path / "p")
    assert _encode(prepared, root / "cat" / "3.png").names == ("3.png",)
    flat = _encode(prepared, root / "dog")
    assert flat.names[:3] == ("0.png", "1.png", "2.png")
    assert flat.names[-1] == "11.png"
    assert flat.target is None
    two = _encode(prepared, (root / "cat" / "3.png", root / "cat" / "4.png"))
    assert len(two.names) == 2


def test_folders_of_known_classes_give_targets_and_others_do_not(tmp_path: Path, make_folder: Any) -> None:
    prepared = _prepare(Source(data=make_folder(tmp_path / "data", count=12)), tmp_path / "p")
    mixed = make_folder(tmp_path / "new", classes=("dog", "emu"), count=2, start=700)
    assert _encode(prepared, mixed).target.tolist() == [1, 1, -1, -1]
    other = make_folder(tmp_path / "other", classes=("inbox", "more"), count=2, start=800)
    assert _encode(prepared, other).target is None


def test_a_file_that_cannot_be_decoded_is_named_at_prediction_time(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "data", count=12)
    prepared = _prepare(Source(data=root), tmp_path / "p")
    (root / "cat" / "5.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"The image cat/5.png is empty \(0 bytes\)"):
        _encode(prepared, root)


def test_a_label_in_another_unicode_form_is_the_same_class(tmp_path: Path, make_folder: Any) -> None:
    # The syllables of 고양이 in one piece, and taken apart as macOS writes them.
    whole, apart = "\uace0\uc591\uc774", "\u1100\u1169\u110b\u1163\u11bc\u110b\u1175"
    prepared = _prepare(Source(data=make_folder(tmp_path / "data", ("dog", whole), 8)), tmp_path / "p")
    assert prepared.schema.labels == ("dog", whole)
    assert _encode(prepared, make_folder(tmp_path / "new", ("dog", apart), 2)).target.tolist() == [0, 0, 1, 1]


def test_odd_names_live_through_everything(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "data", ("a b", "\U0001f600", "None", "00123"), 8)
    odd = os.fsencode(root / "None") + b"/caf\xe9 \xff.png"
    try:
        os.rename(root / "None" / "0.png", odd)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    prepared = _prepare(Source(data=root), tmp_path / "p")
    assert set(prepared.schema.labels) == {"a b", "\U0001f600", "None", "00123"}
    assert "None/caf\\xe9 \\xff.png" in prepared.names()
    assert len(prepared.names()) == 32


def test_a_changed_file_is_prepared_again(tmp_path: Path, make_folder: Any, paint: Any) -> None:
    root = make_folder(tmp_path / "data", count=8)
    first = _prepare(Source(data=root), tmp_path / "p")
    Image.fromarray(paint(999)).save(root / "cat" / "0.png")
    assert _prepare(Source(data=root), tmp_path / "p").fingerprint != first.fingerprint


def test_a_folder_that_is_no_preparation_is_not_overwritten(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "data", count=8)
    with pytest.raises(DataError, match="which is no prepared data"):
        _prepare(Source(data=root), root)
    assert len(list(root.rglob("*.png"))) == 16


def test_film_does_not_chain_into_one_side(tmp_path: Path, paint: Any) -> None:
    start, end = paint(1, 24).astype(float), paint(2, 24).astype(float)
    film = np.stack([start + (end - start) * i / 60 for i in range(60)]).astype(np.uint8)
    prepared = _prepare(Source(data=(film, np.arange(60) % 2)), tmp_path / "p")
    assert min(prepared.sizes.values()) >= 9


def test_check_writes_nothing_and_says_what_prepare_says(tmp_path: Path, make_folder: Any) -> None:
    source = Source(data=make_folder(tmp_path / "data", count=12))
    schema = Images().infer(source)
    before = sorted(tmp_path.rglob("*"))
    health = Images().check(source, schema)
    assert sorted(tmp_path.rglob("*")) == before
    assert health == Images().prepare(source, schema, tmp_path / "p", seed=0).health


def test_thumbnails_are_small_pngs(tmp_path: Path, make_folder: Any, paint: Any) -> None:
    for name, colour in (("grey", False), ("colour", True)):
        prepared = _prepare(Source(data=make_folder(tmp_path / name, count=8, colour=colour)), tmp_path / f"p {name}")
        files = thumbnails(prepared, [3, 0], size=16)
        assert [file[:8] for file in files] == [b"\x89PNG\r\n\x1a\n"] * 2
        assert files[0] != files[1]


def test_sign_language_digits(data_folder: Path, tmp_path: Path) -> None:
    root = data_folder / "sign_language_digits" / "Dataset"
    if not root.is_dir():
        pytest.skip(f"no {root}")
    schema = Images().infer(Source(data=root))
    assert schema.inputs[0].shape == (64, 64, 3)
    assert schema.labels == tuple("0123456789")
    prepared = Images().prepare(Source(data=root), schema, tmp_path / "p", seed=0)
    assert sum(prepared.sizes.values()) == 2062
    assert not [f for f in prepared.health.findings if f.level != "note"]
    assert prepared.health.facts["sizes"] == 2


def test_mnist_in_idx(data_folder: Path, tmp_path: Path) -> None:
    root = data_folder / "mnist_t10k"
    if not root.is_dir():
        pytest.skip(f"no {root}")
    schema: Schema = Images().infer(Source(data=root))
    assert schema.inputs[0].shape == (28, 28, 1)
    prepared = Images().prepare(Source(data=root), schema, tmp_path / "p", seed=0)
    assert prepared.sizes == {"train": 6400, "valid": 1600, "test": 2000}
    # Digits resemble each other; hardly any may be taken for a copy.
    assert prepared.health.facts["duplicates"] < 50
