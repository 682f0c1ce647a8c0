"""Processes that outlived the launcher that started them, known by what they carry."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backend.logging_config import get_logger
from backend.platform.subprocesses import (
    END_SECONDS,
    OPERATION_VARIABLE,
    TOKEN_VARIABLE,
    ProcessIdentity,
    creation_time,
    signal_group,
    signal_process,
)

if TYPE_CHECKING:
    import psutil

LOOK_SECONDS: Final = 0.02

_log: Final = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A process whose environment carries what was looked for, and what it was called with."""

    identity: ProcessIdentity
    command: tuple[str, ...]
    is_instance: bool


def carriers(variable: str, values: Collection[str]) -> Iterator[Carrier]:
    """Every living process of this user, but not this one, with one of `values` in `variable`."""
    import psutil

    for process in _own_processes():
        with suppress(psutil.Error, OSError):  # gone meanwhile, or not ours to look at
            environment = process.environ()
            created = creation_time(process.pid)
            value = environment.get(variable)
            if value is None or value not in values or created is None:
                continue
            yield Carrier(
                ProcessIdentity(process.pid, created, value, variable),
                command=tuple(process.cmdline()),
                is_instance=TOKEN_VARIABLE in environment,
            )


def users_of(folder: Path) -> list[int]:
    """The processes of this user, but not this one, that work in `folder` or run from it."""
    import psutil

    place = folder.resolve()
    found = []
    for process in _own_processes():
        with suppress(psutil.Error, OSError):
            # The Python of an environment is a link to one elsewhere: its name is what it was
            # called by.
            used = (process.cwd(), process.exe(), *process.cmdline()[:1])
            if any(Path(one).is_relative_to(place) for one in used if one):
                found.append(process.pid)
    return found


def _own_processes() -> Iterator[psutil.Process]:
    """Made anew each time: `process_iter` remembers who once had a pid, and passes over the next
    one that has it."""
    import psutil

    for pid in psutil.pids():
        with suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            if pid != os.getpid() and process.uids().real == os.getuid():
                yield process


def end_tools_of(operation_ids: Collection[str]) -> list[int]:
    """Ends what still works for operations whose launcher is gone; the pids of those.

    The death of the launcher does not end them. Seen with uv 0.13: its pipes were broken in the
    midst of a download; it ignored that, fetched the rest, and put all packages in place. Until it
    is ended, a tool fills the very folder that is about to be cleared.

    SIGTERM, two seconds, SIGKILL, each only to what is proved to carry the id at that moment. Never
    to a ComfyUI: that belongs to nobody's operation.
    """
    ended: set[int] = set()
    for number in (signal.SIGTERM, signal.SIGKILL):
        told: set[int] = set()
        end = time.monotonic() + END_SECONDS
        while (left := _tools_of(operation_ids)) and time.monotonic() < end:
            for tool in left:
                if tool.pid not in told and _signal(tool, number):
                    told.add(tool.pid)
                    _log.warning(
                        "%s was sent to process %s: its launcher is gone", number.name, tool.pid
                    )
            time.sleep(LOOK_SECONDS)
        ended |= told
    return sorted(ended)


def _tools_of(operation_ids: Collection[str]) -> list[ProcessIdentity]:
    if not operation_ids:
        return []
    found = carriers(OPERATION_VARIABLE, operation_ids)
    return [carrier.identity for carrier in found if not carrier.is_instance]


def _signal(tool: ProcessIdentity, number: signal.Signals) -> bool:
    """To its group where it leads one, as what `subprocesses.run` starts does; else to it alone."""
    return signal_group(tool, number) or signal_process(tool, number)
