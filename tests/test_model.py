from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from byeori._util.json import digest, loads, pretty
from byeori.core.errors import DataError, ModelError
from byeori.core.metrics import decide
from byeori.model import MODEL_FORMAT, Model, Part, Recipe, combine
from byeori.study import Study

Digits = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def copied(table_study: Study, tmp_path: Path) -> Path:
    return Path(shutil.copytree(table_study.model_folder, tmp_path / "model"))


def one_member(study: Study, trial: int, folder: Path) -> Model:
    """A model made of one trial alone."""
    ((family, genome),) = study.state.trial(trial).genome.items()
    part = Part(folder=study.trial_folder(trial), family=family, genome=genome, weight=1.0, trial=trial)
    return Model.write(folder, replace(Model.load(study.folder).recipe, parts=(part,), temperature=1.0), "a card")


def number_of(study: Study, family: str) -> int:
    return next(t.number for t in study.trials if family in t.genome)


# ---------------------------------------------------------------------------------- equal to the study


@pytest.mark.parametrize("split", ["test", "valid"])
@pytest.mark.parametrize("which", ["image_study", "table_study", "regression_study"])
def test_the_model_says_what_the_study_said(which: str, split: str, request: pytest.FixtureRequest) -> None:
    study: Study = request.getfixturevalue(which)
    prepared = study.prepared
    if split == "valid" and (study.outcome["refit"] or len(prepared.validated) > 1):
        pytest.skip("validation predictions are of models that did not see those rows")
    rows = prepared.test_rows() if split == "test" else prepared.valid_rows()
    said = Model.load(study.folder).predict_arrays(prepared.arrays().take(rows))
    assert np.abs(said - np.load(study.folder / "predictions" / f"{split}.npy")).max() < 1e-5 * max(
        1.0, np.abs(said).max()
    )


def test_raw_pictures_are_predicted_as_the_prepared_ones(image_study: Study, digits: Digits) -> None:
    rows = image_study.prepared.test_rows()
    said = Model.load(image_study.folder).predict(digits[0][rows]).raw
    assert np.abs(said - np.load(image_study.folder / "predictions" / "test.npy")).max() < 1e-5


def test_raw_rows_are_predicted_as_the_prepared_ones(table_study: Study, patients: pd.DataFrame) -> None:
    rows = table_study.prepared.test_rows()
    said = Model.load(table_study.folder).predict(patients.drop(columns="diagnosis").iloc[rows])
    assert np.abs(said.raw - np.load(table_study.folder / "predictions" / "test.npy")).max() < 1e-5
    assert said.target is None


def test_a_net_alone_is_a_model_and_says_what_it_said(image_study: Study, tmp_path: Path) -> None:
    model = one_member(image_study, 0, tmp_path / "model")
    prepared = image_study.prepared
    said = model.predict_arrays(prepared.arrays().take(prepared.valid_rows()))
    assert np.abs(said - np.load(image_study.trial_folder(0) / "valid.npy")).max() < 1e-5


# ----------------------------------------------------------------------------- alone, without anything

_ALONE = """
import sys
import numpy as np
import byeori
rows = np.load(sys.argv[2], allow_pickle=False)
np.save(sys.argv[3], byeori.load(sys.argv[1]).predict(rows).raw)
print(" ".join(sorted(sys.modules)))
"""


def loaded_alone(model: Path, rows: np.ndarray, folder: Path) -> tuple[np.ndarray, set[str]]:
    np.save(folder / "rows.npy", rows)
    arguments = [str(model), str(folder / "rows.npy"), str(folder / "said.npy")]
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, *arguments], capture_output=True, text=True, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr
    return np.load(folder / "said.npy"), set(done.stdout.split())


def test_a_copied_model_predicts_in_another_process_without_training_code(
    image_study: Study, digits: Digits, tmp_path: Path
) -> None:
    one_member(image_study, 0, tmp_path / "there" / "model")
    shutil.move(tmp_path / "there", tmp_path / "elsewhere")
    rows = image_study.prepared.valid_rows()
    said, modules = loaded_alone(tmp_path / "elsewhere" / "model", digits[0][rows], tmp_path)
    assert np.abs(said - np.load(image_study.trial_folder(0) / "valid.npy")).max() < 1e-5
    assert not modules & {"byeori.learners._nets_train", "sklearn", "lightgbm"}


