from __future__ import annotations

from pathlib import Path

import pytest

from byeori.stores.place import network_kind

TABLE = """\
22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:40 / /home rw - nfs4 server:/home rw
31 30 8:2 / /home/local rw - xfs /dev/sdb rw
32 22 0:50 / /mnt/my\\040share rw - cifs //server/share rw
33 22 0:51 / /mnt/ssh rw - fuse.sshfs kim@host: rw
34 22 0:52 / /mnt/usb rw - fuseblk /dev/sdc rw
35 22 0:53 / /data rw - autofs systemd-1 rw
36 35 0:54 / /data rw - nfs server:/data rw
37 22 0:55 / /wsl rw - 9p drvfs rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/tmp/study", None),
        ("/home/kim/study", "nfs4"),
        ("/home/local/study", None),
        ("/homework/study", None),
        ("/mnt/my share/study", "cifs"),
        ("/mnt/ssh/study", "fuse.sshfs"),
        ("/mnt/usb/study", None),
        ("/data/study", "nfs"),
        ("/wsl/study", "9p"),
    ],
)
def test_the_nearest_mount_says_what_a_path_lies_on(path: str, kind: str | None) -> None:
    assert network_kind(Path(path), TABLE) == kind


def test_the_machines_own_table_is_read(tmp_path: Path) -> None:
    assert network_kind(tmp_path) is None
