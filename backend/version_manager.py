"""VersionManager: everything one can do with ComfyUI versions, composed of five mixins."""

from __future__ import annotations

from typing import final

from backend.version_manager_components.constraints import ConstraintsMixin
from backend.version_manager_components.context import VersionContext
from backend.version_manager_components.dependencies import DependenciesMixin
from backend.version_manager_components.installation import InstallationMixin
from backend.version_manager_components.launcher import LauncherMixin
from backend.version_manager_components.state import StateMixin


@final
class VersionManager(
    InstallationMixin, DependenciesMixin, ConstraintsMixin, LauncherMixin, StateMixin
):
    """Holds the context and nothing else; each mixin has one job and knows no other."""

    __slots__ = ("_held",)

    def __init__(self, context: VersionContext) -> None:
        self._held = context

    @property
    def _context(self) -> VersionContext:
        return self._held
