from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from byeori.core.errors import DataError, OptionError
from byeori.core.schema import Source
from byeori.modalities.images.listing import FREE, HELD, VALID
from byeori.modalities.images.reading import labels_of, read, read_new, target_of, task_of


def _idx(array: np.ndarray) -> bytes:
    array = array.astype(np.uint8)
    magic = {3: 2051, 1: 2049}[array.ndim]
    return struct.pack(f">{1 + array.ndim}i", magic, *array.shape) + array.tobytes()


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (8, 5, 6), dtype=np.uint8)


@pytest.fixture
def labels() -> np.ndarray:
    return np.array([0, 1, 2, 3] * 2)


# Folders


def test_a_folder_a_class_in_natural_order_with_capitals_and_depth(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "d", ("c10", "c9"), 2)
    (root / "c9" / "1.png").rename(root / "c9" / "1.PNG")
    (root / "c9" / "deep").mkdir()
    (root / "c10" / "1.png").rename(root / "c9" / "deep" / "x.Jpeg")
    listing = read(Source(data=str(root)))
    assert listing.names == ("c9/0.png", "c9/1.PNG", "c9/deep/x.Jpeg", "c10/0.png")
    assert listing.labels == ("c9", "c9", "c9", "c10")


def test_hidden_and_other_files_are_left_out_and_listed(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "d", count=2)
    for name in ("cat/notes.txt", "cat/.hidden.png", "readme.md", ".DS_Store"):
        (root / name).write_text("x")
    (root / "__MACOSX").mkdir()
    (root / "empty").mkdir()
    listing = read(Source(data=root))
    assert len(listing) == 4
    assert set(listing.left_out) == {"cat/notes.txt", "cat/.hidden.png", "readme.md", ".DS_Store", "__MACOSX"}
    assert listing.empty == ("empty",)


def test_classes_called_train_and_bus_are_classes(tmp_path: Path, make_folder: Any) -> None:
    listing = read(Source(data=make_folder(tmp_path / "d", ("bus", "train", "test"), 2)))
    assert labels_of(listing) == ("bus", "test", "train")
    assert set(listing.part.tolist()) == {FREE}


def test_split_folders(tmp_path: Path, make_folder: Any) -> None:
    for part in ("train", "validation", "test"):
        make_folder(tmp_path / "d" / part, count=2)
    (tmp_path / "d" / "docs").mkdir()
    listing = read(Source(data=tmp_path / "d"))
    assert [int((listing.part == part).sum()) for part in (FREE, VALID, HELD)] == [4, 4, 4]
    assert listing.left_out == ("docs/",)


def test_a_test_set_named_takes_the_place_of_the_folder_in_the_source(tmp_path: Path, make_folder: Any) -> None:
    make_folder(tmp_path / "d" / "train", count=2)
    make_folder(tmp_path / "d" / "test", count=2)
    listing = read(Source(data=tmp_path / "d", test=tmp_path / "d" / "test"))
    assert [listing.names[i] for i in np.flatnonzero(listing.part == HELD)] == [
        f"test/{c}/{i}.png" for c in ("cat", "dog") for i in (0, 1)
    ]
    assert len(listing) == 8


def test_a_link_that_leads_up_is_not_followed_for_ever(tmp_path: Path, make_folder: Any) -> None:
    root = make_folder(tmp_path / "d", count=2)
    (root / "cat" / "loop").symlink_to(root / "cat")
    assert len(read(Source(data=root))) == 4


def test_nothing_there_offers_the_nearest(tmp_path: Path, make_folder: Any) -> None:
    make_folder(tmp_path / "digits")
    with pytest.raises(DataError, match=r"There is nothing at '.*digts'. Did you mean '.*digits'\?"):
        read(Source(data=tmp_path / "digts"))
    with pytest.raises(DataError, match=r"the folder '.*nowhere' is not there either"):
        read(Source(data=tmp_path / "nowhere" / "x"))


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "holds no images: expected folders of PNG"),
        (["a.txt"], "holds no images; it holds 'a.txt': expected folders"),
        (["1.png", "2.png"], "The 2 images in .* lie flat: put them into one folder a class"),
        (["cat/1.png", "cat/2.png"], "has only one class, 'cat', and at least two are needed"),
        (["all/cat/1.png", "all/dog/1.png"], "has only one class, 'all', .* did you mean the folder '.*d/all' in it"),
        (["cat/1.png", "cat/2.png", "dog/1.png"], r"Class 'dog' of .* has only 1 image \(dog/1.png\); at least 2"),
    ],
)
def test_folders_no_study_can_be_made_of(tmp_path: Path, files: list[str], sentence: str) -> None:
    (tmp_path / "d").mkdir()
    for name in files:
        (tmp_path / "d" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / name).write_bytes(b"")
    with pytest.raises(DataError, match=sentence):
        labels_of(read(Source(data=tmp_path / "d")))


