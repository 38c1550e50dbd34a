"""Tables no study can be made of, and odd ones of which one can: what the command line says and does."""

from __future__ import annotations

import csv
import gzip
import io
import os
import random
import unicodedata
from pathlib import Path

import pytest

from .inputs import QUICK, Answer, plain, read, refused, rows_of, say, schema_of, write

NFD, NFC = unicodedata.normalize("NFD", "고양이"), unicodedata.normalize("NFC", "강아지")


def text_of(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


GOOD = text_of(rows_of(["big", "small"]))
LINES = GOOD.splitlines()


def labelled(give: object) -> str:
    rows = rows_of(["big", "small"])
    for number, row in enumerate(rows[1:]):
        row[-1] = give(number)  # type: ignore[operator]
    return text_of(rows)


SPOILT: dict[str, tuple[str | bytes, tuple[str, ...], tuple[str, ...]]] = {
    "nothing in it": ("", (), ("t.csv is empty", "header and rows")),
    "blank lines alone": ("\n \n\n", (), ("t.csv is empty",)),
    "a header alone": ("a,b,kind\n", (), ("t.csv has a header but no rows",)),
    "binary": (random.Random(0).randbytes(3000), (), ("t.csv is not a table", "Give a CSV")),
    "an Excel workbook": (b"PK\x03\x04" + bytes(300), (), ("Excel workbook", "save the sheet as CSV")),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(300), (), ("t.csv is not a table but an image", "give a table")),
    "a database": (b"SQLite format 3\0" + bytes(300), (), ("a database", "export the table as CSV")),
    "a PDF": (b"%PDF-1.7\n" + bytes(300), (), ("PDF", "CSV")),
    "a broken gzip": (gzip.compress(GOOD.encode())[:40], (), ("damaged gzip", "fetch it again")),
    "a broken Parquet": (b"PAR1" + bytes(100), (), ("cannot be read as Parquet", "write it again")),
    "a NUL": (GOOD.replace("big", "b\0g", 1), (), ("line 2", "NUL", "export it again as UTF-8")),
    "two encodings": (GOOD.encode() + "고양이 고양이,1,x\n".encode() * 3 + b"\xb0\xed,1,x\n", (), ("line 45", "mend")),
    "a ragged row": ("\n".join([*LINES[:7], LINES[7] + ",x", *LINES[8:]]), (), ("line 8", "4 fields", "3", "mend")),
    "a short row": ("\n".join([*LINES[:5], "1,2", *LINES[6:]]), (), ("line 6", "2 fields", "3", "mend")),
    "an open quote": ('a,b,kind\n1,"x,p\n2,y,q\n', (), ("line 2", "quote", "close it")),
    "two columns of a name": (GOOD.replace("height", "width"), (), ("'width'", "columns 1, 2", "rename")),
    "one column": ("kind\n" + "a\nb\n" * 9, (), ("no column besides the target 'kind'", "delimiter")),
    "one row": ("a,b,kind\n1,2,x\n", (), ("t.csv has 1 row with a target", "give more rows")),
    "no target in any row": (labelled(lambda i: ""), (), ("'kind' has no value in any row", "--target")),
    "a constant target": (labelled(lambda i: "same"), (), ("'kind' is constant", "'same'", "40 rows", "--target")),
    "a class of one row": (labelled(lambda i: "rare" if i == 3 else "ab"[i % 2]), (), ("'rare'", "row 4", "2 are")),
    "the target twice": (text_of([[*row, row[-1]] for row in rows_of(["a", "b"])]).replace("kind,kind", "copy,kind"),
                         (), ("'copy' equals the target 'kind'", "--ignore copy")),
    "columns that say nothing": ("a,b,kind\n" + "1,,x\n1,,y\n" * 9, (), ("no column to learn from", "'a' (constant)")),
    "a target of dates": (labelled(lambda i: f"2024-01-{i % 28 + 1:02d}"), ("--task", "regression"), ("row 1",)),
    "text for a quantity": (GOOD, ("--task", "regression"), ("'kind'", "row 1", "'big'", "--task classification")),
    "an infinite quantity": (labelled(lambda i: "inf" if i == 6 else f"{i / 7}"), (), ("infinite in row 7", "finite")),
    "another target": (GOOD, ("--target", "knd"), ("'knd'", "t.csv", "Did you mean 'kind'?")),
    "a target like nothing": (GOOD, ("--target", "price"), ("'price'", "Known: height, kind, width.")),
    "a group that is not there": (GOOD, ("--group", "hight"), ("--group", "'hight'", "Did you mean 'height'?")),
    "a time that is not there": (GOOD, ("--time-column", "when"), ("--time-column", "'when'", "Known:")),
    "ignored but not there": (GOOD, ("--ignore", "wdth"), ("--ignore", "'wdth'", "Did you mean 'width'?")),
    "the target ignored": (GOOD, ("--target", "kind", "--ignore", "kind"), ("'kind' is the target", "--ignore")),
    "the target as group": (GOOD, ("--target", "kind", "--group", "kind"), ("'kind' is the target", "--group")),
    "the group ignored": (GOOD, ("--group", "width", "--ignore", "width"), ("'width'", "--group", "choose one")),
    "everything ignored": (GOOD, ("--ignore", "width", "--ignore", "height"), ("no column besides the target 'kind'",)),
    "a group of one value": (GOOD.replace("width", "lot").replace(LINES[0], "lot,height,kind"), ("--group", "site"),
                             ("'site'", "no column")),
    "times that are none": (labelled(lambda i: "xy"[i % 2]).replace("height", "when"), ("--time-column", "kind"),
                            ("'kind' is the target",)),
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILT)
def test_a_table_no_study_can_be_made_of(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, options, words = SPOILT[how]
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    sentence = refused(say("fit", "t.csv", "--out", "deep/er/study", *QUICK, *options), *words)
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"], "nothing is left behind"
    assert refused(say("check", "t.csv", *options)) == sentence, "check says the same"


def test_a_path_that_is_not_there_offers_the_nearest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / f"{NFD} things.csv", rows_of(["a", "b"]))
    for command in (("fit", "--out", "s"), ("check",)):
        refused(say(command[0], f"{NFC} things.csv", *command[1:]), "There is nothing at", "things.csv'?")
        refused(say(command[0], "no/such/place.csv", *command[1:]), "no/such", "is not there either", "check the path")
        refused(say(command[0], "x", *command[1:]), "There is nothing at 'x'", "this folder holds")
    assert not Path("s").exists()


