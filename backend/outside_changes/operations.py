"""The operations of other processes: their journal is what is seen of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

from backend.exceptions import MetadataError, OperationNotFound, StorageError
from backend.operations.events import OperationChanged
from backend.operations.model import OperationSnapshot, OperationState, Owner
from backend.outside_changes.stamps import Publish, Stamp, is_fresh, stamp_of

JOURNAL: Final = ".jsonl"


class OperationsPort(Protocol):
    """What became of an operation, whichever process runs it."""

    def get(self, operation_id: str) -> OperationSnapshot: ...

    def settle_interrupted(self) -> list[OperationSnapshot]: ...


class OthersOperations:
    """The operations of other processes, from their entry in the journal to their end."""

    def __init__(
        self,
        folder: Path,
        operations: OperationsPort,
        owner: Owner,
        publish: Publish,
    ) -> None:
        self._folder = folder
        self.files = (folder,)
        self._operations = operations
        self._owner = owner
        self._publish = publish
        self._stamp: Stamp = None
        self._known: set[str] = set()
        self._followed: dict[str, OperationSnapshot | None] = {}

    @property
    def restless(self) -> bool:
        """An owner may be gone without a word."""
        return bool(self._followed)

    def begin(self) -> None:
        """What has ended by now is no news, nor is how far the others are."""
        for operation_id in self._appeared():
            snapshot = self._load(operation_id)
            if snapshot and snapshot.owner != self._owner and not snapshot.state.is_final:
                self._followed[operation_id] = snapshot

    def look(self) -> None:
        """Tells what is new of the operations of others, and of those that are new."""
        for operation_id in self._appeared():
            snapshot = self._load(operation_id)
            if snapshot is None:  # forgotten meanwhile, or it cannot be read
                self._known.discard(operation_id)
            elif snapshot.owner != self._owner:
                self._followed[operation_id] = None
        for operation_id, before in tuple(self._followed.items()):
            self._follow(operation_id, before)

    def _appeared(self) -> list[str]:
        """The operations that are new in the journal."""
        stamp = stamp_of(self._folder)
        if stamp == self._stamp and not is_fresh(stamp):
            return []
        names = {path.stem for path in self._folder.iterdir() if path.suffix == JOURNAL}
        new = sorted(names - self._known)
        self._known, self._stamp = names, stamp
        return new

    def _follow(self, operation_id: str, before: OperationSnapshot | None) -> None:
        now = self._load(operation_id)
        if now == before:
            return
        if now is None or now.state.is_final:
            del self._followed[operation_id]
        else:
            self._followed[operation_id] = now
        if now is not None:
            if now.state is OperationState.INTERRUPTED:  # so that everyone sees the same end
                settled = self._operations.settle_interrupted()
                now = next((one for one in settled if one.id == operation_id), now)
            self._publish(OperationChanged(operation=now))

    def _load(self, operation_id: str) -> OperationSnapshot | None:
        try:
            return self._operations.get(operation_id)
        except (OperationNotFound, MetadataError, StorageError):
            return None