def test_a_class_the_training_has_not(tmp_path: Path, make_folder: Any) -> None:
    root, test = make_folder(tmp_path / "d", count=2), make_folder(tmp_path / "t", ("cat", "dgo"), 2)
    with pytest.raises(DataError, match=r"The test set has the class 'dgo' \(t/dgo/0.png\).* Did you mean 'dog'"):
        labels_of(read(Source(data=root, test=test)))


@pytest.mark.parametrize("name", ["data.zip", "data.xyz", "data.png"])
def test_files_of_no_known_form(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(DataError, match=r"unpack it|of no form that is known|is one image"):
        read(Source(data=tmp_path / name))


# CSV


@pytest.fixture
def table(tmp_path: Path, make_folder: Any) -> Any:
    make_folder(tmp_path / "pictures", count=3)

    def write(text: str, name: str = "t.csv", encoding: str = "utf-8") -> Path:
        (tmp_path / name).write_text(text, encoding=encoding)
        return tmp_path / name

    return write


def _rows(label: str = "{c}") -> str:
    return "\n".join(f"pictures/{c}/{i}.png,{label.format(c=c, i=i)},{i}" for c in ("cat", "dog") for i in range(3))


def test_a_csv_finds_its_columns(table: Any, tmp_path: Path) -> None:
    listing = read(Source(data=table("file,Label,extra\n" + _rows())))
    assert listing.labels == ("cat",) * 3 + ("dog",) * 3
    assert listing.items[0] == str(tmp_path / "pictures/cat/0.png")
    assert listing.target == "Label"


def test_the_last_column_is_the_label_unless_another_is_named(table: Any) -> None:
    path = table("file,kind,number\n" + _rows())
    assert read(Source(data=path)).labels == ("0", "1", "2") * 2
    assert read(Source(data=path, target="kind")).labels == ("cat",) * 3 + ("dog",) * 3
    assert read(Source(data=path, ignore=("number",))).target == "kind"
    with pytest.raises(DataError, match=r"'kid' is no label column .* Did you mean 'kind'\?"):
        read(Source(data=path, target="kid"))


@pytest.mark.parametrize("label", ["None", "NA", "null", "00123", "1e5", "참"])
def test_labels_are_text_as_they_are(table: Any, label: str) -> None:
    text = "file,label\n" + "\n".join(
        f"pictures/{c}/{i}.png,{v}" for c, v in (("cat", label), ("dog", "b")) for i in (0, 1)
    )
    assert set(labels_of(read(Source(data=table(text))))) == {label, "b"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp949"])
def test_csvs_of_other_encodings(table: Any, encoding: str) -> None:
    assert set(read(Source(data=table("파일,label,n\n" + _rows("가{c}"), encoding=encoding))).labels or ()) == {
        "가cat",
        "가dog",
    }


def test_other_separators_and_no_header(table: Any) -> None:
    semicolons = table(("file,label,n\n" + _rows()).replace(",", ";"))
    assert read(Source(data=semicolons)).labels == ("cat",) * 3 + ("dog",) * 3
    tabs = table(_rows().replace(",", "\t"), "t.tsv")
    listing = read(Source(data=tabs, header=False, target="c1"))
    assert listing.labels == ("cat",) * 3 + ("dog",) * 3


def test_missing_files_are_listed_by_row(table: Any) -> None:
    listing = read(Source(data=table("file,label,n\npictures/no.png,cat,0\n" + _rows())))
    assert listing.missing == ("row 2: pictures/no.png",)
    assert len(listing) == 6
    with pytest.raises(DataError, match=r"No column of .* names files that are there \(the first row says 'x.png'\)"):
        read(Source(data=table("file,label\nx.png,a\ny.png,b\n")))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no rows"),
        ("file,label\n", "has no rows"),
        ("file,label\npictures/cat/0.png,a,b\n", "Row 2 of .* has 3 cells where 2 are expected"),
        ("file,file\npictures/cat/0.png,a\n", "two columns of one name"),
        ("file\npictures/cat/0.png\n", "has a column of paths only"),
        ("file,label\npictures/cat/0.png,\n", r"has no label in row 2 \(1 such"),
    ],
)
def test_csvs_no_study_can_be_made_of(table: Any, text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read(Source(data=table(text)))


def test_a_group_that_is_no_column(table: Any) -> None:
    path = table("file,label,n\n" + _rows())
    assert read(Source(data=path, group="n")).group == ("0", "1", "2") * 2
    with pytest.raises(OptionError, match="The group 'm' is no column"):
        read(Source(data=path, group="m"))


def test_names_composed_in_the_csv_and_taken_apart_on_disk(table: Any, tmp_path: Path) -> None:
    os.rename(tmp_path / "pictures/cat/0.png", tmp_path / "pictures/cat/\u1100\u1161.png")
    text = "file,label,n\n" + _rows().replace("cat/0.png", "cat/\uac00.png")
    assert read(Source(data=table(text))).missing == ()


def test_a_data_frame(tmp_path: Path, make_folder: Any) -> None:
    files = sorted(make_folder(tmp_path / "d", count=2).rglob("*.png"))
    frame = pd.DataFrame({"path": [str(p) for p in files], "label": [1.0, 1.0, 2.0, 2.0]})
    assert read(Source(data=frame)).labels == ("1", "1", "2", "2")
    words = frame.assign(label=["nan", "NA", "None", "x"])
    assert read(Source(data=words)).labels == ("nan", "NA", "None", "x")
    with pytest.raises(DataError, match=r"no label in row 2 \(2 such"):
        read(Source(data=frame.assign(label=[None, "a", float("nan"), "b"])))


def test_prediction_needs_no_labels(table: Any) -> None:
    path = table("file,other\n" + "\n".join(f"pictures/cat/{i}.png,x" for i in range(3)))
    assert read_new(Source(data=path), "label").labels is None
    assert read_new(Source(data=path), "other").labels == ("x",) * 3


def test_values(table: Any) -> None:
    path = table("file,age,n\n" + _rows("{i}.5"))
    listing = read(Source(data=path, target="age", task="regression"))
    assert target_of(listing, ()).tolist() == [0.5, 1.5, 2.5] * 2
    broken = read(Source(data=table("file,age,n\n" + _rows("{i}x")), target="age"))
    with pytest.raises(DataError, match=r"The value '0x' of pictures/cat/0.png is no number"):
        target_of(broken, ())


def test_many_broken_numbers_mean_regression(pictures: np.ndarray) -> None:
    many = np.zeros((60, 4, 4), np.uint8)
    assert task_of(Source(data=0), read(Source(data=(many, np.linspace(0, 1, 60))))) == "regression"
    assert task_of(Source(data=0), read(Source(data=(many, np.arange(60))))) == "classification"
    assert task_of(Source(data=0), read(Source(data=(many, np.arange(60) % 3 + 0.5)))) == "classification"


# Arrays, npz, idx


def test_a_pair_of_arrays(pictures: np.ndarray, labels: np.ndarray) -> None:
    listing = read(Source(data=(pictures, labels)))
    assert listing.names[0] == "image 1"
    assert listing.labels == tuple(map(str, labels))
    first = np.moveaxis(np.stack([pictures] * 3, axis=-1), -1, 1)
    assert read(Source(data=(first, labels))).items[0].shape == (5, 6, 3)
    assert read(Source(data=(pictures, np.eye(4)[labels]))).labels == listing.labels
    assert read(Source(data=(pictures, labels[:, None].astype(float)))).labels == listing.labels


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ((np.zeros((4, 9)), np.zeros(4)), r"shape \(4, 9\) holds no pictures"),
        ((np.zeros((4, 9, 9)), np.zeros(3)), "4 pictures and 3 labels"),
        ((np.zeros((4, 9, 9)), np.zeros((4, 3, 2))), "one label an image"),
        ((np.zeros((4, 9, 9)), np.ones((4, 3))), "several labels or none"),
        ((np.array([[["a"]]]), np.zeros(1)), "values of type"),
        (([], []), "No pictures were given"),
        (np.zeros((4, 9, 9)), "Cannot train on a ndarray alone"),
    ],
)
def test_arrays_no_study_can_be_made_of(data: Any, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read(Source(data=data))


@pytest.mark.parametrize("keys", [("x", "y"), ("X", "labels"), ("images", "target"), ("data", "label")])
def test_npz(tmp_path: Path, pictures: np.ndarray, labels: np.ndarray, keys: tuple[str, str]) -> None:
    np.savez(tmp_path / "d.npz", **{keys[0]: pictures, keys[1]: labels})
    assert labels_of(read(Source(data=tmp_path / "d.npz"))) == ("0", "1", "2", "3")


@pytest.mark.parametrize("form", ["x_{}", "{}_images"])
def test_npz_in_parts(tmp_path: Path, pictures: np.ndarray, labels: np.ndarray, form: str) -> None:
    arrays = {}
    for part in ("train", "val", "test"):
        arrays[form.format(part)] = pictures
        arrays[form.format(part).replace("x_", "y_").replace("images", "labels")] = labels[:, None]
    np.savez_compressed(tmp_path / "d.npz", **arrays)
    listing = read(Source(data=tmp_path / "d.npz"))
    assert [int((listing.part == part).sum()) for part in (FREE, VALID, HELD)] == [8, 8, 8]
    assert len(set(listing.names)) == 24


def test_npz_damaged_or_other(tmp_path: Path, pictures: np.ndarray, labels: np.ndarray) -> None:
    path = tmp_path / "d.npz"
    np.savez(path, pixels=pictures)
    with pytest.raises(DataError, match="holds pixels: expected the pictures as `x`"):
        read(Source(data=path))
    np.savez(path, x=pictures, y=labels)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(DataError, match=r"is damaged or no .npz"):
        read(Source(data=path))
    np.savez(path, x=pictures, y=np.array([{}] * 8, dtype=object))
    with pytest.raises(DataError, match=r"is damaged or no .npz"):
        read(Source(data=path))
    np.savez(path, x=pictures)
    assert read_new(Source(data=path), "label").labels is None


@pytest.mark.parametrize("zipped", [True, False])
def test_idx(tmp_path: Path, pictures: np.ndarray, labels: np.ndarray, zipped: bool) -> None:
    for part in ("train", "t10k"):
        for kind, array in (("images-idx3", pictures), ("labels-idx1", labels)):
            data = _idx(array)
            name = f"{part}-{kind}-ubyte{'.gz' if zipped else ''}"
            (tmp_path / name).write_bytes(gzip.compress(data) if zipped else data)
    listing = read(Source(data=tmp_path))
    assert [int((listing.part == part).sum()) for part in (FREE, HELD)] == [8, 8]
    alone = read(Source(data=tmp_path / f"t10k-images-idx3-ubyte{'.gz' if zipped else ''}"))
    assert set(alone.part.tolist()) == {FREE}
    np.testing.assert_array_equal(np.stack(list(alone.items)), pictures)


def test_idx_damaged(tmp_path: Path, pictures: np.ndarray, labels: np.ndarray) -> None:
    images, beside = tmp_path / "a-images-idx3-ubyte", tmp_path / "a-labels-idx1-ubyte"
    images.write_bytes(_idx(pictures))
    with pytest.raises(DataError, match="there is no file of labels: expected 'a-labels-idx1-ubyte'"):
        read(Source(data=images))
    assert len(read_new(Source(data=images), "label")) == 8
    beside.write_bytes(_idx(labels[:5]))
    with pytest.raises(DataError, match="8 pictures and 5 labels"):
        read(Source(data=tmp_path))
    images.write_bytes(_idx(pictures)[:-1])
    with pytest.raises(DataError, match=r"should hold 240 bytes .* it holds 239"):
        read(Source(data=tmp_path))
    images.write_bytes(b"no idx file at all")
    with pytest.raises(DataError, match="is no idx file of 3 axes"):
        read(Source(data=tmp_path))
    (tmp_path / "b-images-idx3-ubyte.gz").write_bytes(gzip.compress(_idx(pictures))[:-9])
    (tmp_path / "b-labels-idx1-ubyte").write_bytes(_idx(labels))
    with pytest.raises(DataError, match="is damaged"):
        read(Source(data=tmp_path / "b-images-idx3-ubyte.gz"))
