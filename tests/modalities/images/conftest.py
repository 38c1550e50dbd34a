"""Small pictures of two classes: blobs that can be told apart, in files or arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

Paint = Callable[..., npt.NDArray[np.uint8]]
MakeFolder = Callable[..., Path]


def _paint(seed: int, size: int = 24, colour: bool = True) -> npt.NDArray[np.uint8]:
    """A picture of its own: coarse random patches, enlarged."""
    rng = np.random.default_rng(seed)
    patches = rng.integers(0, 256, (6, 6, 3) if colour else (6, 6), dtype=np.uint8)
    image = Image.fromarray(patches).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(image)


@pytest.fixture
def paint() -> Paint:
    return _paint


@pytest.fixture
def make_folder() -> MakeFolder:
    def make(root: Path, classes: tuple[str, ...] = ("cat", "dog"), count: int = 6, start: int = 0, **how: int) -> Path:
        for at, name in enumerate(classes):
            (root / name).mkdir(parents=True)
            for i in range(count):
                picture = _paint(start + 1000 * at + i, **how)  # type: ignore[arg-type]
                Image.fromarray(picture).save(root / name / f"{i}.png")
        return root

    return make
