"""Requests and results of the area `models` (of this release: the folders that versions read)."""

from __future__ import annotations

from pydantic import Field

from backend.api.contract.common import Empty, Request
from backend.operations.model import Frozen

__all__ = ["Empty", "ModelFolder", "ModelFolders", "UseFolder"]


class UseFolder(Request):
    path: str = Field(min_length=1, max_length=4096, description="A folder that has models.")


class ModelFolder(Frozen):
    """A folder of models. `kinds`: how many model files of each kind it holds."""

    path: str
    shared: bool
    exists: bool
    kinds: dict[str, int]


class ModelFolders(Frozen):
    """Every folder that a launched version reads, the shared one first."""

    folders: tuple[ModelFolder, ...]
    model_count: int
