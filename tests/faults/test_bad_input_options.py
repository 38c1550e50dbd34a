"""Options out of range, folders that are another's or damaged, places nobody may write: what is said, and kept."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .inputs import QUICK, refused, rows_of, say, write

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0 and sys.platform == "linux"


@pytest.fixture
def things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder a command runs in; there is `things.csv`."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "things.csv", rows_of(["big", "small"]))
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study, never to be changed, beside the `things.csv` it was made of."""
    folder = tmp_path_factory.mktemp("finished")
    write(folder / "things.csv", rows_of(["big", "small"]))
    assert say("fit", folder / "things.csv", "--out", folder / "study", *QUICK).code == 0
    return folder / "study"


@pytest.fixture
def study(finished: Path, things: Path) -> Path:
    """A copy of the finished study, to be damaged."""
    shutil.copytree(finished, things / "study")
    return things / "study"


WRONG = {
    "--strategy": [("evolutoin", "Did you mean 'evolution'?"), ("best", "Known: cmaes, controller, council")],
    "--executor": [("lokal", "Did you mean 'local'?"), ("cloud", "Known: inline, local")],
    "--stopper": [("nevr", "Did you mean 'never'?")],
    "--modality": [("image", "Did you mean 'images'?")],
    "--metric": [("acuracy", "Did you mean 'accuracy'?"), ("", "Known: accuracy"), ("rmse", "not for classification")],
    "--task": [("clasification", "classification, regression")],
    "--preset": [("slow", "pilot, production")],
    "--time": [(t, "for example") for t in ("0", "0s", "-5s", "-1", "soon", "nan", "inf", "", "5 parsecs", "1e400")],
    "--trials": [("0", "give 1 or more"), ("-3", "give 1 or more"), ("many", "whole number"), ("1.5", "whole number")],
    "--workers": [("0", "give 1 or more"), ("-1", "give 1 or more"), ("99999", "or fewer"), ("two", "whole number")],
    "--seed": [("-1", "from 0"), ("9" * 30, "from 0"), ("x", "whole number")],
    "--max-params": [("0", "more than 0"), ("-1", "more than 0"), ("few", "whole number")],
    "--max-latency": [("0", "more than 0"), ("nan", "more than 0"), ("fast", "takes a number")],
    "--max-disk": [("0", "more than 0"), ("1GB", "whole number")],
}


@pytest.mark.parametrize(("option", "value", "words"), [(o, v, w) for o, found in WRONG.items() for v, w in found])
def test_an_option_out_of_range(option: str, value: str, words: str, things: Path) -> None:
    options = {"--trials": "1", "--executor": "inline"} | {option: value}
    given = [f"{name}={text}" for name, text in options.items()]
    refused(say("fit", "things.csv", "--out", "deep/study", *given), words, *([value[:20]] if value else []))
    assert os.listdir() == ["things.csv"], "nothing is left behind"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["fit"], ("DATA", "byeori fit --help")),
        (["fit", "things.csv"], ("--out", "byeori fit --help")),
        (["fit", "things.csv", "more.csv", "--out", "s"], ("more.csv", "byeori fit --help")),
        (["fit", "things.csv", "--oot", "s"], ("--oot", "--out")),
        (["fit", "things.csv", "--out"], ("--out", "byeori fit --help")),
        (["fti", "things.csv"], ("'fti'", "'fit'")),
        (["predict", "study"], ("DATA", "byeori predict --help")),
        (["report", "study", "--out", "x"], ("--out", "byeori report --help")),
        (["resume", "study", "--time", "soon"], ("'soon'", "for example")),
        (["resume", "study", "--trials", "x"], ("--trials", "whole number")),
        (["catalog", "strategi"], ("'strategi'", "'strategies'")),
        (["demo", "--time", "1s"], ("1s", "--time 15s")),
    ],
)
def test_words_that_are_no_command(words: list[str], named: tuple[str, ...], things: Path) -> None:
    refused(say(*words), *named)
    assert os.listdir() == ["things.csv"]


# ------------------------------------------------------------------------------------------------------------- places


def fit(out: object, *options: str) -> object:
    return say("fit", "things.csv", "--out", out, *QUICK, *options)


def test_a_place_for_a_study_that_is_taken(things: Path) -> None:
    (things / "mine").mkdir()
    (things / "mine" / "thesis.docx").write_text("years of work")
    refused(fit("mine"), "mine is not empty", "'thesis.docx'", "--out")
    refused(fit("things.csv"), "things.csv is a file", "--out")
    refused(fit("things.csv/study"), "things.csv/study cannot be made", "--out")
    assert (things / "mine" / "thesis.docx").read_text() == "years of work"
    assert sorted(os.listdir()) == ["mine", "things.csv"]


