"""Times as people write them, and when this process began: a promise of time counts from there."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from byeori.core.errors import OptionError

_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_NUMBER = r"(\d+(?:\.\d+)?|\.\d+)"
_TIME = re.compile(rf"(?:{_NUMBER}d)?(?:{_NUMBER}h)?(?:{_NUMBER}m(?:in)?)?(?:{_NUMBER}s?)?", re.ASCII)


def seconds(text: str) -> float:
    """Return the seconds a text such as `10s`, `2m`, `1h30m` or `90` stands for.

    Args:
        text: Days, hours, minutes and seconds in this order; a number alone is seconds.

    Raises:
        OptionError: It is no time, or not more than nothing.

    Example:
        >>> seconds("1h30m"), seconds("1.5m"), seconds("90")
        (5400.0, 90.0, 90.0)
    """
    found = _TIME.fullmatch(text.strip().lower().replace(" ", ""))
    if found is None or not any(found.groups()):
        raise OptionError(f"{text!r} is no time: write for example 45s, 10m, 1h30m, or a number of seconds.")
    total = sum(float(part) * unit for part, unit in zip(found.groups(), _UNITS.values(), strict=True) if part)
    if total <= 0:
        raise OptionError(f"A time of {text!r} leaves nothing to work with: give a positive one, for example 10m.")
    return total


def written(span: float) -> str:
    """Return seconds as people read them.

    Example:
        >>> written(7.3), written(95), written(5400)
        ('7 s', '1 min 35 s', '1 h 30 min')
    """
    whole = max(0, round(span))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def process_start() -> float:
    """Return the monotonic clock time at which this process began; on other systems than Linux, the time now."""
    try:
        line = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
        ticks = float(line.rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        age = 0.0
    return time.monotonic() - max(0.0, age)
