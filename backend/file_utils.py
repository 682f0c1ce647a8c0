"""Writing that is never half done, and reading that never mistakes damage for absence."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic import ValidationError as PydanticError

from backend.exceptions import (
    DiskFailed,
    DiskFull,
    MetadataCorrupt,
    MetadataFromTheFuture,
    NotWritable,
)
from backend.seals import SEAL, BrokenSeal, sealed, unsealed
from backend.temporaries import temporary_beside

Model = TypeVar("Model", bound=BaseModel)

PREVIOUS_SUFFIX: Final = ".previous"
DAMAGED_SUFFIX: Final = ".damaged"
LATER_DAMAGE_SUFFIX: Final = ".damaged-later"

# Something of another kind stands where a file or folder of ours belongs, or access is refused.
_REFUSED: Final = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.EEXIST,
        errno.EISDIR,
        errno.ENOTDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
    }
)


class _AnySchema(BaseModel):
    """The schema of a state file of whose other fields we may know nothing."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    schema_version: int = Field(1, alias="schema")


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such file, and there was none before."""

    path: Path


@dataclass(frozen=True, slots=True)
class Corrupt(Generic[Model]):
    """The file is damaged. `previous` is the version before it, when that one is sound."""

    path: Path
    reason: str
    previous: Model | None

    def recovered(self) -> Model:
        """The previous version, or MetadataCorrupt: damage is never taken for empty."""
        if self.previous is None:
            raise MetadataCorrupt(self.path, reason=self.reason)
        return self.previous


@dataclass(frozen=True, slots=True)
class Value(Generic[Model]):
    """What the file says."""

    value: Model


ReadResult = Absent | Corrupt[Model] | Value[Model]


def atomic_write_json(
    path: Path,
    data: BaseModel,
    *,
    lock: AbstractContextManager[Any] | None = None,
    mode: int = 0o644,
    keep_previous: bool = True,
) -> None:
    """After this returns, `path` holds `data` for good; before, it holds what it held.

    Sealed (backend/seals.py), into a temporary file beside it, fsync, the present file kept as
    `.previous` (as `.damaged` when it cannot be read), replace, fsync of the folder. An invalid
    model is refused before the disk is touched. Takes `lock` around the write. With
    `keep_previous=False` nothing of the present file is kept: for what is of no use afterwards.

    Raises: pydantic's ValidationError (invalid model), DiskFull, NotWritable.
    """
    type(data).model_validate(data.model_dump(warnings=False))
    content = sealed(data.model_dump_json(indent=2).encode())
    with lock or contextlib.nullcontext():
        sound = keep_previous and _keep_damage(path, type(data))
        atomic_write_bytes(path, content, mode=mode, keep_previous=sound)


def atomic_write_bytes(
    path: Path, content: bytes, *, mode: int = 0o644, keep_previous: bool = False
) -> None:
    """Like atomic_write_json, for any content and without a seal. Raises: DiskFull, NotWritable."""
    temporary = temporary_beside(path)
    with storage_errors(path, needed=len(content)):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_and_sync(temporary, content, mode)
            if keep_previous:
                _keep_as(path, PREVIOUS_SUFFIX)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def read_json(path: Path, model: type[Model]) -> ReadResult[Model]:
    """What `path` holds: Absent, Corrupt (with the previous version if that is sound) or Value.

    A seal that does not fit is damage, whatever the schema says; without a seal (an older launcher,
    or a hand that took it away) the schema alone decides.
    Raises: NotWritable when the file exists and may not be read.
    """
    previous = path.with_name(path.name + PREVIOUS_SUFFIX)
    with storage_errors(path):
        content = _content(path)
        if content is not None:
            try:
                return Value(_judged(content, model))
            except _Damage as damage:
                return Corrupt(path, str(damage), _valid(_content(previous), model))
        older = _content(previous)
    if older is None:
        return Absent(path)
    return Corrupt(path, "the file is missing", _valid(older, model))


def refuse_newer_schema(path: Path, known: int) -> None:
    """Returns when `path` is not of a newer launcher; with its new fields it looks like damage.

    Raises: MetadataFromTheFuture, NotWritable when the file exists and may not be read.
    """
    with storage_errors(path):
        found = _valid(_content(path), _AnySchema)
    if found is not None and found.schema_version > known:
        raise MetadataFromTheFuture(path, schema=found.schema_version)


def value_or_none(result: ReadResult[Model]) -> Model | None:
    """What the file says; None when there is none. Damage is recovered from the previous version.

    Raises: MetadataCorrupt when that is damaged too.
    """
    match result:
        case Absent():
            return None
        case Corrupt():
            return result.recovered()
        case Value():
            return result.value


def names_in(folder: Path) -> list[str]:
    """The names in a folder, sorted; none where there is no such folder.

    Raises: NotWritable where it may not be read: that is not the same as empty.
    """
    with storage_errors(folder):
        try:
            return sorted(entry.name for entry in folder.iterdir())
        except FileNotFoundError:
            return []


def sync_folder(folder: Path) -> None:
    """Makes renames and removals in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def storage_errors(path: Path, *, needed: int | None = None) -> Iterator[None]:
    """Turns what the system says below this line into DiskFull, DiskFailed or NotWritable."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(path, needed=needed, free=free_bytes(path)) from error
        if error.errno == errno.EIO:
            raise DiskFailed(path) from error
        if error.errno in _REFUSED:
            raise NotWritable(path, reason=_words(error.errno)) from error
        raise


def _words(number: int) -> str:
    if number == errno.ENAMETOOLONG:
        return "the name is too long for this disk"
    return os.strerror(number)


def free_bytes(path: Path) -> int:
    """Bytes that an ordinary user can still write on the volume of `path`."""
    existing = next(p for p in (path, *path.parents) if p.exists())
    return shutil.disk_usage(existing).free


def _keep_damage(path: Path, model: type[BaseModel]) -> bool:
    """Whether the present content is sound. Damage is kept as `.damaged`, never as `.previous`.

    It gets a second name: the first one is there until the new content replaces it, for damage is
    not absence. The damage that came first is kept for good, and the latest beside it.
    """
    with storage_errors(path):
        content = _content(path)
        if content is None:
            return False
        if _valid(content, model) is not None:
            return True
        first = path.with_name(path.name + DAMAGED_SUFFIX)
        _keep_as(path, LATER_DAMAGE_SUFFIX if os.path.lexists(first) else DAMAGED_SUFFIX)
    return False


def _write_and_sync(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _keep_as(path: Path, suffix: str) -> None:
    """A second name for the present content; the replace that follows drops the first."""
    link = temporary_beside(path)
    try:
        _second_name(path, link)
        link.replace(path.with_name(path.name + suffix))
    except FileNotFoundError:
        return
    finally:
        link.unlink(missing_ok=True)


def _second_name(path: Path, link: Path) -> None:
    try:
        os.link(path, link)
    except OSError:  # no hardlinks on this volume (exFAT, some network shares)
        shutil.copy2(path, link)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


class _Damage(Exception):
    """Why a content is not what it should be, in words."""


def _judged(content: bytes, model: type[Model]) -> Model:
    """What the content says. Raises: _Damage."""
    try:
        return model.model_validate_json(unsealed(content))
    except BrokenSeal as broken:
        way_out = f"edited by hand? then remove its last field `{SEAL}`"
        raise _Damage(f"{broken}; {way_out}") from broken
    except PydanticError as problem:
        raise _Damage(_first_problem(problem)) from problem


def _valid(content: bytes | None, model: type[Model]) -> Model | None:
    if content is None:
        return None
    try:
        return _judged(content, model)
    except _Damage:
        return None


def _first_problem(damage: PydanticError) -> str:
    first = damage.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