def test_a_folder_that_was_empty_is_empty_again(things: Path) -> None:
    (things / "empty").mkdir()
    (things / "things.csv").write_text("a,b\n1\n")
    refused(fit("empty"), "line 2")
    assert os.listdir("empty") == []


def test_a_folder_of_another_study(study: Path) -> None:
    before = sorted(p.name for p in study.rglob("*"))
    data = str(study.parent / "things.csv")
    shutil.copy(data, "other.csv")
    refused(say("fit", data, "--out", study, *QUICK, "--seed", "5"), "another study", "seed", "byeori resume")
    refused(say("fit", "other.csv", "--out", study, *QUICK), "another study", "data")
    assert sorted(p.name for p in study.rglob("*")) == before


@pytest.mark.parametrize("name", ["nowhere", "things.csv", "mine"])
def test_what_is_no_study_and_no_model(name: str, things: Path) -> None:
    (things / "mine").mkdir()
    (things / "mine" / "thesis.docx").write_text("years of work")
    for command in (["resume", name], ["report", name]):
        refused(say(*command), "There is no", name)
    for command in ("predict", "evaluate"):
        refused(say(command, name, "things.csv"), "There is no", name)
    assert sorted(os.listdir()) == ["mine", "things.csv"]


def test_the_nearest_study_is_offered(study: Path) -> None:
    for command in (["resume", "studdy"], ["report", "studdy"], ["predict", "studdy", "things.csv"]):
        refused(say(*command), "There is nothing at 'studdy'", "Did you mean 'study'?")


def test_a_finished_study_is_not_resumed_unasked(study: Path) -> None:
    refused(say("resume", study), "finished", "--reopen-test")


def test_a_study_without_a_model_yet(study: Path) -> None:
    shutil.rmtree(study / "model")
    (study / "finish.json").unlink()
    refused(say("predict", study, "things.csv"), "There is no model in", "not finished", "byeori resume")
    refused(say("report", study), "not finished", "byeori resume")