def test_a_linear_model_predicts_without_torch_and_scikit_learn(regression_study: Study, tmp_path: Path) -> None:
    one_member(regression_study, number_of(regression_study, "linear"), tmp_path / "model")
    _, modules = loaded_alone(tmp_path / "model", np.zeros((3, 10)), tmp_path)
    assert not modules & {"torch", "sklearn", "lightgbm"}


# --------------------------------------------------------------------------------------- kinds of data


def test_pictures_come_as_file_folder_list_and_array(image_study: Study, digits: Digits, tmp_path: Path) -> None:
    model = Model.load(image_study.folder)
    for index in range(3):
        Image.fromarray(digits[0][index] * 15).save(tmp_path / f"{index}.png")
    files = [tmp_path / f"{index}.png" for index in range(3)]
    folder = model.predict(tmp_path)
    assert [Path(name).name for name in folder.names] == ["0.png", "1.png", "2.png"]
    assert np.allclose(model.predict(files).raw, folder.raw)
    assert np.allclose(model.predict([str(file) for file in files]).raw, folder.raw)
    assert np.allclose(model.predict(files[1]).raw, folder.raw[1:2])
    assert np.allclose(model.predict(np.stack([np.asarray(Image.open(file)) for file in files])).raw, folder.raw)


def test_tables_come_as_file_frame_and_array(
    regression_study: Study, progressions: pd.DataFrame, tmp_path: Path
) -> None:
    model = Model.load(regression_study.folder)
    frame = progressions.iloc[:5]
    said = model.predict(frame).raw
    frame.to_csv(tmp_path / "new.csv", index=False)
    frame[frame.columns[::-1]].to_parquet(tmp_path / "new.parquet")
    assert np.allclose(model.predict(tmp_path / "new.csv").raw, said)
    assert np.allclose(model.predict(tmp_path / "new.parquet").raw, said)
    assert np.allclose(model.predict(frame.drop(columns="progression").to_numpy()).raw, said)


def test_the_frame_of_predictions_has_a_row_an_item_and_a_column_a_class(
    table_study: Study, patients: pd.DataFrame
) -> None:
    said = Model.load(table_study.folder).predict(patients.iloc[:4])
    frame = said.frame()
    assert list(frame.columns) == ["input", "prediction", "proba_benign", "proba_malignant"]
    assert list(frame["input"]) == ["row 1", "row 2", "row 3", "row 4"]
    assert np.allclose(frame[["proba_benign", "proba_malignant"]].sum(axis=1), 1.0)
    assert set(frame["prediction"]) <= {"benign", "malignant"}
    assert len(said) == 4


def test_unseen_and_missing_categories_are_predicted_the_same(table_study: Study, patients: pd.DataFrame) -> None:
    model = Model.load(table_study.folder)
    unseen, missing = patients.iloc[:3].assign(size="gigantic"), patients.iloc[:3].assign(size=None)
    assert np.allclose(model.predict(unseen).raw, model.predict(missing).raw)


