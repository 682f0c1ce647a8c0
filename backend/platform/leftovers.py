"""Processes that outlived the launcher that started them, known by what they carry."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backend.logging_config import get_logger
from backend.places import SHORT
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


def carriers(variable: str, values: Collection[str] | None = None) -> Iterator[Carrier]:
    """Every living process of this user, but not this one, with one of `values` in `variable`.

    None: with anything in it. Raises: OSError where the system cannot say it now.
    """
    for process in _own_processes():
        with _passed_over():
            environment = process.environ()
            created = creation_time(process.pid)
            value = environment.get(variable)
            if not value or (values is not None and value not in values) or created is None:
                continue
            yield Carrier(
                ProcessIdentity(process.pid, created, value, variable),
                command=tuple(process.cmdline()),
                is_instance=bool(environment.get(TOKEN_VARIABLE)),
            )


def users_of(folder: Path) -> list[int]:
    """The processes of this user, but not this one, that work in `folder` or run from it.

    Raises: OSError where the system cannot say it now.
    """
    place = folder.resolve()
    found = []
    for process in _own_processes():
        with _passed_over():
            if _works_in(process, place):
                found.append(process.pid)
    return found


def works_in(pid: int, folder: Path) -> bool:
    """Whether that process works in `folder` or runs from it. Raises: as `users_of`."""
    import psutil

    with _passed_over():
        return _works_in(psutil.Process(pid), folder.resolve())
    return False


def is_called_with(pid: int, folder: Path) -> bool:
    """Whether that very folder, by whatever name, is the last argument of that process.

    Raises: as `users_of`.
    """
    import psutil

    with _passed_over():
        last = psutil.Process(pid).cmdline()[-1:]
        return bool(last) and Path(last[0]).samefile(folder)
    return False


def _works_in(process: psutil.Process, place: Path) -> bool:
    # The Python of an environment is a link to one elsewhere: its name is what it was called by.
    used = (process.cwd(), process.exe(), *process.cmdline()[:1])
    return any(Path(one).is_relative_to(place) for one in used if one)


def _own_processes() -> Iterator[psutil.Process]:
    """Made anew each time: `process_iter` remembers who once had a pid, and passes over the next
    one that has it."""
    import psutil

    for pid in psutil.pids():
        with _passed_over():
            process = psutil.Process(pid)
            if pid != os.getpid() and process.uids().real == os.getuid():
                yield process


@contextmanager
def _passed_over() -> Iterator[None]:
    """What has gone meanwhile, or is not ours to look at. Not what is only hidden by a want of
    descriptors or memory: it may live."""
    import psutil

    try:
        yield
    except psutil.Error:
        return
    except OSError as error:
        if error.errno in SHORT:
            raise


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
