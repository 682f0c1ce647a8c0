"""A trial of Qt in a child process, where there is a doubt: what fails in Qt ends its process.

The trial takes a third of a second, so its outcome is remembered for as long as nothing changes
that it depends on. A start that did not get as far as a working page raises the doubt again.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from backend.exceptions import StorageError
from backend.file_utils import Value, atomic_write_json, read_json
from backend.logging_config import get_logger
from backend.operations.model import Frozen
from backend.platform.subprocesses import run, scrubbed_environment

_log: Final = get_logger(__name__)

TRIAL_SECONDS: Final = 20.0
FAILURE_COUNTS_FOR: Final = timedelta(days=1)
_NVIDIA: Final = Path("/proc/driver/nvidia/version")

# A page in a view that is never shown; the libraries of ours are loaded first, as in the launcher.
# It ends with the launcher: nobody reads what it would say then, and nobody else would end it.
_TRY_QT: Final = """
import ctypes, os, sys
launcher = int(sys.argv[1])
for path in sys.argv[2:]:
    ctypes.CDLL(path)
from PySide6.QtCore import QTimer
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication
application = QApplication(["comfyui-launcher"])
view = QWebEngineView()
def end(words, status):
    try:
        print(words, file=sys.stderr, flush=True)
    finally:
        os._exit(status)
view.loadFinished.connect(lambda sound: end("loaded", 0 if sound else 3))
view.page().renderProcessTerminated.connect(lambda why, status: end(f"page died: {why}", 4))
QTimer.singleShot(15000, lambda: end("no page came up in 15 s", 5))
watch = QTimer()
watch.timeout.connect(lambda: os.getppid() == launcher or os._exit(6))
watch.start(250)
view.setHtml("<!doctype html><title>trial</title>")
application.exec()
"""


class Proof(Frozen):
    """What is known of Qt on this machine: launcher-data/window-engine.json.

    `key` names all that the outcome depends on. `opening`: a start is on its way or did not get
    through.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

    schema_version: Literal[1] = Field(1, alias="schema")
    key: str
    state: Literal["proven", "opening", "failed"]
    reason: str | None = None
    at: AwareDatetime


class Doubts:
    """Remembers whether Qt is known to work here. One is made for each start of the window.

    `display_is_remote`: another machine draws, which is another question.
    """

    def __init__(
        self,
        file: Path,
        qt_platform: str,
        kept: Sequence[Path] = (),
        *,
        display_is_remote: bool = False,
    ) -> None:
        self._file = file
        self._key = key_of(qt_platform, kept, display_is_remote=display_is_remote)
        self._kept = tuple(kept)

    def trouble(self, environment: Mapping[str, str], *, insist: bool = False) -> str | None:
        """Why Qt does not work in that environment; None when it does. Tries it when in doubt.

        A failure is believed for a day, unless the user insists on a window.
        """
        proof = self._proof()
        if proof is not None and proof.state == "proven":
            return None
        if proof is not None and proof.state == "failed" and not insist and _is_recent(proof):
            return proof.reason
        reason = try_qt(environment, self._kept)
        self._write("failed" if reason else "proven", reason)
        return reason

    def opening(self) -> None:
        """From now on, until `proven`, the next start has its doubts. Call it before Qt starts."""
        self._write("opening")

    def proven(self) -> None:
        """The page has come up in the window."""
        self._write("proven")

    def _proof(self) -> Proof | None:
        try:
            found = read_json(self._file, Proof)
        except StorageError:
            return None
        sound = isinstance(found, Value) and found.value.key == self._key
        return found.value if isinstance(found, Value) and sound else None

    def _write(
        self, state: Literal["proven", "opening", "failed"], reason: str | None = None
    ) -> None:
        proof = Proof(key=self._key, state=state, reason=reason, at=datetime.now(UTC))
        try:
            atomic_write_json(self._file, proof, keep_previous=False)
        except StorageError as error:  # the next start tries again: that is all
            _log.warning("What is known of Qt could not be written: %s", error)


def _is_recent(proof: Proof) -> bool:
    """A failure of tomorrow is none: the clock was set back since."""
    return timedelta(0) <= datetime.now(UTC) - proof.at < FAILURE_COUNTS_FOR


def key_of(qt_platform: str, kept: Sequence[Path] = (), *, display_is_remote: bool = False) -> str:
    """Everything that the outcome of a trial depends on, as one line."""
    try:
        qt = importlib.metadata.version("pyside6-addons")
    except importlib.metadata.PackageNotFoundError:
        qt = "unknown"
    driver = _NVIDIA.read_text("utf-8", "replace").split("\n")[0] if _NVIDIA.exists() else ""
    parts = [
        f"qt {qt}",
        f"python {platform.python_version()}",
        f"platform {qt_platform}",
        "remote display" if display_is_remote else "",
        f"kernel {os.uname().release}",
        os.confstr("CS_GNU_LIBC_VERSION") or "",
        "root" if os.geteuid() == 0 else "user",
        driver,
        *(path.name for path in kept),
    ]
    return "; ".join(filter(None, parts))


def try_qt(
    environment: Mapping[str, str],
    kept: Sequence[Path] = (),
    *,
    seconds: float = TRIAL_SECONDS,
) -> str | None:
    """Why Qt cannot show a page in that environment, in its own words; None when it can."""
    try:
        done = run(
            [sys.executable, "-P", "-c", _TRY_QT, str(os.getpid()), *kept],
            environment=scrubbed_environment(environment),
            timeout_seconds=seconds,
        )
    except TimeoutError:
        return f"it did not answer in {seconds:g} seconds"
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return None
    _log.warning("The trial of Qt ended with %d: %s", done.returncode, done.tail)
    return _reason(done.lines) or f"its process ended with {done.returncode}"


def _reason(lines: Sequence[str]) -> str | None:
    """The line that says most, shortened: Qt's, Chromium's or Python's."""
    telling = ("FATAL", "qt.qpa", "Error:", "page died", "no page", "not supported")
    for line in lines:
        if any(word in line for word in telling):
            return line.rpartition("] ")[2].strip()[:200]
    return None
