"""One launcher a root: a second start brings the window of the first to the front."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from backend.exceptions import LauncherNotAnswering
from backend.platform.locks import FileLock
from backend.service.record import ServiceRecord, living_record, write_record

SHOW: Final = "/api/v1/rpc/window.show"
ANSWER_SECONDS: Final = 5.0
OPENING_SECONDS: Final = 480.0  # with libraries to fetch and a page to make, on a slow machine
_SHOWN: Final = frozenset({200, 429})  # the other one is a flood of starts: it is shown already


def claim(file: Path, make_record: Callable[[], ServiceRecord]) -> ServiceRecord | None:
    """The record of the launcher that is open already; None when this one is it from now on.

    Of two that start at the same moment, one finds the other. What a crash left behind is replaced.
    Raises: NotWritable, DiskFull, OperationConflict.
    """
    with FileLock(file.with_name(".window.lock")):
        other = living_record(file)
        if other is None:
            write_record(file, make_record())
        return other


def is_opening(other: ServiceRecord, file: Path) -> bool:
    """Whether that launcher has begun to open its window a short while ago."""
    try:
        age = time.time() - file.stat().st_mtime
    except OSError:
        return False
    return other.coming_up and 0 <= age < OPENING_SECONDS


def bring_to_front(other: ServiceRecord) -> None:
    """Returns when the other launcher shows its window. Raises: LauncherNotAnswering."""
    connection = http.client.HTTPConnection("127.0.0.1", other.port, timeout=ANSWER_SECONDS)
    headers = {"Authorization": f"Bearer {other.token}", "Content-Type": "application/json"}
    try:
        connection.request("POST", SHOW, "{}", headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise LauncherNotAnswering(other.pid) from error
    finally:
        connection.close()
    if status not in _SHOWN:
        raise LauncherNotAnswering(other.pid)
