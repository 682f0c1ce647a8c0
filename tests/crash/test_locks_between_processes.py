"""Eight launchers change one state file at once: every change is kept, also without `flock`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from backend.file_utils import Value, read_json
from backend.metadata_manager import SizeCache
from tests.crash.conftest import Figures
from tests.crash.counts import quick_and_full
from tests.helpers.processes import run_python

PROCESSES = 8

# One interpreter loads our code, and forks: eight processes, each with objects of its own.
UPDATE = """
    import contextlib, fcntl, os, sys, traceback
    from pathlib import Path
    from backend.metadata_manager import MetadataManager
    from backend.platform.locks import FileLock

    data, count, kind = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    locks = {
        "flock": lambda: FileLock(data / ".lock"),
        "flock that does nothing": lambda: FileLock(data / ".lock", flock=lambda *_: None),
        "none": contextlib.nullcontext,
    }

    def work(number):
        manager = MetadataManager(data, lock=locks[kind]())
        for update in range(count):
            manager.remember_environment_size(f"{number}-{update}", update)

    children = []
    for number in range(8):
        child = os.fork()
        if child:
            children.append(child)
            continue
        try:
            work(number)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    print([os.waitpid(child, 0)[1] for child in children])
"""


def updated(data: Path, count: int, kind: str) -> tuple[int, float]:
    """How many of the changes of eight processes are kept, and the seconds that they took."""
    begin = time.monotonic()
    done = run_python(UPDATE, data, count, kind, timeout=300)
    assert done.stdout.strip() == str([0] * PROCESSES), done.stderr
    seconds = time.monotonic() - begin
    found = read_json(data / "metadata" / "size_cache.json", SizeCache)
    assert isinstance(found, Value), found
    return len(found.value.environments), seconds


@pytest.mark.parametrize("count", quick_and_full(15, 250))
def test_no_change_of_eight_processes_is_lost(tmp_path: Path, count: int, figures: Figures) -> None:
    kept, seconds = updated(tmp_path, count, "flock")
    figures("updates by 8 processes", count=PROCESSES * count, kept=kept, seconds=round(seconds, 1))
    assert kept == PROCESSES * count


@pytest.mark.parametrize("count", quick_and_full(3, 100))
def test_no_change_is_lost_where_flock_does_nothing(
    tmp_path: Path, count: int, figures: Figures
) -> None:
    kept, seconds = updated(tmp_path, count, "flock that does nothing")
    figures(
        "updates by 8 processes where flock does nothing",
        count=PROCESSES * count,
        kept=kept,
        seconds=round(seconds, 1),
    )
    assert kept == PROCESSES * count
    assert not (tmp_path / ".lock.holder").exists()


@pytest.mark.parametrize("count", quick_and_full(3, 100))
def test_without_any_lock_nothing_is_damaged(tmp_path: Path, count: int, figures: Figures) -> None:
    """Changes are lost then: that is what the lock is for. The file is whole whoever writes it."""
    kept, _ = updated(tmp_path, count, "none")
    figures("updates by 8 processes without a lock", count=PROCESSES * count, kept=kept, corrupt=0)
    assert 0 < kept <= PROCESSES * count
