"""Where a pid means anything: in which boot of this machine, and in which pid namespace, we are.

Both answers are remembered, and empty where the system has no such thing (macOS). Each raises
OSError where the system cannot say it just now, for want of descriptors or memory.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

# The system is short of something: a question that fails so has no answer yet.
SHORT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


@cache
def this_boot() -> str:
    """The name that the kernel gave to this boot."""
    return told(lambda: Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip())


@cache
def this_pid_namespace() -> str:
    """The name of the set of pids that ours is one of; a container has its own."""
    return told(lambda: str(Path("/proc/self/ns/pid").readlink()))


def told(ask: Callable[[], str]) -> str:
    """What the system says; empty where it never will. Raises: OSError where it may say it yet."""
    try:
        return ask()
    except OSError as error:
        if error.errno in SHORT:
            raise
        return ""
