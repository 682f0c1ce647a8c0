"""The launcher itself, the machine that it runs on, and its place on the desktop."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from backend import __version__
from backend.api.contract.common import Empty
from backend.api.contract.system import (
    Diagnostics,
    Gpu,
    Hardware,
    Shortcut,
    StateFile,
    StateReport,
    SystemInfo,
)
from backend.file_utils import free_bytes
from backend.platform.shortcuts import Entry, Shortcuts
from backend.state_check import StateFindings
from backend.verdict import Assessment


class SystemApi:
    """Says what it is, where it lives and what it found at its start."""

    def __init__(
        self,
        root: Path,
        tools: Callable[[], dict[str, str | None]],
        notices: Sequence[str],
        *,
        hardware: Callable[[], Assessment],
        diagnostics: Callable[[], str],
        state: Callable[[], StateFindings],
        shortcuts: Shortcuts,
    ) -> None:
        self._root = root
        self._tools = tools
        self._notices = tuple(notices)
        self._hardware = hardware
        self._diagnostics = diagnostics
        self._state = state
        self._shortcuts = shortcuts

    def info(self, _request: Empty) -> SystemInfo:
        tools = self._tools()
        return SystemInfo(
            launcher=__version__,
            root=str(self._root),
            python=platform.python_version(),
            platform=f"{platform.system()} {platform.machine()}",
            git=tools.get("git"),
            uv=tools.get("uv"),
            free_bytes=free_bytes(self._root),
            notices=self._notices,
        )

    def hardware(self, _request: Empty) -> Hardware:
        found = self._hardware()
        return Hardware(
            processor=found.machine.processor,
            core_count=found.machine.core_count,
            memory_bytes=found.machine.memory_bytes,
            gpus=tuple(
                Gpu(name=card.name, memory_bytes=card.memory_bytes) for card in found.machine.cards
            ),
            torch_backend=found.torch_backend,
            verdict=found.verdict,
        )

    def diagnostics(self, _request: Empty) -> Diagnostics:
        return Diagnostics(made_at=datetime.now(UTC), text=self._diagnostics())

    def state(self, _request: Empty) -> StateReport:
        found = self._state()
        return StateReport(
            files=found.files,
            problems=tuple(
                StateFile(
                    path=str(problem.path),
                    what=problem.what,
                    outcome=problem.outcome,
                    reason=problem.reason,
                    advice=problem.advice,
                )
                for problem in found.problems
            ),
        )

    def shortcut(self, _request: Empty) -> Shortcut:
        return _shown(self._shortcuts.entry())

    def install_shortcut(self, _request: Empty) -> Shortcut:
        return _shown(self._shortcuts.install())

    def remove_shortcut(self, _request: Empty) -> Shortcut:
        return _shown(self._shortcuts.remove())


def _shown(entry: Entry) -> Shortcut:
    return Shortcut(path=str(entry.path), installed=entry.installed, current=entry.current)
