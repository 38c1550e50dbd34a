from __future__ import annotations

import subprocess
import sys
import time

import pytest

from byeori.cli.times import process_start, seconds, written
from byeori.core.errors import OptionError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10s", 10),
        ("2m", 120),
        ("1h30m", 5400),
        ("90", 90),
        ("1h 30m", 5400),
        ("1H", 3600),
        ("1.5m", 90),
        (".5s", 0.5),
        ("2min", 120),
        ("1d2h", 93_600),
        ("1m30", 90),
    ],
)
def test_times_as_people_write_them(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", " ", "0", "0s", "-5", "-1m", "soon", "10x", "1m1h", "inf", "nan", "1e3", "５s"])
def test_no_time_is_one_clear_sentence(text: str) -> None:
    with pytest.raises(OptionError) as caught:
        seconds(text)
    message = str(caught.value)
    assert repr(text) in message
    assert "10m" in message
    assert "\n" not in message


@pytest.mark.parametrize(("span", "expected"), [(0.2, "0 s"), (59.6, "1 min 00 s"), (3600, "1 h 00 min"), (-3, "0 s")])
def test_times_as_people_read_them(span: float, expected: str) -> None:
    assert written(span) == expected


def test_the_promise_counts_from_the_birth_of_the_process() -> None:
    code = (
        "import time; time.sleep(0.4); before = time.monotonic();"
        "from byeori.cli.times import process_start; print(before - process_start())"
    )
    age = float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert age > 0.35


def test_a_process_is_not_born_in_the_future() -> None:
    assert process_start() <= time.monotonic()
