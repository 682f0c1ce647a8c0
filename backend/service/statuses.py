"""The one table from errors to HTTP statuses. docs/reference/http.md is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from backend.exceptions import (
    AccessError,
    ComfyUILauncherError,
    DependencyError,
    DependencyInstallFailed,
    ForeignOrigin,
    InstallationError,
    InternalError,
    LauncherNotAnswering,
    MalformedRequest,
    MetadataError,
    NetworkError,
    NoDesktopMenu,
    NotAuthenticated,
    NotInTrash,
    NoWindow,
    OperationError,
    OperationNotFound,
    PathNotFound,
    ProcessError,
    RateLimited,
    RequestTooLarge,
    ServiceAlreadyRunning,
    SourceFailed,
    SourceIncomplete,
    StorageError,
    ToolMissing,
    UnknownEndpoint,
    UnknownSetting,
    ValidationError,
    VersionNotFound,
    VersionNotInstalled,
    WindowImpossible,
    WrongCode,
    all_errors,
)


@dataclass(frozen=True, slots=True)
class Status:
    """An HTTP status and what it means here."""

    code: int
    meaning: str


OK: Final = Status(200, "Done; the answer is in `value`.")
CREATED: Final = Status(201, "Made; `Location` says where it is.")
ACCEPTED: Final = Status(202, "Started; `Location` is the operation to follow.")

_MALFORMED = Status(400, "The request is not JSON, or not one JSON object.")
_UNAUTHENTICATED = Status(401, "The request carries no valid token, no session and no valid code.")
_FOREIGN = Status(403, "The request comes from another site or through another host name.")
_NOT_FOUND = Status(404, "What was named is not there.")
_CONFLICT = Status(409, "It does not fit how things stand now; nothing was changed.")
_TOO_LARGE = Status(413, "The request is larger than the service takes.")
_INVALID = Status(422, "The JSON is sound, but a field in it is not.")
_TOO_OFTEN = Status(429, "Too many requests; `Retry-After` says how many seconds to wait.")
_UNAVAILABLE = Status(503, "The network, the disk or a tool does not do its part; try later.")
_INTERNAL = Status(500, "A fault of ours; the log names it by the incident in the message.")

STATUSES: Final[Mapping[type[ComfyUILauncherError], Status]] = MappingProxyType(
    {
        ComfyUILauncherError: _INTERNAL,
        InstallationError: _CONFLICT,
        VersionNotFound: _NOT_FOUND,
        VersionNotInstalled: _NOT_FOUND,
        SourceIncomplete: _UNAVAILABLE,
        SourceFailed: _UNAVAILABLE,
        ToolMissing: _UNAVAILABLE,
        DependencyError: _CONFLICT,
        DependencyInstallFailed: _UNAVAILABLE,
        NetworkError: _UNAVAILABLE,
        ValidationError: _INVALID,
        MalformedRequest: _MALFORMED,
        RequestTooLarge: _TOO_LARGE,
        UnknownEndpoint: _NOT_FOUND,
        UnknownSetting: _NOT_FOUND,
        MetadataError: _UNAVAILABLE,
        ProcessError: _CONFLICT,
        StorageError: _UNAVAILABLE,
        PathNotFound: _NOT_FOUND,
        NotInTrash: _NOT_FOUND,
        OperationError: _CONFLICT,
        OperationNotFound: _NOT_FOUND,
        InternalError: _INTERNAL,
        AccessError: _FOREIGN,
        NotAuthenticated: _UNAUTHENTICATED,
        WrongCode: _UNAUTHENTICATED,
        ForeignOrigin: _FOREIGN,
        RateLimited: _TOO_OFTEN,
        NoWindow: _CONFLICT,
        WindowImpossible: _CONFLICT,
        NoDesktopMenu: _CONFLICT,
        ServiceAlreadyRunning: _CONFLICT,
        LauncherNotAnswering: _CONFLICT,
    }
)
"""The status of each class of errors; a class that is not here has that of its nearest base."""


def status_of(error: type[ComfyUILauncherError]) -> Status:
    """The status of an error class: its own, or that of the nearest base class in the table."""
    return next(STATUSES[base] for base in error.__mro__ if base in STATUSES)


def status_of_code(code: str) -> Status:
    """The status of an error that is known by its code."""
    return _by_code().get(code, _INTERNAL)


def all_statuses() -> list[Status]:
    """Every status that the service answers with, in the order of their numbers."""
    return sorted({OK, CREATED, ACCEPTED, *STATUSES.values()}, key=lambda status: status.code)


@cache
def _by_code() -> Mapping[str, Status]:
    return {code: status_of(error) for code, error in all_errors().items()}
