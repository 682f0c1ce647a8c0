"""What a launcher that was killed left half done, settled by the next one that starts."""

from __future__ import annotations

from functools import partial
from typing import Final

from backend.config import PathsConfig
from backend.exceptions import ComfyUILauncherError, DiskFull
from backend.logging_config import get_logger
from backend.operations.model import Interrupted, Recovery
from backend.operations.runner import OperationRunner
from backend.platform.leftovers import end_tools_of
from backend.platform.locks import FileLock
from backend.platform.trash import Trash
from backend.state_check import folders_with_temporaries
from backend.temporaries import sweep_temporaries
from backend.version_manager import VersionManager

RECOVERY_SECONDS: Final = 3.0  # that a start waits for its turn
_log: Final = get_logger(__name__)


def settle(
    paths: PathsConfig,
    operations: OperationRunner,
    manager: VersionManager,
    trash: Trash,
    lock: FileLock,
) -> list[str]:
    """What was found half done, and what became of it, in sentences for a person."""
    told: list[str] = []
    for path in sweep_temporaries(folders_with_temporaries(paths)):
        _log.info("removed %s, which a crash had left half written", path)
    for part in (partial(_recover, operations, manager, trash, lock), manager.adopt_answering):
        try:
            told += part()
        except ComfyUILauncherError as error:  # what cannot be written can still be looked at
            told.append(f"What an earlier launcher left stays so for now. {error.message}")
    for words in told:
        _log.warning("%s", words)
    return told


def _recover(
    operations: OperationRunner, manager: VersionManager, trash: Trash, lock: FileLock
) -> list[str]:
    """Ends or undoes what a killed launcher left. Its tools end first: they would go on to fill
    what is put away.

    All of it is one turn under the lock: two launchers that start together tell it once. Who does
    not get its turn soon leaves it to a later start, by an OperationConflict.
    """
    left, half_done = operations.interrupted(), manager.half_done()
    ids = {*half_done, *(one.id for one in left.found + left.known)}
    end_tools_of(ids)
    told: list[str] = []
    if ids:
        with lock.within(RECOVERY_SECONDS):
            told = _recover_in_turn(operations, manager, trash, left)
    operations.forget_oldest()
    return told


def _recover_in_turn(
    operations: OperationRunner, manager: VersionManager, trash: Trash, left: Interrupted
) -> list[str]:
    """What was left is ended or undone, and what became of each operation is noted and told.

    What was known as interrupted before, with nothing left of it, is noted without a word.
    """
    found = operations.settle_interrupted(left.found)
    settled = manager.recover()
    news = {one.id for one in found} | {one.operation_id for one in settled}
    by_operation = {one.operation_id: one.recovery for one in settled}
    told: list[str] = []
    trouble: ComfyUILauncherError | None = None
    for one in (*found, *left.known):
        recovery = by_operation.pop(one.id, None) or manager.account_for(one)
        try:
            _note(operations, trash, one.id, recovery)
        except ComfyUILauncherError as error:
            trouble = trouble or error
        if one.id in news:
            told.append(f"{one.kind} {one.subject} was interrupted. {recovery.words}")
    told += [one.recovery.words for one in settled if one.operation_id in by_operation]
    if trouble is not None:
        told.append(f"What became of them could not be noted. {trouble.message}")
    return told


def _note(operations: OperationRunner, trash: Trash, one: str, recovery: Recovery) -> None:
    """Writes down what became of an operation; on a full disk, what is half deleted makes room."""
    try:
        operations.note_recovery(one, recovery)
    except DiskFull:
        trash.sweep(check=lambda: None)
        operations.note_recovery(one, recovery)
