"""What kind of filesystem a path lies on: SQLite's WAL is not safe on one that several machines share.

Asked of the mount table rather than of `statfs`, whose magic number is the same for sshfs and for a local FUSE disk.
Source: https://www.sqlite.org/wal.html ("does not work over a network filesystem").
"""

from __future__ import annotations

import re
from pathlib import Path

NETWORK = frozenset(
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ncpfs"]
    + [f"fuse.{name}" for name in ("sshfs", "rclone", "s3fs", "gcsfuse", "davfs", "glusterfs")]
)
"""Names of filesystems on which a log is refused."""

_MOUNTS = Path("/proc/self/mountinfo")


def network_kind(path: Path, mounts: str | None = None) -> str | None:
    r"""Return the name of the network filesystem a path lies on, or None where it is local or cannot be told.

    Args:
        path: A path; it need not exist.
        mounts: Text of a mount table in the form of /proc/self/mountinfo; None reads the machine's own (Linux).

    Example:
        >>> table = "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:3 / /home rw shared:1 - nfs4 server:/home rw"
        >>> network_kind(Path("/home/kim/study"), table), network_kind(Path("/tmp"), table)
        ('nfs4', None)
    """
    if mounts is None:
        if not _MOUNTS.exists():
            return None
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        path = path.resolve()
    best, kind = -1, ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        point = Path(_unescape(left.split()[4]))
        # The later of two mounts on one point hides the earlier.
        if len(point.parts) >= best and path.is_relative_to(point):
            best, kind = len(point.parts), right.split()[0]
    return kind if kind in NETWORK else None


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), text)
