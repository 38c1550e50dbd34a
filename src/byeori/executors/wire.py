"""How the parent, the nursery and the children talk: length-framed messages with a handle one way, lines back."""

from __future__ import annotations

import socket
import struct

from byeori._util.json import Json, dumps, loads

_HEADER = struct.Struct("!I")


def send(link: socket.socket, message: Json, handle: int | None = None) -> None:
    """Send a JSON message and, with it, an open file handle.

    Raises:
        OSError: Nobody listens any more.
    """
    body = dumps(message)
    socket.send_fds(link, [_HEADER.pack(len(body))], [] if handle is None else [handle])
    link.sendall(body)


def receive(link: socket.socket) -> tuple[Json, int | None] | None:
    """Wait for what `send` sent; None where the other end is closed."""
    try:
        head, handles, _, _ = socket.recv_fds(link, _HEADER.size, 1)
        head += _exactly(link, _HEADER.size - len(head)) if head else b""
        if len(head) < _HEADER.size:
            return None
        (length,) = _HEADER.unpack(head)
        body = _exactly(link, length)
    except ConnectionError:
        # What the kernel says where the other end was closed with words of ours unread.
        return None
    if len(body) < length:
        return None
    return loads(body), handles[0] if handles else None


class Lines:
    r"""Whole lines out of what arrives on a socket in pieces.

    Example:
        >>> lines = Lines()
        >>> lines.feed(b"one\ntw"), lines.feed(b"o\n")
        ([b'one'], [b'two'])
    """

    def __init__(self) -> None:
        self._rest: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """Take what arrived and return the lines that are whole now."""
        *whole, rest = piece.split(b"\n")
        if whole:
            whole[0] = b"".join([*self._rest, whole[0]])
            self._rest.clear()
        if rest:
            self._rest.append(rest)
        return whole


def drain(link: socket.socket, lines: Lines) -> tuple[list[bytes], bool]:
    """Read what is there without waiting: the whole lines, and whether the other end is still open."""
    found: list[bytes] = []
    while True:
        try:
            piece = link.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return found, True
        except OSError:
            return found, False
        if not piece:
            return found, False
        found += lines.feed(piece)


def _exactly(link: socket.socket, count: int) -> bytes:
    parts = []
    while count > 0:
        piece = link.recv(min(count, 1 << 20))
        if not piece:
            break
        parts.append(piece)
        count -= len(piece)
    return b"".join(parts)
