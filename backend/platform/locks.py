"""A lock on a file that holds between threads, between processes, and through a crash."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final

from backend.exceptions import OperationConflict
from backend.file_utils import storage_errors
from backend.logging_config import get_logger
from backend.platform.holders import HolderFolder

POLL_SECONDS: Final = 0.01
NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS})

Flock = Callable[[int, int], None]

_log: Final = get_logger(__name__)


@contextlib.contextmanager
def held(lock: FileLock, check: Callable[[], None] | None = None) -> Iterator[None]:
    """Inside, `lock` is held, however long another one works.

    After each of the lock's timeouts `check` is called, which ends the waiting by raising.
    Raises: NotWritable, DiskFull, what `check` raises.
    """
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(lock)
                break
            except OperationConflict:
                if check is not None:
                    check()
        yield


class FileLock(AbstractContextManager["FileLock"]):
    """Inside `with FileLock(path):` no other process and no other thread is inside.

    The same thread may enter the same object again. The system drops the lock when its process
    ends, however it ends; the file itself stays, because removing it would let two in.

    Some volumes (network shares, FUSE) have no `flock`, or one that always says yes. So the first
    time, the lock is asked for twice: the second time it has to be refused. Where it is not, a
    folder `<path>.holder` with the name of who is inside takes its place (see `holders`).

    Raises on entry: OperationConflict after `timeout_seconds`, NotWritable, DiskFull, DiskFailed.
    """

    def __init__(
        self, path: Path, *, timeout_seconds: float = 10.0, flock: Flock = fcntl.flock
    ) -> None:
        self._path = path
        self._timeout = timeout_seconds
        self._flock = flock
        self._threads = threading.RLock()
        self._depth = 0
        self._descriptor = -1
        self._holder: HolderFolder | None = None
        self._proved_on: int | None = None

    def __enter__(self) -> FileLock:
        return self._enter(self._timeout)

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Inside, the lock is held. It is waited for only that long. Raises: as on entry."""
        self._enter(seconds)
        try:
            yield
        finally:
            self.__exit__(None, None, None)

    def _enter(self, timeout_seconds: float) -> FileLock:
        deadline = time.monotonic() + timeout_seconds
        if not self._threads.acquire(timeout=timeout_seconds):
            raise self._conflict()
        try:
            if self._depth == 0:
                self._descriptor = self._lock_file(deadline)
        except BaseException:
            self._threads.release()
            raise
        self._depth += 1
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._depth -= 1
        try:
            if self._depth == 0:
                self._unlock_file()
        finally:
            self._threads.release()

    def _lock_file(self, deadline: float) -> int:
        with storage_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = self._open()
            try:
                self._wait_for(descriptor, deadline)
            except BaseException:
                os.close(descriptor)
                raise
        return descriptor

    def _wait_for(self, descriptor: int, deadline: float) -> None:
        while not self._try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise self._conflict()
            time.sleep(POLL_SECONDS)

    def _unlock_file(self) -> None:
        try:
            if self._holder is not None:
                self._holder.leave()
        finally:
            os.close(self._descriptor)  # which unlocks it

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)

    def _try_lock(self, descriptor: int) -> bool:
        if self._holder is not None:
            return self._holder.take()
        try:
            if not self._ask(descriptor):
                return False
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            return self._by_holder(f"has no locks ({error.strerror})")
        if not self._excludes(descriptor):
            return self._by_holder("has locks that hold nobody off")
        return True

    def _ask(self, descriptor: int) -> bool:
        try:
            self._flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _excludes(self, descriptor: int) -> bool:
        """Whether the lock that we hold keeps others out. Asked once for each volume."""
        device = os.fstat(descriptor).st_dev
        if self._proved_on != device:
            other = self._open()
            try:
                if self._ask(other):
                    return False
            finally:
                os.close(other)
            self._proved_on = device
        return True

    def _by_holder(self, why: str) -> bool:
        self._holder = HolderFolder(self._path)
        _log.warning("the volume of %s %s: %s is used", self._path, why, self._holder.folder)
        return self._holder.take()

    def _conflict(self) -> OperationConflict:
        stale = self._holder.folder if self._holder else None
        return OperationConflict(
            str(self._path), kind="Another process", operation_id="", left_behind=stale
        )
