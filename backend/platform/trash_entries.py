"""What lies in the trash, and how a folder of ours is known: by its marker and its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from backend.exceptions import MetadataCorrupt, StorageError
from backend.file_utils import atomic_write_json, read_json, value_or_none
from backend.platform.deletion import mounts_below
from backend.validators import VersionTag

MARKER_NAME: Final = ".comfyui-launcher.json"
ENTRY_SUFFIX: Final = ".json"
DOOMED_SUFFIX: Final = ".doomed"

_ENTRY_ID: Final = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")


def _that_can_be_asked_for(path: Path) -> Path:
    """Refuses what the system takes for no path at all."""
    if "\0" in str(path):
        raise ValueError("a path holds no zero byte")
    return path


class Marker(BaseModel):
    """What says that a folder is ours, and which operation made it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

    schema_version: Literal[1] = Field(1, alias="schema")
    operation_id: str
    tag: VersionTag
    created_at: AwareDatetime


class TrashEntry(BaseModel):
    """A folder in the trash. `operation_id` is of the operation that put it there.

    `bytes` is what deleting it frees, as it was looked at before the move (None: nobody looked).
    Its days count from `kept_since` on; `seen_at` is the last look at that, `overdue_since` the
    first that found them over (None: there was none). `inode` is of the folder: in a tree that was
    copied or taken from a backup it is another one, and those looks do not count there.

    `original` is absolute here, and on disk relative to the folder that the trash lies in: when
    that is moved or copied, what is taken back stays in the copy.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

    schema_version: Literal[1] = Field(1, alias="schema")
    id: str = Field(pattern=f"^{_ENTRY_ID.pattern}$")
    original: Annotated[Path, AfterValidator(_that_can_be_asked_for)]
    reason: str
    operation_id: str
    trashed_at: AwareDatetime
    tag: VersionTag
    bytes: int | None = None
    kept_since: AwareDatetime | None = None
    seen_at: AwareDatetime | None = None
    overdue_since: AwareDatetime | None = None
    inode: int | None = None


@dataclass(frozen=True, slots=True)
class UnreadableEntry:
    """A record in the trash that cannot be read; what it is about stays where it is."""

    path: Path
    reason: str


def write_marker(folder: Path, marker: Marker) -> None:
    """Makes `folder` (which exists) ours. Raises: DiskFull, NotWritable."""
    atomic_write_json(folder / MARKER_NAME, marker)


def read_marker(folder: Path) -> Marker | None:
    """The marker of a folder; None when it has none, so it is not ours.

    Raises: MetadataCorrupt when it has one that cannot be read, NotWritable.
    """
    return value_or_none(read_json(folder / MARKER_NAME, Marker))


def is_an_entry(folder: Path) -> bool:
    """Whether we put it here, also if its record is lost. A copy of a folder of ours carries our
    marker too, but not the name that we give."""
    return bool(_ENTRY_ID.fullmatch(folder.name)) and marker_of(folder) is not None


def is_doomed(folder: Path) -> bool:
    """Whether we have begun to delete it: an entry, or what was put away from the store."""
    name = folder.name.removesuffix(DOOMED_SUFFIX)
    if name == folder.name:
        return False
    marker = marker_of(folder)
    if marker is None:
        return _is_last_bit(folder)
    return bool(_ENTRY_ID.fullmatch(name)) or name == f"{marker.tag}-{marker.operation_id}"


def marker_of(folder: Path) -> Marker | None:
    """The marker of a folder, where it has one that can be read."""
    try:
        return read_marker(folder)
    except (MetadataCorrupt, StorageError):  # what cannot be proved to be ours is not deleted
        return None


def _is_last_bit(folder: Path) -> bool:
    """Whether only this is left of a deletion: a crash came between the marker and the folder."""
    try:
        return not any(folder.iterdir())
    except FileNotFoundError:  # another process was faster: nothing of it is left
        return True
    except PermissionError:  # nobody knows what is in it
        return False


def obstacle(folder: Path) -> str | None:
    """Why a folder in the trash will not be deleted, in words; None where no reason is known."""
    if not folder.name.endswith(DOOMED_SUFFIX) and marker_of(folder) is None:
        return "its marker is gone or damaged"
    mounts = mounts_below(folder)
    return f"{mounts[0]} is mounted inside it" if mounts else None
