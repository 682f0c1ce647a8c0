"""VersionManager is nothing but its five mixins, and they do not get in each other's way."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError

import pytest

from backend.version_manager import VersionManager
from backend.version_manager_components.constraints import ConstraintsMixin
from backend.version_manager_components.context import VersionComponent, VersionContext
from backend.version_manager_components.dependencies import DependenciesMixin
from backend.version_manager_components.installation import InstallationMixin
from backend.version_manager_components.launcher import LauncherMixin
from backend.version_manager_components.state import StateMixin
from tests.fakes.ports import World

MIXINS = (InstallationMixin, DependenciesMixin, ConstraintsMixin, LauncherMixin, StateMixin)


def own_names(mixin: type) -> set[str]:
    return {name for name in vars(mixin) if not name.startswith("__")} - {"_abc_impl"}


def test_it_is_made_of_the_five_mixins() -> None:
    assert VersionManager.__bases__ == MIXINS


@pytest.mark.parametrize("mixin", MIXINS)
def test_a_mixin_stands_on_the_context_alone(mixin: type) -> None:
    assert mixin.__bases__ == (VersionComponent,)
    assert vars(mixin)["__slots__"] == ()


@pytest.mark.parametrize("mixin", MIXINS)
def test_a_mixin_without_a_context_cannot_be_made(mixin: type) -> None:
    with pytest.raises(TypeError, match="_context"):
        mixin()


def test_no_name_is_defined_by_two_mixins() -> None:
    names = [name for mixin in MIXINS for name in own_names(mixin)]
    assert len(names) == len(set(names))


def test_every_public_verb_says_what_it_promises() -> None:
    for mixin in MIXINS:
        for name in own_names(mixin):
            assert inspect.getdoc(getattr(mixin, name)), name


def test_it_holds_its_context_and_nothing_else(world: World) -> None:
    manager = VersionManager(world.context())
    with pytest.raises(AttributeError):
        manager.cache = {}  # type: ignore[attr-defined]
    assert isinstance(manager._context, VersionContext)


def test_the_context_cannot_be_changed(world: World) -> None:
    with pytest.raises(FrozenInstanceError):
        world.context().paths = world.paths  # type: ignore[misc]
