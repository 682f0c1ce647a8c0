"""What is known about installed versions, as JSON files that survive anything.

`VersionStore` of the version manager is the port; this is its implementation. One model a file:
`metadata/versions/<tag>.json`, `active_version.json`, `metadata/size_cache.json`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from backend.exceptions import MetadataError, MetadataFromTheFuture
from backend.file_utils import (
    PREVIOUS_SUFFIX,
    Absent,
    Corrupt,
    atomic_write_json,
    read_json,
    sync_folder,
)
from backend.logging_config import get_logger

SCHEMA: Final = 1
Model = TypeVar("Model", bound="Record")
_log = get_logger(__name__)


class Record(BaseModel):
    """A file of ours. Unknown fields are kept out: a newer launcher raises `schema` instead."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: int = Field(SCHEMA, alias="schema")


class TorchChoice(BaseModel):
    """Which build of torch an environment was made with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: str | None = None
    spec: str | None = None
    find_links: tuple[str, ...] = ()
    version: str | None = None


class InstalledVersion(Record):
    """One installation: what it is, where it lies, and how it was made. Sizes in bytes."""

    tag: str
    reference: str
    kind: Literal["tag", "branch", "commit"]
    commit: str
    released_at: datetime
    repository: str
    store: str = Field(description="Name of its folder in comfyui-versions/.store.")
    operation_id: str
    python: str
    torch: TorchChoice
    packages_as_of: str | None
    package_count: int
    installed_at: datetime
    own_bytes: int = Field(description="Disk that is freed when it goes; shared files not counted.")
    logical_bytes: int
    last_launched_at: datetime | None = None


class ActiveVersion(Record):
    """`active`: what the app works with now. `default`: what it takes at the next start."""

    active: str | None = None
    default: str | None = None


class SizeCache(Record):
    """Measured sizes in bytes, by what was measured. They never change."""

    environments: dict[str, int] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordProblem:
    """A state file that could not be read, and what was done about it."""

    path: Path
    reason: str
    recovered: bool


@dataclass(frozen=True, slots=True)
class VersionsOnRecord:
    """The installed versions by tag, and every file that could not be read as it should."""

    versions: dict[str, InstalledVersion]
    problems: list[RecordProblem] = field(default_factory=list)


class MetadataManager:
    """Reads and changes the state files of one `launcher-data` folder.

    A change is read, made and written under `lock`, which holds across processes.
    """

    def __init__(self, data: Path, *, lock: AbstractContextManager[Any]) -> None:
        self._versions = data / "metadata" / "versions"
        self._active_file = data / "active_version.json"
        self._sizes_file = data / "metadata" / "size_cache.json"
        self._lock = lock

    def versions(self) -> VersionsOnRecord:
        """Every installed version. A damaged file is reported, never dropped in silence."""
        found: dict[str, InstalledVersion] = {}
        problems: list[RecordProblem] = []
        for path in self._record_files():
            try:
                record = self._read(path, InstalledVersion, problems)
            except MetadataError as error:
                problems.append(RecordProblem(path, error.message, recovered=False))
                continue
            if record is not None:
                found[record.tag] = record
        return VersionsOnRecord(found, problems)

    def version(self, tag: str) -> InstalledVersion | None:
        """Raises: MetadataCorrupt, MetadataFromTheFuture."""
        return self._read(self._path(tag), InstalledVersion, [])

    def put(self, version: InstalledVersion) -> None:
        with self._lock:
            atomic_write_json(self._path(version.tag), version)

    def remove(self, tag: str) -> None:
        """Forgets a version, and that it was active or default."""
        with self._lock:
            path = self._path(tag)
            for name in (path.name + PREVIOUS_SUFFIX, path.name):
                path.with_name(name).unlink(missing_ok=True)
            sync_folder(self._versions)
        now = self.active()
        if tag in {now.active, now.default}:
            self.change_active(
                lambda old: old.model_copy(
                    update={
                        "active": None if old.active == tag else old.active,
                        "default": None if old.default == tag else old.default,
                    }
                )
            )

    def active(self) -> ActiveVersion:
        """Raises: MetadataCorrupt when the file and the one before it are damaged."""
        return self._read(self._active_file, ActiveVersion, []) or ActiveVersion()

    def change_active(self, change: Callable[[ActiveVersion], ActiveVersion]) -> ActiveVersion:
        with self._lock:
            changed = change(self.active())
            atomic_write_json(self._active_file, changed)
        return changed

    def environment_size(self, key: str) -> int | None:
        """Bytes that an environment of that kind took when one was last made here."""
        cache = self._read(self._sizes_file, SizeCache, [])
        return cache.environments.get(key) if cache else None

    def remember_environment_size(self, key: str, size: int) -> None:
        with self._lock:
            cache = self._read(self._sizes_file, SizeCache, []) or SizeCache()
            environments = cache.environments | {key: size}
            atomic_write_json(
                self._sizes_file, cache.model_copy(update={"environments": environments})
            )

    def _record_files(self) -> list[Path]:
        """Also the files of which only the previous version is left."""
        names = {path.name for path in self._versions.glob("*.json")}
        names |= {
            path.name.removesuffix(PREVIOUS_SUFFIX)
            for path in self._versions.glob(f"*.json{PREVIOUS_SUFFIX}")
        }
        return [self._versions / name for name in sorted(names)]

    def _read(self, path: Path, model: type[Model], problems: list[RecordProblem]) -> Model | None:
        result = read_json(path, model)
        if isinstance(result, Absent):
            return None
        if isinstance(result, Corrupt):
            record = result.recovered()
            _log.warning("%s is damaged (%s); the version before it counts", path, result.reason)
            problems.append(RecordProblem(path, result.reason, recovered=True))
            return record
        if result.value.schema_version > SCHEMA:
            raise MetadataFromTheFuture(path, schema=result.value.schema_version)
        return result.value

    def _path(self, tag: str) -> Path:
        return self._versions / f"{tag}.json"
