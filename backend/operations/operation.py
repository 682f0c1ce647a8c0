"""The handle that work holds while it runs: three verbs and nothing to forget."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from backend.exceptions import DiskFull, StorageError
from backend.logging_config import get_logger, scrub
from backend.operations.cancellation import CancelToken
from backend.operations.events import EventStream, OperationChanged, OperationLogged
from backend.operations.journal import OperationJournal
from backend.operations.model import Failure, OperationSnapshot, OperationState, Progress

EVENTS_PER_SECOND: Final = 20
NOTED_SECONDS: Final = 1.0
LONGEST_LINE: Final = 4000

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """A named part of the work; `weight` is its share of the whole time, in any unit."""

    name: str
    weight: float = 1.0


class Operation:
    """A piece of work with progress, a log, a state and a cancel token.

    The work calls `step`, `advance` and `check`; the runner moves the state.
    `can_do_without_record`: goes on where the disk is too full for its journal.
    """

    def __init__(
        self,
        snapshot: OperationSnapshot,
        steps: Sequence[Step],
        *,
        events: EventStream,
        journal: OperationJournal,
        token: CancelToken,
        can_do_without_record: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.token = token
        self._snapshot = snapshot
        self._steps = tuple(steps)
        self._events = events
        self._journal = journal
        self._can_do_without_record = can_do_without_record
        self._clock = clock
        self._started = clock()
        self._published = 0.0
        self._noted = self._started
        self._lock = threading.RLock()

    @property
    def id(self) -> str:
        return self._snapshot.id

    @property
    def snapshot(self) -> OperationSnapshot:
        with self._lock:
            return self._snapshot

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Everything inside counts towards step `name`.

        Raises OperationCancelled before it begins, if cancelled. Not after it: what a step has
        done is done, and the last one commits.
        """
        self.check()
        index = [step.name for step in self._steps].index(name)
        self._move(Progress(step=name, step_number=index + 1, fraction=self._fraction(index, 0.0)))
        yield
        self._move(
            Progress(step=name, step_number=index + 1, fraction=self._fraction(index, 1.0)),
            lasting=False,
        )

    def advance(
        self, done: int | None = None, total: int | None = None, detail: str | None = None
    ) -> None:
        """Tells how far the present step is: `done` of `total` (any unit), and a word about it."""
        self.check()
        with self._lock:
            now = self._snapshot.progress
            index = max(0, now.step_number - 1)
            share = min(1.0, done / total) if done is not None and total else None
            fraction = now.fraction if share is None else self._fraction(index, share)
            progress = now.model_copy(
                update={
                    "fraction": max(now.fraction, fraction),
                    "done": done,
                    "total": total,
                    "detail": detail if detail is not None else now.detail,
                }
            )
            self._set(progress=self._timed(progress))
            self._note()
        self._publish(at_most_often=True)

    def check(self) -> None:
        """Raises OperationCancelled if someone asked this operation to stop."""
        self.token.check()

    def log(self, line: str) -> None:
        """Hands a line of a tool's output to whoever watches."""
        shown = scrub(line[:LONGEST_LINE])
        self._events.publish(OperationLogged(operation_id=self.id, line=shown))

    def become(
        self,
        state: OperationState,
        *,
        result: dict[str, Any] | None = None,
        error: Failure | None = None,
    ) -> None:
        """Moves to `state`, on disk first. For the runner. A final state stays."""
        with self._lock:
            now = self._snapshot.state
            if now.is_final or (
                state is OperationState.RUNNING and now is not OperationState.QUEUED
            ):
                return
            progress = self._timed(self._snapshot.progress)
            if state is OperationState.SUCCEEDED:
                progress = progress.model_copy(update={"fraction": 1.0, "remaining_seconds": 0.0})
            self._set(
                state=state,
                progress=progress,
                result=result,
                error=error,
                finished_at=datetime.now(UTC) if state.is_final else None,
            )
            self.record()
        self._publish()

    def record(self) -> None:
        """Writes down how it stands. For the runner. Raises: DiskFull, NotWritable.

        An end is an end, also where the disk is too full to note it: the log has it then.
        """
        try:
            self._journal.append(self._snapshot)
        except (StorageError, OSError) as error:
            full = isinstance(error, DiskFull) and self._can_do_without_record
            if not full and not self._snapshot.state.is_final:
                raise
            state = self._snapshot.state
            _log.warning("that %s is %s could not be written down: %s", self.id, state, error)

    def _move(self, progress: Progress, *, lasting: bool = True) -> None:
        with self._lock:
            # A step that is done again, such as another try, does not take the whole back.
            fraction = max(self._snapshot.progress.fraction, progress.fraction)
            whole = progress.model_copy(
                update={"step_count": len(self._steps), "fraction": fraction}
            )
            self._set(progress=self._timed(whole))
            if lasting:
                self.record()
        self._publish()

    def _note(self) -> None:
        """Lets other processes see how far it is, now and then."""
        now = self._clock()
        if now - self._noted >= NOTED_SECONDS:
            self._noted = now
            self._journal.note_progress(self._snapshot)

    def _fraction(self, index: int, share: float) -> float:
        weights = [step.weight for step in self._steps]
        before = sum(weights[:index])
        return min(1.0, (before + weights[index] * share) / sum(weights)) if weights else 0.0

    def _timed(self, progress: Progress) -> Progress:
        elapsed = self._clock() - self._started
        known = progress.fraction >= 0.05
        remaining = elapsed * (1 - progress.fraction) / progress.fraction if known else None
        return progress.model_copy(
            update={"elapsed_seconds": round(elapsed, 2), "remaining_seconds": remaining}
        )

    def _set(self, **changes: Any) -> None:
        self._snapshot = self._snapshot.model_copy(update=changes)

    def _publish(self, *, at_most_often: bool = False) -> None:
        now = self._clock()
        if at_most_often and now - self._published < 1 / EVENTS_PER_SECOND:
            return
        self._published = now
        self._events.publish(lambda: OperationChanged(operation=self.snapshot))
