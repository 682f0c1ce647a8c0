"""What is about to be changed in several places, on disk before the first of them is.

`launcher-data/journal/<operation id>.json` is written before the first change and gone after the
last. Who finds one whose process is gone knows what was meant, and ends it or undoes it. So does
whoever fails half way: an error and a crash are settled by the same words.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import AwareDatetime, Field, model_validator

from backend.config import PathsConfig
from backend.exceptions import ComfyUILauncherError, MetadataError, StorageError
from backend.file_utils import (
    Absent,
    Value,
    atomic_write_json,
    names_in,
    read_json,
    storage_errors,
    sync_folder,
)
from backend.logging_config import get_logger
from backend.metadata_manager import InstalledVersion, Record
from backend.operations.model import Owner, Recovery
from backend.validators import FileName, VersionTag
from backend.version_manager_components.context import VersionContext

_log: Final = get_logger(__name__)


class Intent(Record):
    """What an operation is about to do. `store` is a folder in `comfyui-versions/.store`; `tag` the
    version that lies or will lie there; `entries` are of the trash."""

    operation_id: str = Field(pattern=r"^\d{14}-[0-9a-f]{6}$")
    owner: Owner
    kind: Literal["install", "remove", "restore", "delete"]
    tag: VersionTag | None = None
    store: FileName | None = None
    entries: tuple[FileName, ...] = ()
    written_at: AwareDatetime

    @model_validator(mode="after")
    def _names_what_it_changes(self) -> Intent:
        if self.kind == "delete" and not self.entries:
            raise ValueError("it names no entry of the trash")
        if self.kind != "delete" and (self.tag is None or self.store is None):
            raise ValueError("it names no version")
        return self

    def folder(self, paths: PathsConfig) -> Path:
        """Where the version lies or will lie."""
        assert self.store is not None
        return paths.store / self.store

    def version(self) -> str:
        """The tag of the version."""
        assert self.tag is not None
        return self.tag


@dataclass(frozen=True, slots=True)
class DamagedIntent:
    """An intent that cannot be read: of what it tells, nothing is touched."""

    operation_id: str
    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The intents on disk."""

    intents: tuple[Intent, ...]
    damaged: tuple[DamagedIntent, ...]


Settle = Callable[[VersionContext, Intent], Recovery]


def intent_of(context: VersionContext, kind: Any, operation_id: str, **facts: Any) -> Intent:
    """An intent of this process, not yet on disk."""
    return Intent(
        operation_id=operation_id,
        owner=context.operations.this_process(),
        kind=kind,
        written_at=context.now(),
        **facts,
    )


@contextmanager
def intended(
    context: VersionContext, intent: Intent, settle: Settle, *, can_do_without: bool = False
) -> Iterator[None]:
    """Inside, the intent stands on disk. Who leaves by an error finds it settled, as after a crash.

    `can_do_without`: goes on where the disk is too full to take it.
    Raises: DiskFull, NotWritable before anything inside is done.
    """
    try:
        atomic_write_json(_path(context, intent.operation_id), intent, keep_previous=False)
    except StorageError as error:
        if not can_do_without:
            raise
        _log.warning("%s goes on without its intent: %s", intent.operation_id, error)
    try:
        yield
    except BaseException as failure:
        try:
            _tell(failure, conclude(context, intent, settle))
        except ComfyUILauncherError as error:  # why it failed matters more
            _log.warning("%s is settled at the next start: %s", intent.operation_id, error)
        raise
    with contextlib.suppress(StorageError):  # it is done; the next start finds that and says so
        _drop(context, intent)


def _tell(failure: BaseException, recovery: Recovery | None) -> None:
    """A failure that was made good is told with it: who reads only the failure would be misled."""
    if recovery is None or recovery.outcome != "finished":
        return
    if isinstance(failure, ComfyUILauncherError):
        failure.message = f"{failure.message} All the same, {recovery.words}"


def conclude(context: VersionContext, intent: Intent, settle: Settle) -> Recovery | None:
    """What became of an intent, which is gone then; None when another process was faster.

    Raises: what `settle` raises, and the intent stays.
    """
    with context.lock:
        if not _path(context, intent.operation_id).exists():
            return None
        recovery = settle(context, intent)
        _drop(context, intent)
    return recovery


def is_abandoned(context: VersionContext, intent: Intent) -> bool:
    """Whether nobody is at work on it any more: an operation ends with its process."""
    return not context.operations.lives(intent.owner, intent.operation_id)


def standing(context: VersionContext) -> Standing:
    """Every intent on disk, whoever's it is.

    Raises: NotWritable where their folder may not be read: nobody knows then what stands in it.
    """
    intents, damaged = [], []
    names = [name for name in names_in(context.paths.journal) if name.endswith(".json")]
    for path in (context.paths.journal / name for name in names):
        try:
            found = read_json(path, Intent)
        except StorageError as error:
            damaged.append(DamagedIntent(path.stem, path, error.message))
            continue
        if isinstance(found, Value) and found.value.operation_id == path.stem:
            intents.append(found.value)
        elif isinstance(found, Value):
            reason = f"it tells of {found.value.operation_id}"
            damaged.append(DamagedIntent(path.stem, path, reason))
        elif not isinstance(found, Absent):
            damaged.append(DamagedIntent(path.stem, path, found.reason))
    return Standing(tuple(intents), tuple(damaged))


def is_going(context: VersionContext, version: InstalledVersion) -> bool:
    """Whether a version that lacks its folder is being removed right now: that is no damage.

    To be asked after its folder was looked at. The intent goes after the record, so that who finds
    neither the folder nor the intent finds no record either, once all is done.
    """
    try:
        going = {one.store for one in standing(context).intents if one.kind == "remove"}
        if version.store in going:
            with storage_errors(context.paths.store):
                return not (context.paths.store / version.store).exists()
        return context.store.version(version.tag) is None
    except (MetadataError, StorageError):
        return False


def _path(context: VersionContext, operation_id: str) -> Path:
    return context.paths.journal / f"{operation_id}.json"


def _drop(context: VersionContext, intent: Intent) -> None:
    path = _path(context, intent.operation_id)
    with storage_errors(path):
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
