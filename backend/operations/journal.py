"""What operations leave on disk, so that a crash is seen for what it was.

One append-only file an operation: `operations/<id>.jsonl`, a snapshot a line, the last one counts.
A state or step change is on disk before the work goes on. A torn last line is what a kill leaves;
the line before it counts then.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from pydantic import ValidationError as PydanticError

from backend.file_utils import atomic_write_bytes, storage_errors, sync_folder
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
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if is_new:
                sync_folder(self._folder)

    def load(self, operation_id: str) -> OperationSnapshot | None:
        path = self._path(operation_id)
        return _last_whole_line(path) if path.exists() else None

    def load_all(self) -> list[OperationSnapshot]:
        """Every operation on record, oldest first."""
        found = (_last_whole_line(path) for path in sorted(self._folder.glob("*.jsonl")))
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

    def _path(self, operation_id: str) -> Path:
        return self._folder / f"{operation_id}.jsonl"


def _last_whole_line(path: Path) -> OperationSnapshot | None:
    for line in reversed(path.read_bytes().splitlines()):
        try:
            return OperationSnapshot.model_validate_json(line)
        except PydanticError:
            continue
    return None
