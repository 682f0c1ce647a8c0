"""Launching a version, knowing it is ready, reading its log, stopping it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from backend.environments import interpreter_of
from backend.exceptions import (
    AlreadyRunning,
    InvalidValue,
    MetadataError,
    NotReadyInTime,
    NotRunning,
    OperationCancelled,
    OperationConflict,
    PortTaken,
    StartFailed,
    StorageError,
    VersionInUse,
)
from backend.installation_progress_tracker import StartProgress
from backend.logging_config import get_logger
from backend.metadata_manager import InstalledVersion
from backend.operations.events import InstanceChanged
from backend.operations.operation import Operation
from backend.processes.instances import Instance, LaunchPlan
from backend.processes.log_window import read_after
from backend.version_manager_components.context import VersionComponent, VersionContext
from backend.version_manager_components.layout import (
    installed,
    instance_status,
    store_of,
    whole,
)
from backend.version_manager_components.models import (
    LaunchOptions,
    LaunchResult,
    LogLines,
    StoppedInstance,
)

NO_MODELS_ADVICE: Final = (
    "It runs, but there is no model yet. Put one into shared-resources/models/checkpoints, or use "
    "a folder of models that you have already: `./launcher models use FOLDER`."
)
MAX_LOG_LINES: Final = 2000
PORT_ATTEMPTS: Final = 3
ADOPTION_SECONDS: Final = 1.0
PROBE_SECONDS: Final = 0.5
LEAST_SECONDS: Final = 30.0  # that one gets whose time was over before anyone could ask it
LEFT: Final = (
    "{tag} was starting when its launcher ended, and has not answered yet. It was left as it is: it"
    " may only be busy, and counts as running as soon as it answers."
)
LEFT_HINT: Final = "Look at its log; `./launcher versions stop {tag}` ends it."
_SHARED: Final = "nothing: the folders are those that all versions share"
_PLAIN: Final = "nothing: ComfyUI is reached over plain HTTP on this machine"
OWN_OPTIONS: Final = {
    "--port": "the launcher's own option, `--port N` before the `--`",
    "--listen": "the launcher's own option, `--listen ADDRESS` before the `--`",
    "--tls-keyfile": _PLAIN,
    "--tls-certfile": _PLAIN,
    "--output-directory": _SHARED,
    "--input-directory": _SHARED,
    "--user-directory": _SHARED,
    "--temp-directory": _SHARED,
    "--database-url": "nothing: each version has a database of its own",
}
_log = get_logger(__name__)


class LauncherMixin(VersionComponent):
    """Starts and stops. A process starts from the resolved store, never through the link."""

    __slots__ = ()

    def launch(self, tag: str, options: LaunchOptions, operation: Operation) -> LaunchResult:
        """A ComfyUI that has answered as itself.

        Raises: VersionNotInstalled, InstallationDamaged, AlreadyRunning, VersionInUse, PortTaken,
        StartFailed, NotReadyInTime, OperationCancelled. Nothing of it runs after an error.
        """
        context = self._context
        with operation.step("prepare"):
            _refuse_own_options(options.arguments)
            version, store = whole(context, tag)
            _refuse_running(context, tag, store)
            prepared = context.resources.prepare(tag, store)
        instance = _start_on_a_port(context, version, store, options, prepared.arguments, operation)
        with _stopped_on_failure(context, instance):
            operation.check()  # the last chance to cancel it
        return _launched(context, version, instance, prepared.model_count)

    def adopt(self, tag: str, operation: Operation) -> LaunchResult:
        """A ComfyUI that was starting when its launcher ended, once it has answered as itself.

        It has what is left of the time of its start. It may have come up long ago and be busy now,
        and someone may work in it: only who cancels this very operation ends it.

        Raises: NotRunning, StartFailed, NotReadyInTime, PortTaken, OperationCancelled.
        """
        context = self._context
        version = installed(context, tag)
        instance = context.processes.current(store_of(context.paths, version))
        if instance is None:
            raise NotRunning(tag)
        with _left_on_failure(context, instance, operation):
            if instance.ready is None:
                waited = instance.age_seconds
                instance = _await_ready(context, instance, operation, waited_seconds=waited)
            operation.check()
        return _launched(context, version, instance, context.resources.model_count())

    def adopt_answering(self) -> list[str]:
        """Counts as running what has come up since its launcher ended; says so in words.

        Each is asked once, and all together for a second: it is part of every start.
        """
        context = self._context
        end = time.monotonic() + ADOPTION_SECONDS
        told: list[str] = []
        for instance in _interrupted_starts(context, told):
            left = min(PROBE_SECONDS, end - time.monotonic())
            if left <= 0:
                break
            tag = instance.launch.tag
            try:
                found = context.processes.adopt(instance, timeout_seconds=left)
            except StorageError as error:
                told.append(f"{tag}: it runs, but that could not be noted. {error.message}")
                continue
            if found.ready is not None:
                _remember_launch(context, installed(context, tag))
                context.events.publish(InstanceChanged(tag=tag, state="running"))
                told.append(f"{tag}: its launcher ended while it started; it runs.")
        return told

    def interrupted_starts(self) -> list[str]:
        """The versions that were starting when their launcher ended, and still are."""
        return [instance.launch.tag for instance in _interrupted_starts(self._context, [])]

    def stop(self, tag: str, operation: Operation) -> StoppedInstance:
        """The version no longer runs; how it ended. Raises: NotRunning, StopFailed."""
        context = self._context
        with operation.step("stop"):
            instance = context.processes.current(store_of(context.paths, installed(context, tag)))
            if instance is None:
                raise NotRunning(tag)
            operation.advance(detail="waiting for ComfyUI to end")
            asked = context.now()
            ended = context.processes.stop(instance)
        context.events.publish(InstanceChanged(tag=tag, state="stopped"))
        seconds = (context.now() - asked).total_seconds()
        return StoppedInstance(
            tag=tag, url=instance.launch.url, words=ended.exit_words, seconds=round(seconds, 2)
        )

    def logs(self, tag: str, *, after: int = 0, limit: int = 200) -> LogLines:
        """The log of the last run behind `after` (bytes), at most `limit` lines (the last ones).

        Raises: VersionNotInstalled.
        """
        context = self._context
        instance = context.processes.latest(store_of(context.paths, installed(context, tag)))
        if instance is None:
            return LogLines(tag=tag, lines=(), next=0, file="")
        count = min(limit, MAX_LOG_LINES)
        lines, end = read_after(instance.log_file, after, count, ended=not instance.lives)
        return LogLines(tag=tag, lines=tuple(lines), next=end, file=str(instance.log_file))


class _OperationWatch:
    """Lets a start be watched and cancelled through its operation."""

    def __init__(self, operation: Operation) -> None:
        self.check = operation.check
        self.line = StartProgress(operation).line


def _interrupted_starts(context: VersionContext, told: list[str]) -> Iterator[Instance]:
    """Where nobody can know whether a version was starting, `told` says so."""
    for tag, version in context.store.versions().versions.items():
        try:
            instance = context.processes.latest(store_of(context.paths, version))
        except (StorageError, OSError) as error:
            told.append(f"{tag}: whether it runs is not known. {error}")
            continue
        if instance is None or not instance.lives or instance.ready is not None:
            continue
        if not context.operations.is_running(instance.launch.operation_id):
            yield instance


def _launched(
    context: VersionContext,
    version: InstalledVersion,
    instance: Instance,
    model_count: int,
) -> LaunchResult:
    """What is told and noted of one that is ready."""
    _remember_launch(context, version)
    context.events.publish(InstanceChanged(tag=version.tag, state="running"))
    return LaunchResult(
        instance=instance_status(instance),
        model_count=model_count,
        advice=None if model_count else NO_MODELS_ADVICE,
    )


def _start_on_a_port(
    context: VersionContext,
    version: InstalledVersion,
    store: Path,
    options: LaunchOptions,
    resources: tuple[str, ...],
    operation: Operation,
) -> Instance:
    """The instance once it is ready.

    Another program may take a port that was free just now: unless the port was asked for, the
    next one is tried then.
    """
    attempts = 1 if options.port is not None else PORT_ATTEMPTS
    port: int | None = None
    for attempt in range(1, attempts + 1):
        with operation.step("start"):
            port = context.processes.choose_port(options.port, options.listen, after=port)
            plan = _plan(context, version, store, options, port, resources, operation)
            instance = context.processes.start(plan)
            context.events.publish(InstanceChanged(tag=version.tag, state="starting"))
        try:
            with _stopped_on_failure(context, instance):
                return _await_ready(context, instance, operation)
        except PortTaken as taken:
            if attempt == attempts:
                raise
            _log.info("%s; trying another port", taken)
    raise AssertionError("the last attempt returns or raises")


def _await_ready(
    context: VersionContext,
    instance: Instance,
    operation: Operation,
    *,
    waited_seconds: float = 0.0,
) -> Instance:
    allowed = instance.launch.ready_timeout_seconds or context.settings().ready_timeout_seconds
    left = max(LEAST_SECONDS, allowed - waited_seconds) if waited_seconds else allowed
    with operation.step("ready"):
        return context.processes.await_ready(
            instance,
            timeout_seconds=left,
            watch=_OperationWatch(operation),
            waited_seconds=waited_seconds,
        )


@contextmanager
def _stopped_on_failure(context: VersionContext, instance: Instance) -> Iterator[None]:
    """Nothing of a start runs on after an error or a cancel."""
    try:
        yield
    except BaseException as error:
        _end(context, instance, error)
        context.events.publish(InstanceChanged(tag=instance.launch.tag, state="stopped"))
        raise


@contextmanager
def _left_on_failure(
    context: VersionContext, instance: Instance, operation: Operation
) -> Iterator[None]:
    """Ends it only where someone asked for that: not when its launcher closes, nor when it is slow
    to answer. An error of one that lives on says so."""
    try:
        yield
    except OperationCancelled:
        if operation.token.is_asked_for():
            context.processes.stop(instance)
            context.events.publish(InstanceChanged(tag=instance.launch.tag, state="stopped"))
        raise
    except (NotReadyInTime, PortTaken, StartFailed) as error:
        tag = instance.launch.tag
        if context.processes.current(instance.folder.parent.parent) is None:
            context.events.publish(InstanceChanged(tag=tag, state="stopped"))
        else:
            why = f"{error.message} " if isinstance(error, PortTaken) else ""
            error.message, error.hint = why + LEFT.format(tag=tag), LEFT_HINT.format(tag=tag)
        raise


def _end(context: VersionContext, instance: Instance, error: BaseException) -> None:
    """Ends what was started. One that runs and does not do what it should leaves its reason."""
    if not isinstance(error, (NotReadyInTime, PortTaken)):
        context.processes.stop(instance)
        return
    try:
        context.processes.give_up(instance, error.message, error.hint)
    except (StorageError, OSError) as trouble:
        _log.warning("why %s was given up could not be noted: %s", instance.launch.tag, trouble)


def _refuse_own_options(arguments: tuple[str, ...]) -> None:
    """What the launcher sets itself has to stay as it sets it, or the start is never recognised."""
    for argument in arguments:
        name = argument.partition("=")[0]
        if name in OWN_OPTIONS:
            raise InvalidValue("argument for ComfyUI", argument, expected=OWN_OPTIONS[name])


def _refuse_running(context: VersionContext, tag: str, store: Path) -> None:
    running = context.processes.current(store)
    if running is not None:
        raise AlreadyRunning(tag, url=running.launch.url)
    # One that nothing readable tells of may live all the same: whoever is in its folder says so.
    if context.processes.problems(store) and (pids := context.processes.users_of(store)):
        raise VersionInUse(tag, pids=pids)


def _plan(
    context: VersionContext,
    version: InstalledVersion,
    store: Path,
    options: LaunchOptions,
    port: int,
    resources: tuple[str, ...],
    operation: Operation,
) -> LaunchPlan:
    place = ("--listen", options.listen, "--port", str(port))
    without_gpu = _needs_cpu(context, version) if options.cpu is None else options.cpu
    device = ("--cpu",) if without_gpu else ()
    python = interpreter_of(store / "venv")
    return LaunchPlan(
        tag=version.tag,
        store=store,
        command=(str(python), "main.py", *place, *device, *resources, *options.arguments),
        cwd=store / "source",
        environment={
            **context.environment(),
            **options.environment,
            "PYTHONUNBUFFERED": "1",
            # Compiled files lie beside the source: the checkout stays as git made it, and files
            # that the environment shares with others by hardlink are never written.
            "PYTHONPYCACHEPREFIX": str(store / "pycache"),
        },
        log_folder=context.paths.logs,
        port=port,
        listen=options.listen,
        grace_seconds=context.settings().stop_grace_seconds,
        operation_id=operation.id,
        ready_timeout_seconds=options.ready_timeout_seconds,
    )


def _needs_cpu(context: VersionContext, version: InstalledVersion) -> bool:
    """Whether ComfyUI would end at once without `--cpu`: it has no GPU to ask, or no way to ask it.

    macOS has its GPU in every build of torch, and Intel's builds find their own.
    """
    build = f"{version.torch.backend or ''} {version.torch.version or ''}"
    if "cpu" in build:
        return True
    return sys.platform == "linux" and "xpu" not in build and not context.has_gpu()


def _remember_launch(context: VersionContext, version: InstalledVersion) -> None:
    """Notes when; a ComfyUI that runs is not stopped for the want of this note."""
    try:
        with context.lock:
            context.store.put(version.model_copy(update={"last_launched_at": context.now()}))
    except (MetadataError, StorageError, OperationConflict) as error:
        _log.warning("the launch of %s could not be noted: %s", version.tag, error)