def test_a_missing_column_is_named(table_study: Study, patients: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'mean_area'"):
        Model.load(table_study.folder).predict(patients.drop(columns="mean_area"))


def test_a_further_column_is_passed_over(table_study: Study, patients: pd.DataFrame) -> None:
    model = Model.load(table_study.folder)
    assert np.array_equal(model.predict(patients.iloc[:3].assign(more=1)).raw, model.predict(patients.iloc[:3]).raw)


# ------------------------------------------------------------------------------------------ evaluation


def test_an_evaluation_has_every_metric_with_its_interval(table_study: Study, patients: pd.DataFrame) -> None:
    found = Model.load(table_study.folder).evaluate(patients.iloc[table_study.prepared.test_rows()])
    assert next(iter(found)) == table_study.schema.metric
    assert {"accuracy", "balanced_accuracy", "log_loss"} <= set(found)
    assert found["accuracy"].value == pytest.approx(table_study.outcome["test"]["winner"]["accuracy"]["value"])
    assert all(i.low <= i.value <= i.high for i in found.values())
    assert found["accuracy"].low < found["accuracy"].high


def test_labels_the_model_does_not_know_are_left_out_of_an_evaluation(
    table_study: Study, patients: pd.DataFrame
) -> None:
    model = Model.load(table_study.folder)
    some = patients.iloc[:20]
    strange = pd.concat([some, some.assign(diagnosis="unheard of")])
    assert model.evaluate(strange)["accuracy"].value == model.evaluate(some)["accuracy"].value
    with pytest.raises(DataError, match="None of the true answers"):
        model.evaluate(some.assign(diagnosis="unheard of"))


def test_an_evaluation_without_true_answers_is_refused(table_study: Study, patients: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'diagnosis'"):
        Model.load(table_study.folder).evaluate(patients.drop(columns="diagnosis"))


# ---------------------------------------------------------------------------------------------- damage


def resealed(folder: Path, change: Callable[[dict], None]) -> None:
    """Change model.json and give it the hash it then needs, as an attacker would."""
    record = loads((folder / "model.json").read_bytes())
    del record["digest"]
    change(record)
    record["digest"] = digest(record)
    (folder / "model.json").write_text(pretty(record), encoding="utf-8")


def weights(folder: Path) -> Path:
    return max((f for f in (folder / "members").rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)


def flip_a_byte(folder: Path) -> None:
    data = bytearray(weights(folder).read_bytes())
    data[len(data) // 2] ^= 1
    weights(folder).write_bytes(data)


def truncate(folder: Path) -> None:
    data = (folder / "model.json").read_bytes()
    (folder / "model.json").write_bytes(data[: len(data) // 2])


def edit(folder: Path) -> None:
    text = (folder / "model.json").read_text(encoding="utf-8")
    (folder / "model.json").write_text(text.replace('"temperature": ', '"temperature": 1'), encoding="utf-8")


def plant(folder: Path) -> None:
    shutil.copytree(weights(folder).parent, folder / "members" / "00" / "fold99")


DAMAGE = {
    "a flipped byte": (flip_a_byte, "is damaged"),
    "a file that is gone": (lambda f: weights(f).unlink(), "lacks members/"),
    "a file that is more": (plant, "which is none of the model's"),
    "a truncated card": (truncate, "is damaged"),
    "an empty card": (lambda f: (f / "model.json").write_bytes(b""), "is damaged"),
    "a card that is a list": (lambda f: (f / "model.json").write_bytes(b"[]"), "is damaged"),
    "a card changed by hand": (edit, "changed by hand"),
    "a newer format": (lambda f: resealed(f, lambda r: r.update(format=MODEL_FORMAT + 1)), "newer Byeori"),
    "a member outside": (
        lambda f: resealed(f, lambda r: r["members"][0].update(folder="../../etc")),
        "outside its folder",
    ),
    "an absolute member": (
        lambda f: resealed(f, lambda r: r["members"][0].update(folder="/etc")),
        "outside its folder",
    ),
    "a file outside": (lambda f: resealed(f, lambda r: r["files"].update({"../x": "0"})), "outside its folder"),
    "no members": (lambda f: resealed(f, lambda r: r.update(members=[])), "is damaged"),
    "no schema": (lambda f: resealed(f, lambda r: r.pop("schema")), "is damaged"),
    "a schema of nothing": (lambda f: resealed(f, lambda r: r.update(schema={})), "is damaged"),
    "weights that are text": (lambda f: resealed(f, lambda r: r["members"][0].update(weight="1")), "is damaged"),
    "no card": (lambda f: (f / "model.json").unlink(), "There is no model in"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_damage_is_one_sentence(how: str, copied: Path) -> None:
    harm, said = DAMAGE[how]
    harm(copied)
    with pytest.raises(ModelError, match=said) as caught:
        Model.load(copied)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_a_link_out_of_the_folder_is_refused(copied: Path, tmp_path: Path) -> None:
    shutil.move(copied / "members" / "00", tmp_path / "outside")
    (copied / "members" / "00").symlink_to(tmp_path / "outside")
    with pytest.raises(ModelError, match="outside its folder"):
        Model.load(copied)


@pytest.mark.parametrize("change", [{}, {"width": 8}])
def test_a_genome_that_does_not_fit_its_weights_is_one_sentence(
    change: dict[str, int], image_study: Study, tmp_path: Path
) -> None:
    genome = one_member(image_study, 0, tmp_path / "model").recipe.parts[0].genome
    other = {"architecture": {**genome["architecture"], **change} if change else {}, "recipe": genome["recipe"]}
    resealed(tmp_path / "model", lambda r: r["members"][0].update(genome=other))
    with pytest.raises(ModelError, match=r"cannot be loaded|do not fit") as caught:
        Model.load(tmp_path / "model").predict(np.zeros((1, 8, 8), np.uint8))
    assert len(str(caught.value)) < 400


def test_a_folder_without_a_model_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no"):
        Model.load(tmp_path / "nothing")


# --------------------------------------------------------------------------------------------- writing


def test_a_model_replaces_an_older_one_whole(table_study: Study, copied: Path) -> None:
    (copied / "left over.txt").write_text("old")
    model = one_member(table_study, number_of(table_study, "linear"), copied)
    assert [part.family for part in model.recipe.parts] == ["linear"]
    assert not (copied / "left over.txt").exists()
    assert sorted(f.name for f in copied.parent.iterdir()) == [copied.name]


def test_a_trial_without_a_model_is_no_member(table_study: Study, tmp_path: Path) -> None:
    (tmp_path / "trial").mkdir()
    recipe = Model.load(table_study.folder).recipe
    part = replace(recipe.parts[0], folder=tmp_path / "trial", weight=1.0)
    with pytest.raises(ModelError, match="no trained model"):
        Model.write(tmp_path / "model", replace(recipe, parts=(part,)), "")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("weights", [(), (0.5,), (0.7, 0.7)])
def test_the_shares_of_a_recipe_sum_to_one(weights: tuple[float, ...], table_study: Study) -> None:
    recipe = Model.load(table_study.folder).recipe
    with pytest.raises(ValueError, match=r"sum to 1|at least one member"):
        Recipe(
            schema=recipe.schema, fitted={}, parts=tuple(replace(recipe.parts[0], weight=weight) for weight in weights)
        )


def test_nothing_in_a_study_is_a_pickle(image_study: Study, table_study: Study) -> None:
    for study in (image_study, table_study):
        files = [f for f in study.folder.rglob("*") if f.is_file()]
        assert len(files) > 20
        assert {f.suffix for f in study.model_folder.rglob("*") if f.is_file()} <= {
            ".json",
            ".safetensors",
            ".txt",
            ".md",
        }
        for file in files:
            start = file.read_bytes()[:4]
            assert not (start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05"), f"{file} is a pickle"
            assert start != b"PK\x03\x04", f"{file} is an archive, as torch.save writes it"
            if file.suffix == ".npy":
                assert not np.load(file, allow_pickle=False).dtype.hasobject


def test_the_card_says_what_it_is_and_how_well_it_does(table_study: Study, regression_study: Study) -> None:
    card = (table_study.model_folder / "README.md").read_text(encoding="utf-8")
    value = table_study.outcome["test"]["winner"]["accuracy"]["value"]
    for said in ("diagnosis", "benign, malignant", f"{value:.4f}", table_study.prepared.fingerprint, "byeori predict"):
        assert said in card
    assert "a number" in (regression_study.model_folder / "README.md").read_text(encoding="utf-8")


def test_model_json_holds_names_and_no_dotted_paths(table_study: Study) -> None:
    record = json.loads((table_study.model_folder / "model.json").read_text(encoding="utf-8"))
    assert record["format"] == MODEL_FORMAT
    assert {m["family"] for m in record["members"]} <= {"boosted", "linear", "majority"}
    assert "byeori." not in json.dumps(record["members"])


# ----------------------------------------------------------------------------------------- small parts


def test_combine_is_the_weighted_mean_and_corrects_confidence() -> None:
    a, b = np.array([[0.9, 0.1]], np.float32), np.array([[0.5, 0.5]], np.float32)
    assert np.allclose(combine([a, b], [0.5, 0.5]), [[0.7, 0.3]])
    assert combine([a], [1.0], 2.0)[0, 0] == pytest.approx(3 / 4)
    assert np.allclose(combine([np.array([1.0]), np.array([3.0])], [0.25, 0.75], 2.0), [2.5])


def test_the_decision_scale_moves_labels_and_not_probabilities(table_study: Study, patients: pd.DataFrame) -> None:
    plain = Model.load(table_study.folder)
    scaled = Model(plain.folder, replace(plain.recipe, scale=(1e-9, 1.0)))
    rows = patients.iloc[:10]
    assert set(scaled.predict(rows).prediction) == {"malignant"}
    assert np.array_equal(scaled.predict(rows).raw, plain.predict(rows).raw)
    assert np.array_equal(plain.predict(rows).decided, decide(plain.predict(rows).raw))
