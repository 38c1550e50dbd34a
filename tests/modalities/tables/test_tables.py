from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from byeori.core.data import Prepared
from byeori.core.errors import DataError, OptionError
from byeori.core.protocols import Modality
from byeori.core.schema import Health, Source
from byeori.modalities.tables.tables import Tables
from byeori.testing.modalities import ModalityConformance

Write = Callable[..., Path]


class TestConformance(ModalityConformance):
    @pytest.fixture
    def modality(self) -> Modality:
        return Tables()

    @pytest.fixture
    def source(self, write: Write, mixed: str) -> Source:
        return Source(data=write(mixed))

    @pytest.fixture
    def own_test(self, write: Write, mixed: str) -> Any:
        lines = mixed.splitlines()
        return write("\n".join([lines[0], *(f"9{line}" for line in lines[1:30] if line[0] != ",")]) + "\n", "test.csv")


class TestConformanceOfRegression(TestConformance):
    @pytest.fixture
    def source(self) -> Source:
        rng = np.random.default_rng(0)
        x = rng.normal(size=(60, 3))
        return Source(data=(x, x.sum(axis=1) + rng.normal(size=60)))

    @pytest.fixture
    def own_test(self) -> Any:
        rng = np.random.default_rng(1)
        return rng.normal(size=(20, 3)), rng.normal(size=20)


def _prepare(source: Source, to: Path, **options: Any) -> Prepared:
    tables = Tables()
    return tables.prepare(source, tables.infer(source), to, seed=0, **options)


def _check(source: Source) -> Health:
    tables = Tables()
    return tables.check(source, tables.infer(source))


@pytest.mark.parametrize("form", ["csv", "tsv", "semicolon", "gz", "utf16", "cp949", "parquet", "frame"])
def test_every_form_gives_the_same_arrays(form: str, write: Write, mixed: str, tmp_path: Path) -> None:
    frame = pd.read_csv(io.StringIO(mixed), dtype={"colour": str, "when": str, "class": str})
    data: Any = {
        "csv": lambda: write(mixed),
        "tsv": lambda: write(mixed.replace(",", "\t"), "t.tsv"),
        "semicolon": lambda: write(mixed.replace(",", ";").replace(".", ",")),
        "gz": lambda: write(gzip.compress(mixed.encode()), "t.csv.gz"),
        "utf16": lambda: write(mixed.encode("utf-16")),
        "cp949": lambda: write(mixed.encode("cp949")),
        "parquet": lambda: _parquet(frame, tmp_path),
        "frame": lambda: frame,
    }[form]()
    prepared = _prepare(Source(data=data), tmp_path / "other")
    plain = _prepare(Source(data=write(mixed, "plain.csv")), tmp_path / "plain")
    assert prepared.schema == plain.schema
    for name, array in plain.arrays().parts.items():
        np.testing.assert_array_equal(prepared.arrays()[name], array)
    np.testing.assert_array_equal(prepared.folds(), plain.folds())


def _parquet(frame: pd.DataFrame, folder: Path) -> Path:
    frame.to_parquet(folder / "t.parquet")
    return folder / "t.parquet"


def test_inputs_name_every_column_of_the_arrays_numbers_first(write: Write, mixed: str, tmp_path: Path) -> None:
    prepared = _prepare(Source(data=write(mixed)), tmp_path / "p")
    names = [column.name for column in prepared.schema.inputs]
    assert names[0] == "size"
    assert names[1] == "when.days"
    assert names[-1] == "colour"
    kinds = [column.kind for column in prepared.schema.inputs]
    shapes = {name: array.shape[1] for name, array in prepared.arrays().parts.items()}
    assert shapes == {"numbers": kinds.count("number"), "categories": kinds.count("category")}
    assert set(prepared.schema.inputs[-1].labels) == {"red", "green", "blue"}


