"""Small PNGs of prepared pictures, for reports."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from byeori.core.data import Prepared

_DARK = 96
"""Pictures of which none has a brighter pixel, of 16 grey levels for example, are shown brighter than they are."""


def thumbnails(prepared: Prepared, rows: Sequence[int] | npt.NDArray[np.int64], size: int = 48) -> list[bytes]:
    """Return a PNG file for each of some prepared pictures.

    Args:
        prepared: Of the modality `images`.
        rows: Which pictures.
        size: Width and height in pixels; smaller pictures keep hard pixels.
    """
    pixels = prepared.arrays()["image"]
    chosen = [np.asarray(pixels[int(row)], np.uint8) for row in rows]
    peak = max((int(one.max()) for one in chosen), default=255)
    if 0 < peak < _DARK:
        chosen = [(one * (255.0 / peak)).astype(np.uint8) for one in chosen]
    return [_png(one, size) for one in chosen]


def _png(pixels: npt.NDArray[np.uint8], size: int) -> bytes:
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    how = Image.Resampling.NEAREST if max(pixels.shape[:2]) < size else Image.Resampling.BOX
    out = BytesIO()
    image.resize((size, size), how).save(out, "PNG", optimize=True)
    return out.getvalue()
