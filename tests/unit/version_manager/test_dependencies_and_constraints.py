from __future__ import annotations

from pathlib import Path

import pytest

from backend.environments import ConstraintSet, normalised
from backend.exceptions import InstallationDamaged, VersionNotInstalled
from backend.platform.uv import Package
from backend.version_manager_components.constraints import ConstraintsMixin
from backend.version_manager_components.context import VersionContext
from backend.version_manager_components.dependencies import DependenciesMixin
from backend.version_manager_components.layout import CONSTRAINTS
from tests.fakes.ports import World

TAG = "v0.3.64"


class OnlyDependencies(DependenciesMixin):
    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def _context(self) -> VersionContext:
        return self.world.context()


class OnlyConstraints(ConstraintsMixin):
    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def _context(self) -> VersionContext:
        return self.world.context()


def test_an_environment_as_it_was_made_is_sound(world: World) -> None:
    world.installed(TAG)
    report = OnlyDependencies(world).check_environment(TAG)
    assert report.sound
    assert (report.missing, report.changed, report.problems) == ((), (), ())
    assert report.python == "3.11.7"
    assert [package.name for package in report.packages] == ["torch", "numpy"]


def test_what_is_missing_or_changed_is_named(world: World) -> None:
    world.installed(TAG)
    world.environments.installed = [Package("Torch", "2.8.0+cpu"), Package("extra", "1.0")]
    report = OnlyDependencies(world).check_environment(TAG)
    assert report.missing == ("numpy",)
    assert report.changed == ("torch 2.8.0+cpu (was 2.9.0+cpu)",)
    assert not report.sound


def test_what_the_packages_say_of_each_other_counts(world: World) -> None:
    world.installed(TAG)
    world.environments.complaints = ["torchvision requires torch==2.8.0"]
    report = OnlyDependencies(world).check_environment(TAG)
    assert report.problems == ("torchvision requires torch==2.8.0",)
    assert not report.sound


def test_names_are_compared_as_pep_503_does(world: World) -> None:
    store = world.installed(TAG)
    (store / CONSTRAINTS).write_text("Foo_Bar.baz==1.0\n")
    world.environments.installed = [Package("foo-bar-baz", "1.0")]
    assert OnlyDependencies(world).check_environment(TAG).sound
    assert normalised("Foo__Bar.-baz") == "foo-bar-baz"


def test_pins_are_read_from_every_form_that_uv_writes(tmp_path: Path) -> None:
    text = (
        "# a comment\n"
        "--find-links /wheels\n"
        "torch==2.9.0+cpu\n"
        "numpy==2.3.4 ; python_version >= '3.11'\n"
        "local @ file:///wheels/local.whl\n"
        "    # via torch\n"
    )
    file = tmp_path / "constraints.txt"
    file.write_text(text)
    assert ConstraintSet(file).pins == {"torch": "2.9.0+cpu", "numpy": "2.3.4"}


def test_constraints_tell_what_holds_torch_in_place(world: World) -> None:
    store = world.installed(TAG)
    (store / CONSTRAINTS).write_text(
        "# made by uv\n--find-links /wheels\nnumpy==2.3.4\ntorch==2.9.0+cpu\nTorchVision==0.24.0\n"
    )
    world.settings = world.settings.model_copy(update={"package_overrides": ("numpy<2.4",)})
    report = OnlyConstraints(world).constraints(TAG)
    assert report.packages == ("numpy==2.3.4", "torch==2.9.0+cpu", "TorchVision==0.24.0")
    assert report.protected == ("torch==2.9.0+cpu", "TorchVision==0.24.0")
    assert report.overrides == ("numpy<2.4",)
    assert report.packages_as_of == "2025-10-15T06:01:17Z"


def test_both_refuse_what_is_not_installed(world: World) -> None:
    with pytest.raises(VersionNotInstalled):
        OnlyDependencies(world).check_environment(TAG)
    with pytest.raises(VersionNotInstalled):
        OnlyConstraints(world).constraints(TAG)


def test_both_say_that_the_constraints_are_gone(world: World) -> None:
    store = world.installed(TAG)
    (store / CONSTRAINTS).unlink()
    with pytest.raises(InstallationDamaged, match=CONSTRAINTS):
        OnlyDependencies(world).check_environment(TAG)
    with pytest.raises(InstallationDamaged, match=CONSTRAINTS):
        OnlyConstraints(world).constraints(TAG)
