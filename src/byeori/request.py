"""What a study was asked: every choice of the user, checked, written to study.json and read back from it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from byeori import catalog
from byeori._util.files import not_there, write_whole
from byeori._util.json import Json, loads, pretty
from byeori.core import metrics
from byeori.core.errors import DataError, OptionError, StudyError
from byeori.core.schema import Source
from byeori.study import STUDY_FORMAT, Study

PRESETS = {"pilot": 600.0, "production": 86_400.0}
"""Preset → seconds, where neither a time nor a number of trials is given."""
LEAST = 5.0
"""Seconds below which starting the workers and writing the model take longer than the whole."""
MOST_WORKERS = 1024
"""Processes on one machine; with more, a typing error takes the machine down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Everything that makes a study the same study, except its data.

    Args:
        modality: Catalog name; empty infers it from the data.
        source: The data and what was said about it.
        strategy: Catalog name.
        stopper: Catalog name.
        executor: Catalog name.
        max_params: Parameters a child may have, or None.
        max_latency: Milliseconds one prediction may take on this machine, or None.
        max_disk: Bytes the trials' folders may take, or None.
        seed: Of everything.
    """

    source: Source
    modality: str = ""
    strategy: str = "council"
    stopper: str = "never"
    executor: str = "local"
    max_params: int | None = None
    max_latency: float | None = None
    max_disk: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for kind in ("strategy", "stopper", "executor"):
            catalog.find(kind, getattr(self, kind))
        if self.modality:
            catalog.find("modality", self.modality)
        if self.source.metric is not None:
            metrics.metric(self.source.metric)
        for name in ("max_params", "max_latency", "max_disk"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise OptionError(f"A limit of {value} for --{name.replace('_', '-')} is no limit: give more than 0.")
        if not 0 <= self.seed < 2**63:
            raise OptionError(f"A seed of {self.seed} is out of range: give a whole number from 0 to 2**63 - 1.")

    def to_json(self) -> Json:
        """Return the request as JSON; data that is not a path is said to be in memory, with a hash of it."""
        record = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "source"}
        source = {f.name: getattr(self.source, f.name) for f in fields(self.source)}
        source["data"], source["test"] = _place(self.source.data), _place(self.source.test)
        return {**record, "source": {**source, "ignore": list(self.source.ignore)}}

    @staticmethod
    def from_json(data: Json) -> Request:
        """Read what `to_json` wrote.

        Raises:
            StudyError: It is none of that.
        """
        try:
            source = Source(**{**data["source"], "ignore": tuple(data["source"]["ignore"])})
            return Request(**{**data, "source": source})
        except (KeyError, TypeError, AttributeError):
            raise StudyError(
                "What the study was asked cannot be read in its study.json: restore the file, or begin again in "
                "another folder."
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What one command may spend on a study; it may differ from command to command.

    Args:
        trials: Children in all, or None.
        seconds: Wall clock of the whole command, or None.
        workers: Children at once; None for one a core.
        began: Clock time (monotonic) at which the command's process began.
    """

    trials: int | None = None
    seconds: float | None = None
    workers: int | None = None
    began: float = 0.0

    def __post_init__(self) -> None:
        if self.trials is not None and self.trials < 1:
            raise OptionError(f"{self.trials} trials make no study: give 1 or more.")
        if self.seconds is not None and not (self.seconds > 0 and isfinite(self.seconds)):
            raise OptionError(f"A time of {self.seconds} s is no time: give a positive one, for example --time 10m.")
        if self.seconds is not None and self.seconds < LEAST:
            raise OptionError(
                f"No study keeps a promise of {self.seconds:g} s: give {LEAST:g} s or more, for example --time 10m."
            )
        if self.workers is not None and self.workers < 1:
            raise OptionError(f"{self.workers} workers do nothing: give 1 or more.")
        if self.workers is not None and self.workers > MOST_WORKERS:
            raise OptionError(
                f"{self.workers} workers are more than one machine can hold: give {MOST_WORKERS} or fewer."
            )

    def with_preset(self, preset: str) -> Spend:
        """Return the spend with the preset's time where neither a time nor trials were given."""
        if preset not in PRESETS:
            raise OptionError(f"Unknown preset {preset!r}: give one of {', '.join(PRESETS)}.")
        if self.seconds is None and self.trials is None:
            return replace(self, seconds=PRESETS[preset])
        return self


def modality_of(data: Any) -> str:
    """Say which modality data is of, by its looks.

    Raises:
        DataError: It is nothing that is known.
    """
    if isinstance(data, tuple) and len(data) == 2:
        return modality_of(data[0])
    if isinstance(data, np.ndarray):
        return catalog.IMAGES if data.ndim >= 3 else catalog.TABLES
    if isinstance(data, list):
        return catalog.IMAGES if data and _is_picture(data[0]) else catalog.TABLES
    if hasattr(data, "columns"):
        return catalog.TABLES
    if not isinstance(data, str | Path):
        raise DataError(f"Data of type {type(data).__name__} is not known: give a path, a DataFrame or (X, y).")
    path = Path(data)
    name = path.name.lower()
    if path.is_dir() or name.endswith((*_PICTURES, *_PACKED, ".npz")):
        return catalog.IMAGES
    if name.endswith((".csv", ".tsv")):
        return catalog.IMAGES if _lists_pictures(path) else catalog.TABLES
    return catalog.IMAGES if "idx" in name else catalog.TABLES


