"""Requests and results of the area `window`: what only a window on this desktop can do.

Where there is none (`./launcher serve`, the command line) the answer is `no-window`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from backend.api.contract.common import Empty, Request
from backend.operations.model import Frozen
from backend.version_manager_components.models import Text

__all__ = [
    "ChooseFolder",
    "ChosenFolder",
    "CloseWindow",
    "DroppedFiles",
    "DroppedNames",
    "Empty",
    "OpenLink",
    "RevealFolder",
]


class ChooseFolder(Request):
    """`start`: the folder that the dialog shows first; default: the user's home."""

    start: Text | None = None


class ChosenFolder(Frozen):
    """`path` null: the user chose none."""

    path: str | None


class DroppedNames(Request):
    """The names that the page was told; it never learns a path that was not dropped onto it."""

    names: tuple[Annotated[str, Field(min_length=1, max_length=255)], ...] = Field(max_length=1000)


class DroppedFiles(Frozen):
    """The paths of those names, in their order; a name that was not dropped is left out."""

    paths: tuple[str, ...]


class OpenLink(Request):
    url: str = Field(max_length=2048, pattern=r"^https?://", description="http or https only.")


class RevealFolder(Request):
    path: Text = Field(min_length=1, description="A folder; a file is never opened.")


class CloseWindow(Request):
    """`running`: what becomes of the ComfyUIs that run."""

    running: Literal["keep", "stop"]
