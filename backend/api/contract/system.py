"""Requests and results of the area `system`."""

from __future__ import annotations

from backend.api.contract.common import Empty
from backend.operations.model import Frozen

__all__ = ["Empty", "SystemInfo"]


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
