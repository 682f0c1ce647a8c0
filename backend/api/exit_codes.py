"""What each exit status means, for all doors: docs/reference/exit-codes.md is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from backend.exceptions import (
    AccessError,
    AlreadyRunning,
    ComfyUILauncherError,
    ForeignFolder,
    GitHubLimitReached,
    LauncherNotAnswering,
    NetworkError,
    NoActiveVersion,
    NoDesktopMenu,
    NotInTrash,
    NotReadyInTime,
    NotRunning,
    NoWindow,
    OperationCancelled,
    OperationConflict,
    OperationNotFound,
    OperationNotRepeatable,
    PathNotFound,
    PortTaken,
    PythonNotFound,
    ServiceAlreadyRunning,
    StartFailed,
    StorageError,
    ValidationError,
    VersionAlreadyInstalled,
    VersionInUse,
    VersionNotFound,
    VersionNotInstalled,
    WindowImpossible,
    all_errors,
)

SUCCESS: Final = 0
FAILURE: Final = 1
USAGE: Final = 2
CANCELLED: Final = 6
INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class ExitCode:
    """One status: what it means, and the error classes (with all below them) that lead to it."""

    meaning: str
    errors: tuple[type[ComfyUILauncherError], ...] = ()


EXIT_CODES: Final[Mapping[int, ExitCode]] = {
    SUCCESS: ExitCode("It worked."),
    FAILURE: ExitCode(
        "It failed for a reason that has no other status.",
        (ComfyUILauncherError, NoWindow, WindowImpossible, NoDesktopMenu),
    ),
    USAGE: ExitCode("What was typed is not a command or not well formed.", (ValidationError,)),
    3: ExitCode(
        "What was named is not there.",
        (
            VersionNotFound, VersionNotInstalled, NoActiveVersion, NotRunning, OperationNotFound,
            PathNotFound, NotInTrash, PythonNotFound,
        ),
    ),
    4: ExitCode("Something outside this machine did not answer as needed.", (NetworkError,)),
    5: ExitCode(
        "It stands in the way of something: in use, there already, or an operation at work.",
        (
            VersionAlreadyInstalled, VersionInUse, AlreadyRunning, PortTaken, ForeignFolder,
            OperationConflict, OperationNotRepeatable, ServiceAlreadyRunning, LauncherNotAnswering,
        ),
    ),
    CANCELLED: ExitCode("It was cancelled and left nothing behind.", (OperationCancelled,)),
    7: ExitCode("The disk is full, or a folder cannot be written.", (StorageError,)),
    8: ExitCode("ComfyUI did not start.", (StartFailed, NotReadyInTime)),
    9: ExitCode("Not allowed, or too often in a short time.", (AccessError, GitHubLimitReached)),
    INTERRUPTED: ExitCode("Interrupted before there was an answer, or twice while cancelling."),
}  # fmt: skip


def exit_code_of(code: str) -> int:
    """The status for an error's code: that of the nearest class above it in the table."""
    error = all_errors().get(code, ComfyUILauncherError)
    status_of = {cls: status for status, entry in EXIT_CODES.items() for cls in entry.errors}
    return next(status_of[cls] for cls in error.__mro__ if cls in status_of)
