from __future__ import annotations

import os
import socket
from pathlib import Path
from threading import Thread

from byeori.executors.wire import Lines, drain, receive, send


def test_messages_and_handles_arrive_whole_and_in_order(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    large = {"x": "벼" * 1_000_000}
    with ours, theirs, (tmp_path / "file").open("w+b") as file:
        sender = Thread(target=lambda: [send(ours, 1), send(ours, 2, file.fileno()), send(ours, large), ours.close()])
        sender.start()
        assert receive(theirs) == (1, None)
        word, handle = receive(theirs) or (None, None)
        assert word == 2
        assert handle is not None
        os.write(handle, b"through another handle")
        os.close(handle)
        assert receive(theirs) == (large, None)
        assert receive(theirs) is None
        sender.join()
    assert (tmp_path / "file").read_bytes() == b"through another handle"


def test_half_a_message_is_none() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(b"\0\0\0\x09half")
        ours.close()
        assert receive(theirs) is None


def test_an_end_closed_with_words_unread_is_an_end() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(b"never read")
        ours.close()
        assert receive(theirs) is None
        assert drain(theirs, Lines()) == ([], False)


def test_lines_come_out_whole_however_they_are_cut() -> None:
    text = b"".join(b"line %d\n" % n for n in range(200)) + b"rest"
    for size in (1, 2, 7, 64, len(text)):
        lines = Lines()
        found = [line for at in range(0, len(text), size) for line in lines.feed(text[at : at + size])]
        assert found == [b"line %d" % n for n in range(200)]


def test_draining_waits_for_nobody() -> None:
    ours, theirs = socket.socketpair()
    lines = Lines()
    with ours, theirs:
        assert drain(ours, lines) == ([], True)
        theirs.sendall(b"a\nb")
        assert drain(ours, lines) == ([b"a"], True)
        theirs.sendall(b"c\n")
        theirs.close()
        assert drain(ours, lines) == ([b"bc"], False)
