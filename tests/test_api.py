from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import byeori
from byeori import api
from byeori.core.errors import DataError, OptionError
from byeori.study import Study


def test_every_public_name_is_there_and_nothing_else_is_promised() -> None:
    for name in byeori.__all__:
        assert getattr(byeori, name) is not None
    with pytest.raises(AttributeError, match="no_such"):
        _ = byeori.no_such


def test_importing_byeori_loads_nothing_heavy() -> None:
    code = "import sys, byeori; print(*(m for m in ('torch', 'sklearn', 'pandas', 'numpy') if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_check_says_what_is_wrong_and_writes_nothing(
    patients: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    doubled = pd.concat([patients, patients.iloc[:10]])
    health = api.check(byeori.Source(data=doubled, target="diagnosis"))
    assert sum(health.counts.values()) == 310
    assert health.findings
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match="diagnose"):
        api.check(byeori.Source(data=patients, target="diagnose"))


def test_an_evaluation_is_of_a_model_folder_or_its_study(table_study: Study, patients: pd.DataFrame) -> None:
    rows = patients.iloc[:50]
    of_study = api.evaluate(table_study.folder, rows)
    assert of_study == api.evaluate(str(table_study.model_folder), rows)
    assert of_study.metrics["accuracy"].value > 0.5


def test_the_target_may_have_another_name_at_evaluation(table_study: Study, patients: pd.DataFrame) -> None:
    renamed = patients.iloc[:50].rename(columns={"diagnosis": "verdict"})
    found = api.evaluate(table_study.folder, renamed, target="verdict")
    assert found.metrics["accuracy"] == api.evaluate(table_study.folder, patients.iloc[:50]).metrics["accuracy"]


def test_a_study_is_named_after_its_data(
    patients: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    patients.to_csv("clinic.csv", index=False)
    study = api.fit("clinic.csv", target="diagnosis", trials=1, executor="inline")
    assert study.folder.resolve() == (tmp_path / "clinic-study").resolve()
    assert api.load("clinic-study").schema.target.name == "diagnosis"


@pytest.mark.parametrize("wrong", [{"time": -1}, {"trials": 0}, {"preset": "fast"}, {"workers": 0}, {"seed": -1}])
def test_wrong_options_are_said_before_anything_is_made(
    wrong: dict[str, object], patients: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(OptionError):
        api.fit(patients, out=tmp_path / "study", target="diagnosis", **wrong)
    assert list(tmp_path.iterdir()) == []
