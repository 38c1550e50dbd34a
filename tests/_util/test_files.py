from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

import pytest

from byeori._util.files import file_hash, write_whole


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize("content", ["벼리\n", b"\x00\xff", lambda file: file.write(b"by a function")])
def test_what_is_written_is_read(content: object, durable: bool, tmp_path: Path) -> None:
    write_whole(tmp_path / "a", content, durable=durable)
    expected = {str: lambda c: c.encode(), bytes: lambda c: c}.get(type(content), lambda _: b"by a function")(content)
    assert (tmp_path / "a").read_bytes() == expected
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def half(file: IO[bytes]) -> None:
    file.write(b"the first half")
    raise OSError(28, "No space left on device")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "a", half)
    assert (tmp_path / "a").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_rename_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no right")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError):
        write_whole(tmp_path / "a", "text")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(file: IO[bytes]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "a", interrupted)
    assert list(tmp_path.iterdir()) == []


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")

    def look(file: IO[bytes]) -> None:
        file.write(b"new")
        file.flush()
        assert (tmp_path / "a").read_text() == "old"

    write_whole(tmp_path / "a", look)
    assert (tmp_path / "a").read_text() == "new"


def test_others_may_read_what_is_written(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "text")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "no" / "a", "text")


def test_the_hash_is_of_the_content_alone(tmp_path: Path) -> None:
    big = os.urandom((1 << 20) + 7)
    (tmp_path / "a").write_bytes(big)
    (tmp_path / "b").write_bytes(big)
    (tmp_path / "c").write_bytes(big[:-1] + bytes([big[-1] ^ 1]))
    hashes = [file_hash(tmp_path / name) for name in "abc"]
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 32
