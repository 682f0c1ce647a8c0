"""Where a running service is and what opens it: service.json, window.json; mode 0600."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field

from backend.exceptions import ServiceAlreadyRunning
from backend.file_utils import Value, atomic_write_json, read_json
from backend.logging_config import get_logger
from backend.operations.model import Frozen
from backend.platform.subprocesses import creation_time, is_same_process

_log = get_logger(__name__)


class ServiceRecord(Frozen):
    """The service that runs on a root. `pid` and `created` together prove that it still does.

    `coming_up`: it has a port, and answers soon.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

    schema_version: Literal[1] = Field(1, alias="schema")
    url: str
    port: int
    pid: int
    created: str
    token: str = Field(repr=False)
    coming_up: bool = False


def record_of_this_process(url: str, port: int, token: str) -> ServiceRecord:
    """The record to write for a service in this process."""
    pid = os.getpid()
    return ServiceRecord(url=url, port=port, pid=pid, created=creation_time(pid) or "", token=token)


def living_record(path: Path) -> ServiceRecord | None:
    """What is written there of a service that still runs, else None.

    What a crash left behind names a process that is gone, and a damaged record proves nothing.
    """
    found = read_json(path, ServiceRecord)
    if isinstance(found, Value) and is_same_process(found.value.pid, found.value.created):
        return found.value
    return None


def refuse_second(path: Path) -> None:
    """Returns when no service runs on this root. Raises: ServiceAlreadyRunning, NotWritable."""
    if (running := living_record(path)) is not None:
        raise ServiceAlreadyRunning(running.url)


def write_record(path: Path, record: ServiceRecord) -> None:
    """Writes it whole, readable by its owner only. Raises: DiskFull, NotWritable."""
    atomic_write_json(path, record, mode=0o600, keep_previous=False)


def forget_record(path: Path, record: ServiceRecord) -> None:
    """Removes the record if it is still this one: a later service may have written its own."""
    found = read_json(path, ServiceRecord)
    if isinstance(found, Value) and found.value == record:
        path.unlink(missing_ok=True)
