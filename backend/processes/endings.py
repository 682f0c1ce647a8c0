"""Why a run of ComfyUI ended, found out once a run: lists of versions are read often."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from backend.processes.log_window import LogWindow
from backend.processes.notes import (
    GIVEN_UP,
    GivenUp,
    Instance,
    ProcessRecord,
    note_of,
    write_note,
)
from backend.processes.start_failures import explain

_Seen = tuple[Path, ProcessRecord | None]


@dataclass(frozen=True, slots=True)
class Ending:
    """Whether a run ended because someone asked for that; if not, why, and what to do."""

    on_request: bool
    cause: str | None = None
    advice: str | None = None


class Endings:
    """Answers for the last run of each version from memory; a new run is looked at once."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[_Seen, Ending]] = {}
        self._lock = threading.Lock()

    def of(self, instance: Instance) -> Ending:
        """How that run ended. `instance` has ended."""
        runs = instance.folder.parent
        # With its record: for a moment a run can look as if it had vanished without a word.
        seen = (instance.folder, instance.process)
        with self._lock:
            known = self._known.get(runs)
        if known is not None and known[0] == seen:
            return known[1]
        found = _found(instance)
        with self._lock:
            self._known[runs] = (seen, found)
        return found

    def give_up(self, instance: Instance, cause: str, advice: str) -> None:
        """Notes why a start is about to be ended. Raises: DiskFull, NotWritable."""
        write_note(instance.folder, GIVEN_UP, GivenUp(cause=cause, advice=advice))


def _found(instance: Instance) -> Ending:
    given_up = note_of(instance.folder, GIVEN_UP, GivenUp)
    if given_up is not None:
        return Ending(False, given_up.cause, given_up.advice)
    process = instance.process
    if process is not None and process.stop_requested:
        return Ending(on_request=True)
    if process is not None and process.state == "exited" and process.exit_code == 0:
        return Ending(on_request=False)
    log = LogWindow(instance.log_file)
    log.refresh()
    why = explain(log.tail(), instance.exit_words)
    return Ending(False, why.reason, why.advice)
