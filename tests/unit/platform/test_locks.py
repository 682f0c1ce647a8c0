from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from backend.exceptions import NotWritable, OperationConflict
from backend.platform.locks import FileLock, held
from backend.platform.subprocesses import creation_time
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


# --- Where the volume has no locks


def no_locks(_descriptor: int, _operation: int) -> None:
    raise OSError(errno.ENOLCK, "No locks available")


def always_yes(_descriptor: int, _operation: int) -> None:
    """What some network shares and FUSE drivers do."""


@pytest.mark.parametrize("flock", [no_locks, always_yes])
def test_without_locks_a_folder_with_our_name_keeps_others_out(
    tmp_path: Path, flock: Callable[[int, int], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "lock"
    with FileLock(path, flock=flock):
        [holder] = list((tmp_path / "lock.holder").iterdir())
        assert json.loads(holder.read_bytes())["pid"] == os.getpid()
        with pytest.raises(OperationConflict) as caught:
            FileLock(path, flock=flock, timeout_seconds=0.05).__enter__()
        assert str(tmp_path / "lock.holder") in caught.value.hint
    assert [one.name for one in tmp_path.iterdir()] == ["lock"]
    assert "lock.holder is used" in caplog.text
    with FileLock(path, flock=flock):
        pass


def test_a_lock_that_works_is_proved_once_and_leaves_no_folder(tmp_path: Path) -> None:
    asked = []

    def counted(descriptor: int, operation: int) -> None:
        asked.append(descriptor)
        fcntl.flock(descriptor, operation)

    lock = FileLock(tmp_path / "lock", flock=counted)
    for _ in range(3):
        with lock:
            assert not (tmp_path / "lock.holder").exists()
    assert len(asked) == 4


HOLD_WITHOUT_LOCKS = """
    import sys
    from pathlib import Path
    from backend.platform.locks import FileLock
    with FileLock(Path(sys.argv[1]), flock=lambda *_: None):
        print("locked", flush=True)
        sys.stdin.read()
"""


def test_without_locks_another_process_waits_until_the_holder_leaves_or_is_killed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lock"
    for kills in (False, True):
        with python_that_said("locked", HOLD_WITHOUT_LOCKS, path) as holder:
            assert holder.stdin is not None
            with pytest.raises(OperationConflict):
                FileLock(path, flock=always_yes, timeout_seconds=0.1).__enter__()
            holder.kill() if kills else holder.stdin.close()
            with FileLock(path, flock=always_yes, timeout_seconds=5):
                pass


def held_by(path: Path, **changes: object) -> Path:
    """The folder of a lock, as another process would have left it."""
    with FileLock(path, flock=always_yes):
        [own] = list(path.with_name("lock.holder").iterdir())
        note = json.loads(own.read_bytes()) | changes
    folder = path.with_name("lock.holder")
    folder.mkdir()
    (folder / "0123456789abcdef.json").write_text(json.dumps(note))
    return folder


def enters(path: Path) -> bool:
    try:
        with FileLock(path, flock=always_yes, timeout_seconds=0.05):
            return True
    except OperationConflict:
        return False


def test_only_a_holder_that_is_surely_gone_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    gone: dict[str, dict[str, object]] = {
        "another birth of that pid": {"created": f"{(creation_time(os.getpid()) or '')}0"},
        "a pid that is not there": {"pid": 2**22 + 1},
        "before the last boot": {"created": "00000000-0000:1", "place": "elsewhere"},
    }
    for words, changes in gone.items():
        held_by(path, **changes)
        assert enters(path), words
    kept: dict[str, dict[str, object]] = {
        "ourselves": {},
        "another machine": {"machine": "elsewhere/there", "pid": 2**22 + 1},
        "another container": {"place": "pid:[1]", "pid": 2**22 + 1},
        "a note that cannot be read": {"unknown": 1},
    }
    for words, changes in kept.items():
        folder = held_by(path, **changes)
        assert not enters(path), words
        shutil.rmtree(folder)


def test_of_two_that_break_a_stale_holder_only_one_comes_in(tmp_path: Path) -> None:
    """The second has judged it stale too; it finds the first inside, and leaves it there."""
    path = tmp_path / "lock"
    folder = held_by(path, pid=2**22 + 1)
    before = list(folder.iterdir())
    with FileLock(path, flock=always_yes):
        after = list(folder.iterdir())
        assert before != after
        before[0].unlink(missing_ok=True)  # what the second breaker does, too late
        with suppress(OSError):
            folder.rmdir()
        assert not enters(path)
        assert list(folder.iterdir()) == after


def test_what_a_kill_leaves_of_a_holder_in_the_making_is_swept(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    held_by(path, pid=2**22 + 1).rename(tmp_path / "lock.holder-0123456789abcdef")
    (tmp_path / "lock.holder-fedcba9876543210").mkdir()  # made a moment ago: not to be judged
    assert enters(path)
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "lock",
        "lock.holder-fedcba9876543210",
    ]


def test_a_file_where_the_folder_should_be_is_told_and_stays(tmp_path: Path) -> None:
    (tmp_path / "lock.holder").write_text("of someone else")
    with pytest.raises(OperationConflict) as caught:
        FileLock(tmp_path / "lock", flock=always_yes, timeout_seconds=0.05).__enter__()
    assert str(tmp_path / "lock.holder") in caught.value.hint
    assert (tmp_path / "lock.holder").read_text() == "of someone else"


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotWritable):
        FileLock(tmp_path / "lock").__enter__()
    assert not (tmp_path / "elsewhere").exists()
