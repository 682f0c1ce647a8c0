"""The launcher itself."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from pathlib import Path

from backend import __version__
from backend.api.contract.common import Empty
from backend.api.contract.system import SystemInfo
from backend.file_utils import free_bytes


class SystemApi:
    """Says what it is, where it lives and what it found at its start."""

    def __init__(
        self, root: Path, tools: Callable[[], dict[str, str | None]], notices: Sequence[str]
    ) -> None:
        self._root = root
        self._tools = tools
        self._notices = tuple(notices)

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
