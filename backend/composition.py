"""The only place that makes concrete things and joins them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from glob import escape
from pathlib import Path
from typing import Final, get_args

from backend import __version__
from backend.aftermath import settle
from backend.api.areas.models import ModelsApi
from backend.api.areas.operations import OperationsApi
from backend.api.areas.settings import SettingsApi
from backend.api.areas.system import SystemApi
from backend.api.areas.versions import VersionsApi
from backend.api.areas.window import WindowApi, WindowHost
from backend.api.contract.settings import SecretName
from backend.api.contract.versions import MOST_ENTRIES, EmptyTrash
from backend.api.core import ComfyUISetupAPI
from backend.api.dispatch import Dispatcher
from backend.api.rate_limits import RateLimiter
from backend.config import ENVIRONMENT, PathsConfig
from backend.diagnostics import Witnesses, report
from backend.environments import ConstraintSets, Environments
from backend.exceptions import ComfyUILauncherError, NotWritable
from backend.file_utils import storage_errors
from backend.github_integration import GitHubReleasesFetcher
from backend.installation_progress_tracker import EMPTY_TRASH_STEPS, LAUNCH_STEPS
from backend.logging_config import configure_logging, get_logger
from backend.metadata_manager import MetadataManager
from backend.operations import owners
from backend.operations.daily import Daily
from backend.operations.events import EventStream
from backend.operations.journal import OperationJournal
from backend.operations.runner import OperationRunner
from backend.outside_changes.watch import OutsideChanges
from backend.platform.git import SourceRepository
from backend.platform.hardware import Places, look
from backend.platform.http import HttpClient
from backend.platform.locks import FileLock
from backend.platform.secrets import SecretStore
from backend.platform.shortcuts import Shortcuts
from backend.platform.subprocesses import scrubbed_environment
from backend.platform.tools import has_gpu, revision_of, tool_versions
from backend.platform.trash import Trash
from backend.platform.uv import Uv
from backend.processes.instances import Instances
from backend.processes.supervision import ProcessSupervisor
from backend.resources.resource_manager import ResourceManager
from backend.roots import find_root
from backend.settings_store import SettingsStore
from backend.state_check import check_state
from backend.verdict import assess
from backend.version_manager import VersionManager
from backend.version_manager_components.context import VersionContext

STAYING_DOORS: Final = ("service", "window")
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class App:
    """The whole application, as the doors see it. `notices`: what this start found and settled."""

    paths: PathsConfig
    dispatcher: Dispatcher
    operations: OperationRunner
    events: EventStream
    outside: OutsideChanges
    daily: Daily
    adopt_starts: Callable[[], None]
    notices: Sequence[str]

    def stay(self) -> None:
        """For the doors that stay: from now on, what others do is told as events too, what was
        starting when its launcher ended is waited for, and what has lain in the trash for too long
        is deleted."""
        self.outside.start()
        self.adopt_starts()
        self.daily.start()

    def close(self) -> None:
        """Cancels what runs here and waits for it. ComfyUIs that were launched go on."""
        self.daily.close()
        self.operations.close()
        self.outside.close()


def build_app(
    door: str,
    environment: Mapping[str, str] = os.environ,
    *,
    checkout: Path | None = None,
    window: WindowHost | None = None,
) -> App:
    """The app for one door (`cli`, `service`, `window`: also the name of its log).

    `window`: what shows the page, where something does.

    What a crash left half done is settled here, before anything is listed.
    Raises: NotWritable, DiskFull when the root cannot be used.
    """
    own_folder = checkout or Path(__file__).resolve().parent.parent
    paths = PathsConfig(find_root(environment, checkout=own_folder))
    _make_folders(paths)
    lock = FileLock(paths.data / ".lock")
    settings = SettingsStore(paths.settings_file, environment, lock=lock)
    configure_logging(paths.logs, door, "INFO")  # first: settings that are damaged are logged too
    configure_logging(paths.logs, door, _log_level(settings))
    events = EventStream()
    operations = OperationRunner(
        OperationJournal(paths.operations),
        events,
        owner=owners.own,
        owner_lives=lambda owner, one: owners.lives(owner, _traces_of(paths, one)),
        lock=lock,
    )
    secrets = SecretStore(
        paths.secrets_file,
        file_allowed=lambda: settings.current().secrets_in_file,
        environment=environment,
    )
    for_tools = _without_secrets(environment)
    sources = SourceRepository(
        lambda: settings.current().repository, paths.mirrors, base_environment=for_tools
    )
    resources = ResourceManager(paths, settings.current)
    store, processes = MetadataManager(paths.data, lock=lock), ProcessSupervisor(Instances())
    uv, trash = Uv(paths.cache / "uv", base_environment=for_tools), Trash(paths.trash)
    manager = VersionManager(
        VersionContext(
            paths=paths,
            settings=settings.current,
            store=store,
            sources=sources,
            constraints=ConstraintSets(uv, paths.cache / "constraints"),
            environments=Environments(uv),
            processes=processes,
            resources=resources,
            trash=trash,
            operations=operations,
            events=events,
            lock=lock,
            environment=lambda: _for_comfyui(environment),
            now=lambda: datetime.now(UTC),
            has_gpu=has_gpu,
        )
    )
    outside = OutsideChanges(
        paths,
        records=store,
        operations=operations,
        processes=processes,
        events=events,
        owner=owners.own,
    )
    releases = GitHubReleasesFetcher(
        paths.metadata / "github_cache.json",
        sources,
        lambda: _http_client(settings),
        settings=settings.current,
        token=lambda: secrets.get("GITHUB_TOKEN"),
    )
    notices = _found_damage(door, paths, settings)
    notices += settle(paths, operations, manager, trash, lock)
    notices += filter(None, [manager.coming_deletion() if door in STAYING_DOORS else None])
    versions = VersionsApi(manager, releases, operations)
    api = ComfyUISetupAPI(
        versions=versions,
        models=ModelsApi(paths.models, resources, settings),
        operations=OperationsApi(operations, {"versions": versions}),
        settings=SettingsApi(paths.root, settings, secrets, events),
        system=_system(
            door=door,
            paths=paths,
            checkout=own_folder,
            environment=for_tools,
            settings=settings,
            secrets=secrets,
            uv=uv,
            manager=manager,
            operations=operations,
            notices=notices,
        ),
        window=WindowApi(window),
    )
    daily = Daily(partial(_keep_trash, operations, manager))
    dispatcher = Dispatcher(api, RateLimiter())
    adopt_starts = partial(_adopt_starts, operations, manager)
    return App(paths, dispatcher, operations, events, outside, daily, adopt_starts, notices)


def _system(
    *,
    door: str,
    paths: PathsConfig,
    checkout: Path,
    environment: Mapping[str, str],
    settings: SettingsStore,
    secrets: SecretStore,
    uv: Uv,
    manager: VersionManager,
    operations: OperationRunner,
    notices: Sequence[str],
) -> SystemApi:
    """The machine is looked at when someone asks for the first time, and then remembered."""
    hardware = cache(lambda: assess(look(Places(environment=environment)), uv.auto_torch_backend()))
    tools = partial(tool_versions, environment)
    witnesses = Witnesses(
        door=door,
        paths=paths,
        checkout=checkout,
        environment=environment,
        settings=settings,
        secrets=lambda: {name: secrets.where(name) for name in get_args(SecretName)},
        hardware=hardware,
        tools=tools,
        revision=lambda: revision_of(checkout, environment),
        versions=manager.list_versions,
        operations=operations.list_all,
        notices=notices,
        now=lambda: datetime.now(UTC),
    )
    home = paths.root if paths.root != checkout else None
    return SystemApi(
        paths.root,
        tools,
        notices,
        hardware=hardware,
        diagnostics=lambda: report(witnesses),
        state=partial(check_state, paths),
        shortcuts=Shortcuts(checkout, environment, home=home),
    )


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


def _found_damage(door: str, paths: PathsConfig, settings: SettingsStore) -> list[str]:
    """What is wrong with the state files, before anything is mended: all for the doors that stay.

    A command starts often, and has to be quick: it tells of what it reads, and of the settings.
    """
    if door in STAYING_DOORS:
        problems = check_state(paths).problems
        return [problem.words for problem in problems if not problem.is_settled]
    problem = settings.problem()
    return [problem] if problem else []


def _adopt_starts(operations: OperationRunner, manager: VersionManager) -> None:
    """Waits for what was starting when its launcher ended, as its launcher would have."""
    for tag in manager.interrupted_starts():
        try:
            operations.submit("versions.launch", tag, LAUNCH_STEPS, partial(manager.adopt, tag))
        except ComfyUILauncherError as error:  # another launcher waits for it, or it was stopped
            _log.warning("the start of %s is not waited for: %s", tag, error)


def _keep_trash(operations: OperationRunner, manager: VersionManager) -> None:
    """Deletes what has been in the trash for too long, and what is half deleted."""
    try:
        entries = manager.overdue()
        if entries is not None:
            operations.submit(
                "versions.empty_trash",
                "trash",
                EMPTY_TRASH_STEPS,
                lambda operation: manager.empty_trash(entries, operation),
                request=EmptyTrash(entries=entries) if 0 < len(entries) <= MOST_ENTRIES else None,
                can_do_without_record=True,
            )
    except ComfyUILauncherError as error:  # it waits for another day
        _log.warning("the trash is not looked after today: %s", error)


def _http_client(settings: SettingsStore) -> HttpClient:
    now = settings.current()
    return HttpClient(
        timeout_seconds=now.http_timeout_seconds,
        retries=now.max_retries,
        user_agent=f"comfyui-launcher/{__version__}",
    )


def _traces_of(paths: PathsConfig, operation_id: str) -> Iterator[Path]:
    """What an operation changes while it is at work."""
    yield from (paths.operations / f"{operation_id}.{suffix}" for suffix in ("jsonl", "progress"))
    yield paths.journal / f"{operation_id}.json"
    yield from paths.store.glob(f"*-{escape(operation_id)}")
