"""Folders of models that the user has elsewhere: taken up and dropped by any of their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.world import World


@pytest.mark.parametrize("ending", ["", "/", "/models"])
def test_a_folder_is_forgotten_by_the_path_given_or_the_path_shown(
    world: World, tmp_path: Path, ending: str
) -> None:
    (tmp_path / "WebUI" / "models" / "Lora").mkdir(parents=True)
    world.ask("models.use", path=str(tmp_path / "WebUI"))
    assert world.ask("models.folders").folders[1].path == str(tmp_path / "WebUI" / "models")
    world.ask("models.forget", path=f"{tmp_path / 'WebUI'}{ending}")
    assert len(world.ask("models.folders").folders) == 1


def test_a_folder_that_is_not_in_use_cannot_be_forgotten(world: World, tmp_path: Path) -> None:
    assert world.refused("models.forget", path=str(tmp_path)).code == "path-not-found"


@pytest.mark.parametrize("path", ["relative/models", "/no/such/folder"])
def test_only_a_folder_that_is_there_is_taken_up(world: World, path: str) -> None:
    assert world.refused("models.use", path=path).code == "path-not-found"
