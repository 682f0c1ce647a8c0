"""What operations leave on disk, so that a crash is seen for what it was.

One append-only file an operation: `operations/<id>.jsonl`, a snapshot a line, the last one counts.
A state or step change is on disk before the work goes on. A torn last line is what a kill leaves;
the line before it counts then. How far a step is stands beside it in `<id>.progress`, while the
operation runs: others follow it there, and a crash may lose it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import ValidationError as PydanticError

from backend.file_utils import (
    atomic_write_bytes,
    storage_errors,
    sync_folder,
    temporary_beside,
)
from backend.operations.model import OperationSnapshot

KEPT_OPERATIONS: Final = 200


class OperationJournal:
    """Reads and appends the files of one `operations/` folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, snapshot: OperationSnapshot) -> None:
        """`snapshot` is on disk when this returns. Raises: DiskFull, NotWritable."""
        path = self._path(snapshot.id)
        line = snapshot.model_dump_json().encode() + b"\n"
        with storage_errors(path):
            is_new = not path.exists()
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                _write_all(descriptor, line if _ends_whole(descriptor) else b"\n" + line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if is_new:
                sync_folder(self._folder)
        if snapshot.state.is_final:
            with suppress(OSError):
                self._progress_file(snapshot.id).unlink()

    def note_progress(self, snapshot: OperationSnapshot) -> None:
        """Lets others see how far it is. Cheap, and not surely on disk when this returns."""
        path = self._progress_file(snapshot.id)
        temporary = temporary_beside(path)
        with suppress(OSError):
            try:
                temporary.write_text(snapshot.model_dump_json(), encoding="utf-8")
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)

    def load(self, operation_id: str) -> OperationSnapshot | None:
        snapshot = _last_whole_line(self._path(operation_id))
        if snapshot is None or snapshot.state.is_final:
            return snapshot
        noted = _last_whole_line(self._progress_file(operation_id))
        return snapshot if noted is None else _further(snapshot, noted)

    def load_all(self) -> list[OperationSnapshot]:
        """Every operation on record, oldest first."""
        found = (self.load(path.stem) for path in sorted(self._folder.glob("*.jsonl")))
        return [snapshot for snapshot in found if snapshot is not None]

    def cancel_file(self, operation_id: str) -> Path:
        return self._folder / f"{operation_id}.cancel"

    def request_cancel(self, operation_id: str) -> None:
        atomic_write_bytes(self.cancel_file(operation_id), b"")

    def forget_oldest(self, *, keep: int = KEPT_OPERATIONS) -> None:
        """Removes the records of the oldest ended operations beyond `keep`."""
        ended = [snapshot for snapshot in self.load_all() if snapshot.state.is_final]
        for snapshot in ended[: max(0, len(ended) - keep)]:
            self._path(snapshot.id).unlink(missing_ok=True)
            self.cancel_file(snapshot.id).unlink(missing_ok=True)
            self._progress_file(snapshot.id).unlink(missing_ok=True)

    def _path(self, operation_id: str) -> Path:
        return self._folder / f"{operation_id}.jsonl"

    def _progress_file(self, operation_id: str) -> Path:
        return self._folder / f"{operation_id}.progress"


def _further(recorded: OperationSnapshot, noted: OperationSnapshot) -> OperationSnapshot:
    """What is on record, with the noted progress if that is of the same step."""
    if noted.progress.step_number != recorded.progress.step_number:
        return recorded
    return recorded.model_copy(update={"progress": noted.progress})


def _ends_whole(descriptor: int) -> bool:
    """Whether the next line begins as one. After a kill it would be glued to a torn one."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def _write_all(descriptor: int, line: bytes) -> None:
    """On a disk that fills up, the first write takes a part and only the next one complains."""
    while line:
        line = line[os.write(descriptor, line) :]


def _last_whole_line(path: Path) -> OperationSnapshot | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # never there, or another process has just forgotten it
        return None
    for line in reversed(content.splitlines()):
        try:
            return OperationSnapshot.model_validate_json(line)
        except PydanticError:
            continue
    return None
