"""Files that hold secrets: written whole or not at all, and a folder of which nobody but its owner sees anything."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

OTHERS = 0o077
"""The rights of group and others, of which none is given; as a mask (umask), for whatever a process makes."""


def write_private(path: Path, text: str) -> None:
    """Replace a file by one with this text; whoever reads meanwhile finds the old one or the new one."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, path)


def keep_private(paths: Iterable[Path]) -> None:
    """Take every right of group and others off these files, and off folders with all they hold; links are left alone.

    What a running server deletes meanwhile is passed over.
    """
    for path in paths:
        _close(path)
        for parent, folders, files in os.walk(path):
            for name in (*folders, *files):
                _close(Path(parent, name))


def _close(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if mode & OTHERS and not path.is_symlink():
            path.chmod(mode & 0o7777 & ~OTHERS)
