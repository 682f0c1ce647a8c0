"""Where the window was, and where it opens again: launcher-data/window_state.json."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from backend.exceptions import ComfyUILauncherError
from backend.file_utils import Value, atomic_write_json, read_json
from backend.logging_config import get_logger

DEFAULT_SIZE: Final = (1280, 832)
LEAST_SIZE: Final = (1024, 640)
FRAME: Final = 32  # what a desktop puts above a window
_GRIP: Final = (96, 24)  # how much of the top edge has to be on a screen, to be taken hold of
_FARTHEST: Final = 100_000

_log: Final = get_logger(__name__)


class Rectangle(NamedTuple):
    """A screen, or a window on it, in pixels of the desktop."""

    x: int
    y: int
    width: int
    height: int


class WindowState(BaseModel):
    """How the window stood when it was closed; its place and size are those below `maximized`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

    schema_version: Literal[1] = Field(1, alias="schema")
    x: int = Field(ge=-_FARTHEST, le=_FARTHEST)
    y: int = Field(ge=-_FARTHEST, le=_FARTHEST)
    width: int = Field(ge=1, le=_FARTHEST)
    height: int = Field(ge=1, le=_FARTHEST)
    maximized: bool


class Placement(NamedTuple):
    """How a window opens. `position` None: where the desktop puts it. `least`: no smaller."""

    width: int
    height: int
    position: tuple[int, int] | None
    maximized: bool
    least: tuple[int, int] = LEAST_SIZE


def remembered(path: Path) -> WindowState | None:
    """What was kept, if it can be read: better a window in its usual place than none."""
    try:
        found = read_json(path, WindowState)
    except ComfyUILauncherError as error:
        _log.info("the place of the window is not known: %s", error)
        return None
    return found.value if isinstance(found, Value) else None


def keep(path: Path, state: WindowState) -> None:
    """Remembers it. That this fails is no reason to keep anybody from closing a window."""
    try:
        atomic_write_json(path, state)
    except ComfyUILauncherError as error:
        _log.warning("the place of the window was not kept: %s", error)


def placement(state: WindowState | None, screens: list[Rectangle]) -> Placement:
    """Where the window opens: as it stood, as far as the screens of today have room for that.

    `screens`: what the desktop's panels leave of them, the one that a new window opens on first.
    """
    wanted = (state.width, state.height) if state else DEFAULT_SIZE
    visible = [screen for screen in screens if state and _holds_grip(screen, state)]
    room = _room(visible or screens)
    least = min(LEAST_SIZE[0], room[0]), min(LEAST_SIZE[1], room[1])
    width = max(least[0], min(wanted[0], room[0]))
    height = max(least[1], min(wanted[1], room[1]))
    position = (state.x, state.y) if state and visible else None
    return Placement(width, height, position, bool(state and state.maximized), least)


def _room(screens: list[Rectangle]) -> tuple[int, int]:
    """How large a window can be on one of those and be seen whole, its frame too."""
    if not screens:
        return DEFAULT_SIZE
    return max(screen.width for screen in screens), max(screen.height - FRAME for screen in screens)


def _holds_grip(screen: Rectangle, state: WindowState) -> bool:
    across = min(state.x + state.width, screen.x + screen.width) - max(state.x, screen.x)
    return across >= _GRIP[0] and screen.y <= state.y <= screen.y + screen.height - _GRIP[1]
