"""What only a window can do, behind a port: the door that has a window brings one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from backend.api.contract.common import Empty
from backend.api.contract.window import (
    ChooseFolder,
    ChosenFolder,
    CloseWindow,
    DroppedFiles,
    DroppedNames,
    OpenLink,
    RevealFolder,
)
from backend.exceptions import NoWindow, PathNotFound
from backend.roots import home_folder


class WindowHost(Protocol):
    """The window that shows the page. Each call may come from any thread.

    Raises: NoWindow for what this kind of window (a tab of a browser) cannot do.
    """

    def ready(self) -> None: ...
    def show(self) -> None: ...
    def choose_folder(self, start: Path) -> Path | None: ...
    def dropped(self, names: Sequence[str]) -> list[Path]: ...
    def open_link(self, url: str) -> None: ...
    def reveal(self, folder: Path) -> None: ...
    def close(self, running: Literal["keep", "stop"]) -> None: ...


class WindowApi:
    """Looks at what the page asks for, then asks the window."""

    def __init__(self, host: WindowHost | None) -> None:
        self._given = host

    @property
    def _host(self) -> WindowHost:
        if self._given is None:
            raise NoWindow
        return self._given

    def ready(self, _request: Empty) -> Empty:
        self._host.ready()
        return Empty()

    def show(self, _request: Empty) -> Empty:
        self._host.show()
        return Empty()

    def choose_folder(self, request: ChooseFolder) -> ChosenFolder:
        chosen = self._host.choose_folder(_first_folder(request.start))
        return ChosenFolder(path=None if chosen is None else str(chosen))

    def dropped_files(self, request: DroppedNames) -> DroppedFiles:
        return DroppedFiles(paths=tuple(map(str, self._host.dropped(request.names))))

    def open_link(self, request: OpenLink) -> Empty:
        self._host.open_link(request.url)
        return Empty()

    def reveal(self, request: RevealFolder) -> Empty:
        folder = Path(request.path)
        if not folder.is_dir():
            raise PathNotFound(folder, wanted="a folder")
        self._host.reveal(folder)
        return Empty()

    def close(self, request: CloseWindow) -> Empty:
        self._host.close(request.running)
        return Empty()


def _first_folder(start: str | None) -> Path:
    """Where the dialog begins: in the folder that the page names, else in the user's home."""
    with contextlib.suppress(RuntimeError):  # `~nobody/x`
        if start and (wanted := Path(start).expanduser()).is_dir():
            return wanted
    return home_folder(os.environ)
