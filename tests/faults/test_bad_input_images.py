"""Folders and lists of images no study can be made of, and odd ones of which one can: what the command line does."""

from __future__ import annotations

import io
import os
import struct
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .inputs import QUICK, picture, pictures, plain, read, refused, say, schema_of, write

NFD, NFC = unicodedata.normalize("NFD", "고양이"), unicodedata.normalize("NFC", "강아지")


def bomb(path: Path) -> None:
    """A PNG of a few bytes that says it is 60,000 pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def nothing(root: Path) -> None:
    root.mkdir()


def texts(root: Path) -> None:
    for name in ("a/x.txt", "b/y.txt"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("no picture")


def flat(root: Path) -> None:
    for number in range(4):
        picture(root / f"{number}.png", number)


def one_class(root: Path) -> None:
    pictures(root, ["cat"])


def one_class_deeper(root: Path) -> None:
    pictures(root / "animals")


def lone(root: Path) -> None:
    pictures(root)
    picture(root / "bird" / "only.png", 7)


def too_many_broken(root: Path) -> None:
    pictures(root)
    for number in range(4):
        (root / "cat" / f"bad{number}.jpg").write_text("no picture")


def all_broken(root: Path) -> None:
    pictures(root)
    for path in root.rglob("*.png"):
        path.write_bytes(b"")


def lone_after_the_broken(root: Path) -> None:
    pictures(root, ["cat", "dog"], 12)
    pictures(root, ["bird"], 2)
    cut(root / "bird" / "1.png")


SPOILT: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "an empty folder": (nothing, ("'photos' holds no images", "one folder a class")),
    "no pictures": (texts, ("'photos' holds no images", "'a/x.txt'", "PNG, JPEG")),
    "no folders of classes": (flat, ("4 images", "'photos' lie flat", "one folder a class", "CSV")),
    "one class": (one_class, ("only one class, 'cat'", "at least two", "add images")),
    "the folder above": (one_class_deeper, ("only one class, 'animals'", "did you mean the folder 'photos/animals'")),
    "a class of one": (lone, ("'bird'", "only 1 image (bird/only.png)", "add images or remove the class")),
    "more than one in five broken": (too_many_broken, ("4 of 16", "cat/bad0.jpg", "more than one in five", "mend")),
    "none that can be read": (all_broken, ("None of the images", "photos", "check the files")),
    "a class of one that can be read": (lone_after_the_broken, ("'bird'", "only 1 image that can be read", "remove")),
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILT)
def test_a_folder_no_study_can_be_made_of(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, words = SPOILT[how]
    monkeypatch.chdir(tmp_path)
    make(Path("photos"))
    sentence = refused(say("fit", "photos", "--out", "deep/er/study", *QUICK), *words)
    assert os.listdir() == ["photos"], "nothing is left behind"
    assert refused(say("check", "photos")) == sentence, "check says the same"


OPTIONS = {
    "a group": (["--group", "patient"], ("no columns", "'patient'", "CSV of paths, labels and groups")),
    "a target": (["--target", "kind"], ("no columns", "--target kind", "leave it out")),
    "columns to ignore": (["--ignore", "id"], ("no columns", "--ignore id", "leave it out")),
    "a time": (["--time-column", "when"], ("not ordered by time", "leave --time-column out")),
    "values for classes": (["--task", "regression"], ("'cat'", "cat/0.png", "no number", "classification")),
    "a metric of values": (["--metric", "r2"], ("'r2' is not for classification", "macro_f1")),
    "a test set that is not there": (["--test", "tset"], ("There is nothing at 'tset'", "'test'?")),
    "a test set of another class": (["--test", "test"], ("'cow' (test/cow/0.png)", "training", "Known: cat, dog")),
    "a test set of no pictures": (["--test", "t.csv"], ("'t.csv'", "names files that are there", "mend the paths")),
    "no child small enough": (["--max-params", "1"], ("--max-params", "parameters", "give more")),
    "another kind of data": (["--modality", "tables"], ("photos is a folder", "give a CSV")),
}


@pytest.mark.parametrize("how", OPTIONS)
def test_an_option_that_a_folder_does_not_have(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options, words = OPTIONS[how]
    monkeypatch.chdir(tmp_path)
    pictures(Path("photos"))
    pictures(Path("test"), ["cat", "cow"], 2, 50)
    Path("t.csv").write_text("a,b\n1,2\n")
    refused(say("fit", "photos", "--out", "study", *QUICK, *options), *words)
    assert not Path("study").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [("cat/0.png", ("is one image", "a folder a class")), ("photos.zip", ("is packed", "unpack it"))],
)
def test_a_file_in_place_of_a_folder(name: str, words: tuple[str, ...], tmp_path: Path) -> None:
    pictures(tmp_path)
    (tmp_path / "photos.zip").write_bytes(b"PK\x03\x04")
    refused(say("check", tmp_path / name), *words)


LISTS = {
    "paths that lead nowhere": ("path,label\nno/a.png,x\nno/b.png,y\n", [], ("'no/a.png'", "mend the paths")),
    "paths alone": ("path\ncat/0.png\ndog/0.png\n", [], ("a column of paths only", "add one of labels")),
    "a header alone": ("path,label\n", ["--modality", "images"], ("no rows", "a path and a label in each")),
    "a ragged row": ("path,label\ncat/0.png,cat\ndog/0.png\n", [], ("Row 3", "1 cell where 2", "mend the row")),
    "two columns of a name": ("path,path\ncat/0.png,cat\n", [], ("two columns of one name", "rename")),
    "an empty label": ("path,label\ncat/0.png,cat\ncat/1.png,\n", [], ("'label'", "row 3", "fill them in")),
    "another label column": ("path,kind\ncat/0.png,cat\ndog/0.png,dog\n", ["--target", "knd"], ("'knd'", "'kind'?")),
    "no such group": ("path,label\ncat/0.png,cat\ndog/0.png,dog\n", ["--group", "who"], ("'who'", "Known: label")),
    "nothing to ignore": ("path,label\ncat/0.png,cat\ndog/0.png,b\n", ["--ignore", "lable"], ("--ignore", "'label'?")),
    "one in five missing": (
        "path,label\n" + "cat/0.png,a\ncat/1.png,a\ndog/0.png,b\ndog/1.png,b\n" + "cat/x.png,a\ndog/x.png,b\n", [],
        ("2 of 6 images", "row 6: cat/x.png is not there", "mend or remove"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", LISTS)
def test_a_list_no_study_can_be_made_of(how: str, tmp_path: Path) -> None:
    content, options, words = LISTS[how]
    pictures(tmp_path, each=2)
    (tmp_path / "list.csv").write_text(content)
    refused(say("fit", tmp_path / "list.csv", "--out", tmp_path / "study", *QUICK, *options), "list.csv", *words)
    assert not (tmp_path / "study").exists()


def test_what_is_no_image_is_listed_and_left_out(tmp_path: Path) -> None:
    pictures(tmp_path, each=12)
    (tmp_path / "cat" / "notes.txt").write_text("no picture")
    (tmp_path / "cat" / ".DS_Store").write_text("no picture")
    (tmp_path / "bird").mkdir()
    (tmp_path / "cat" / "text.jpg").write_text("no picture")
    (tmp_path / "cat" / "nothing.png").write_bytes(b"")
    bomb(tmp_path / "dog" / "bomb.png")
    cut(picture(tmp_path / "dog" / "cut.png", 3, 64))
    health = say("check", tmp_path, "--json").json
    assert health["counts"] == {"cat": 12, "dog": 12}
    found = {f["code"]: f for f in health["findings"]}
    assert (found["unreadable"]["level"], found["unreadable"]["count"]) == ("warning", 4)
    unreadable = " ".join(found["unreadable"]["items"])
    assert all(name in unreadable for name in ("cat/text.jpg", "cat/nothing.png", "dog/bomb.png", "dog/cut.png"))
    assert found["left-out"]["count"] == 2
    assert found["empty-classes"]["items"] == ["bird"]


def test_labels_in_lists_stay_what_they_are(tmp_path: Path) -> None:
    for number in range(8):
        picture(tmp_path / f"사진 {number}.png", number)
    for encoding, suffix, labels in (
        ("cp949", "csv", ["고양이", "강아지"]),
        ("utf-16", "csv", ["고양이", "강아지"]),
        ("utf-8-sig", "csv", ["None", "NA"]),
        ("utf-8", "csv", ["00123", "123"]),
        ("utf-8", "csv", ['say "hi", you', "two\nlines"]),
    ):
        rows = [[f"사진 {i}.png", labels[i % 2]] for i in range(8)]
        listed = write(tmp_path / f"list.{suffix}", [["파일", "label"], *rows], encoding)
        assert say("check", listed, "--json").json["counts"] == {label: 4 for label in labels}, encoding


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study of pictures with every odd name there is, and `photos` it was made of."""
    folder = tmp_path_factory.mktemp("odd") / 'a "b" 이름 🐱\nc'
    labels = [NFD, NFC, "a b", "q\"uo'te", "new\nline", "=1+1", "😀", "null"]
    for at, label in enumerate(labels):
        for number in range(3):
            picture(folder / "photos" / label / f'=im {number}\n"{label}", 1.png', 10 * at + number)
    assert say("fit", folder / "photos", "--out", folder / "study", "--time", "5s", "--executor", "inline").code == 0
    return folder


