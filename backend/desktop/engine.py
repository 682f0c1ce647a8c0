"""What the window needs of an engine (Qt, GTK), and what an engine asks the window.

The two are modules of their own, `qt.py` and `gtk.py`: each is imported once the ladder has chosen
it, because importing the wrong one can end the process.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from backend.desktop.geometry import Rectangle, WindowState

EngineName = Literal["qt", "gtk"]
MENU: Final = ("Cut", "Copy", "Paste", "SelectAll")
"""What a right click offers, where it makes sense; nothing that looks inside the page."""


class Page(Protocol):
    """What the window decides about its page. Asked in the engine's thread: answers at once."""

    def may_show(self, url: str) -> bool:
        """Whether a frame of the window may go to `url`."""
        ...

    def leave(self, url: str) -> None:
        """The user clicked on a link that leads out of the window, or into a new one."""
        ...

    def strayed(self, url: str) -> None:
        """The window shows `url` though it may not."""
        ...

    def receive(self, function: object, parameters: object, call_id: object) -> None:
        """The page sent a message over the bridge."""
        ...


class Engine(Protocol):
    """One of pywebview's engines. `window` is pywebview's Window."""

    name: EngineName

    def lock(self, page: Page) -> None:
        """Takes out what a page has no business with. Before the window is made."""
        ...

    def is_dark(self) -> bool:
        """Whether the desktop is dark, as far as it says so."""
        ...

    def screens(self) -> list[Rectangle]:
        """What panels leave of the screens, the one that a new window opens on first."""
        ...

    def origin(self) -> tuple[int, int]:
        """The corner of that first screen, panels or not: pywebview counts from it."""
        ...

    def icon_for(self, path: Path) -> Path | None:
        """That picture, if the engine can read it; the window would not open with another."""
        ...

    def dress(self, window: Any, background: str) -> None:
        """What is set once the window is made, before it is shown."""
        ...

    def soon(self, task: Callable[[], None]) -> None:
        """Runs `task` in the engine's thread; returns at once. From any thread."""
        ...

    def run(self, window: Any, script: str) -> None:
        """Runs a script of ours in the page; returns at once. From any thread."""
        ...

    def raise_window(self, window: Any) -> None:
        """Brings the window to the front. In the engine's thread."""
        ...

    def state_of(self, window: Any) -> WindowState:
        """Where the window is. In the engine's thread."""
        ...
