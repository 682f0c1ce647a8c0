"""The only place that makes concrete things and joins them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backend import __version__
from backend.api.areas.models import ModelsApi
from backend.api.areas.operations import OperationsApi
from backend.api.areas.settings import SettingsApi
from backend.api.areas.system import SystemApi
from backend.api.areas.versions import VersionsApi
from backend.api.core import ComfyUISetupAPI
from backend.api.dispatch import Dispatcher
from backend.api.rate_limits import RateLimiter
from backend.config import ENVIRONMENT, PathsConfig, find_root
from backend.environments import ConstraintSets, Environments
from backend.exceptions import ComfyUILauncherError, NotWritable
from backend.file_utils import storage_errors
from backend.github_integration import GitHubReleasesFetcher
from backend.logging_config import configure_logging, get_logger
from backend.metadata_manager import MetadataManager
from backend.operations.events import EventStream
from backend.operations.journal import OperationJournal
from backend.operations.model import Owner
from backend.operations.runner import OperationRunner
from backend.platform.git import SourceRepository
from backend.platform.http import HttpClient
from backend.platform.locks import FileLock
from backend.platform.secrets import SecretStore
from backend.platform.subprocesses import creation_time, is_same_process, scrubbed_environment
from backend.platform.tools import has_gpu, tool_versions
from backend.platform.trash import Trash
from backend.platform.uv import Uv
from backend.processes.instances import Instances
from backend.processes.supervision import ProcessSupervisor
from backend.resources.resource_manager import ResourceManager
from backend.settings_store import SettingsStore
from backend.version_manager import VersionManager
from backend.version_manager_components.context import VersionContext

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class App:
    """The whole application, as the doors see it."""

    paths: PathsConfig
    dispatcher: Dispatcher
    operations: OperationRunner
    events: EventStream

    def close(self) -> None:
        """Cancels what runs here and waits for it. ComfyUIs that were launched go on."""
        self.operations.close()


def build_app(
    door: str, environment: Mapping[str, str] = os.environ, *, checkout: Path | None = None
) -> App:
    """The app for one door (`cli`, `service`, `window`: also the name of its log).

    What a crash left half done is settled here, before anything is listed.
    Raises: NotWritable, DiskFull when the root cannot be used.
    """
    paths = PathsConfig(find_root(environment, checkout=checkout))
    _make_folders(paths)
    lock = FileLock(paths.data / ".lock")
    settings = SettingsStore(paths.settings_file, environment, lock=lock)
    configure_logging(paths.logs, door, _log_level(settings))
    events = EventStream()
    operations = OperationRunner(
        OperationJournal(paths.operations),
        events,
        owner=_this_process,
        owner_lives=lambda owner: is_same_process(owner.pid, owner.created),
        lock=lock,
    )
    secrets = SecretStore(
        paths.secrets_file,
        file_allowed=lambda: settings.current().secrets_in_file,
        environment=environment,
    )
    sources = SourceRepository(lambda: settings.current().repository, paths.mirrors)
    resources = ResourceManager(paths, settings.current)
    uv = Uv(paths.cache / "uv", base_environment=_without_secrets(environment))
    manager = VersionManager(
        VersionContext(
            paths=paths,
            settings=settings.current,
            store=MetadataManager(paths.data, lock=lock),
            sources=sources,
            constraints=ConstraintSets(uv, paths.cache / "constraints"),
            environments=Environments(uv),
            processes=ProcessSupervisor(Instances()),
            resources=resources,
            trash=Trash(paths.trash),
            operations=operations,
            events=events,
            lock=lock,
            environment=lambda: _for_comfyui(environment),
            now=lambda: datetime.now(UTC),
            has_gpu=has_gpu,
        )
    )
    releases = GitHubReleasesFetcher(
        paths.metadata / "github_cache.json",
        sources,
        lambda: _http_client(settings),
        settings=settings.current,
        token=lambda: secrets.get("GITHUB_TOKEN"),
    )
    notices = _settle(operations, manager)
    if problem := settings.problem():
        notices.append(problem)
    api = ComfyUISetupAPI(
        versions=VersionsApi(manager, releases, operations),
        models=ModelsApi(paths.models, resources, settings),
        operations=OperationsApi(operations),
        settings=SettingsApi(paths.root, settings, secrets, events),
        system=SystemApi(paths.root, tool_versions, notices),
    )
    return App(paths, Dispatcher(api, RateLimiter()), operations, events)


def _for_comfyui(environment: Mapping[str, str]) -> dict[str, str]:
    """What a ComfyUI gets. Custom nodes are other people's code, so no token of ours.

    HF_TOKEN stays: it is the common way to give libraries access to gated models.
    """
    token = environment.get("HF_TOKEN")
    kept = scrubbed_environment(_without_secrets(environment))
    return kept | ({"HF_TOKEN": token} if token else {})


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """For tools: a package may run code of its own while it is installed."""
    secret = {variable.name for variable in ENVIRONMENT if variable.secret}
    return {name: value for name, value in environment.items() if name not in secret}


def _log_level(settings: SettingsStore) -> str:
    """Settings that do not fit are told where they are used; here they must not stop the repair."""
    try:
        return settings.current().log_level
    except ComfyUILauncherError:
        return "INFO"


def _make_folders(paths: PathsConfig) -> None:
    with storage_errors(paths.root):
        for folder in paths.folders():
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except FileNotFoundError as error:  # a place such as /proc, where nothing can be made
                raise NotWritable(paths.root, reason="nothing can be made there") from error


def _settle(operations: OperationRunner, manager: VersionManager) -> list[str]:
    interrupted = operations.settle_interrupted()
    told = [f"{one.kind} {one.subject} was interrupted." for one in interrupted]
    told += manager.recover()
    for words in told:
        _log.warning("%s", words)
    return told


def _http_client(settings: SettingsStore) -> HttpClient:
    now = settings.current()
    return HttpClient(
        timeout_seconds=now.http_timeout_seconds,
        retries=now.max_retries,
        user_agent=f"comfyui-launcher/{__version__}",
    )


def _this_process() -> Owner:
    return Owner(pid=os.getpid(), created=creation_time(os.getpid()) or "")