def test_odd_names_come_through_whole(odd: Path) -> None:
    labels = set(os.listdir(odd / "photos"))
    assert set(schema_of(odd / "study")["targets"][0]["labels"]) == labels
    assert say("predict", odd / "study", odd / "photos", "-o", odd / "out.csv").code == 0
    columns, rows = read(odd / "out.csv")
    assert {c.removeprefix("proba_") for c in columns[2:]} == labels
    files = {p.relative_to(odd / "photos").as_posix() for p in (odd / "photos").rglob("*.png")}
    assert {plain(row[0]) for row in rows} == files
    assert {plain(row[1]) for row in rows} <= labels
    assert not any(cell.startswith(("=", "@")) for row in rows for cell in row)
    assert say("evaluate", odd / "study", odd / "photos").code == 0
    assert say("report", odd / "study").code == 0


def test_labels_in_another_unicode_form_are_known(odd: Path, tmp_path: Path) -> None:
    picture(tmp_path / unicodedata.normalize("NFC", NFD) / "a.png", 1)
    picture(tmp_path / unicodedata.normalize("NFD", NFC) / "b.png", 2)
    answer = say("evaluate", odd / "study", tmp_path)
    assert (answer.code, answer.err) == (0, "")


def test_what_cannot_be_predicted(odd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    texts(Path("texts"))
    picture(Path("new/good.png"), 1)
    Path("new/bad.png").write_bytes(b"no picture")
    Path("bad.jpg").write_bytes(b"no picture")
    Path("table.csv").write_text("a,b\n1,2\n")
    there = sorted(os.listdir())
    for name, words in {
        "empty": ("'empty' holds no images",),
        "texts": ("'texts' holds no images", "'a/x.txt'"),
        "new": ("bad.png", "mend it or leave it out"),
        "bad.jpg": ("bad.jpg", "mend it or leave it out"),
        "table.csv": ("'table.csv'", "names files that are there", "mend the paths"),
        "nw": ("There is nothing at 'nw'", "'new'?"),
    }.items():
        refused(say("predict", odd / "study", name, "-o", "out.csv"), *words)
        refused(say("evaluate", odd / "study", name), *words)
    assert sorted(os.listdir()) == there
    refused(say("evaluate", odd / "study", picture(Path("one.png"), 1)), "one.png", "byeori predict")
    pictures(Path("strange"), ["horse"], 2)
    refused(say("evaluate", odd / "study", "strange"), "byeori predict")


def test_one_new_picture_is_enough(odd: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((5, 9), np.uint8)).save(buffer, format="JPEG")
    (tmp_path / "=one.jpg").write_bytes(buffer.getvalue())
    (row,) = say("predict", odd / "study", tmp_path / "=one.jpg", "--json").json["predictions"]
    assert row["input"] == "=one.jpg"
    assert sum(v for k, v in row.items() if k.startswith("proba_")) == pytest.approx(1.0, abs=1e-4)