def test_what_is_fitted_is_not_learnt_from_the_test_split(write: Write, tmp_path: Path) -> None:
    rows = [f"{i},common{i % 2},{'ab'[i % 3 == 0]}" for i in range(60)]
    train, test = write("n,word,y\n" + "\n".join(rows)), write("n,word,y\n1.5,only here,a\n2.5,common1,b\n", "test.csv")
    prepared = _prepare(Source(data=train, test=test), tmp_path / "p")
    assert prepared.schema.inputs[-1].labels == ("common0", "common1")
    assert prepared.arrays()["categories"][prepared.test_rows(), 0].tolist() == [-1, 1]
    assert prepared.names()[-2:] == ["test row 1", "test row 2"]
    assert prepared.sizes["test"] == 2


def test_numbers_keep_their_missing_cells(write: Write, mixed: str, tmp_path: Path) -> None:
    prepared = _prepare(Source(data=write(mixed)), tmp_path / "p")
    assert np.flatnonzero(np.isnan(prepared.arrays()["numbers"][:, 0])).tolist() == list(range(0, 120, 17))


def test_equal_rows_stay_on_one_side_of_every_split(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(60, 2))] * 2)[rng.permutation(120)]
    prepared = _prepare(Source(data=(x, (x[:, 0] > 0) ^ (rng.random(120) < 0.2))), tmp_path / "p")
    folds = np.asarray(prepared.folds())
    for row in range(120):
        assert len(set(folds[(x == x[row]).all(axis=1)].tolist())) == 1


def test_groups_stay_together_and_are_no_feature(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=90), "who": np.repeat(np.arange(30), 3), "y": rng.normal(size=90)})
    prepared = _prepare(Source(data=frame, group="who"), tmp_path / "p")
    assert [column.name for column in prepared.schema.inputs] == ["x"]
    folds = np.asarray(prepared.folds()).reshape(30, 3)
    assert (folds == folds[:, :1]).all()


