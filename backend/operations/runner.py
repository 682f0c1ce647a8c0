"""Runs operations in threads, one at a time for each subject, and knows what became of them."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel

from backend.exceptions import (
    ComfyUILauncherError,
    InternalError,
    MetadataError,
    OperationCancelled,
    OperationConflict,
    OperationInterrupted,
    OperationNotFound,
    StorageError,
)
from backend.logging_config import current_operation, get_logger, scrub
from backend.operations.cancellation import CancelToken
from backend.operations.events import EventStream
from backend.operations.journal import JournalProblem, OperationJournal
from backend.operations.model import (
    Failure,
    Interrupted,
    OperationRef,
    OperationSnapshot,
    OperationState,
    Owner,
    Recovery,
    new_operation_id,
)
from backend.operations.operation import Operation, Step
from backend.operations.requests import as_kept

PARALLEL_OPERATIONS: Final = 4
HELD_FINISHED: Final = 50
POLL_SECONDS: Final = 0.1

Work = Callable[[Operation], BaseModel | None]
_log = get_logger(__name__)


class OperationRunner:
    """Submits, watches, cancels and lists operations; those of other processes are read on disk.

    `owner` names this process, `owner_lives` tells whether the process of a record still runs, as
    the owner of the operation of that id.
    Submissions take turns under `lock`, which the launchers of one root share.
    """

    def __init__(
        self,
        journal: OperationJournal,
        events: EventStream,
        *,
        owner: Callable[[], Owner],
        owner_lives: Callable[[Owner, str], bool],
        lock: AbstractContextManager[Any] | None = None,
    ) -> None:
        self._journal = journal
        self._events = events
        self._owner = owner
        self._owner_lives = owner_lives
        self._lock = lock or threading.Lock()
        self._slots = threading.BoundedSemaphore(PARALLEL_OPERATIONS)
        self._live: dict[str, Operation] = {}
        self._threads: dict[str, threading.Thread] = {}

    def submit(
        self,
        kind: str,
        subject: str,
        steps: Sequence[Step],
        work: Work,
        *,
        urgent: bool = False,
        request: BaseModel | None = None,
        can_do_without_record: bool = False,
    ) -> OperationRef:
        """Starts `work` in a thread and answers at once. Four work at a time, and the urgent ones.

        `request`: what was asked of the endpoint `kind`, where it can be asked again later.
        `can_do_without_record`: for what makes room. On a full disk only this process knows of it.
        Raises: OperationConflict while another operation works on `subject`; DiskFull, NotWritable
        when the journal takes no entry (nothing was started then).
        """
        with self._lock:
            self._forget_finished()
            self._refuse_conflict(subject)
            operation = self._new(
                kind, subject, steps, request, can_do_without_record=can_do_without_record
            )
            self._live[operation.id] = operation  # first: on disk alone it looks interrupted
            try:
                operation.record()
            except BaseException:
                del self._live[operation.id]
                raise
            thread = threading.Thread(
                target=self._run,
                args=(operation, work, nullcontext() if urgent else self._slot(operation)),
                name=f"{kind} {subject}",
                daemon=True,
            )
            thread.start()
            self._threads[operation.id] = thread
        return OperationRef(operation_id=operation.id, kind=kind, subject=subject)

    def get(self, operation_id: str) -> OperationSnapshot:
        """Raises: OperationNotFound; MetadataCorrupt when its record cannot be read."""
        if live := self._live.get(operation_id):
            return live.snapshot
        stored = self._journal.load(operation_id) if _is_id(operation_id) else None
        if stored is None:
            raise OperationNotFound(operation_id)
        return self._as_it_stands(stored)

    def list_all(self) -> list[OperationSnapshot]:
        """Every operation on record, newest first."""
        stored = {
            snapshot.id: self._as_it_stands(snapshot) for snapshot in self._journal.load_all()
        }
        stored |= {operation.id: operation.snapshot for operation in tuple(self._live.values())}
        return sorted(stored.values(), key=lambda snapshot: snapshot.created_at, reverse=True)

    def problems(self) -> list[JournalProblem]:
        """Every record of an operation with damage in it."""
        return self._journal.problems()

    def cancel(self, operation_id: str) -> OperationSnapshot:
        """Asks it to stop; an ended one is returned as it is. Raises: OperationNotFound."""
        return self._cancel(operation_id, closing=False)

    def _cancel(self, operation_id: str, *, closing: bool) -> OperationSnapshot:
        snapshot = self.get(operation_id)
        if snapshot.state.is_final:
            return snapshot
        if operation := self._live.get(operation_id):
            operation.become(OperationState.CANCELLING)
            operation.token.set(closing=closing)
            return operation.snapshot
        self._journal.request_cancel(operation_id)
        return snapshot.model_copy(update={"state": OperationState.CANCELLING})

    def wait(self, operation_id: str, timeout: float | None = None) -> OperationSnapshot:
        """The operation once it has ended, or as it is after `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        if thread := self._threads.get(operation_id):
            thread.join(timeout)
            return self.get(operation_id)
        while not (snapshot := self.get(operation_id)).state.is_final:
            if end is not None and time.monotonic() >= end:
                break
            time.sleep(POLL_SECONDS)
        return snapshot

    def interrupted(self) -> Interrupted:
        """What a process that is gone was running. Only looks. Raises: NotWritable."""
        stored = self._journal.load_all()
        found = [self._as_it_stands(one) for one in stored if not one.state.is_final]
        return Interrupted(
            found=tuple(one for one in found if one.is_unaccounted),
            known=tuple(one for one in stored if one.is_unaccounted),
        )

    def settle_interrupted(
        self, found: Sequence[OperationSnapshot] | None = None
    ) -> list[OperationSnapshot]:
        """Writes down as interrupted what a process that is gone was running; returns those.

        Each is judged by what its record says now, whatever it said when it was `found` (None: all
        are looked for). One that the disk has no room for is written down with its recovery.
        Raises: OperationConflict, NotWritable when the records may not be read.
        """
        found = self.interrupted().found if found is None else found
        if not found:
            return []
        with self._lock:
            return [settled for one in found if (settled := self._settled(one.id)) is not None]

    def _settled(self, operation_id: str) -> OperationSnapshot | None:
        with suppress(MetadataError, StorageError):
            stored = self._journal.load(operation_id)
            if stored is None or not (now := self._as_it_stands(stored)).is_unaccounted:
                return None
            if not stored.state.is_final:
                try:
                    self._journal.append(now)
                except StorageError as error:
                    _log.warning("that %s was interrupted is not noted: %s", now.id, error)
            return now
        return None

    def forget_oldest(self) -> None:
        """Of what has ended, the last two hundred are kept on record. Raises: NotWritable."""
        self._journal.forget_oldest()

    def note_recovery(self, operation_id: str, recovery: Recovery) -> OperationSnapshot:
        """An interrupted operation, with what became of it on record. The first word counts.

        Raises: OperationNotFound, DiskFull, NotWritable.
        """
        with self._lock:
            snapshot = self.get(operation_id)
            if not snapshot.is_unaccounted:
                return snapshot
            settled = snapshot.model_copy(update={"recovery": recovery})
            self._journal.append(settled)
        return settled

    def is_running(self, operation_id: str) -> bool:
        """Whether that operation is at work, here or in another live process.

        Also where its record cannot be read: nothing says that it has ended, so what it made is not
        touched.
        """
        if not _is_id(operation_id):
            return False
        try:
            return not self.get(operation_id).state.is_final
        except OperationNotFound:
            return False
        except (MetadataError, StorageError) as damage:
            _log.warning("what it made is left as it is: %s", damage)
            return True

    def fell_short(self, operation_id: str) -> bool:
        """Whether it is on record that this operation failed, was cancelled or interrupted."""
        try:
            state = self.get(operation_id).state
        except (OperationNotFound, MetadataError, StorageError):
            return False
        return state.is_final and state is not OperationState.SUCCEEDED

    def this_process(self) -> Owner:
        """Who runs what is submitted here."""
        return self._owner()

    def lives(self, owner: Owner, operation_id: str) -> bool:
        """Whether that very process still runs, as the owner of that operation."""
        return self._owner_lives(owner, operation_id)

    def close(self, timeout: float = 15.0) -> None:
        """Cancels what runs here and waits for it to leave things tidy."""
        for operation in tuple(self._live.values()):
            if not operation.snapshot.state.is_final:
                self._cancel(operation.id, closing=True)
        end = time.monotonic() + timeout
        for thread in tuple(self._threads.values()):
            thread.join(max(0.0, end - time.monotonic()))

    def _new(
        self,
        kind: str,
        subject: str,
        steps: Sequence[Step],
        request: BaseModel | None,
        *,
        can_do_without_record: bool = False,
    ) -> Operation:
        operation_id = new_operation_id()
        snapshot = OperationSnapshot(
            id=operation_id,
            kind=kind,
            subject=subject,
            state=OperationState.QUEUED,
            created_at=datetime.now(UTC),
            request=as_kept(request),
            owner=self._owner(),
        )
        token = CancelToken(operation_id, self._journal.cancel_file(operation_id))
        return Operation(
            snapshot,
            steps,
            events=self._events,
            journal=self._journal,
            token=token,
            can_do_without_record=can_do_without_record,
        )

    def _refuse_conflict(self, subject: str) -> None:
        for snapshot in self.list_all():
            if snapshot.subject == subject and not snapshot.state.is_final:
                raise OperationConflict(subject, kind=snapshot.kind, operation_id=snapshot.id)

    def _as_it_stands(self, stored: OperationSnapshot) -> OperationSnapshot:
        if stored.state.is_final:
            return stored
        mine = stored.owner == self._owner()  # a pid alone may be ours in another container too
        if mine and stored.id in self._live:
            return stored
        if not mine and self._owner_lives(stored.owner, stored.id):
            return stored
        with suppress(MetadataError, StorageError):
            # It may have ended, and its process with it, after its record was read.
            stored = self._journal.load(stored.id) or stored
        if stored.state.is_final:
            return stored
        return stored.model_copy(
            update={
                "state": OperationState.INTERRUPTED,
                "finished_at": datetime.now(UTC),
                "error": failure_of(OperationInterrupted(stored.id)),
            }
        )

    def _forget_finished(self) -> None:
        """What ended is on record; a service that runs for weeks need not hold all of it."""
        finished = [key for key, one in self._live.items() if one.snapshot.state.is_final]
        for key in finished[:-HELD_FINISHED]:
            del self._live[key]
            self._threads.pop(key, None)

    def _run(self, operation: Operation, work: Work, place: AbstractContextManager[None]) -> None:
        """The boundary of all work: what happens inside ends as a state, never as a traceback."""
        current_operation.set(operation.id)
        try:
            with place:
                operation.become(OperationState.RUNNING)
                result = work(operation)
            operation.become(OperationState.SUCCEEDED, result=_as_dict(result))
        except OperationCancelled:
            operation.become(OperationState.CANCELLED)
        except ComfyUILauncherError as error:
            _log.warning("%s failed: %s", operation.snapshot.kind, error)
            operation.become(OperationState.FAILED, error=failure_of(error))
        except Exception as fault:
            operation.become(OperationState.FAILED, error=failure_of(report_fault(fault)))

    @contextmanager
    def _slot(self, operation: Operation) -> Iterator[None]:
        """One of the places at work. Who waits for one can be cancelled."""
        while not self._slots.acquire(timeout=POLL_SECONDS):
            operation.check()
        try:
            operation.check()
            yield
        finally:
            self._slots.release()


def failure_of(error: ComfyUILauncherError) -> Failure:
    """The wire form of an error, without any secret that a tool may have repeated in its words."""
    details = {
        name: scrub(value) if isinstance(value, str) else value
        for name, value in error.context.items()
    }
    return Failure(code=error.code, message=scrub(error.message), hint=error.hint, details=details)


def report_fault(fault: Exception) -> InternalError:
    """Logs a fault that no one foresaw under a new incident number, and the error that names it."""
    incident = secrets.token_hex(4)
    story = fault if _log.hasHandlers() else None  # without a log it would go to the screen
    _log.error("incident %s: %r", incident, fault, exc_info=story, extra={"incident": incident})
    return InternalError(incident)


def _as_dict(result: BaseModel | None) -> dict[str, Any] | None:
    return None if result is None else result.model_dump(mode="json")


def _is_id(text: str) -> bool:
    return text.replace("-", "").isalnum() and len(text) <= 40
