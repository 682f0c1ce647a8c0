"""What is known about installed versions, as JSON files that survive anything.

`VersionStore` of the version manager is the port; this is its implementation. One model a file:
`metadata/versions/<tag>.json`, `active_version.json`, `metadata/size_cache.json`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from backend.exceptions import (
    MetadataCorrupt,
    MetadataError,
    StorageError,
)
from backend.file_utils import (
    PREVIOUS_SUFFIX,
    Absent,
    Corrupt,
    atomic_write_json,
    names_in,
    read_json,
    refuse_newer_schema,
    storage_errors,
    sync_folder,
)
from backend.logging_config import get_logger
from backend.validators import FileName, VersionTag

SCHEMA: Final = 1
Model = TypeVar("Model", bound="Record")
_log = get_logger(__name__)


class Record(BaseModel):
    """A file of ours. Unknown fields are kept out: a newer launcher raises `schema` instead."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

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

    tag: VersionTag
    reference: str
    kind: Literal["tag", "branch", "commit"]
    commit: str
    released_at: AwareDatetime
    repository: str
    store: FileName = Field(description="Name of its folder in comfyui-versions/.store.")
    operation_id: str
    python: str
    torch: TorchChoice
    packages_as_of: str | None
    package_count: int
    installed_at: AwareDatetime
    own_bytes: int = Field(description="Disk that is freed when it goes; shared files not counted.")
    logical_bytes: int
    last_launched_at: AwareDatetime | None = None


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
        try:
            files = self._record_files()
        except StorageError as error:
            return VersionsOnRecord({}, [RecordProblem(self._versions, error.message, False)])
        for path in files:
            try:
                record = self._record(path.name.removesuffix(".json"), problems)
            except (MetadataError, StorageError) as error:
                problems.append(RecordProblem(path, error.message, recovered=False))
                continue
            if record is not None:
                found[record.tag] = record
        return VersionsOnRecord(found, problems)

    def version(self, tag: str) -> InstalledVersion | None:
        """Raises: MetadataCorrupt, MetadataFromTheFuture."""
        return self._record(tag, [])

    def put(self, version: InstalledVersion) -> None:
        with self._lock:
            atomic_write_json(self._path(version.tag), version)

    def remove(self, tag: str) -> None:
        """Forgets a version, and that it was active or default.

        Raises: DiskFull, DiskFailed, NotWritable; MetadataCorrupt when what is active is damaged.
        """
        with self._lock:
            path = self._path(tag)
            with storage_errors(path):
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
        return self._sizes().environments.get(key)

    def remember_environment_size(self, key: str, size: int) -> None:
        with self._lock:
            environments = self._sizes().environments | {key: size}
            atomic_write_json(self._sizes_file, SizeCache(environments=environments))

    def _record(self, tag: str, problems: list[RecordProblem]) -> InstalledVersion | None:
        path = self._path(tag)
        record = self._read(path, InstalledVersion, problems)
        if record is not None and record.tag != tag:
            raise MetadataCorrupt(path, reason=f"it tells of {record.tag}")
        return record

    def _sizes(self) -> SizeCache:
        """Only a cache: what cannot be read is measured again."""
        try:
            return self._read(self._sizes_file, SizeCache, []) or SizeCache()
        except (MetadataError, StorageError) as error:
            _log.warning("%s", error)
            return SizeCache()

    def _record_files(self) -> list[Path]:
        """Also the files of which only the previous version is left."""
        names = {name.removesuffix(PREVIOUS_SUFFIX) for name in names_in(self._versions)}
        return [self._versions / name for name in sorted(names) if name.endswith(".json")]

    def _read(self, path: Path, model: type[Model], problems: list[RecordProblem]) -> Model | None:
        result = read_json(path, model)
        if isinstance(result, Absent):
            return None
        refuse_newer_schema(path, SCHEMA)
        if isinstance(result, Corrupt):
            record = result.recovered()
            _log.warning("%s is damaged (%s); the version before it counts", path, result.reason)
            problems.append(RecordProblem(path, result.reason, recovered=True))
            return record
        return result.value

    def _path(self, tag: str) -> Path:
        return self._versions / f"{tag}.json"
