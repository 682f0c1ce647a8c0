"""Requests and results of the area `system`. Sizes in bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from backend.api.contract.common import Empty
from backend.operations.model import Frozen

__all__ = [
    "Diagnostics",
    "Empty",
    "Gpu",
    "Hardware",
    "Shortcut",
    "StateFile",
    "StateReport",
    "SystemInfo",
]


class SystemInfo(Frozen):
    """The launcher itself: what it is, where it lives, what it has to work with."""

    launcher: str
    root: str
    python: str
    platform: str
    git: str | None
    uv: str | None
    free_bytes: int
    notices: tuple[str, ...]


class Gpu(Frozen):
    """A graphics card. `memory_bytes` null: the driver does not tell."""

    name: str
    memory_bytes: int | None


class Hardware(Frozen):
    """What ComfyUI has to work with. `verdict`: what that is good for, in a sentence."""

    processor: str
    core_count: int
    memory_bytes: int
    gpus: tuple[Gpu, ...]
    torch_backend: str
    verdict: str


class Diagnostics(Frozen):
    """A report in Markdown, without secrets and with the home folder written as `~`."""

    made_at: datetime
    text: str


class Shortcut(Frozen):
    """The entry in the menu of the desktop. `path`: its file, also while it is not there.

    `current` false: it is there, but it starts a launcher at another place.
    """

    path: str
    installed: bool
    current: bool


class StateFile(Frozen):
    """A file of the launcher that does not read as it should.

    `recovered`: the version before it counts. `damaged`: nothing of it can be read, and nothing is
    written over it or deleted because of it. `newer`: a newer launcher wrote it. `unreadable`: the
    disk or its permissions refuse it.
    """

    path: str
    what: str
    outcome: Literal["recovered", "damaged", "newer", "unreadable"]
    reason: str
    advice: str


class StateReport(Frozen):
    """Every state file was read: how many there are, and those that are not sound."""

    files: int
    problems: tuple[StateFile, ...]
