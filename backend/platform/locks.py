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

POLL_SECONDS: Final = 0.01

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
    ends, however it ends; the file itself stays, because removing it would let two in. Where the
    volume has no locks (some network shares) it holds between threads only: writes of ours stay
    whole there too, being atomic.

    Raises on entry: OperationConflict after `timeout_seconds`, NotWritable, DiskFull.
    """

    def __init__(self, path: Path, *, timeout_seconds: float = 10.0) -> None:
        self._path = path
        self._timeout = timeout_seconds
        self._threads = threading.RLock()
        self._depth = 0
        self._descriptor = -1

    def __enter__(self) -> FileLock:
        deadline = time.monotonic() + self._timeout
        if not self._threads.acquire(timeout=self._timeout):
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
        if self._depth == 0:
            os.close(self._descriptor)  # which unlocks it
        self._threads.release()

    def _lock_file(self, deadline: float) -> int:
        with storage_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
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

    def _try_lock(self, descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}:
                raise
            _log.warning("The volume of %s has no locks: %s", self._path, error)
        return True

    def _conflict(self) -> OperationConflict:
        return OperationConflict(str(self._path), kind="Another process", operation_id="")
