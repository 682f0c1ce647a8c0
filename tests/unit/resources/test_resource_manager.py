from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.config import PathsConfig, Settings
from backend.exceptions import ForeignFolder
from backend.resources.resource_manager import ResourceManager
from backend.resources.views import RemovedView
from tests.fakes.ports import tree_of

TAG = "v0.3.64"


class Shop:
    def __init__(self, root: Path) -> None:
        self.paths = PathsConfig(root)
        for folder in self.paths.folders():
            folder.mkdir(parents=True, exist_ok=True)
        self.store = self.paths.store / f"{TAG}-one"
        (self.store / "source").mkdir(parents=True)
        (self.store / "source" / "main.py").touch()
        self.settings = Settings()
        self.resources = ResourceManager(self.paths, lambda: self.settings)

    def set(self, **values: Any) -> None:
        self.settings = self.settings.model_copy(update=values)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_nothing_lands_in_the_checkout(shop: Shop) -> None:
    before = tree_of(shop.store / "source")
    shop.resources.prepare(TAG, shop.store)
    assert tree_of(shop.store / "source") == before


def test_every_folder_that_comfyui_would_make_is_named(shop: Shop) -> None:
    arguments = shop.resources.prepare(TAG, shop.store).arguments
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    paths = shop.paths
    assert given == {
        "--output-directory": str(paths.output),
        "--input-directory": str(paths.input),
        "--user-directory": str(paths.user),
        "--temp-directory": str(shop.store / "temp"),
        "--database-url": f"sqlite:///{paths.user / 'databases' / f'{TAG}.db'}",
        "--extra-model-paths-config": str(paths.views / TAG / "extra_model_paths.yaml"),
    }
    for name in ("--output-directory", "--input-directory", "--user-directory"):
        assert Path(given[name]).is_dir()
    assert (paths.user / "databases").is_dir()


def test_the_folders_come_back_when_someone_deleted_them(shop: Shop) -> None:
    shop.resources.prepare(TAG, shop.store)
    shop.paths.output.rmdir()
    shop.resources.prepare(TAG, shop.store)
    assert shop.paths.output.is_dir()


def test_beside_the_checkout_links_lead_into_the_view(shop: Shop) -> None:
    shop.resources.prepare(TAG, shop.store)
    assert (shop.store / "models").readlink() == shop.paths.views / TAG / "models"
    assert (shop.store / "custom_nodes").readlink() == shop.paths.views / TAG / "custom_nodes"


def test_a_real_folder_beside_the_checkout_is_not_replaced(shop: Shop) -> None:
    (shop.store / "models").mkdir()
    (shop.store / "models" / "mine.safetensors").touch()
    with pytest.raises(ForeignFolder):
        shop.resources.prepare(TAG, shop.store)
    assert (shop.store / "models" / "mine.safetensors").exists()


def test_each_version_has_a_view_of_its_own(shop: Shop) -> None:
    (shop.paths.models / "checkpoints").mkdir()
    (shop.paths.models / "checkpoints" / "one.safetensors").touch()
    other = shop.paths.store / "other"
    other.mkdir()
    shop.resources.prepare(TAG, shop.store)
    shop.resources.prepare("v0.3.63", other)
    assert {path.name for path in shop.paths.views.iterdir()} == {TAG, "v0.3.63"}


def test_models_are_counted_here_and_elsewhere(shop: Shop, tmp_path: Path) -> None:
    assert shop.resources.prepare(TAG, shop.store).model_count == 0
    (shop.paths.models / "loras").mkdir()
    (shop.paths.models / "loras" / "one.safetensors").touch()
    webui = tmp_path / "webui"
    (webui / "models" / "Stable-diffusion").mkdir(parents=True)
    (webui / "models" / "Stable-diffusion" / "two.ckpt").touch()
    shop.set(extra_model_folders=(str(webui), str(tmp_path / "not-mounted")))
    assert shop.resources.prepare(TAG, shop.store).model_count == 2


def test_an_existing_comfyui_comes_after_the_folders_that_were_added(
    shop: Shop, tmp_path: Path
) -> None:
    (tmp_path / "ComfyUI" / "models").mkdir(parents=True)
    shop.set(extra_model_folders=("/a", "~/b"), existing_comfyui=str(tmp_path / "ComfyUI"))
    assert shop.resources.other_model_folders() == [
        Path("/a"),
        Path("~/b").expanduser(),
        tmp_path / "ComfyUI" / "models",
    ]


def test_an_existing_comfyui_with_models_is_read_there(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "ComfyUI" / "models").mkdir(parents=True)
    shop.set(existing_comfyui=str(tmp_path / "ComfyUI"))
    assert shop.resources.other_model_folders() == [tmp_path / "ComfyUI" / "models"]


def test_a_removed_version_takes_its_links_along_and_leaves_those_of_others(shop: Shop) -> None:
    model = shop.paths.models / "checkpoints" / "one.safetensors"
    model.parent.mkdir()
    model.touch()
    other = shop.paths.store / "other"
    other.mkdir()
    shop.resources.prepare(TAG, shop.store)
    shop.resources.prepare("v0.3.63", other)
    assert shop.resources.view_links(TAG) == 1, "known before, and nothing is changed"
    assert shop.resources.remove_view(TAG) == RemovedView(1, ())
    assert shop.resources.view_links(TAG) == 0
    assert [path.name for path in shop.paths.views.iterdir()] == ["v0.3.63"]
    assert (shop.paths.views / "v0.3.63" / "models" / "checkpoints" / model.name).exists()
    assert {path.name for path in shop.paths.links.iterdir()} >= {"v0.3.63.json"}
    assert model.exists()
