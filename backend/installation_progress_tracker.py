"""How an installation is told: steps with their shares of the time, and uv's lines as progress."""

from __future__ import annotations

import contextlib
import re
from typing import Final

from backend.exceptions import OperationCancelled
from backend.operations.operation import Operation, Step

# Shares measured on cold installs of ComfyUI with CPU torch; the download dominates.
INSTALL_STEPS: Final = (
    Step("prepare", 1),
    Step("source", 10),
    Step("environment", 2),
    Step("resolve", 8),
    Step("packages", 70),
    Step("verify", 4),
    Step("commit", 5),
)
LAUNCH_STEPS: Final = (Step("prepare", 1), Step("start", 1), Step("ready", 18))
STOP_STEPS: Final = (Step("stop", 1),)
UNINSTALL_STEPS: Final = (Step("trash", 1),)
EMPTY_TRASH_STEPS: Final = (Step("delete", 1),)
REFRESH_STEPS: Final = (Step("refresh", 2), Step("notes", 3))

_UV_LINES: Final = (
    (re.compile(r"^Downloading (?P<what>\S+) \((?P<size>[^)]+)\)"), "downloading {what} ({size})"),
    (re.compile(r"^\s*Downloaded (?P<what>\S+)"), "downloaded {what}"),
    (re.compile(r"^Prepared (?P<what>\d+) packages? in"), "prepared {what} packages"),
    (re.compile(r"^Installed (?P<what>\d+) packages? in"), "installed {what} packages"),
    (re.compile(r"^\s*Building (?P<what>\S+)"), "building {what}"),
)


# What ComfyUI logs on its way up, with the share of the time that has passed by then (CPU, cold).
_START_MARKS: Final = (
    ("Total VRAM", 35, "torch is loaded"),
    ("ComfyUI version", 55, "ComfyUI is loaded"),
    ("Import times for custom nodes", 85, "the nodes are loaded"),
    ("Starting server", 95, "the server starts"),
)


class StartProgress:
    """Turns ComfyUI's log into progress of the step `ready`."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._reached = 0

    def line(self, text: str) -> None:
        """Takes a line of the log. Raises: OperationCancelled."""
        self._operation.log(text)
        for mark, percent, words in _START_MARKS:
            if text.startswith(mark) and percent > self._reached:
                self._reached = percent
                self._operation.advance(percent, 100, words)


class PackageProgress:
    """Turns uv's output into progress of the step `packages`, out of `expected` packages."""

    def __init__(self, operation: Operation, expected: int) -> None:
        self._operation = operation
        self._expected = max(1, expected)
        self._downloaded = 0

    def line(self, text: str) -> None:
        """Takes a line of uv's output. Never raises: it is called in the reader's thread."""
        self._operation.log(text)
        for pattern, words in _UV_LINES:
            if match := pattern.match(text):
                self._downloaded += text.lstrip().startswith("Downloaded")
                detail = words.format(**match.groupdict())
                done = self._expected if detail.startswith("installed") else self._downloaded
                with contextlib.suppress(OperationCancelled):  # whoever waits for uv raises it
                    self._operation.advance(done, self._expected, detail)
                return
