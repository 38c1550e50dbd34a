from __future__ import annotations

import json
import shutil
from collections import namedtuple
from typing import Any

import pytest

from byeori.cli import doctor


def test_every_line_is_well_or_says_what_to_do(byeori: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", tuple(c for c in doctor.CHECKS if c not in (doctor.worker, doctor.torch)))
    answer = byeori("doctor")
    assert answer.code == 0
    assert all(line.startswith(("ok  ", "warn", " ")) for line in answer.out.splitlines())
    for name in ("python", "packages", "processor", "memory", "disk", "sqlite"):
        assert name in answer.out


def test_a_full_disk_is_a_warning_with_a_remedy(byeori: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 0))
    monkeypatch.setattr(doctor, "CHECKS", (doctor.disk,))
    answer = byeori("doctor")
    assert answer.out.startswith("warn  disk  0.0 GB free")
    assert "--max-disk" in answer.out


def test_json_is_one_object(byeori: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (doctor.python, doctor.database))
    answer = byeori("doctor", "--json")
    found = json.loads(answer.out)
    assert found["ok"] is True
    assert [c["name"] for c in found["checks"]] == ["python", "sqlite"]


def test_a_container_s_limits_count(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "/sys/fs/cgroup/cpu.max": "50000 100000\n",
        "/sys/fs/cgroup/memory.max": "3000000000\n",
        "/sys/fs/cgroup/memory.current": "1000000000\n",
        "/proc/meminfo": "MemAvailable: 64000000 kB\n",
        "/proc/cpuinfo": "flags\t: fpu avx2 amx_bf16\n",
    }
    monkeypatch.setattr(doctor, "_text", lambda path: files[path])
    assert doctor.memory().found == "2.0 GB free"
    assert not doctor.memory().ok
    assert "limited to the time of 0.5; avx2, amx_bf16" in doctor.processor().found
    assert not doctor.processor().ok


def test_a_system_without_these_files_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_text", lambda path: "")
    assert "no vector instructions known" in doctor.processor().found
    assert "nan" in doctor.memory().found


def test_torch_and_a_worker_are_looked_at() -> None:
    assert "threads" in doctor.torch().found
    assert doctor.worker().found.startswith("a process with torch starts in")
