"""What a data set is and what is asked of it: Source (as given), Schema (as understood), Health (as found)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from byeori._util.json import Json
from byeori.core.errors import OptionError

CLASSIFICATION = "classification"
REGRESSION = "regression"
TASKS = (CLASSIFICATION, REGRESSION)
COLUMN_KINDS = ("image", "number", "category", "date", "text", "constant", "label", "value")
LEVELS = ("error", "warning", "note")
SCHEMA_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Data as the user gave it, with what the user said about it.

    Args:
        data: A path, a pandas DataFrame, or a pair of arrays `(X, y)`; at prediction time `X` alone.
        test: A test set of the user's own in the same form, or None.
        target: Name of the target column (tables, CSVs of image paths), or None for the obvious one.
        ignore: Columns to leave out.
        header: False where the first row of a table is data already; columns are then named `c0, c1, …`.
        group: Column whose equal values must never stand on both sides of a split.
        time_column: Column that orders the rows; the latest become the test split.
        task: `classification`, `regression`, or None to infer it.
        metric: Name of a metric, or None for the one that suits the task.
        test_fraction: Share of the items kept for the one look at the end; 0 keeps none.
    """

    data: Any
    test: Any = None
    target: str | None = None
    ignore: tuple[str, ...] = ()
    header: bool = True
    group: str | None = None
    time_column: str | None = None
    task: str | None = None
    metric: str | None = None
    test_fraction: float = 0.2

    def __post_init__(self) -> None:
        if self.task is not None and self.task not in TASKS:
            raise OptionError(f"Unknown task {self.task!r}: give one of {', '.join(TASKS)}, or leave it out.")
        if not 0.0 <= self.test_fraction <= 0.5:
            raise OptionError(f"A test fraction of {self.test_fraction} is out of range: give one from 0 to 0.5.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One input or target: its name, its kind, its shape, and for a target of classes their labels in order."""

    name: str
    kind: str
    shape: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in COLUMN_KINDS:
            raise ValueError(f"Column {self.name!r} is of kind {self.kind!r}; known: {', '.join(COLUMN_KINDS)}.")

    def to_json(self) -> Json:
        """Return the column as JSON."""
        return {"name": self.name, "kind": self.kind, "shape": list(self.shape), "labels": list(self.labels)}

    @staticmethod
    def from_json(data: Json) -> Column:
        """Read what `to_json` wrote."""
        return Column(name=data["name"], kind=data["kind"], shape=tuple(data["shape"]), labels=tuple(data["labels"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What the data is and what is asked of it; the contract between modality, family, learner and model.

    Args:
        modality: Catalog name of the modality, `images` or `tables`.
        task: `classification` or `regression`.
        inputs: The columns a network sees, in order; an image input has the shape (height, width, channels).
        targets: The columns asked for; one today.
        metric: Name of the metric that ranks trials.
        format: Version of this record.
    """

    modality: str
    task: str
    inputs: tuple[Column, ...]
    targets: tuple[Column, ...]
    metric: str
    format: int = SCHEMA_FORMAT

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"A schema's task is one of {TASKS}; got {self.task!r}.")
        if not self.targets:
            raise ValueError("A schema has at least one target.")
        if self.task == CLASSIFICATION and len(self.targets[0].labels) < 2:
            raise ValueError(f"Classification needs two labels or more; {self.targets[0].name!r} has fewer.")

    @property
    def target(self) -> Column:
        """The one target."""
        return self.targets[0]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the classes in the order of a prediction's columns; empty for regression."""
        return self.targets[0].labels

    @property
    def outputs(self) -> int:
        """How many numbers a prediction has: a probability a class, or one value."""
        return len(self.labels) if self.task == CLASSIFICATION else 1

    def with_metric(self, metric: str) -> Schema:
        """Return the same schema, ranked by another metric."""
        return replace(self, metric=metric)

    def to_json(self) -> Json:
        """Return the schema as JSON."""
        return {
            "format": self.format,
            "modality": self.modality,
            "task": self.task,
            "inputs": [c.to_json() for c in self.inputs],
            "targets": [c.to_json() for c in self.targets],
            "metric": self.metric,
        }

    @staticmethod
    def from_json(data: Json) -> Schema:
        """Read what `to_json` wrote."""
        return Schema(
            format=data["format"],
            modality=data["modality"],
            task=data["task"],
            inputs=tuple(Column.from_json(c) for c in data["inputs"]),
            targets=tuple(Column.from_json(c) for c in data["targets"]),
            metric=data["metric"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a health check found.

    Args:
        level: `error` (no study can be made of it), `warning` (look at it), `note` (good to know).
        code: A short stable name, for example `exact-duplicates`.
        message: One sentence: what was found and how much of it.
        items: The first twenty files, rows (1-based, as in the file) or columns it is about.
        count: How many there are in all.
        mend: What to do about it, one sentence; empty where nothing need be done.
    """

    level: str
    code: str
    message: str
    items: tuple[str, ...] = ()
    count: int = 0
    mend: str = ""

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"A finding's level is one of {LEVELS}; got {self.level!r}.")

    def to_json(self) -> Json:
        """Return the finding as JSON."""
        return {
            "level": self.level,
            "code": self.code,
            "message": self.message,
            "items": list(self.items),
            "count": self.count,
            "mend": self.mend,
        }

    @staticmethod
    def from_json(data: Json) -> Finding:
        """Read what `to_json` wrote."""
        return Finding(
            level=data["level"],
            code=data["code"],
            message=data["message"],
            items=tuple(data["items"]),
            count=data["count"],
            mend=data["mend"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a health check found before any training.

    Args:
        findings: The findings, worst first.
        counts: Items per class label (classification), or an empty mapping.
        facts: Other figures for the report: rows, columns, sizes, missing cells.
    """

    findings: tuple[Finding, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, Json] = field(default_factory=dict)

    @staticmethod
    def of(findings: Sequence[Finding], counts: Mapping[str, int], facts: Mapping[str, Json]) -> Health:
        """Return a health record with its findings sorted, worst first."""
        ordered = tuple(sorted(findings, key=lambda f: (LEVELS.index(f.level), f.code)))
        return Health(findings=ordered, counts=dict(counts), facts=dict(facts))

    def to_json(self) -> Json:
        """Return the record as JSON."""
        return {
            "findings": [f.to_json() for f in self.findings],
            "counts": dict(self.counts),
            "facts": dict(self.facts),
        }

    @staticmethod
    def from_json(data: Json) -> Health:
        """Read what `to_json` wrote."""
        return Health(
            findings=tuple(Finding.from_json(f) for f in data["findings"]),
            counts=data["counts"],
            facts=data["facts"],
        )
