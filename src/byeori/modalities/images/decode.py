"""One picture, from a file, an array or an open image, to working shape.

Files are decoded whole (a cut-off JPEG opens, but does not load), turned as their EXIF says, laid on white where they
are transparent, made 8-bit by the lens's range, shrunk with antialiasing. Of an animation the first frame counts.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike, path
from typing import Any

import numpy as np
import numpy.typing as npt

# The plugins are named so that they are there: opening would otherwise load all of Pillow's formats at the first TIFF.
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from byeori.core.errors import DataError
from byeori.modalities.images.lens import Lens

FORMATS = tuple(
    plugin.format
    for plugin in (
        PngImagePlugin.PngImageFile,
        JpegImagePlugin.JpegImageFile,
        BmpImagePlugin.BmpImageFile,
        GifImagePlugin.GifImageFile,
        TiffImagePlugin.TiffImageFile,
        WebPImagePlugin.WebPImageFile,
    )
)
LIMIT = 50_000_000
"""Most pixels one image may have."""

_COLOUR = 4
"""Levels by which the channels of a grey picture saved as RGB may differ after compression."""

_MID = 128

_BROKEN = (
    OSError,
    SyntaxError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    EOFError,
    AttributeError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Warning,
)
"""What Pillow's decoders raise on damaged files."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    Args:
        pixels: (height, width, channels) uint8 as the lens says.
        size: Width and height as it came, upright.
        coloured: Whether it has colour; looked at only where the lens makes grey, else False.
        low: Smallest value, of pictures that are not 8-bit; else 0.
        high: Largest value, of pictures that are not 8-bit; else 0.
    """

    pixels: npt.NDArray[np.uint8]
    size: tuple[int, int]
    coloured: bool
    low: float
    high: float


def decode(item: Any, lens: Lens) -> Picture:
    """Bring one picture to working shape.

    Args:
        item: A path, an array (h, w) or (h, w, 1 | 3 | 4), or a PIL image.
        lens: The working shape and range.

    Raises:
        DataError: It cannot be decoded; the message is the reason alone, `is cut off`, and names no file.
    """
    try:
        if isinstance(item, np.ndarray):
            return _decode_array(item, lens)
        if isinstance(item, Image.Image):
            return _decode_image(item.copy(), lens)  # reading at a fraction of the size would change the caller's
        # Given a path, Pillow maps plain TIFFs into memory, and garbles those that are to be turned.
        with open(item, "rb") as file, Image.open(file, formats=FORMATS) as image:
            return _decode_image(image, lens)
    except _BROKEN as error:
        raise DataError(_reason(item, error)) from None


@contextmanager
def strict() -> Iterator[None]:
    """Make Pillow's warning of a decompression bomb an error, and silence what it says of odd metadata.

    Filters belong to the process, not to a thread: enter it once around a pass over many pictures.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _decode_image(image: Image.Image, lens: Lens) -> Picture:
    width, height = image.size
    if width * height > LIMIT:
        raise DataError(f"has {width * height / 1e6:.0f} megapixels, more than {LIMIT // 1_000_000}")
    if image.format == "JPEG" and min(width, height) >= 4 * min(lens.width, lens.height):
        image.draft(None, (2 * lens.width, 2 * lens.height))
    image.load()
    if "exif" in image.info or image.format == "TIFF":
        upright = ImageOps.exif_transpose(image)
        if (upright.width > upright.height) != (width > height):
            width, height = height, width
        image = upright
    plain, low, high = _eight_bits(image, lens)
    return _finish(plain, (width, height), lens, low, high)


def _decode_array(array: npt.NDArray[Any], lens: Lens) -> Picture:
    height, width = array.shape[:2]
    low = high = 0.0
    if array.dtype != np.uint8:
        array, low, high = _scaled(array, lens)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.shape == lens.shape or (*array.shape, 1) == lens.shape:
        return Picture(array.reshape(lens.shape), (width, height), False, low, high)
    image = Image.fromarray(np.ascontiguousarray(array))
    plain, _, _ = _eight_bits(image, lens)
    return _finish(plain, (width, height), lens, low, high)