# ------------------------------------------------------------------------------------------------------------- damage


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def into(text: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(text) and None


def without_wal(path: Path) -> None:
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


STUDY_JSON = {
    "cut": (cut, "damaged"),
    "empty": (into(""), "damaged"),
    "a list": (into("[]"), "damaged"),
    "nothing said": (into("{}"), "damaged"),
    "wrong types": (into('{"format": 1, "request": {"source": 5}, "schema": 3, "fingerprint": "x"}'), "damaged"),
    "a request of another shape": (into('{"format": 1, "request": {"source": {"x": 1}}}'), "study"),
    "no request": (into('{"format": 1, "request": 3}'), "damaged"),
    "format of text": (into('{"format": "x", "request": {}}'), "damaged"),
    "binary": (lambda path: path.write_bytes(b"\xff\xfe\0\x81" * 50) and None, "damaged"),
    "newer": (into('{"format": 99}'), "newer Byeori"),
}


@pytest.mark.parametrize("how", STUDY_JSON)
def test_a_damaged_study_json(how: str, study: Path) -> None:
    harm, words = STUDY_JSON[how]
    harm(study / "study.json")
    said = (study / "study.json").read_bytes()
    refused(say("fit", "things.csv", "--out", "study", *QUICK), "study", words)
    refused(say("resume", "study", "--reopen-test", "--trials", "2"), "study", words)
    refused(say("report", "study"), "study", words)
    assert (study / "study.json").read_bytes() == said, "what may be restored is not touched"
    assert say("predict", "study", "things.csv").code == 0, "the model needs no study"


EVENTS = {
    "cut": (cut, "damaged"),
    "text": (into("hello " * 3000), "damaged"),
    "empty": (into(""), "begin again in another folder"),
    "gone": (lambda path: path.unlink(), "put it back"),
}


@pytest.mark.parametrize("how", EVENTS)
def test_a_damaged_log(how: str, study: Path) -> None:
    harm, words = EVENTS[how]
    without_wal(study / "events.db")
    harm(study / "events.db")
    refused(say("report", "study"), "events.db", words)
    refused(say("resume", "study", "--reopen-test", "--trials", "2"), "events.db", words)
    assert say("predict", "study", "things.csv").code == 0


@pytest.mark.parametrize("harm", [cut, into("{}"), into("[]")])
def test_a_damaged_outcome(harm: Callable[[Path], None], study: Path) -> None:
    harm(study / "finish.json")
    refused(say("report", "study"), "finish.json is damaged", "byeori resume")


MODEL: dict[str, tuple[Callable[[Path], object], str]] = {
    "card cut": (lambda model: cut(model / "model.json"), "copy the model folder again"),
    "card of nothing": (lambda model: into("{}")(model / "model.json"), "copy the model folder again"),
    "card that is a list": (lambda model: into("[]")(model / "model.json"), "copy the model folder again"),
    "card changed": (
        lambda model: into((model / "model.json").read_text().replace("big", "bug"))(model / "model.json"),
        "changed by hand",
    ),
    "member flipped": (lambda model: flip(member(model)), "copy the model folder again"),
    "member cut": (lambda model: cut(member(model)), "copy the model folder again"),
    "member gone": (lambda model: member(model).unlink(), "copy the whole folder again"),
    "a stranger": (lambda model: into("x")(model / "members" / "00" / "strange.txt"), "delete it"),
    "all gone": (shutil.rmtree, "There is no model"),
}


def member(model: Path) -> Path:
    return next(p for p in sorted((model / "members").rglob("*")) if p.is_file())


@pytest.mark.parametrize("how", MODEL)
def test_a_damaged_model(how: str, study: Path) -> None:
    harm, words = MODEL[how]
    harm(study / "model")
    refused(say("predict", "study", "things.csv", "-o", "out.csv"), words, "study")
    refused(say("evaluate", "study", "things.csv"), words)
    assert not Path("out.csv").exists()


# ------------------------------------------------------------------------------------------------ no right, no room


def test_no_right_to_write(things: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (things / "locked").mkdir()
    monkeypatch.setattr("os.access", lambda path, mode, **_: mode != os.W_OK)
    refused(fit("locked"), "no right to write in locked", "--out")
    assert os.listdir("locked") == []


@pytest.fixture
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """Mounts a small filesystem with the options given; a skip where that is not allowed."""
    places: list[Path] = []

    def mount(options: str) -> Path:
        place = tmp_path_factory.mktemp("mounted")
        done = ROOT and subprocess.run(["mount", "-t", "tmpfs", "-o", options, "byeori", place], check=False)
        if not done or done.returncode:
            pytest.skip("this process may not mount a filesystem of its own")
        places.append(place)
        return place

    yield mount
    for place in places:
        subprocess.run(["umount", place], check=True)


def test_a_place_that_cannot_be_written(study: Path, mounted: Callable[[str], Path]) -> None:
    place = mounted("size=8m")
    shutil.copytree(study, place / "study")
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    refused(fit(place / "new"), "new cannot be made", "--out")
    refused(fit(place), "--out")
    refused(say("predict", study, "things.csv", "-o", place / "out.csv"), "out.csv cannot be written", "--output")
    refused(say("report", place / "study"), "cannot be written", "copy the study elsewhere")
    refused(say("resume", place / "study", "--reopen-test", "--trials", "2"), "no right to write", "mend")
    assert say("predict", place / "study", "things.csv").code == 0, "to read is enough"


def test_no_room(study: Path, mounted: Callable[[str], Path]) -> None:
    place = mounted("size=32k")
    answer = fit(place / "deep" / "study")
    assert answer.code == 1
    assert answer.err.splitlines()[-1].startswith("Error: ")
    assert "free room" in answer.err
    assert os.listdir(place) == []
    (place / "fill").write_bytes(bytes(32_768))
    refused(say("predict", study, "things.csv", "-o", place / "out.csv"), "out.csv cannot be written", "No space left")
    assert os.listdir(place) == ["fill"]


# ---------------------------------------------------------------------------------------------------------- processes


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "byeori", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_a_process_ends_with_the_code_and_the_sentence(things: Path) -> None:
    done = command("fit", "thngs.csv", "--out", "study")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: There is nothing at 'thngs.csv'. Did you mean 'things.csv'?\n"
    done = command("fit", "things.csv", "--out", "study", "--target", "knd", "--workers", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.endswith("Error: The target 'knd' is no column of things.csv. Did you mean 'kind'?\n")
    assert os.listdir() == ["things.csv"], "with workers too, nothing is left behind"


def test_only_debug_shows_where_an_error_came_from(things: Path) -> None:
    answer = say("check", "thngs.csv", "--debug")
    assert answer.code == 2
    assert "Traceback" in answer.err
    assert answer.err.endswith("Did you mean 'things.csv'?\n")
    assert json.loads(say("catalog", "--json").out)
