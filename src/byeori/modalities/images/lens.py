"""The lens: how a picture of any size, mode and range becomes one of working shape; chosen once from the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json

CAP = 128
_STEPS = ((384, 128), (192, 96), (0, 64))
_PIXELS = 1 << 28
_VARIED = 1.5
_DEPTHS = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)
_ODD_RANGE = 64.0
SLACK = 0.01
"""Share of a range by which values may lie outside of it (rounding, overshoot) without making it another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """How pictures are brought to working shape; part of what a model keeps.

    Args:
        height: Working height in pixels.
        width: Working width in pixels.
        channels: 1 (grey) or 3 (RGB).
        pad: True keeps the aspect and fills up with mid-grey; False stretches.
        low: What becomes 0 in pictures of more than 8 bits or of floats.
        high: What becomes 255 in them.

    Raises:
        ValueError: A shape or a range that no picture can have.
    """

    height: int
    width: int
    channels: int
    pad: bool = False
    low: float = 0.0
    high: float = 255.0

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1 or self.channels not in (1, 3):
            raise ValueError(f"A picture of {self.height}x{self.width}x{self.channels} cannot be: channels are 1 or 3.")
        if not self.low < self.high:
            raise ValueError(f"A range from {self.low} to {self.high} is empty.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.height, self.width, self.channels

    def to_json(self) -> Json:
        """Return the lens as JSON."""
        return asdict(self)

    def covers(self, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> bool:
        """Say whether values from `low` to `high` lie within the range, or hardly outside."""
        slack = SLACK * self.high
        return bool((low >= self.low - slack).all() and (high <= self.high + slack).all())

    @staticmethod
    def from_json(data: Mapping[str, Json]) -> Lens:
        """Read what `to_json` wrote; other keys are not looked at."""
        return Lens(
            height=data["height"],
            width=data["width"],
            channels=data["channels"],
            pad=data["pad"],
            low=data["low"],
            high=data["high"],
        )


def choose_lens(
    sizes: npt.NDArray[np.int32], *, coloured: bool, low: float, high: float, count: int, short: int | None = None
) -> Lens:
    """Choose the lens that suits what a sample of the pictures shows.

    The side is the median short side where that is at most 64, else 64, from 192 on 96, from 384 on 128 — a step less
    where all pictures together would have more than 2^28 pixels. Pictures are stretched to the square, as long as the
    middle 80 % of the aspects differ by less than a factor of 1.5; else they are fitted into it.

    Args:
        sizes: (n, 2) width and height of the sample.
        coloured: Whether any of them has colour.
        low: Smallest value of pictures of more than 8 bits, 0 without any.
        high: Largest value of them, 255 without any.
        count: How many pictures there are in all.
        short: The side, where it is chosen already.

    Example:
        >>> choose_lens(np.array([[28, 28]]), coloured=False, low=0, high=255, count=10_000).shape
        (28, 28, 1)
        >>> choose_lens(np.array([[640, 480]]), coloured=True, low=0, high=255, count=500).shape
        (128, 128, 3)
    """
    aspect = sizes[:, 0] / sizes[:, 1]
    slim, broad = np.quantile(aspect, (0.1, 0.9))
    side = short or _side(float(np.median(sizes.min(axis=1))), count)
    low, high = span(low, high)
    channels = 3 if coloured else 1
    return Lens(height=side, width=side, channels=channels, pad=bool(broad > slim * _VARIED), low=low, high=high)


def span(low: float, high: float) -> tuple[float, float]:
    """Return the range that values between `low` and `high` were most probably written in.

    Example:
        >>> span(0, 0.93), span(0, 200), span(0, 3900), span(-1, 1)
        ((0.0, 1.0), (0.0, 255.0), (0.0, 4095.0), (-1.0, 1.0))
    """
    peak = max(abs(low), abs(high)) / (1 + SLACK)
    odd = 1.0 < peak <= _ODD_RANGE  # for example digits of 0 to 16
    top = float(ceil(peak)) if odd else next((d for d in _DEPTHS if peak <= d), float(ceil(peak)))
    return (-top if low < -SLACK * top else 0.0), top


def _side(short: float, count: int) -> int:
    if short <= 64:
        return max(8, 4 * round(short / 4))
    sides = [side for least, side in _STEPS if short >= least]
    return next((side for side in sides if count * side * side <= _PIXELS), sides[-1])
