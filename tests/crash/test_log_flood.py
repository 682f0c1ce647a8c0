"""A ComfyUI that floods its log costs neither memory nor disk, and goes on at full speed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from backend.processes.instances import LOG_LIMIT_BYTES
from tests.crash.conftest import Figures
from tests.crash.counts import quick_and_full
from tests.helpers.processes import python_that_said
from tests.unit.processes.conftest import Bench

MEGABYTE = 1024 * 1024
MOST_MORE_BYTES = 20 * MEGABYTE
SLOWEST_MEGABYTES_PER_SECOND = 5.0

# Lines of every length, and now and then one of a megabyte, as a progress bar without line breaks.
FLOOD = """
import sys, time
blocks = [b"".join(b"x" * (n % 200) + b"\\n" for n in range(10_000)), b"y" * 1024 * 1024]
out, left = sys.stdout.buffer, int(sys.argv[1])
while left > 0:
    left -= sum(out.write(block) for block in blocks)
out.flush()
print("the end", flush=True)
time.sleep(600)
"""


class Peak(threading.Thread):
    """The most memory that a process took beyond what it had at the beginning."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self._before = self._process.memory_info().rss
        self._done = threading.Event()
        self.more = 0
        self.start()

    def run(self) -> None:
        while not self._done.wait(0.005):
            self.more = max(self.more, self._process.memory_info().rss - self._before)

    def stop(self) -> int:
        self._done.set()
        self.join()
        return self.more


# What each door does with a log that grows: the wait for a start, and the page that shows it.
WATCH = """
    import sys, time
    from pathlib import Path
    from backend.processes.log_window import LogWindow, read_after

    log, position, window = Path(sys.argv[1]), 0, LogWindow(Path(sys.argv[1]))
    window.refresh(), read_after(log, 0, 2000)
    print("watching", flush=True)
    while True:
        window.refresh()
        lines, position = read_after(log, position, 2000)
        time.sleep(0.02)
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.clean_up()


@pytest.mark.parametrize("count", quick_and_full(48, 1024))
def test_a_flood_of_megabytes_costs_neither_memory_nor_disk(
    bench: Bench, count: int, figures: Figures
) -> None:
    begin = time.monotonic()
    instance = bench.start(FLOOD, str(count * MEGABYTE))
    assert instance.supervisor_pid is not None
    supervisor, most = Peak(instance.supervisor_pid), 0
    older = instance.log_file.with_name(instance.log_file.name + ".1")
    with python_that_said("watching", WATCH, instance.log_file) as launcher:
        watcher = Peak(launcher.pid)
        while "the end" not in last_words(instance.log_file):
            assert time.monotonic() - begin < count / SLOWEST_MEGABYTES_PER_SECOND + 10, "it stalls"
            most = max(most, size_of(instance.log_file) + size_of(older))
            time.sleep(0.01)
        seconds = time.monotonic() - begin
        more = {"supervisor": supervisor.stop(), "launcher": watcher.stop()}
        assert launcher.poll() is None
    figures(
        "a flood of log",
        megabytes=count,
        megabytes_per_second=round(count / seconds),
        more_mb_in_the_supervisor=round(more["supervisor"] / MEGABYTE, 1),
        more_mb_in_a_launcher=round(more["launcher"] / MEGABYTE, 1),
        most_mb_on_disk=round(most / MEGABYTE, 1),
    )
    assert max(more.values()) <= MOST_MORE_BYTES
    assert most <= 2 * LOG_LIMIT_BYTES
    assert not bench.instances.stop(bench.instances.refresh(instance)).lives


def last_words(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 100))
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:  # it is being rotated
        return ""


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
