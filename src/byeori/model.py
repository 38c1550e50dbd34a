"""The model folder: all that is needed to predict, and no pickle in it. Knows no study.

model.json      format, schema, what preprocessing learnt, members with genomes and weights, temperature, decision
                scale, metrics, a hash of every file, and a hash of itself
members/00/…    what each member's learner left (safetensors, LightGBM's text, JSON)
README.md       the model card
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from byeori import catalog
from byeori._util.files import file_hash, not_there, sync, write_whole
from byeori._util.json import Json, digest, loads, pretty
from byeori.core import metrics
from byeori.core.data import Arrays, Encoded
from byeori.core.errors import DataError, ModelError
from byeori.core.jobs import Member
from byeori.core.protocols import Predictor
from byeori.core.schema import CLASSIFICATION, Schema, Source
from byeori.engine.calibrate import apply_temperature

MODEL_FORMAT = 1
_log = logging.getLogger(__name__)
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One member of a model.

    Args:
        folder: Where its trained files lie; inside the model folder `members/NN`.
        family: Catalog name of its family.
        genome: The family's part of the genome.
        weight: Its share of the mean; all shares sum to 1.
        trial: Number of the trial it comes from.
    """

    folder: Path
    family: str
    genome: Json
    weight: float
    trial: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a model is, apart from its weights; `Model.write` turns it into a folder.

    Args:
        schema: What is predicted from what.
        fitted: What the modality learnt from the training rows.
        parts: The members.
        temperature: Divides the log-probabilities; 1 leaves them.
        scale: Multiplies the probabilities before the decision, one number a class; empty leaves them.
        metrics: Split → metric → {value, low, high}, for people.
        notes: Sentences for the model card.
    """

    schema: Schema
    fitted: Json
    parts: tuple[Part, ...]
    temperature: float = 1.0
    scale: tuple[float, ...] = ()
    metrics: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("A model has at least one member.")
        total = sum(part.weight for part in self.parts)
        if abs(total - 1.0) > 1e-6:
            raise ValueError(f"The weights of a model's members sum to 1; got {total}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What a model says of some items.

    Args:
        names: What each item is called, in the order given.
        labels: The classes in the order of the columns of `raw`; empty for regression.
        raw: Probabilities (N, classes), or values (N,).
        decided: Label indices (N,) after the decision scale; for regression the values.
        target: What is true, where the data said it: label indices (-1 unknown label) or values.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    raw: Numbers
    decided: npt.NDArray[Any]
    target: npt.NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def prediction(self) -> list[str] | list[float]:
        """The predicted label of each item, or its value."""
        if not self.labels:
            return [float(v) for v in self.decided]
        return [self.labels[int(i)] for i in self.decided]

    def frame(self) -> pd.DataFrame:
        """Return a table with the columns `input`, `prediction` and, for classes, `proba_<label>`."""
        columns: dict[str, Any] = {"input": list(self.names), "prediction": self.prediction}
        for index, label in enumerate(self.labels):
            columns[f"proba_{label}"] = self.raw[:, index]
        return pd.DataFrame(columns)


class Model:
    """A model folder, opened.

    Args:
        folder: Where it lies.
        recipe: What it is; its parts' folders are inside `folder`.

    Example:
        >>> import byeori
        >>> byeori.load("study/model").predict("new/").frame()  # doctest: +SKIP
    """

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self.folder = folder
        self.recipe = recipe
        self._predictors: list[Predictor] = []

    @property
    def schema(self) -> Schema:
        """What is predicted from what."""
        return self.recipe.schema

    @staticmethod
    def write(folder: Path, recipe: Recipe, card: str) -> Model:
        """Write a model folder whole: it is there complete, or not at all.

        Args:
            folder: Where it goes; an older model there is replaced.
            recipe: Its parts' folders are copied.
            card: Text of README.md.
        """
        making = folder.with_name(f".{folder.name}.making")
        shutil.rmtree(making, ignore_errors=True)
        parts = []
        for index, part in enumerate(recipe.parts):
            place = Path("members") / f"{index:02d}"
            for inner in _trained_folders(part.folder):
                shutil.copytree(inner, making / place / inner.name, ignore=shutil.ignore_patterns("checkpoint*", ".*"))
            parts.append(replace(part, folder=place))
        (making / "README.md").write_text(card, encoding="utf-8")
        record = _record(replace(recipe, parts=tuple(parts)))
        files = [f for f in sorted(making.rglob("*")) if f.is_file()]
        for file in files:
            sync(file)
        record["files"] = {f.relative_to(making).as_posix(): file_hash(f) for f in files}
        record["digest"] = digest(record)
        write_whole(making / "model.json", pretty(record))
        old = folder.with_name(f".{folder.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        making.rename(folder)
        sync(folder.parent)
        shutil.rmtree(old, ignore_errors=True)
        return Model.load(folder)

    @staticmethod
    def load(path: str | Path) -> Model:
        """Open a model folder, or the study folder that holds one, and check every file against its hash.

        Raises:
            ModelError: It is not there, damaged, incomplete or of a newer format.
        """
        folder = Path(path)
        if not (folder / "model.json").is_file() and (folder / "model" / "model.json").is_file():
            folder = folder / "model"
        record = _read(folder)
        try:
            recipe = _recipe(folder, record)
            _check_files(folder, record["files"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ModelError(f"{folder / 'model.json'} is damaged: copy the model folder again.") from None
        return Model(folder, recipe)

    def predict(self, data: Any, *, header: bool = True) -> Predictions:
        """Predict files, folders, arrays or tables.

        Args:
            data: A path, a DataFrame, an array, or a list of paths, as the modality takes it.
            header: False where a table's first row is data.

        Returns:
            One prediction an item, in the order given.

        Raises:
            DataError: The data lacks what the model needs; the sentence names it.
        """
        encoded = self.encode(Source(data=data, header=header, target=None))
        return self.predict_encoded(encoded)

    def encode(self, source: Source) -> Encoded:
        """Make data ready by the steps that the training data went through."""
        modality = catalog.load("modality", self.schema.modality)()
        encoded: Encoded = modality.encode(source, self.schema, self.recipe.fitted)
        return encoded

    def predict_encoded(self, encoded: Encoded) -> Predictions:
        """Predict items that are encoded already."""
        raw = self.predict_arrays(encoded.arrays)
        decided: npt.NDArray[Any] = raw
        if self.schema.task == CLASSIFICATION:
            decided = metrics.decide(raw, self.recipe.scale or None)
        return Predictions(
            names=encoded.names, labels=self.schema.labels, raw=raw, decided=decided, target=encoded.target
        )

    def predict_arrays(self, arrays: Arrays) -> Numbers:
        """Return probabilities (N, classes) or values (N,) for encoded arrays."""
        if not self._predictors:
            self._predictors = [self._load(part) for part in self.recipe.parts]
        outputs = [predictor.predict(arrays) for predictor in self._predictors]
        return combine(outputs, [part.weight for part in self.recipe.parts], self.recipe.temperature)

    def evaluate(self, data: Any, *, header: bool = True, target: str | None = None) -> dict[str, metrics.Interval]:
        """Measure the model on data that says what is true.

        Returns:
            Metric → interval, for every metric of the task; the study's own first.

        Raises:
            DataError: The data has no target, or none of its labels is known.
        """
        encoded = self.encode(Source(data=data, header=header, target=target or self.schema.target.name))
        if encoded.target is None:
            what = f"{data}" if isinstance(data, str | Path) else f"The {type(data).__name__}"
            raise DataError(
                f"{what} has no {self.schema.target.name!r} to compare with: give data with the true answers (images "
                "in a folder a class, or a table with that column), or use `byeori predict`."
            )
        unknown = int((encoded.target < 0).sum()) if self.schema.labels else 0
        if 0 < unknown < len(encoded.names):
            said = "%d of %d items have no label, or one that the model was not taught, and are left out."
            _log.warning(said, unknown, len(encoded.names))
        return measure(self.schema, encoded.target, self.predict_encoded(encoded).raw, self.recipe.scale)

    def _load(self, part: Part) -> Predictor:
        row = catalog.find("family", part.family)
        learner = catalog.load("learner", row.learner)()
        member = Member(folder=part.folder, family=row.path, genome=part.genome)
        try:
            predictor: Predictor = learner.load(member, self.schema)
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"The member in {part.folder} cannot be loaded: {error}.") from None
        return predictor


def combine(outputs: Sequence[npt.NDArray[Any]], weights: Sequence[float], temperature: float = 1.0) -> Numbers:
    """Return the weighted mean of members' predictions, its confidence corrected.

    Args:
        outputs: Probabilities (N, classes) or values (N,), an array a member.
        weights: Their shares.
        temperature: For probabilities; 1 leaves them.
    """
    mean: Numbers = np.zeros(outputs[0].shape, dtype=np.float64)
    for output, weight in zip(outputs, weights, strict=True):
        mean += weight * output.astype(np.float64)
    if mean.ndim == 2 and temperature != 1.0:
        mean = apply_temperature(mean, temperature)
    return mean


def measure(
    schema: Schema,
    target: npt.NDArray[Any],
    raw: npt.NDArray[Any],
    scale: Sequence[float] = (),
    *,
    rounds: int = 500,
) -> dict[str, metrics.Interval]:
    """Return every metric of a schema's task with its bootstrap interval, the schema's own first."""
    known = np.flatnonzero(target >= 0) if schema.task == CLASSIFICATION else np.flatnonzero(np.isfinite(target))
    if not len(known):
        taught = f" ({', '.join(map(repr, schema.labels[:5]))}{', …' * (len(schema.labels) > 5)})" * bool(schema.labels)
        raise DataError(
            f"None of the true answers is one that the model knows{taught}: check the target column's labels."
        )
    names = [schema.metric] + [m.name for m in metrics.metrics_for(schema.task) if m.name != schema.metric]
    return {
        name: metrics.bootstrap(name, target[known], raw[known], rounds=rounds, scale=tuple(scale) or None)
        for name in names
    }


def _trained_folders(folder: Path) -> list[Path]:
    """Return the folders a learner left: `fold<k>/` or `all/`."""
    found = sorted(f for f in folder.iterdir() if f.is_dir() and (f.name == "all" or f.name.startswith("fold")))
    if not found:
        raise ModelError(f"There is no trained model in {folder}.")
    return found


def _record(recipe: Recipe) -> dict[str, Json]:
    return {
        "format": MODEL_FORMAT,
        "byeori": version("byeori"),
        "schema": recipe.schema.to_json(),
        "fitted": recipe.fitted,
        "members": [
            {
                "folder": part.folder.as_posix(),
                "family": part.family,
                "genome": part.genome,
                "weight": part.weight,
                "trial": part.trial,
            }
            for part in recipe.parts
        ],
        "temperature": recipe.temperature,
        "scale": list(recipe.scale),
        "metrics": {split: dict(values) for split, values in recipe.metrics.items()},
        "notes": list(recipe.notes),
    }


def _read(folder: Path) -> dict[str, Json]:
    file = folder / "model.json"
    if not folder.exists():
        raise ModelError(not_there(folder))
    if not file.is_file():
        study = ", a study that is not finished (`byeori resume` goes on)" if (folder / "study.json").exists() else ""
        raise ModelError(f"There is no model in {folder}{study}: give the folder with model.json, such as STUDY/model.")
    try:
        record: dict[str, Json] = loads(file.read_bytes())
        expected = record.pop("digest")
        newer = record["format"] > MODEL_FORMAT
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ModelError(f"{file} is damaged: copy the model folder again.") from None
    if newer:
        raise ModelError(f"{file} was written by a newer Byeori (format {record['format']}): update Byeori.")
    if digest(record) != expected:
        raise ModelError(f"{file} is damaged or was changed by hand (its hash differs): copy the model folder again.")
    return record


def _check_files(folder: Path, files: Mapping[str, str]) -> None:
    """Hold every file against its hash; one more among the members would be predicted with, so it is refused too."""
    for name, expected in files.items():
        file = _inside(folder, name)
        if not file.is_file():
            raise ModelError(f"The model in {folder} lacks {name}: copy the whole folder again.")
        if file_hash(file) != expected:
            raise ModelError(f"The file {file} is damaged (its hash differs): copy the model folder again.")
    for file in sorted((folder / "members").rglob("*")):
        if file.is_file() and file.relative_to(folder).as_posix() not in files:
            raise ModelError(f"The model in {folder} holds {file}, which is none of the model's: delete it.")


def _inside(folder: Path, name: str) -> Path:
    """Return a place named in model.json, links followed, if it is inside the folder."""
    root = folder.resolve()
    place = (root / name).resolve()
    if not place.is_relative_to(root):
        raise ModelError(f"{folder / 'model.json'} points outside its folder ({name!r}): refused.")
    return place


def _recipe(folder: Path, record: dict[str, Json]) -> Recipe:
    names = ("family", "genome", "weight", "trial")
    parts = tuple(
        Part(folder=_inside(folder, entry["folder"]), **{name: entry[name] for name in names})
        for entry in record["members"]
    )
    return Recipe(
        schema=Schema.from_json(record["schema"]),
        fitted=record["fitted"],
        parts=parts,
        temperature=record["temperature"],
        scale=tuple(record["scale"]),
        metrics=record["metrics"],
        notes=tuple(record["notes"]),
    )