TESTS = {
    "a label that training lacks": (text_of(rows_of(["big", "smal"])), ("'smal'", "test.csv, row 2", "'small'?")),
    "a column less": (GOOD.replace("height", "hight"), ("test.csv has no column 'height'", "'hight'?")),
    "no rows": ("width,height,kind\n", ("test.csv has a header but no rows",)),
    "a ragged row": (GOOD + "1\n", ("test.csv, line 42", "1 field", "mend")),
}


@pytest.mark.parametrize("how", TESTS)
def test_a_test_table_that_does_not_fit(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, words = TESTS[how]
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(GOOD)
    Path("test.csv").write_text(content)
    refused(say("fit", "t.csv", "--test", "test.csv", "--out", "s", *QUICK), *words)
    refused(say("fit", "t.csv", "--test", "tset.csv", "--out", "s", *QUICK), "'tset.csv'", "'test.csv'?")
    refused(say("fit", "t.csv", "--test", ".", "--out", "s", *QUICK), "is a folder", "give a CSV")
    assert not Path("s").exists()


def counts(path: Path, *options: str) -> dict[str, int]:
    found: dict[str, int] = say("check", path, "--json", *options).json["counts"]
    return found


def test_labels_stay_what_they_are(tmp_path: Path) -> None:
    for labels in (["None", "NA", "null", "n/a"], ["00123", "123", "00456"], ["1", "3", "7"], ["True", "False"],
                   ["0", "1"], ["1.0", "2.5"], ["yes ", "no"], ["=1+1", "-"], [NFD, NFC], ["two\nlines", "tab\there"],
                   ['say "hi", you', "😀"], ["x" * 3000, "y"], ["Cat", "cat", "CAT"]):  # fmt: skip
        path = write(tmp_path / "t.csv", rows_of(labels, 60))
        found = counts(path, "--task", "classification")
        assert {label.strip() for label in labels} == set(found), labels
        assert set(found.values()) == {60 // len(labels)}


def test_check_warns_of_labels_that_may_be_meant_otherwise(tmp_path: Path) -> None:
    spelt = write(tmp_path / "spelt.csv", rows_of(["Cat", "cat ", "dog"]))
    assert "label-spelling" in {f["code"] for f in say("check", spelt, "--json").json["findings"]}
    missing = write(tmp_path / "missing.csv", rows_of(["None", "here"]))
    assert "missing-like-label" in {f["code"] for f in say("check", missing, "--json").json["findings"]}
    numbers = write(tmp_path / "numbers.csv", rows_of(["1", "3"]))
    assert "task-inferred" in {f["code"] for f in say("check", numbers, "--json").json["findings"]}


def test_check_shows_long_and_many_labels_briefly(tmp_path: Path) -> None:
    long = say("check", write(tmp_path / "t.csv", rows_of(["two\n" + "x" * 3000, "y"])))
    assert long.code == 0
    assert max(map(len, long.out.splitlines())) < 400
    many = say("check", write(tmp_path / "t.csv", rows_of([f"c{i:04d}" for i in range(1000)], 2000)))
    assert "c0019 2 and 980 more" in many.out


def test_a_long_label_does_not_make_a_long_sentence(tmp_path: Path) -> None:
    rows = rows_of(["a", "b"])
    rows[5][-1] = "x" * 5000
    assert len(refused(say("check", write(tmp_path / "t.csv", rows)), "only 1 row (row 5 below the header)")) < 500


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study of a table with every odd name there is, in a folder with one too; beside it `odd.csv`."""
    folder = tmp_path_factory.mktemp("odd") / 'a "b" 이름 🐱\nc'
    folder.mkdir()
    labels = [NFD, NFC, 'say "hi", you', "two\nlines", "=1+1", "@x", "-", "😀", "None", "00123", "x" * 2000]
    names = ['a "quoted", one', "=cmd|' /C calc'!A0\nline two", "종류 🐱"]
    table = write(folder / "odd.csv", rows_of(labels, 88, names))
    assert say("fit", table, "--out", folder / "study", *QUICK).code == 0
    return folder


def test_odd_names_come_through_whole(odd: Path) -> None:
    schema = schema_of(odd / "study")
    with (odd / "odd.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    labels = {row[-1] for row in rows}
    assert set(schema["targets"][0]["labels"]) == labels
    assert [c["name"] for c in schema["inputs"]] == head[:-1]
    answer = say("predict", odd / "study", odd / "odd.csv", "-o", odd / "out, 결과.csv")
    assert answer.code == 0
    columns, predicted = read(odd / "out, 결과.csv")
    assert columns[:2] == ["input", "prediction"]
    assert {c.removeprefix("proba_") for c in columns[2:]} == labels
    assert len(predicted) == len(rows)
    assert {plain(row[1]) for row in predicted} <= labels
    right = sum(plain(row[1]) == given[-1] for row, given in zip(predicted, rows, strict=True))
    assert right > len(rows) / 4, "the labels are those of their rows"
    assert say("evaluate", odd / "study", odd / "odd.csv", "--json").json["accuracy"]["value"] == right / len(rows)
    assert say("report", odd / "study").code == 0


def test_what_is_predicted_is_no_formula(odd: Path) -> None:
    said = say("predict", odd / "study", odd / "odd.csv")
    for row in csv.reader(io.StringIO(said.out)):
        for cell in row:
            assert not cell.lstrip().startswith(("=", "@", "+", "-")), cell


def test_the_same_rows_in_other_encodings_are_the_same(tmp_path: Path) -> None:
    rows = rows_of(["고양이", "강아지"], 40, ["너비", "높이", "종류"])
    korean = write(tmp_path / "cp949.csv", rows, "cp949")
    assert counts(korean) == {"강아지": 20, "고양이": 20}
    assert say("fit", korean, "--out", tmp_path / "study", *QUICK).code == 0
    assert schema_of(tmp_path / "study")["targets"][0]["labels"] == ["강아지", "고양이"]
    expected = None
    for encoding in ("cp949", "utf-16", "utf-16-le", "utf-8", "utf-8-sig"):
        path = write(tmp_path / "new.csv", rows, encoding)
        out = say("predict", tmp_path / "study", path).out
        assert "고양이" in out
        assert expected in (None, out)
        expected = out
        assert say("evaluate", tmp_path / "study", path).code == 0


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `kinds` and `values`, finished studies, and the tables they were made of."""
    folder = tmp_path_factory.mktemp("studies")
    write(folder / "kinds.csv", rows_of(["big", "small"]))
    rows = rows_of(["x"])
    write(folder / "values.csv", [rows[0], *([*row[:-1], f"{i * 1.37:.2f}"] for i, row in enumerate(rows[1:]))])
    for name in ("kinds", "values"):
        assert say("fit", folder / f"{name}.csv", "--out", folder / name, *QUICK).code == 0
    return folder


NEW: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "a column less": ("width,kind\n1,big\n", ("no column 'height'", "columns of the training data")),
    "a column misspelt": ("width,hight\n1,2\n", ("no column 'height'", "Did you mean 'hight'?")),
    "a header alone": ("width,height\n", ("has a header but no rows",)),
    "nothing in it": ("", ("is empty",)),
    "binary": (random.Random(1).randbytes(3000), ("is not a table",)),
    "a ragged row": ("width,height\n1,2\n1,2,3\n", ("line 3", "3 fields", "mend")),
    "words for numbers": ("width,height\nhello,2\nworld,3\n", ("'width'", "'hello'", "numbers", "mend")),
}


@pytest.mark.parametrize("how", NEW)
def test_new_rows_that_do_not_fit(how: str, studies: Path, tmp_path: Path) -> None:
    content, words = NEW[how]
    path = tmp_path / "new.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(say("predict", studies / "kinds", path, "-o", tmp_path / "out.csv"), "new.csv", *words)
    assert os.listdir(tmp_path) == ["new.csv"]
    refused(say("evaluate", studies / "kinds", path), "new.csv", *words)


def test_one_new_row_is_enough(studies: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("width,height\n1.5,0.2\n")
    assert say("predict", studies / "kinds", tmp_path / "new.csv", "-o", tmp_path / "out.csv").code == 0
    columns, (row,) = read(tmp_path / "out.csv")
    assert columns == ["input", "prediction", "proba_big", "proba_small"]
    assert float(row[2]) + float(row[3]) == pytest.approx(1.0)


def test_where_predictions_cannot_go(studies: Path, tmp_path: Path) -> None:
    def to(place: Path) -> Answer:
        return say("predict", studies / "kinds", studies / "kinds.csv", "-o", place)

    refused(to(tmp_path / "no" / "out.csv"), "no folder", "out.csv", "make it first")
    refused(to(tmp_path), "cannot be written", "--output")
    refused(to(studies / "kinds.csv" / "out.csv"), "no folder")


def test_what_cannot_be_evaluated(studies: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def on(name: str, text: str, *options: str) -> Answer:
        (tmp_path / "new.csv").write_text(text)
        return say("evaluate", studies / name, tmp_path / "new.csv", *options)

    refused(on("kinds", "width,height\n1,2\n"), "new.csv", "'kind'", "byeori predict")
    refused(on("kinds", "width,height,kind\n1,2,huge\n"), "None of the true answers", "'big'", "labels")
    refused(on("kinds", GOOD, "--target", "knd"), "'knd'", "Did you mean 'kind'?")
    refused(on("kinds", GOOD, "--target", "width"), "None of the true answers", "target column")
    assert "--task" not in refused(on("values", GOOD), "'kind'", "row 1", "'big'")
    some = on("kinds", GOOD + "1,2,huge\n", "--json")
    assert some.json["accuracy"]["value"] <= 1
    assert "1 of 41 items have no label, or one that the model was not taught" in caplog.text


def test_a_metric_of_the_other_task(tmp_path: Path, studies: Path) -> None:
    for name, metric, known in (("kinds", "rmse", "macro_f1"), ("values", "auc", "mae")):
        answer = say("fit", studies / f"{name}.csv", "--metric", metric, "--out", tmp_path / "s", *QUICK)
        refused(answer, f"'{metric}'", known)
        assert not (tmp_path / "s").exists()


def test_a_thousand_classes(tmp_path: Path) -> None:
    labels = [f"c{i:04d}" for i in range(1000)]
    table = write(tmp_path / "many.csv", rows_of(labels, 2000))
    assert say("fit", table, "--out", tmp_path / "s", "--time", "5s", "--executor", "inline").code == 0
    assert schema_of(tmp_path / "s")["targets"][0]["labels"] == labels
    write(tmp_path / "new.csv", rows_of(labels, 3))
    assert len(say("predict", tmp_path / "s", tmp_path / "new.csv", "--json").json["predictions"][0]) == 1002
