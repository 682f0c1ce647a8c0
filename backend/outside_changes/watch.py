"""The thread that watches: twice a second, at the price of a few time stamps.

Only what has another stamp is read; while all have the same and nothing runs, nothing else is
done. What this process does itself is told where it is done, and here not a second time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from backend.config import PathsConfig
from backend.exceptions import ComfyUILauncherError
from backend.logging_config import get_logger
from backend.operations.events import (
    Event,
    EventStream,
    InstanceChanged,
    OperationChanged,
    SettingsChanged,
    VersionsChanged,
)
from backend.operations.model import Owner
from backend.outside_changes.operations import OperationsPort, OthersOperations
from backend.outside_changes.runs import ProcessesPort, RecordsPort, Runs
from backend.outside_changes.stamps import COARSE_SECONDS, Stamp, Told, records_of, stamp_of

LOOK_SECONDS: Final = 0.5
LOG_SECONDS: Final = 0.25  # at most four times a second that a log grew
SETTLE_SECONDS: Final = COARSE_SECONDS + 2 * LOOK_SECONDS
END_SECONDS: Final = 5.0
_log = get_logger(__name__)


class _Part(Protocol):
    """One kind of thing that is watched. `restless`: it moves on without a change of its files."""

    @property
    def files(self) -> tuple[Path, ...]: ...

    @property
    def restless(self) -> bool: ...

    def begin(self) -> None: ...

    def look(self) -> None: ...


class OutsideChanges:
    """Watches one root between `start` and `close`, and tells `events` what others did there."""

    def __init__(
        self,
        paths: PathsConfig,
        *,
        records: RecordsPort,
        operations: OperationsPort,
        processes: ProcessesPort,
        events: EventStream,
        owner: Callable[[], Owner],
    ) -> None:
        self._events = events
        self._owner = owner()
        active = paths.data / "active_version.json"
        self._versions = Told((records_of(paths), active), VersionsChanged(), events.publish)
        self._settings = Told((paths.settings_file,), SettingsChanged(name=""), events.publish)
        self._operations = OthersOperations(
            paths.operations, operations, self._owner, events.publish
        )
        self._runs = Runs(paths, records, processes, events.publish)
        self._parts: tuple[_Part, ...] = (
            self._operations, self._versions, self._settings, self._runs,
        )  # fmt: skip
        self._files: tuple[Path, ...] = ()
        self._stamps: list[Stamp] = []
        self._look_until = 0.0
        self._restless = True
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._ended = False
        self._trouble = ""
        self._thread: threading.Thread | None = None
        self._unlisten: Callable[[], None] = lambda: None

    def start(self) -> None:
        """From now on, what changes is told. A second call does nothing."""
        if self._thread is not None or self._ended:
            return
        self._unlisten = self._events.listen(self._heard).close
        for part in self._parts:
            self._safely(part.begin)
        self._thread = threading.Thread(target=self._watch, name="outside changes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Nothing is told any more when this returns."""
        self._ended = True
        self._wake.put(None)
        self._unlisten()
        if self._thread is not None:
            self._thread.join(END_SECONDS)

    def _watch(self) -> None:
        looked = time.monotonic()
        while True:
            woken = self._woken(LOG_SECONDS if self._runs.any_lives else LOOK_SECONDS)
            if self._ended:
                return
            now = time.monotonic()
            if woken or now - looked >= LOOK_SECONDS - LOG_SECONDS / 2:
                looked = now
                if woken or self._has_moved(now):
                    self._look()
            else:
                self._safely(self._runs.look_at_logs)

    def _woken(self, seconds: float) -> bool:
        """Waits that long, or until there is something to look at at once."""
        try:
            self._wake.get(timeout=seconds)
        except Empty:
            return False
        return True

    def _has_moved(self, now: float) -> bool:
        """Whether there is something to look at: a change, or what was changed just now."""
        stamps = [stamp_of(file) for file in self._files]
        if stamps != self._stamps:
            self._stamps = stamps
            self._look_until = now + SETTLE_SECONDS
        return self._restless or now < self._look_until

    def _look(self) -> None:
        for part in self._parts:
            self._safely(part.look)
        self._files = tuple(dict.fromkeys(file for part in self._parts for file in part.files))
        self._restless = any(part.restless for part in self._parts)

    def _safely(self, look: Callable[[], None]) -> None:
        """What cannot be read now is looked at again; the same trouble is noted once."""
        try:
            look()
        except (ComfyUILauncherError, OSError) as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                _log.warning("a part of what others do cannot be seen: %s", error)

    def _heard(self, event: Event) -> None:
        """Takes note of what this process tells itself. Runs in the thread that tells it."""
        data = event.data
        if isinstance(data, OperationChanged):
            if data.operation.owner == self._owner:
                self._runs.at_work(data.operation)
        elif isinstance(data, InstanceChanged):
            self._runs.told(data)
            self._versions.told()  # with a start, its time is noted in the record
            if threading.current_thread() is not self._thread:
                self._wake.put(None)
        elif isinstance(data, VersionsChanged):
            self._versions.told()
        elif isinstance(data, SettingsChanged):
            self._settings.told()
