"""The folders that versions read models from."""

from __future__ import annotations

from pathlib import Path

from backend.api.contract.common import Empty
from backend.api.contract.models import ModelFolder, ModelFolders, UseFolder
from backend.exceptions import PathNotFound
from backend.file_utils import storage_errors
from backend.resources.model_folders import (
    COMFYUI_FOLDERS,
    count_models,
    folders_by_kind,
    models_folder_in,
)
from backend.resources.resource_manager import ResourceManager
from backend.settings_store import SettingsStore
from backend.validators import validate_folder


class ModelsApi:
    """Lists the folders; adds and drops those that the user has elsewhere."""

    def __init__(self, shared: Path, resources: ResourceManager, settings: SettingsStore) -> None:
        self._shared = shared
        self._resources = resources
        self._settings = settings

    def folders(self, _request: Empty) -> ModelFolders:
        others = self._resources.other_model_folders()
        return ModelFolders(
            folders=(
                _describe(self._shared, shared=True),
                *(_describe(folder, shared=False) for folder in others),
            ),
            model_count=self._resources.model_count(),
        )

    def use(self, request: UseFolder) -> ModelFolders:
        """Looks into the folder before it keeps it.

        Raises: PathNotFound when it is not there, or holds no kind of model that ComfyUI knows.
        """
        folder = Path(validate_folder(request.path)).expanduser()
        if not folder.is_absolute() or not folder.is_dir():
            raise PathNotFound(folder, wanted="a folder that is there (give its full path)")
        base = models_folder_in(folder)
        with storage_errors(base):
            if not any(kind in COMFYUI_FOLDERS for kind in folders_by_kind(base)):
                wanted = "a folder of models: it has none such as checkpoints, loras or vae"
                raise PathNotFound(folder, wanted=wanted)
        if base.resolve() not in self._read_already():
            named = self._settings.current().extra_model_folders
            self._settings.change("extra_model_folders", [*named, str(folder)])
        return self.folders(Empty())

    def _read_already(self) -> set[Path]:
        return {path.resolve() for path in (self._shared, *self._resources.other_model_folders())}

    def forget(self, request: UseFolder) -> ModelFolders:
        """Takes the path as it was given to `use`, or as `folders` shows it.

        Raises: InvalidValue, PathNotFound when that folder is not one of those in use.
        """
        unwanted = _models_of(validate_folder(request.path))
        named = self._settings.current().extra_model_folders
        kept = [folder for folder in named if _models_of(folder) != unwanted]
        if kept == list(named):
            wanted = "one of the folders added with `models use`"
            raise PathNotFound(Path(request.path), wanted=wanted)
        self._settings.change("extra_model_folders", kept)
        return self.folders(Empty())


def _models_of(folder: str) -> Path:
    return models_folder_in(Path(folder).expanduser())


def _describe(folder: Path, *, shared: bool) -> ModelFolder:
    base = models_folder_in(folder) if not shared else folder
    kinds = folders_by_kind(base) if base.is_dir() else {}
    counts = {
        kind: sum(count_models(base / name) for name in names) for kind, names in kinds.items()
    }
    return ModelFolder(
        path=str(folder),
        shared=shared,
        exists=base.is_dir(),
        kinds={kind: count for kind, count in counts.items() if count},
    )