def _eight_bits(image: Image.Image, lens: Lens) -> tuple[Image.Image, float, float]:
    """Return the image as L or RGB, and the range of its values where they were not 8-bit."""
    mode = image.mode
    if mode in ("L", "RGB"):
        if "transparency" not in image.info:
            return image, 0.0, 0.0
        mode, image = "RGBA", image.convert("RGBA")
    if mode == "1":
        return image.convert("L"), 0.0, 0.0
    if mode.startswith("I") or mode == "F":
        array, low, high = _scaled(np.asarray(image), lens)
        return Image.fromarray(array), low, high
    if mode == "P" and "transparency" not in image.info:
        return image.convert("RGB"), 0.0, 0.0
    if image.has_transparency_data:
        return _on_white(image), 0.0, 0.0
    return image.convert("RGB"), 0.0, 0.0


def _on_white(image: Image.Image) -> Image.Image:
    grey = image.mode in ("LA", "La")
    clear = image.convert("RGBA")
    if clear.getchannel("A").getextrema() != (255, 255):
        white = Image.new("RGBA", clear.size, (255, 255, 255, 255))
        white.alpha_composite(clear)
        clear = white
    return clear.convert("L" if grey else "RGB")


def _scaled(array: npt.NDArray[Any], lens: Lens) -> tuple[npt.NDArray[np.uint8], float, float]:
    """Return values of any type as uint8 by the range of the lens, and their own smallest and largest."""
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255), 0.0, 0.0
    if array.dtype.kind not in "iuf":
        raise DataError(f"holds values of type {array.dtype}, expected numbers")
    values = array.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low + high):
        raise DataError("holds values that are not finite numbers")
    values -= lens.low
    values *= 255.0 / (lens.high - lens.low)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8), low, high


def _finish(image: Image.Image, size: tuple[int, int], lens: Lens, low: float, high: float) -> Picture:
    """Shrink or stretch to working shape, then bring to the lens's channels."""
    wanted = (lens.width, lens.height)
    if lens.pad and size[0] * lens.height != size[1] * lens.width:
        image = _fitted(image, size, lens)
    elif image.size != wanted:
        image = image.resize(wanted, Image.Resampling.BILINEAR, reducing_gap=2.0)
    coloured = False
    if lens.channels == 1 and image.mode == "RGB":
        coloured = bool(np.ptp(np.asarray(image), axis=2).max() > _COLOUR)
        image = image.convert("L")
    elif lens.channels == 3 and image.mode == "L":
        image = image.convert("RGB")
    return Picture(np.asarray(image).reshape(lens.shape), size, coloured, low, high)


def _fitted(image: Image.Image, size: tuple[int, int], lens: Lens) -> Image.Image:
    scale = min(lens.width / size[0], lens.height / size[1])
    width, height = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    inner = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    canvas = Image.new(image.mode, (lens.width, lens.height), _MID if image.mode == "L" else (_MID,) * 3)
    canvas.paste(inner, ((lens.width - width) // 2, (lens.height - height) // 2))
    return canvas


def _reason(item: Any, error: BaseException) -> str:
    """Say in a few words why a picture cannot be decoded."""
    text = str(error)
    if isinstance(error, Image.DecompressionBombWarning | Image.DecompressionBombError):
        return f"has more than {LIMIT // 1_000_000} megapixels"
    if isinstance(item, str | PathLike):
        if isinstance(error, FileNotFoundError):
            return "is not there"
        if isinstance(error, PermissionError):
            return "may not be read (no permission)"
        if path.exists(item) and path.getsize(item) == 0:
            return "is empty (0 bytes)"
        if isinstance(error, UnidentifiedImageError):
            return "is no image that can be read"
    if "truncated" in text or isinstance(error, EOFError):
        return "is cut off"
    return f"is damaged ({text or type(error).__name__})"