def look_for(source: Source) -> None:
    """Look whether there is something at the paths of a source; costs nothing.

    Raises:
        DataError: There is not; the sentence offers the nearest name.
    """
    for data in (source.data, source.test):
        if isinstance(data, str | Path) and not is_gone(data) and not Path(data).exists():
            raise DataError(not_there(Path(data)))


def write_study(folder: Path, request: Request, record: Json) -> None:
    """Write study.json, once.

    Raises:
        StudyError: The folder cannot be written.
    """
    data = {"format": STUDY_FORMAT, "byeori": version("byeori"), "request": request.to_json(), **record}
    try:
        write_whole(folder / "study.json", pretty(data))
    except OSError as error:
        raise StudyError(f"{folder} cannot be written ({error.strerror}): give another --out.") from None


def same_study(folder: Path, request: Request) -> Json | None:
    """Return study.json where the folder holds this very study, None where it holds none.

    Raises:
        StudyError: It holds another; the sentence says in what they differ.
    """
    file = folder / "study.json"
    if not file.exists():
        if folder.exists() and not folder.is_dir():
            raise StudyError(f"{folder} is a file, and a study is a folder: give another --out.")
        strange = sorted(p.name for p in _inside(folder) if not p.name.startswith(_LEFTOVERS))
        if strange:
            raise StudyError(
                f"{folder} is not empty and holds no study (but {strange[0]!r}, for one): give an empty or a new "
                "folder as --out."
            )
        return None
    record = Study.open(folder).asked
    old = record["request"]
    new = loads(pretty(request.to_json()))
    differing = [k for k in new if k not in ("executor", "source") and new[k] != old.get(k)]
    differing += [k for k in new["source"] if new["source"][k] != old["source"].get(k)]
    if differing:
        raise StudyError(
            f"{folder} holds another study (it differs in {', '.join(differing)}): give another --out, "
            f"or go on with `byeori resume {folder}`."
        )
    return record


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise StudyError(f"{folder} cannot be read ({error.strerror}): give another --out.") from None


_LEFTOVERS = ("prepared", ".prepared.", "events.db", ".study.json.")
"""Beginnings of the names that a study killed before it had a study.json leaves."""
_IN_MEMORY = "in memory: "
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
_PACKED = (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar")


def _place(data: Any) -> str | None:
    if data is None:
        return None
    if is_gone(data):
        return str(data)
    if isinstance(data, str | Path):
        return str(Path(data).absolute())
    sum_ = blake2b(digest_size=8)
    for part in _bytes_of(data):
        sum_.update(part)
    return f"{_IN_MEMORY}{type(data).__name__} {sum_.hexdigest()}"


def mark_of(source: Source) -> str:
    """Return what tells, without reading it, whether the data at a source's paths was touched: a hash of the files'
    places, sizes and times of change; empty for data in memory, or where a path is gone."""
    paths = [Path(data) for data in (source.data, source.test) if isinstance(data, str | Path) and not is_gone(data)]
    if not paths or not all(path.exists() for path in paths):
        return ""
    sum_ = blake2b(digest_size=8)
    for path in paths:
        for file in _files(path):
            with suppress(FileNotFoundError):
                found = file.stat()
                sum_.update(f"{file.relative_to(path)}/{found.st_size}/{found.st_mtime_ns};".encode(errors="replace"))
    return sum_.hexdigest()


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(Path(at) / name for at, _, names in os.walk(path) for name in names)


def is_gone(data: Any) -> bool:
    """Say whether this is no data but the record of data that another process had in memory."""
    return isinstance(data, str) and data.startswith(_IN_MEMORY)


def _bytes_of(data: Any) -> Iterator[bytes]:
    """Yield bytes that are the same for equal data and, as good as surely, others for other data."""
    if isinstance(data, tuple | list):
        for part in data:
            yield from _bytes_of(part)
    elif hasattr(data, "columns"):
        for name in data.columns:
            yield str(name).encode(errors="surrogatepass")
            yield from _bytes_of(data[name].to_numpy())
    elif isinstance(data, np.ndarray):
        yield f"{data.dtype}{data.shape}".encode()
        plain = data.dtype.kind != "O"
        yield data.tobytes() if plain else "\0".join(map(str, data.tolist())).encode(errors="surrogatepass")
    elif hasattr(data, "tobytes"):
        yield data.tobytes()
    elif hasattr(data, "to_numpy"):
        yield from _bytes_of(data.to_numpy())
    else:
        yield str(data).encode(errors="surrogatepass")


def _is_picture(one: Any) -> bool:
    """Say whether an item of a list is a picture, or the path of one."""
    if isinstance(one, str | Path):
        return str(one).lower().endswith(_PICTURES)
    return hasattr(one, "getbands") or (isinstance(one, np.ndarray) and one.ndim >= 2)


def _lists_pictures(path: Path) -> bool:
    """Say whether the second line of a CSV names a picture."""
    try:
        with path.open("rb") as file:
            head = file.read(65_536)
    except OSError:
        return False
    text = head.decode("utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
    row = "".join(text.splitlines()[1:2]).lower()
    return any(cell.strip(" \"'").endswith(_PICTURES) for cell in re.split(r"[,;\t|]", row))
