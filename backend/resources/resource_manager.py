"""Keeps what all versions share in one place, and prepares it for the one that starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backend.config import PathsConfig, Settings
from backend.file_utils import storage_errors
from backend.platform.link_ledger import LinkLedger
from backend.platform.links import replace_link
from backend.resources.model_folders import count_models, models_folder_in
from backend.resources.views import RemovedView, View


@dataclass(frozen=True, slots=True)
class PreparedResources:
    """What a start is given: ComfyUI's own options, and how many models it will see."""

    arguments: tuple[str, ...]
    model_count: int


class ResourceManager:
    """Owns the shared custom_nodes, input, output and user folders and the generated views."""

    def __init__(self, paths: PathsConfig, settings: Callable[[], Settings]) -> None:
        self._paths = paths
        self._settings = settings

    def prepare(self, tag: str, store: Path) -> PreparedResources:
        """Everything ready for a start of `tag`: folders, view, links beside the source.

        Nothing lands in the checkout: each folder that ComfyUI would make there is named.
        Raises: NotWritable, DiskFull.
        """
        view = self.view(tag)
        paths = self._paths
        databases = paths.user / "databases"
        temporary = store / "temp"
        with storage_errors(paths.shared):
            for folder in (paths.input, paths.output, paths.user, databases, temporary):
                folder.mkdir(parents=True, exist_ok=True)
            view.rebuild(paths.models, paths.custom_nodes, self.other_model_folders())
            replace_link(store / "models", view.models)
            replace_link(store / "custom_nodes", view.custom_nodes)
        arguments = (
            "--output-directory", str(paths.output),
            "--input-directory", str(paths.input),
            "--user-directory", str(paths.user),
            "--temp-directory", str(temporary),
            "--database-url", f"sqlite:///{databases / f'{tag}.db'}",
            "--extra-model-paths-config", str(view.yaml),
        )  # fmt: skip
        return PreparedResources(arguments, self.model_count())

    def remove_view(self, tag: str) -> RemovedView:
        """The view of a version that is not there any more: our links are gone from it.

        Real files that ComfyUI or a person put there stay, and so do links that are not ours.
        Raises: NotWritable, DiskFull, MetadataFromTheFuture.
        """
        return self.view(tag).remove(self._paths.models, self._paths.custom_nodes)

    def view_links(self, tag: str) -> int:
        """How many links of ours `remove_view` would unlink. Raises: as that."""
        return len(self.view(tag).ours(self._paths.models, self._paths.custom_nodes))

    def view(self, tag: str) -> View:
        folder = self._paths.views / tag
        return View(folder, LinkLedger(self._paths.links / f"{tag}.json", folder))

    def other_model_folders(self) -> list[Path]:
        """The `models` folders that the user has elsewhere, as the settings name them."""
        settings = self._settings()
        folders = [Path(folder).expanduser() for folder in settings.extra_model_folders]
        if settings.existing_comfyui:  # BASE_DIR is a common name: only what looks like one counts
            existing = Path(settings.existing_comfyui).expanduser()
            folders += [existing] if (existing / "models").is_dir() else []
        return [models_folder_in(folder) for folder in folders]

    def model_count(self) -> int:
        """How many model files a version sees, shared and elsewhere."""
        folders = [self._paths.models, *self.other_model_folders()]
        return sum(count_models(folder) for folder in folders)
