"""What the page may ask of the desktop: dialogs, dropped files, links, folders, the window."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal, Protocol

from backend.desktop.libraries import install_command, this_distribution
from backend.desktop.programs import Programs
from backend.exceptions import NoWindow, ToolMissing

_OPENERS: Final = {"linux": "xdg-open", "darwin": "open"}


class Opener:
    """Opens web pages and folders with the programs of the user's choice.

    `programs`: in the environment that the launcher was started with, before an engine bent it.
    """

    def __init__(self, programs: Programs) -> None:
        self._programs = programs

    def open_link(self, url: str) -> None:
        """Opens an address that the contract has let through. Raises: ToolMissing."""
        self._open(url)

    def reveal(self, folder: Path) -> None:
        """Shows a folder in the file manager. Raises: ToolMissing."""
        self._open(str(folder.resolve()))

    def _open(self, what: str) -> None:
        word = _OPENERS.get(sys.platform, "xdg-open")
        program = shutil.which(word, path=self._programs.environment.get("PATH"))
        if program is None:
            raise ToolMissing(word, command=install_command("xdg-utils", this_distribution()))
        self._programs.start([program, what])


class Shown(Protocol):
    """The open window, as its host uses it."""

    def page_is_up(self) -> None: ...
    def to_front(self) -> None: ...
    def choose_folder(self, start: Path) -> Path | None: ...
    def take_dropped(self, names: Sequence[str]) -> list[Path]: ...


class Ends(Protocol):
    """What decides about closing."""

    def page_is_up(self) -> None: ...
    def close(self, running: Literal["keep", "stop"]) -> None: ...


class PywebviewHost:
    """The host of a window of our own (the port WindowHost). Each call may come from any thread."""

    def __init__(self, window: Shown, closing: Ends, opener: Opener) -> None:
        self._window = window
        self._closing = closing
        self._opener = opener
        self._dialog = threading.Lock()

    def ready(self) -> None:
        """The page is up: the watchdog may rest."""
        self._window.page_is_up()
        self._closing.page_is_up()

    def show(self) -> None:
        """Brings the window to the front, also from behind others or from the task bar."""
        self._window.to_front()

    def choose_folder(self, start: Path) -> Path | None:
        """The folder that the user chose; None when none, or while another dialog is open."""
        if not self._dialog.acquire(blocking=False):
            self._window.to_front()
            return None
        try:
            return self._window.choose_folder(start)
        finally:
            self._dialog.release()

    def dropped(self, names: Sequence[str]) -> list[Path]:
        """The paths of what was dropped last, of those names; then they are forgotten."""
        return self._window.take_dropped(names)

    def open_link(self, url: str) -> None:
        """Opens a web page in the user's browser. Raises: ToolMissing."""
        self._opener.open_link(url)

    def reveal(self, folder: Path) -> None:
        """Shows a folder in the file manager. Raises: ToolMissing."""
        self._opener.reveal(folder)

    def close(self, running: Literal["keep", "stop"]) -> None:
        """Closes the window."""
        self._closing.close(running)


class BrowserHost:
    """The host where a browser shows the page (the port WindowHost).

    `show_again` opens one more view of the page. A page in a browser learns no path of a dropped
    file, and a browser has no dialog for folders of this machine.
    """

    def __init__(self, show_again: Callable[[], None], closing: Ends, opener: Opener) -> None:
        self._show_again = show_again
        self._closing = closing
        self._opener = opener

    def ready(self) -> None:
        """The page is up."""
        self._closing.page_is_up()

    def show(self) -> None:
        """Opens the page once more: a tab cannot be brought to the front from outside."""
        self._show_again()

    def choose_folder(self, start: Path) -> Path | None:  # noqa: ARG002 - the port's form
        """Raises: NoWindow."""
        raise NoWindow

    def dropped(self, names: Sequence[str]) -> list[Path]:  # noqa: ARG002 - the port's form
        """Raises: NoWindow."""
        raise NoWindow

    def open_link(self, url: str) -> None:
        """Opens a web page in the user's browser. Raises: ToolMissing."""
        self._opener.open_link(url)

    def reveal(self, folder: Path) -> None:
        """Shows a folder in the file manager. Raises: ToolMissing."""
        self._opener.reveal(folder)

    def close(self, running: Literal["keep", "stop"]) -> None:
        """Ends the launcher; the tab stays, and says that nobody answers."""
        self._closing.close(running)
