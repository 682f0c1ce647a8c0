"""Names of files that are being written, and what becomes of those that a crash left behind.

Such a name tells who made it: `.<place>-<pid>-<random>.tmp`. The place stands for a boot of a
machine and for the container in it, so that a pid is only compared where it means something.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import secrets
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from backend.places import this_boot, this_pid_namespace

SUFFIX: Final = ".tmp"
OLD_SECONDS: Final = 24 * 60 * 60.0

_NAME: Final = re.compile(r"\.([0-9a-f]{6})-([0-9]{1,10})-[0-9a-f]{8}\.tmp")
# What older launchers made: any file of state, and what they asked of uv.
_OLDER_NAME: Final = re.compile(r"\.[0-9a-f]{16}\.tmp|[0-9a-f]{24}\.[0-9a-f]{8}\.(?:in|overrides)")


def temporary_beside(path: Path) -> Path:
    """A new name in the folder of `path`. Short: one made of the whole name may be too long."""
    return path.with_name(f".{_place()}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}")


def is_temporary(name: str) -> bool:
    """Whether we gave a file that name while it was written, now or in an older release."""
    return bool(_NAME.fullmatch(name) or _OLDER_NAME.fullmatch(name))


def sweep_temporaries(folders: Iterable[Path]) -> list[Path]:
    """Removes what a crash left half written directly in these folders; returns what it removed.

    That is: a file (or a link, itself) with one of our temporary names, whose process is gone, or
    which is older than a day where that cannot be asked. What is refused stays.
    """
    removed = []
    for folder in folders:
        for path in _left_in(folder):
            try:
                path.unlink()
            except OSError:  # another launcher was faster, or may and we may not: next time
                continue
            removed.append(path)
    return removed


def _left_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if is_temporary(entry.name)]
    except OSError:  # not there, or not ours to read
        return []
    return [folder / name for name in sorted(names) if _is_left_over(folder / name)]


def _is_left_over(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        return False
    named = _NAME.fullmatch(path.name)
    if named is not None and named[1] == _place() and int(named[2]) != os.getpid():
        return not _lives(int(named[2]))
    return time.time() - found.st_mtime > OLD_SECONDS


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # someone else's
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether it has ended and nobody has asked how: in a container it may stay so for days."""
    try:
        stat_line = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:  # macOS, or it has just gone: the next start asks again
        return False
    return stat_line.rpartition(")")[2].split()[0] in {"Z", "X"}


def _place() -> str:
    """Six digits for where our pid means something: this boot, this container."""
    with contextlib.suppress(OSError):
        if boot := this_boot():
            return _digits(boot, this_pid_namespace())
    return _digits(platform.node(), "")  # macOS: the machine has to do


def _digits(boot: str, names: str) -> str:
    return hashlib.sha256(f"{boot} {names}".encode()).hexdigest()[:6]
