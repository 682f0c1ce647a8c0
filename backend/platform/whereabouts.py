"""Who is meant by a pid that was written down, and whether that process still lives.

A pid means something in one pid namespace of one boot of one machine. Of a process elsewhere, in
another container or on another machine that has the same folder mounted, nothing can be found out
from here: it may live.
"""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from pathlib import Path
from typing import Protocol

from backend.places import this_boot, this_pid_namespace, told
from backend.platform.subprocesses import creation_time, is_same_process


class Fate(Enum):
    """What became of a process, as far as can be told from here."""

    LIVES = auto()
    GONE = auto()
    UNKNOWN = auto()


class NotedProcess(Protocol):
    """A process that was written down. On Linux, `created` begins with the boot."""

    @property
    def pid(self) -> int: ...

    @property
    def created(self) -> str: ...

    @property
    def machine(self) -> str: ...

    @property
    def place(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A process, and where its pid means anything: the machine, and the pid namespace in it."""

    pid: int
    created: str
    machine: str
    place: str


def this_process() -> Whereabouts:
    """Not remembered, for a fork is another one. Raises: OSError where the system is not able to
    say when it was born."""
    machine, place = _surroundings()
    return Whereabouts(os.getpid(), creation_time(os.getpid()) or "", machine, place)


def fate_of(noted: NotedProcess) -> Fate:
    """Whether it lives; the one rule for whoever wrote a process down.

    - On another machine, or on this one under another name: unknown.
    - On this machine, before its last boot: gone with that boot.
    - In another pid namespace of it: unknown.
    - In this one: it lives, unless it is not there any more, or was born at another moment (of the
      boot) than the one that was noted.

    What an older launcher noted says nothing of a machine: it is taken for one of this place.
    """
    if noted.machine:
        machine, place = _surroundings()
        if noted.machine != machine:
            return Fate.UNKNOWN
        if _boot_of(noted.created) != this_boot():
            return Fate.GONE
        if noted.place != place:
            return Fate.UNKNOWN
    return Fate.LIVES if is_same_process(noted.pid, noted.created) else Fate.GONE


@cache
def _surroundings() -> tuple[str, str]:
    """This machine, and the pid namespace in which our numbers count.

    Images of containers are copied with their machine-id; their host names differ. Neither is
    anyone else's business, and diagnostics are sent to others: a digest tells them apart as well.
    """
    machine = told(lambda: Path("/etc/machine-id").read_text("ascii").strip())
    digest = hashlib.sha256(f"{machine}/{platform.node()}".encode()).hexdigest()[:16]
    return digest, this_pid_namespace()


def _boot_of(created: str) -> str:
    return created.partition(":")[0] if ":" in created else ""
