"""Small PNGs of prepared pictures, for reports."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from byeori.core.data import Prepared


def thumbnails(prepared: Prepared, rows: Sequence[int] | npt.NDArray[np.int64], size: int = 48) -> list[bytes]:
    """Return a PNG file for each of some prepared pictures.

    Args:
        prepared: Of the modality `images`.
        rows: Which pictures.
        size: Width and height in pixels; smaller pictures keep hard pixels.
    """
    pixels = prepared.arrays()["image"]
    return [_png(np.asarray(pixels[int(row)], np.uint8), size) for row in rows]


def _png(pixels: npt.NDArray[np.uint8], size: int) -> bytes:
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    how = Image.Resampling.NEAREST if max(pixels.shape[:2]) < size else Image.Resampling.BOX
    out = BytesIO()
    image.resize((size, size), how).save(out, "PNG", optimize=True)
    return out.getvalue()
