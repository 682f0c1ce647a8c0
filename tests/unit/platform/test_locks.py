from __future__ import annotations

import errno
import fcntl
import stat
import threading
import time
from pathlib import Path

import pytest

from backend.exceptions import NotWritable, OperationConflict
from backend.platform.locks import FileLock, held
from tests.helpers.processes import python_that_said

HOLD = """
    import sys, time
    from pathlib import Path
    from backend.platform.locks import FileLock
    with FileLock(Path(sys.argv[1])):
        print("locked", flush=True)
        sys.stdin.read()
"""


def test_another_process_waits_outside(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with python_that_said("locked", HOLD, path):
        begin = time.monotonic()
        with pytest.raises(OperationConflict, match="at work on"):
            FileLock(path, timeout_seconds=0.1).__enter__()
        assert 0.1 <= time.monotonic() - begin < 2


def test_the_lock_comes_free_when_its_holder_leaves(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with python_that_said("locked", HOLD, path) as holder:
        assert holder.stdin is not None
        holder.stdin.close()
        with FileLock(path, timeout_seconds=5):
            pass


def test_the_lock_comes_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with python_that_said("locked", HOLD, path) as holder:
        holder.kill()
        with FileLock(path, timeout_seconds=5):
            pass


def test_only_one_thread_is_inside_at_a_time(tmp_path: Path) -> None:
    lock, inside, most = FileLock(tmp_path / "lock"), list[int](), list[int]()

    def work(number: int) -> None:
        for _ in range(20):
            with lock:
                inside.append(number)
                most.append(len(inside))
                time.sleep(0.0002)
                inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 80
    assert max(most) == 1


def test_two_locks_on_one_file_exclude_each_other_in_one_process(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock"), pytest.raises(OperationConflict):
        FileLock(tmp_path / "lock", timeout_seconds=0.05).__enter__()


def test_another_thread_gives_up_after_the_time_allowed(tmp_path: Path) -> None:
    lock, outcome = FileLock(tmp_path / "lock", timeout_seconds=0.05), list[type]()

    def work() -> None:
        try:
            lock.__enter__()
        except OperationConflict as error:
            outcome.append(type(error))

    with lock:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert outcome == [OperationConflict]


def test_the_same_thread_may_enter_again_and_holds_it_until_the_outermost_leaves(
    tmp_path: Path,
) -> None:
    lock, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock", timeout_seconds=0.02)
    with lock:
        with lock:
            pass
        with pytest.raises(OperationConflict):
            other.__enter__()
    with other:
        pass


def test_an_error_inside_opens_the_lock(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock", timeout_seconds=0.05)
    with pytest.raises(KeyError), lock:
        raise KeyError
    with FileLock(tmp_path / "lock", timeout_seconds=0.05):
        pass


def test_giving_up_leaves_the_lock_usable(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock", timeout_seconds=0.02)
    with FileLock(tmp_path / "lock"), pytest.raises(OperationConflict):
        lock.__enter__()
    with lock:
        pass


def test_who_is_patient_waits_longer_than_the_lock_does(tmp_path: Path) -> None:
    path, asked = tmp_path / "lock", list[int]()
    with python_that_said("locked", HOLD, path) as holder:
        assert holder.stdin is not None
        stdin = holder.stdin

        def check() -> None:
            asked.append(1)
            if len(asked) == 3:
                stdin.close()

        with held(FileLock(path, timeout_seconds=0.02), check):
            assert len(asked) >= 3
            with pytest.raises(OperationConflict):
                FileLock(path, timeout_seconds=0.02).__enter__()


def test_waiting_for_a_lock_ends_when_check_raises(tmp_path: Path) -> None:
    def check() -> None:
        raise InterruptedError

    path = tmp_path / "lock"
    waiting = held(FileLock(path, timeout_seconds=0.02), check)
    with FileLock(path), pytest.raises(InterruptedError), waiting:
        raise AssertionError
    with held(FileLock(path, timeout_seconds=0.02)):
        pass


def test_an_operation_conflict_inside_is_not_taken_for_a_lock_that_is_held(tmp_path: Path) -> None:
    with pytest.raises(OperationConflict, match="v1"), held(FileLock(tmp_path / "lock")):
        raise OperationConflict("v1", kind="install", operation_id="op1")


def test_the_file_stays_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    with FileLock(path):
        pass
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_volume_without_locks_is_told_and_threads_still_take_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    lock, inside = FileLock(tmp_path / "lock", timeout_seconds=0.05), list[bool]()

    def work() -> None:
        try:
            lock.__enter__()
        except OperationConflict:
            inside.append(False)

    with lock:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert inside == [False]
    assert "has no locks" in caplog.text


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotWritable):
        FileLock(tmp_path / "lock").__enter__()
    assert not (tmp_path / "elsewhere").exists()
