from __future__ import annotations

import os
import subprocess
import sys
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

from byeori._util.json import canonical, digest, dumps, loads, pretty


def test_numpy_numbers_and_arrays_are_taken() -> None:
    assert loads(dumps({"a": np.float32(0.5), "b": np.arange(3), "c": np.int64(2)})) == {
        "a": 0.5,
        "b": [0, 1, 2],
        "c": 2,
    }
    assert loads(pretty([np.bool_(True)])) == [True]


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_numbers_that_are_none_become_null(value: float) -> None:
    assert dumps([value]) == b"[null]"


def test_canonical_bytes_do_not_depend_on_the_order_of_keys() -> None:
    a, b = {"x": {"p": 1, "q": [1.0, None]}, "y": "é"}, {"y": "é", "x": {"q": [1.0, None], "p": 1}}
    assert canonical(a) == canonical(b)
    assert digest(a) == digest(b)
    assert dumps(a) != dumps(b)


def test_lists_in_another_order_and_numbers_of_another_kind_are_other_values() -> None:
    assert digest([1, 2]) != digest([2, 1])
    assert digest(1) != digest(1.0)
    assert digest(True) != digest(1)


def test_the_digest_is_the_same_in_every_version() -> None:
    assert digest({"a": [1, 2.5, None, True, "벼리"]}) == "6a99ffa1d8e29525b708159bce47964d"
    assert len(digest({}, size=4)) == 8


def test_people_read_indented_text_with_sorted_keys_and_a_last_newline() -> None:
    assert pretty({"b": 1, "a": "벼리"}) == '{\n  "a": "벼리",\n  "b": 1\n}\n'


@pytest.mark.parametrize("text", ["", "{", b"\xff", "nan", "{'a': 1}"])
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        loads(text)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux says what a process takes")
def test_what_is_kept_takes_its_length() -> None:
    code = """
from pathlib import Path
from resource import getpagesize
from byeori._util.json import dumps
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize()
before = resident()
kept = [dumps({"genome": list(range(60))}) for _ in range(20_000)]
print((resident() - before) / len(kept) / len(kept[0]))
"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env)
    ratio = float(done.stdout)
    assert 0.5 < ratio < 4
