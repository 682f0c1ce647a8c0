"""What operations leave on disk, so that a crash is seen for what it was.

One append-only file an operation: `operations/<id>.jsonl`, a sealed snapshot a line, the last one
counts. A state or step change is on disk before the work goes on. A torn last line is what a kill
leaves; the line before it counts then. How far a step is stands beside it in `<id>.progress`, while
the operation runs: others follow it there, and a crash may lose it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError as PydanticError

from backend.exceptions import MetadataCorrupt, MetadataError, StorageError
from backend.file_utils import atomic_write_bytes, names_in, storage_errors
from backend.operations.model import OperationSnapshot
from backend.seals import BrokenSeal, ends_like_a_seal, sealed, unsealed
from backend.temporaries import temporary_beside

KEPT_OPERATIONS: Final = 200
MODE: Final = 0o600  # what was asked stands in it, and is nobody else's business
_BEGINNING: Final = b'{"id":'


@dataclass(frozen=True, slots=True)
class JournalProblem:
    """A record of an operation with damage in it. `recovered`: an earlier line of it counts."""

    path: Path
    reason: str
    recovered: bool


class OperationJournal:
    """Reads and appends the files of one `operations/` folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, snapshot: OperationSnapshot) -> None:
        """`snapshot` is on disk when this returns. Raises: DiskFull, NotWritable."""
        path = self._path(snapshot.id)
        line = sealed(snapshot.model_dump_json().encode())
        try:
            with storage_errors(path, needed=len(line)):
                _append(path, line)
        except FileNotFoundError:  # there at once with its first line, or not at all
            atomic_write_bytes(path, line, mode=MODE)
        if snapshot.state.is_final:
            with suppress(OSError):
                self._progress_file(snapshot.id).unlink()

    def note_progress(self, snapshot: OperationSnapshot) -> None:
        """Lets others see how far it is. Cheap, and not surely on disk when this returns."""
        path = self._progress_file(snapshot.id)
        temporary = temporary_beside(path)
        with suppress(OSError):
            try:
                temporary.touch(mode=MODE, exist_ok=False)
                temporary.write_bytes(sealed(snapshot.model_dump_json().encode()))
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)

    def load(self, operation_id: str) -> OperationSnapshot | None:
        """The operation as it was last written down; None when there is no record of it.

        Raises: MetadataCorrupt when there is one and no line of it can be read; NotWritable.
        """
        path = self._path(operation_id)
        content = _content(path)
        if content is None:  # never there, or another process has just forgotten it
            return None
        snapshot = _last_sound(content)
        if snapshot is None:
            raise MetadataCorrupt(path, reason="no line of it can be read")
        if snapshot.id != operation_id:  # what is written and removed goes by that name
            raise MetadataCorrupt(path, reason="it tells of another operation")
        if snapshot.state.is_final:
            return snapshot
        noted = self._noted(operation_id)
        return snapshot if noted is None else _further(snapshot, noted)

    def load_all(self) -> list[OperationSnapshot]:
        """Every operation on record that can be read, oldest first; `problems` has the others.

        Raises: NotWritable when the folder may not be read.
        """
        found = []
        for path in self._files():
            with suppress(MetadataError, StorageError):
                found.append(self.load(path.stem))
        return [snapshot for snapshot in found if snapshot is not None]

    def problems(self) -> list[JournalProblem]:
        """Every record with damage in it, whether or not a line of it still counts."""
        try:
            found = [_problem(path) for path in self._files()]
        except StorageError as error:
            return [JournalProblem(self._folder, error.message, recovered=False)]
        return [problem for problem in found if problem is not None]

    def count(self) -> int:
        """How many operations are on record; 0 also where the folder may not be read."""
        with suppress(StorageError):
            return len(self._files())
        return 0

    def cancel_file(self, operation_id: str) -> Path:
        return self._folder / f"{operation_id}.cancel"

    def request_cancel(self, operation_id: str) -> None:
        atomic_write_bytes(self.cancel_file(operation_id), b"")

    def forget_oldest(self, *, keep: int = KEPT_OPERATIONS) -> None:
        """Removes the records of the oldest ended operations beyond `keep`.

        Not of those of which somebody has still to say what became of them. Raises: NotWritable.
        """
        if len(self._files()) <= keep:
            return
        ended = [snapshot for snapshot in self.load_all() if snapshot.is_settled]
        for snapshot in ended[: max(0, len(ended) - keep)]:
            with storage_errors(self._folder):
                self._path(snapshot.id).unlink(missing_ok=True)
                self.cancel_file(snapshot.id).unlink(missing_ok=True)
                self._progress_file(snapshot.id).unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return [self._folder / name for name in names_in(self._folder) if name.endswith(".jsonl")]

    def _noted(self, operation_id: str) -> OperationSnapshot | None:
        with suppress(StorageError):
            return _last_sound(_content(self._progress_file(operation_id)) or b"")
        return None

    def _path(self, operation_id: str) -> Path:
        return self._folder / f"{operation_id}.jsonl"

    def _progress_file(self, operation_id: str) -> Path:
        return self._folder / f"{operation_id}.progress"


