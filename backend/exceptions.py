"""Every error a person can meet, as one tree. This module imports nothing of ours.

ComfyUILauncherError
├── InstallationError     a version could not be found, installed, changed or removed
├── DependencyError       its Python environment could not be made or is not sound
├── NetworkError          something outside this machine did not answer as needed
├── ValidationError       what was asked for is not well formed
├── MetadataError         a state file of ours cannot be read or written
├── ProcessError          a ComfyUI could not be started, found or stopped
├── StorageError          the disk or a folder did not take what was written
├── OperationError        an operation ended otherwise than it should, or is not there
└── AccessError           the caller may not do this, or not now

Each concrete class has a kebab-case ``code`` that never changes its meaning, a ``message`` (what
happened), a ``hint`` (what to do) and a typed ``context``. The list for people is generated from
here: docs/reference/errors.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, TypeAlias

JsonScalar: TypeAlias = str | int | float | bool | None
JsonValue: TypeAlias = "JsonScalar | Sequence[JsonValue] | dict[str, JsonValue]"


class ComfyUILauncherError(Exception):
    """What every error of ours carries.

    Attributes:
        code: stable kebab-case name, for programs.
        message: what happened, one sentence.
        hint: what to do about it, one or two sentences.
        context: the facts behind the message, JSON-ready.
    """

    code: ClassVar[str] = ""

    def __init__(self, message: str, *, hint: str, **context: JsonValue) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.context: dict[str, JsonValue] = context

    def __str__(self) -> str:
        return self.message


# --- Installation ---------------------------------------------------------------------------------


class InstallationError(ComfyUILauncherError):
    """A version could not be found, installed, changed or removed."""


class VersionNotFound(InstallationError):
    """The repository has no tag, branch or commit of that name."""

    code = "version-not-found"

    def __init__(self, reference: str, *, similar: Sequence[str] = ()) -> None:
        nearest = f" Did you mean {' or '.join(similar)}?" if similar else ""
        super().__init__(
            f"ComfyUI has no version {reference!r}.{nearest}",
            hint="`./launcher versions releases` lists what can be installed.",
            reference=reference,
            similar=list(similar),
        )


class VersionNotInstalled(InstallationError):
    """No installed version has that tag."""

    code = "version-not-installed"

    def __init__(self, tag: str, *, installed: Sequence[str] = ()) -> None:
        have = f"Installed: {', '.join(installed)}." if installed else "Nothing is installed yet."
        super().__init__(
            f"{tag} is not installed.",
            hint=f"{have} `./launcher versions install {tag}` installs it.",
            tag=tag,
            installed=list(installed),
        )


class NoActiveVersion(InstallationError):
    """No version was named and none is active."""

    code = "no-active-version"

    def __init__(self) -> None:
        super().__init__(
            "No version is active, and none was named.",
            hint="Name one, or choose one with `./launcher versions activate TAG`.",
        )


class VersionAlreadyInstalled(InstallationError):
    """That version is there already; installing again would replace it."""

    code = "version-already-installed"

    def __init__(self, tag: str) -> None:
        super().__init__(
            f"{tag} is installed already.",
            hint=f"Launch it, or remove it first: `./launcher versions uninstall {tag}`.",
            tag=tag,
        )


class VersionInUse(InstallationError):
    """The version is running, so its files must stay where they are."""

    code = "version-in-use"

    def __init__(self, tag: str, *, pids: Sequence[int] = ()) -> None:
        """`pids`: programs that work in its folder, though none was started as this version."""
        others = f"process {', '.join(map(str, pids))}"
        super().__init__(
            f"{tag} is in use by {others}, so its files stay where they are."
            if pids
            else f"{tag} is running, so its files stay where they are.",
            hint=f"End {others} first."
            if pids
            else f"Stop it first: `./launcher versions stop {tag}`.",
            tag=tag,
            pids=list(pids),
        )


class InstallationDamaged(InstallationError):
    """An installed version lacks parts, for example because its folder was deleted by hand."""

    code = "installation-damaged"

    def __init__(self, tag: str, *, missing: Sequence[str]) -> None:
        super().__init__(
            f"{tag} is incomplete on disk: {', '.join(missing)} is missing.",
            hint=f"Remove its entry with `./launcher versions uninstall {tag}` and install it "
            "again. Models, outputs and settings live elsewhere and are not touched.",
            tag=tag,
            missing=list(missing),
        )


class SourceIncomplete(InstallationError):
    """The repository names a version whose files it cannot deliver whole."""

    code = "source-incomplete"

    def __init__(self, reference: str, repository: str, *, detail: str) -> None:
        super().__init__(
            f"The repository {repository} lacks objects that {reference} needs.",
            hint="The repository is damaged or a partial copy. Choose another one with the setting "
            "`repository`, or repair it there (`git fsck` names what is missing).",
            reference=reference,
            repository=repository,
            detail=detail,
        )


class SourceFailed(InstallationError):
    """Git could not do its part of the work."""

    code = "source-failed"

    def __init__(self, action: str, *, detail: str) -> None:
        super().__init__(
            f"Git could not {action}.",
            hint="Git's own words are in the details; `./launcher versions install` can be "
            "repeated, what was fetched is kept.",
            action=action,
            detail=detail,
        )


class ForeignFolder(InstallationError):
    """Something that we did not make stands where we would have to write or remove."""

    code = "foreign-folder"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} was not made by ComfyUI Launcher, so it is left alone.",
            hint="Move it elsewhere, then try again.",
            path=str(path),
        )


class ToolMissing(InstallationError):
    """A program that we need is not on this machine."""

    code = "tool-missing"

    def __init__(self, tool: str, *, command: str) -> None:
        super().__init__(
            f"{tool} is needed and was not found.",
            hint=f"Install it with: {command}",
            tool=tool,
            command=command,
        )


# --- Dependencies ---------------------------------------------------------------------------------


class DependencyError(ComfyUILauncherError):
    """The Python environment of a version could not be made or is not sound."""


class DependenciesUnresolvable(DependencyError):
    """No set of packages satisfies what the version asks for."""

    code = "dependencies-unresolvable"

    def __init__(self, tag: str, *, detail: str, packages_as_of: str | None) -> None:
        dated = (
            f" Packages newer than {packages_as_of} were left out; "
            "`--packages-as-of today` allows them."
            if packages_as_of
            else ""
        )
        super().__init__(
            f"No set of packages fits {tag} on this machine.",
            hint=f"The details name the packages that clash.{dated}",
            tag=tag,
            detail=detail,
            packages_as_of=packages_as_of,
        )


class DependencyInstallFailed(DependencyError):
    """The package installer stopped before the environment was whole."""

    code = "dependency-install-failed"

    def __init__(self, tag: str, *, detail: str) -> None:
        super().__init__(
            f"The packages of {tag} could not be installed.",
            hint="Nothing was changed. The details hold the installer's last words; what was "
            "downloaded is kept, so trying again continues from there.",
            tag=tag,
            detail=detail,
        )


class PythonNotFound(DependencyError):
    """No Python interpreter of the wanted version runs on this machine."""

    code = "python-not-found"

    def __init__(self, python: str, *, detail: str = "") -> None:
        super().__init__(
            f"No working Python {python} was found.",
            hint="Install it (for example `sudo apt install python3 python3-venv`), or choose "
            "another with `--python`.",
            python=python,
            detail=detail,
        )


# --- Network --------------------------------------------------------------------------------------


class NetworkError(ComfyUILauncherError):
    """Something outside this machine did not answer as needed.

    ``retryable`` says whether the same request may succeed a moment later;
    ``retry_after`` (seconds) is the server's own word on when.
    """

    retryable: bool = False
    retry_after: float | None = None


class NetworkUnreachable(NetworkError):
    """No connection could be made, or it broke off."""

    code = "network-unreachable"
    retryable = True

    def __init__(self, host: str, *, detail: str = "") -> None:
        super().__init__(
            f"{host} could not be reached.",
            hint="Check the connection, a proxy or a VPN, then try again. Installed versions work "
            "without a network.",
            host=host,
            detail=detail,
        )


class HttpFailed(NetworkError):
    """A server answered with an error status."""

    code = "http-failed"

    def __init__(self, host: str, status: int, *, retry_after: float | None = None) -> None:
        super().__init__(
            f"{host} answered with status {status}.",
            hint="The server is at fault; try again later."
            if status >= 500
            else "Check the address and the access rights.",
            host=host,
            status=status,
        )
        self.retryable = status >= 500
        self.retry_after = retry_after


class UnexpectedAnswer(NetworkError):
    """A server answered, but not in the form that was agreed."""

    code = "unexpected-answer"

    def __init__(self, host: str, *, detail: str) -> None:
        super().__init__(
            f"The answer of {host} could not be understood.",
            hint="A proxy or a login page may stand in between. Open the address in a browser.",
            host=host,
            detail=detail,
        )


class GitHubLimitReached(NetworkError):
    """GitHub takes no more anonymous requests from this address for now."""

    code = "github-limit-reached"

    def __init__(self, *, resets_at: str | None) -> None:
        until = f" until {resets_at}" if resets_at else ""
        super().__init__(
            f"GitHub takes no more requests from here{until}.",
            hint="Versions can still be installed: only the release notes wait. A token in "
            "GITHUB_TOKEN raises the limit from 60 to 5,000 requests an hour.",
            resets_at=resets_at,
        )


class RepositoryUnreachable(NetworkError):
    """The git repository that ComfyUI comes from did not answer."""

    code = "repository-unreachable"

    def __init__(self, repository: str, *, detail: str) -> None:
        super().__init__(
            f"The repository {repository} could not be reached.",
            hint="Check that folder, or the setting `repository`."
            if repository.startswith("file:")
            else "Check the connection and the setting `repository`. Versions fetched before can "
            "be installed without a network.",
            repository=repository,
            detail=detail,
        )


# --- Validation -----------------------------------------------------------------------------------


class ValidationError(ComfyUILauncherError):
    """What was asked for is not well formed."""


class InvalidValue(ValidationError):
    """One value is not of the form that its place needs."""

    code = "invalid-value"

    def __init__(self, what: str, value: str, *, expected: str) -> None:
        shown = value if len(value) <= 80 else f"{value[:77]}..."
        super().__init__(
            f"{shown!r} is not a valid {what}.",
            hint=f"Expected: {expected}.",
            what=what,
            value=shown,
            expected=expected,
        )


class UnsafePath(ValidationError):
    """A path leads out of the folder that it has to stay in."""

    code = "unsafe-path"

    def __init__(self, path: str, *, base: Path) -> None:
        super().__init__(
            f"{path!r} leads out of {base}.",
            hint="Give a path inside that folder, without `..`.",
            path=path,
            base=str(base),
        )


class InvalidRequest(ValidationError):
    """The fields of a request do not fit its endpoint."""

    code = "invalid-request"

    def __init__(self, endpoint: str, *, problems: Sequence[dict[str, JsonValue]]) -> None:
        first = problems[0] if problems else {}
        where = f" ({first.get('field')}: {first.get('problem')})" if first else ""
        super().__init__(
            f"The request does not fit {endpoint}{where}.",
            hint="docs/reference/api.md lists the fields of each endpoint.",
            endpoint=endpoint,
            problems=list(problems),
        )


class MalformedRequest(ValidationError):
    """The body of a request is not a JSON object."""

    code = "malformed-request"

    def __init__(self, detail: str) -> None:
        super().__init__(
            "The request is not a JSON object.",
            hint="Send one JSON object with `Content-Type: application/json`.",
            detail=detail,
        )


class RequestTooLarge(ValidationError):
    """The body of a request is larger than the service takes."""

    code = "request-too-large"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The request is larger than {limit} bytes.",
            hint="Send a smaller one; files are never sent through this door.",
            limit=limit,
        )


class UnknownEndpoint(ValidationError):
    """No endpoint has that name."""

    code = "unknown-endpoint"

    def __init__(self, endpoint: str, *, similar: Sequence[str] = ()) -> None:
        nearest = f" Did you mean {' or '.join(similar)}?" if similar else ""
        super().__init__(
            f"There is no endpoint {endpoint!r}.{nearest}",
            hint="docs/reference/api.md lists them all.",
            endpoint=endpoint,
            similar=list(similar),
        )


class UnknownSetting(ValidationError):
    """No setting has that name."""

    code = "unknown-setting"

    def __init__(self, name: str, *, known: Sequence[str]) -> None:
        super().__init__(
            f"There is no setting {name!r}.",
            hint=f"The settings are: {', '.join(known)}.",
            name=name,
            known=list(known),
        )


# --- Metadata -------------------------------------------------------------------------------------


class MetadataError(ComfyUILauncherError):
    """A state file of ours cannot be read or written."""


class MetadataCorrupt(MetadataError):
    """A state file is damaged, and no sound copy of it is there. It is never taken for empty."""

    code = "metadata-corrupt"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"The state file {path} is damaged ({reason}), and there is no sound copy of it.",
            hint="Nothing was changed or deleted. Restore the file from a backup, or move it away "
            "to start this record anew.",
            path=str(path),
            reason=reason,
        )


class MetadataFromTheFuture(MetadataError):
    """A state file was written by a newer launcher."""

    code = "metadata-from-the-future"

    def __init__(self, path: Path, *, schema: int) -> None:
        super().__init__(
            f"{path} was written by a newer ComfyUI Launcher (schema {schema}).",
            hint="Update the launcher; the file was left untouched.",
            path=str(path),
            schema=schema,
        )


# --- Processes ------------------------------------------------------------------------------------


class ProcessError(ComfyUILauncherError):
    """A ComfyUI could not be started, found or stopped."""


class StartFailed(ProcessError):
    """ComfyUI ended before it was ready."""

    code = "start-failed"

    def __init__(
        self, tag: str, *, reason: str, advice: str, exit_status: str, log: Sequence[str]
    ) -> None:
        super().__init__(
            f"{tag} ended while starting ({exit_status}): {reason}",
            hint=f"{advice} The whole log: `./launcher versions logs {tag}`.",
            tag=tag,
            reason=reason,
            exit_status=exit_status,
            log=list(log),
        )


class NotReadyInTime(ProcessError):
    """ComfyUI runs, but did not answer in the time allowed."""

    code = "not-ready-in-time"

    def __init__(self, tag: str, *, seconds: float, log: Sequence[str]) -> None:
        super().__init__(
            f"{tag} did not answer within {seconds:.0f} s and was stopped.",
            hint="Look at the log; a slow disk or many custom nodes can need more: raise the "
            "setting `ready_timeout_seconds`.",
            tag=tag,
            seconds=seconds,
            log=list(log),
        )


class PortTaken(ProcessError):
    """Another program listens on the port that was asked for."""

    code = "port-taken"

    def __init__(self, port: int, *, holder: str | None) -> None:
        who = f" by {holder}" if holder else ""
        super().__init__(
            f"Port {port} is taken{who}.",
            hint="Leave `--port` out to get a free one, or stop the other program.",
            port=port,
            holder=holder,
        )


class AlreadyRunning(ProcessError):
    """That version runs already."""

    code = "already-running"

    def __init__(self, tag: str, *, url: str) -> None:
        super().__init__(
            f"{tag} runs already at {url}.",
            hint=f"Open {url}, or stop it first: `./launcher versions stop {tag}`.",
            tag=tag,
            url=url,
        )


class NotRunning(ProcessError):
    """That version does not run, so there is nothing to stop."""

    code = "not-running"

    def __init__(self, tag: str) -> None:
        super().__init__(
            f"{tag} does not run.",
            hint=f"Start it with `./launcher versions launch {tag}`.",
            tag=tag,
        )


class StopFailed(ProcessError):
    """The processes of a version are still there after everything we may do."""

    code = "stop-failed"

    def __init__(self, tag: str, *, pids: Sequence[int]) -> None:
        super().__init__(
            f"{tag} could not be stopped; still there: {', '.join(map(str, pids))}.",
            hint="They may hang in the driver or on a dead disk. A restart of the machine ends "
            "them; nothing else was signalled.",
            tag=tag,
            pids=list(pids),
        )


# --- Storage --------------------------------------------------------------------------------------


class StorageError(ComfyUILauncherError):
    """The disk or a folder did not take what was written."""


class DiskFull(StorageError):
    """There is not enough room for what was asked."""

    code = "disk-full"

    def __init__(self, path: Path, *, needed: int | None, free: int, kept: int = 0) -> None:
        wanted = f"{_size(needed)} needed, " if needed is not None else ""
        spare = f"{_size(kept)} to be kept free, " if kept else ""
        super().__init__(
            f"Not enough room on the disk of {path}: {wanted}{spare}{_size(free)} free.",
            hint="Free some room, empty the trash (`./launcher versions empty-trash`), or set "
            "COMFYUI_LAUNCHER_HOME to a folder on a larger disk. Nothing was changed.",
            path=str(path),
            needed=needed,
            free=free,
            kept=kept,
        )


class DiskFailed(StorageError):
    """The disk itself reports an error: what it holds can perhaps not be read or written."""

    code = "disk-failed"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The disk reports an error (EIO) at {path}.",
            hint="Check the disk and its cable, and save what matters to you on another one: "
            "`sudo dmesg` has the disk's own words.",
            path=str(path),
        )


class NotWritable(StorageError):
    """A folder or file of ours cannot be written."""

    code = "not-writable"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"{path} cannot be written ({reason}).",
            hint="Give yourself write access, or set COMFYUI_LAUNCHER_HOME to another folder.",
            path=str(path),
            reason=reason,
        )


class PathNotFound(StorageError):
    """A folder or file that was named is not there."""

    code = "path-not-found"

    def __init__(self, path: Path, *, wanted: str) -> None:
        super().__init__(
            f"{path} is not {wanted}.",
            hint="Check the path; a drive may not be mounted.",
            path=str(path),
            wanted=wanted,
        )


class NotInTrash(StorageError):
    """The trash holds no such entry, or its place is taken."""

    code = "not-in-trash"

    def __init__(self, entry: str, *, reason: str) -> None:
        super().__init__(
            f"{entry!r} cannot be taken back from the trash: {reason}.",
            hint="`./launcher versions trash` lists what can be taken back.",
            entry=entry,
            reason=reason,
        )


class SecretStoreMissing(StorageError):
    """This machine has no keyring, and keeping a secret in a file was not asked for."""

    code = "secret-store-missing"

    def __init__(self) -> None:
        super().__init__(
            "This machine offers no keyring to keep a secret in.",
            hint="Set it in the environment instead, or allow a file that only you can read with "
            "the setting `secrets_in_file`.",
        )


# --- Operations -----------------------------------------------------------------------------------


class OperationError(ComfyUILauncherError):
    """An operation ended otherwise than it should, or is not there."""


class OperationCancelled(OperationError):
    """The operation was cancelled and left nothing behind."""

    code = "operation-cancelled"

    def __init__(self, operation_id: str) -> None:
        super().__init__(
            "Cancelled. Nothing was changed.",
            hint="Start it again whenever you like.",
            operation_id=operation_id,
        )


class OperationInterrupted(OperationError):
    """The launcher ended while the operation ran."""

    code = "operation-interrupted"

    def __init__(self, operation_id: str) -> None:
        super().__init__(
            "The launcher ended while this ran. Nothing half-made is in use.",
            hint="Start it again; what was downloaded is kept.",
            operation_id=operation_id,
        )


class OperationNotFound(OperationError):
    """No operation has that id."""

    code = "operation-not-found"

    def __init__(self, operation_id: str) -> None:
        super().__init__(
            f"There is no operation {operation_id!r}.",
            hint="`./launcher operations list` shows them.",
            operation_id=operation_id,
        )


class OperationNotRepeatable(OperationError):
    """That operation cannot be asked again: it did not fail, or what was asked is not on record."""

    code = "operation-not-repeatable"

    def __init__(self, operation_id: str, *, reason: str) -> None:
        super().__init__(
            f"This cannot be asked again: {reason}.",
            hint="Ask for it anew, as you did the first time; `./launcher operations list` shows "
            "what runs and what ran.",
            operation_id=operation_id,
            reason=reason,
        )


class OperationConflict(OperationError):
    """Another operation works on the same thing."""

    code = "operation-conflict"

    def __init__(
        self, subject: str, *, kind: str, operation_id: str, left_behind: Path | None = None
    ) -> None:
        hint = "Try again in a moment."
        if operation_id:
            hint = f"Wait for it, or cancel it: `./launcher operations cancel {operation_id}`."
        elif left_behind is not None:
            hint += (
                f" If it stays so and no launcher runs on any machine that uses this folder, remove"
                f" {left_behind}, which one of them left behind."
            )
        super().__init__(
            f"Something else is at work on {subject} right now ({kind}).",
            hint=hint,
            subject=subject,
            kind=kind,
            operation_id=operation_id,
        )


class InternalError(OperationError):
    """A fault of ours: something happened that no one foresaw. The log has the whole story."""

    code = "internal-error"

    def __init__(self, incident: str) -> None:
        super().__init__(
            f"Something went wrong inside ComfyUI Launcher (incident {incident}).",
            hint="The log in launcher-data/logs names it by that number; please report it.",
            incident=incident,
        )


# --- Access ---------------------------------------------------------------------------------------


class AccessError(ComfyUILauncherError):
    """The caller may not do this, or not now."""


class NotAuthenticated(AccessError):
    """The request carries no valid token."""

    code = "not-authenticated"

    def __init__(self) -> None:
        super().__init__(
            "The request carries no valid token.",
            hint="Send `Authorization: Bearer TOKEN`; the token of the running service is in "
            "launcher-data/service.json, readable only by you.",
        )


class WrongCode(AccessError):
    """A code that should open the page is wrong, was used, or is too old."""

    code = "wrong-code"

    def __init__(self) -> None:
        super().__init__(
            "This code is not valid.",
            hint="Codes work once, for ten minutes: start the launcher again for a new one.",
        )


class ForeignOrigin(AccessError):
    """The request comes from another site, or through another host name."""

    code = "foreign-origin"

    def __init__(self, header: str, value: str) -> None:
        super().__init__(
            f"Requests with {header} {value[:80]!r} are refused.",
            hint="Use the address that the service printed.",
            header=header,
            value=value[:80],
        )


class RateLimited(AccessError):
    """Too many requests of this kind in a short time."""

    code = "rate-limited"

    def __init__(self, endpoint: str, *, retry_after: float) -> None:
        super().__init__(
            f"{endpoint} was called too often.",
            hint=f"Try again in {retry_after:.1f} s.",
            endpoint=endpoint,
            retry_after=math.ceil(retry_after * 1000) / 1000,  # never a moment too early
        )


class NoWindow(AccessError):
    """That needs a window of the launcher on this desktop, and there is none here."""

    code = "no-window"

    def __init__(self) -> None:
        super().__init__(
            "This needs the launcher's own window, and there is none here.",
            hint="Open it with `./launcher --window`, or type the path or address instead.",
        )


class WindowImpossible(AccessError):
    """A window was asked for, and no engine can open one here."""

    code = "window-impossible"

    def __init__(self, reason: str, *, way_out: str) -> None:
        super().__init__(
            f"{reason}, so no window can open.",
            hint=f"{way_out} `./launcher --browser` goes on without one.",
            reason=reason,
            way_out=way_out,
        )


class NoDesktopMenu(AccessError):
    """This system has no menu that a file could put the launcher into."""

    code = "no-desktop-menu"

    def __init__(self, system: str) -> None:
        super().__init__(
            f"On this system ({system}) the launcher cannot be put into the menu.",
            hint="Start it with `./launcher`, or keep the file `launcher` where you can click it.",
            system=system,
        )


class ServiceAlreadyRunning(AccessError):
    """A service of this launcher listens already."""

    code = "service-already-running"

    def __init__(self, url: str) -> None:
        super().__init__(
            f"The service runs already at {url}.",
            hint="Use that one, or end it first.",
            url=url,
        )


class LauncherNotAnswering(AccessError):
    """A launcher is open already, and does not show its window when asked."""

    code = "launcher-not-answering"

    def __init__(self, pid: int) -> None:
        super().__init__(
            f"The launcher is open already (process {pid}) but does not answer.",
            hint=f"Wait a moment and try again; if it hangs, end it with `kill {pid}`.",
            pid=pid,
        )


def _size(count: int) -> str:
    """Bytes in the unit that fits: `940 B`, `4.1 kB`, `512.0 MB`, `7.5 GB`."""
    if count < 1000:
        return f"{count} B"
    for unit in ("kB", "MB"):
        count_in_unit = count / 1e3 if unit == "kB" else count / 1e6
        if count_in_unit < 999.95:
            return f"{count_in_unit:.1f} {unit}"
    return f"{count / 1e9:.1f} GB"


def all_errors() -> dict[str, type[ComfyUILauncherError]]:
    """Every concrete error class by its code, sorted; the source of docs/reference/errors.md."""

    def concrete(base: type[ComfyUILauncherError]) -> Iterator[type[ComfyUILauncherError]]:
        for child in base.__subclasses__():
            if child.code:
                yield child
            yield from concrete(child)

    return {
        error.code: error for error in sorted(concrete(ComfyUILauncherError), key=lambda e: e.code)
    }