def test_the_latest_rows_are_the_test_split_and_time_is_no_feature(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    when = pd.Series(pd.date_range("2020-01-01", periods=50)).sample(frac=1, random_state=0).dt.strftime("%d.%m.%Y")
    frame = pd.DataFrame({"when": when.to_numpy(), "x": rng.normal(size=50), "y": rng.normal(size=50)})
    source = Source(data=frame, time_column="when")
    prepared = _prepare(source, tmp_path / "p")
    order = np.argsort(pd.to_datetime(frame["when"], format="%d.%m.%Y").to_numpy())
    assert sorted(order[-10:].tolist()) == prepared.test_rows().tolist()
    assert [column.name for column in prepared.schema.inputs] == ["x"]
    assert {"unsorted-time", "time-column"} <= {f.code for f in _check(source).findings}


def test_rows_without_a_target_are_left_out_and_keep_the_names_of_the_others(write: Write, tmp_path: Path) -> None:
    rows = [f"{i * i},{'' if i in (3, 7) else 'ab'[i % 2]}" for i in range(40)]
    source = Source(data=write("x,y\n" + "\n".join(rows)))
    prepared = _prepare(source, tmp_path / "p")
    assert len(prepared.target()) == 38
    assert prepared.names()[3] == "row 5"
    assert prepared.notes == ("2 rows without a target were left out.",)
    (found,) = [f for f in _check(source).findings if f.code == "missing-target"]
    assert (found.level, found.items, found.count) == ("warning", ("row 4", "row 8"), 2)


def test_a_promise_of_time_is_kept_by_a_stratified_sample(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    source = Source(data=(rng.normal(size=(4000, 3)), np.repeat(["a", "b"], [3000, 1000])))
    prepared = _prepare(source, tmp_path / "p", seconds=1e-6)
    assert len(prepared.target()) == 1000
    assert np.bincount(np.asarray(prepared.target())).tolist() == [750, 250]
    assert "stratified sample of 1,000 of 4,000 rows" in prepared.notes[0]
    assert _prepare(source, tmp_path / "p", seconds=1e-6) == prepared
    assert len(_prepare(source, tmp_path / "p", seconds=60.0).target()) == 4000


def test_a_folder_of_somebody_else_is_not_replaced(write: Write, mixed: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(DataError, match=r"holds 'thesis\.txt', which is none of Byeori's"):
        _prepare(Source(data=write(mixed)), tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "x"


def test_other_data_under_the_same_name_is_prepared_anew(write: Write, mixed: str, tmp_path: Path) -> None:
    first = _prepare(Source(data=write(mixed)), tmp_path / "p")
    second = _prepare(Source(data=write(mixed.replace("red", "pink"))), tmp_path / "p")
    assert first.fingerprint != second.fingerprint
    assert "pink" in second.schema.inputs[-1].labels


def test_new_rows_are_encoded_in_every_form_with_or_without_a_target(write: Write, mixed: str, tmp_path: Path) -> None:
    tables, source = Tables(), Source(data=write(mixed))
    prepared = _prepare(source, tmp_path / "p")
    frame = pd.read_csv(source.data)
    expected = tables.encode(source, prepared.schema, prepared.fitted)
    bare = frame.drop(columns="class")
    forms: list[Any] = [
        frame.assign(extra=1)[frame.columns[::-1]],
        bare,
        bare.astype(object).to_numpy(),
        (bare, frame["class"]),
    ]
    for form in forms:
        encoded = tables.encode(Source(data=form), prepared.schema, prepared.fitted)
        for name, array in expected.arrays.parts.items():
            np.testing.assert_array_equal(encoded.arrays[name], array)
        assert (encoded.target is None) == (not isinstance(form, tuple) and "class" not in getattr(form, "columns", ()))
        if encoded.target is not None:
            np.testing.assert_array_equal(encoded.target, expected.target)
    assert expected.names[:2] == ("row 1", "row 2")


def test_a_file_without_a_header_predicts_by_position(write: Write, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{'ab'[i % 2]},{rng.normal():.4f},{rng.normal() + 10:.4f}" for i in range(40)]
    source = Source(data=write("\n".join(rows)), header=False, target="c0")
    prepared = _prepare(source, tmp_path / "p")
    bare = write("1.5,9.5\n2.5,8.5\n", "new.csv")
    encoded = Tables().encode(Source(data=bare, header=False), prepared.schema, prepared.fitted)
    assert encoded.arrays["numbers"].tolist() == [[1.5, 9.5], [2.5, 8.5]]
    assert encoded.target is None


def test_a_target_of_another_name_can_be_evaluated(write: Write, mixed: str, tmp_path: Path) -> None:
    prepared = _prepare(Source(data=write(mixed)), tmp_path / "p")
    frame = pd.read_csv(io.StringIO(mixed)).rename(columns={"class": "truth"})
    frame.loc[0, "truth"] = "never seen"
    encoded = Tables().encode(Source(data=frame, target="truth"), prepared.schema, prepared.fitted)
    assert encoded.target is not None
    assert encoded.target[0] == -1
    np.testing.assert_array_equal(encoded.target[1:], prepared.target()[1:])


def test_a_missing_column_is_named_when_predicting(write: Write, mixed: str, tmp_path: Path) -> None:
    prepared = _prepare(Source(data=write(mixed)), tmp_path / "p")
    new = write(mixed.replace("colour", "color"), "new.csv")
    with pytest.raises(DataError, match=r"has no column 'colour'.*Did you mean 'color'\?"):
        Tables().encode(Source(data=new), prepared.schema, prepared.fitted)


def test_a_metric_of_the_other_task_is_refused(write: Write, mixed: str) -> None:
    source = Source(data=write(mixed), metric="rmse")
    with pytest.raises(OptionError, match="'rmse' is not for classification: give one of accuracy"):
        Tables().infer(source)
    assert Tables().infer(replace(source, metric="auc")).metric == "auc"


def test_a_table_without_a_usable_column_is_refused(write: Write) -> None:
    rows = "\n".join(f"same,id{i}x,{'ab'[i % 2]}" for i in range(30))
    with pytest.raises(DataError, match=r"no column to learn from; all are left out: 'k' \(constant\), 'u' \(id\)"):
        Tables().infer(Source(data=write("k,u,y\n" + rows)))


def test_reading_tables_loads_neither_scikit_learn_nor_torch() -> None:
    names = {"sklearn", "scipy", "torch"}
    code = f"import sys, byeori.modalities.tables.tables; sys.exit(len({names!r} & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}, check=False
        ).returncode
        == 0
    )


def _real(folder: Path, part: str, pattern: str) -> list[Path]:
    files = sorted((folder / part).glob(pattern))
    if not files:
        pytest.skip(f"no {part} in {folder}")
    return files


def _prepared_cleanly(source: Source, to: Path) -> Prepared:
    tables = Tables()
    schema = tables.infer(source)
    health = tables.check(source, schema)
    assert not [f for f in health.findings if f.level == "error"]
    prepared = tables.prepare(source, schema, to, seed=0)
    encoded = tables.encode(source, prepared.schema, prepared.fitted)
    own = [i for i, name in enumerate(prepared.names()) if not name.startswith("test")]
    for name, array in encoded.arrays.parts.items():
        np.testing.assert_array_equal(prepared.arrays()[name][own], array)
    assert sum(v for k, v in prepared.sizes.items() if k != "valid" or len(prepared.validated) == 1) == len(
        prepared.names()
    )
    return prepared


def test_openml_tables(data_folder: Path, tmp_path: Path) -> None:
    for file in _real(data_folder, "tab_openml_encoded", "*.csv"):
        assert _prepared_cleanly(Source(data=file), tmp_path / file.stem).schema.labels == ("0", "1")


def test_titanic(data_folder: Path, tmp_path: Path) -> None:
    train, test = (_real(data_folder, "tab_titanic", name)[0] for name in ("train.csv", "test_with_Survived.csv"))
    prepared = _prepared_cleanly(Source(data=train, test=test, target="Survived"), tmp_path / "titanic")
    kinds = {column.name: column.kind for column in prepared.schema.inputs}
    assert prepared.sizes["test"] == 418
    assert (kinds["Age"], kinds["Sex"], kinds["Pclass"]) == ("number", "category", "number")
    assert {"PassengerId": "id", "Name": "text"}.items() <= prepared.fitted["left_out"].items()


REGRESSION = {"auto-insurance", "auto_imports"}


def test_uci_tables_without_headers(data_folder: Path, tmp_path: Path) -> None:
    for file in _real(data_folder, "tab_uci_csv", "*.csv"):
        prepared = _prepared_cleanly(Source(data=file, header=False), tmp_path / file.stem)
        assert (prepared.schema.task == "regression") == (file.stem in REGRESSION), file.stem


def test_weka_tables(data_folder: Path, tmp_path: Path) -> None:
    for file in _real(data_folder, "tab_weka_arff", "*.arff"):
        prepared = _prepared_cleanly(Source(data=file), tmp_path / file.stem)
        assert (prepared.schema.task == "regression") == (file.stem in {"autoMpg", "bodyfat", "pbc"}), file.stem


def test_regression_splits_of_the_publishers(data_folder: Path, tmp_path: Path) -> None:
    for file in _real(data_folder, "uci_regression_splits", "*/data.csv.gz"):
        values = np.loadtxt(io.StringIO(gzip.decompress(file.read_bytes()).decode()), delimiter=",")
        masks = np.loadtxt(
            io.StringIO(gzip.decompress((file.parent / "test_mask.csv.gz").read_bytes()).decode()), delimiter=","
        )
        assert masks.shape[1] == 10
        assert (
            _prepared_cleanly(Source(data=file, header=False), tmp_path / file.parent.name).schema.task == "regression"
        )
        test = masks[:, 0] > 0
        source = Source(
            data=(values[~test, :-1], values[~test, -1]), test=(values[test, :-1], values[test, -1]), task="regression"
        )
        prepared = _prepare(source, tmp_path / f"{file.parent.name} 0")
        assert prepared.sizes["test"] == test.sum()