def _further(recorded: OperationSnapshot, noted: OperationSnapshot) -> OperationSnapshot:
    """What is on record, with the noted progress if that is of the same step."""
    if noted.progress.step_number != recorded.progress.step_number:
        return recorded
    return recorded.model_copy(update={"progress": noted.progress})


def _append(path: Path, line: bytes) -> None:
    """Raises: FileNotFoundError where there is no file yet."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    try:
        _write_all(descriptor, line if _ends_whole(descriptor) else b"\n" + line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ends_whole(descriptor: int) -> bool:
    """Whether the next line begins as one. After a kill it would be glued to a torn one."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def _write_all(descriptor: int, line: bytes) -> None:
    """On a disk that fills up, the first write takes a part and only the next one complains."""
    while line:
        line = line[os.write(descriptor, line) :]


def _content(path: Path) -> bytes | None:
    with storage_errors(path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


def _last_sound(content: bytes) -> OperationSnapshot | None:
    for line in reversed(content.split(b"\n")):
        if (snapshot := _snapshot(line)) is not None:
            return snapshot
    return None


def _snapshot(line: bytes) -> OperationSnapshot | None:
    """What a line says; None when it is damaged or torn. An older launcher sealed none."""
    if not line:
        return None
    try:
        return OperationSnapshot.model_validate_json(unsealed(line + b"\n"))
    except (BrokenSeal, PydanticError):
        return None


def _problem(path: Path) -> JournalProblem | None:
    try:
        content = _content(path)
    except StorageError as error:
        return JournalProblem(path, error.message, recovered=False)
    if content is None:
        return None
    last = _last_sound(content)
    if last is None:
        return JournalProblem(path, "no line of it can be read", recovered=False)
    if last.id != path.stem:
        return JournalProblem(path, "it tells of another operation", recovered=False)
    *lines, rest = content.split(b"\n")
    damaged = [number for number, line in enumerate(lines, 1) if _is_damaged(line)]
    damaged = [number for number in damaged if number == len(lines) or not _is_torn(lines, number)]
    if ends_like_a_seal(rest):  # the line break itself was hit: a torn line is shorter
        damaged.append(len(lines) + 1)
    if not damaged:
        return None
    words = "lines" if len(damaged) > 1 else "line"
    numbers = ", ".join(str(number) for number in damaged)
    return JournalProblem(path, f"{words} {numbers} cannot be read", recovered=True)


def _is_damaged(line: bytes) -> bool:
    """A right seal is enough; what has none is judged by its schema."""
    try:
        bare = unsealed(line + b"\n")
    except BrokenSeal:
        return True
    return bool(line) and bare == line + b"\n" and _snapshot(line) is None


def _is_torn(lines: list[bytes], number: int) -> bool:
    """Whether a kill can have left that line, to which a later launcher added another one: it is a
    beginning without an end."""
    line = lines[number - 1]
    begins = line.startswith(_BEGINNING) or _BEGINNING.startswith(line)
    return begins and not ends_like_a_seal(line + b"\n")
