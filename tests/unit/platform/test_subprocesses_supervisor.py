"""The supervisor as a program, and what it is made of; the rest is in tests/unit/processes/."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend.platform import supervisor
from backend.platform.supervisor import POLL_SECONDS, BoundedLog, _patience
from tests.helpers.volumes import fill, mounted

# The supervisor as on macOS before Python 3.13.
WITHOUT_WAITID = """
import os, runpy, select, sys
for name in ("waitid", "P_PID", "WNOWAIT", "pidfd_open"):
    delattr(os, name)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""


@contextmanager
def supervised(folder: Path, code: str, *python: str) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor of a small program, in `folder`."""
    launch = {
        "command": [sys.executable, "-c", code],
        "cwd": str(folder),
        "log": str(folder / "log"),
        "log_limit_bytes": 10_000,
        "grace_seconds": 0.3,
    }
    (folder / "launch.json").write_text(json.dumps(launch))
    process = subprocess.Popen(
        [sys.executable, *python, supervisor.__file__, folder], stderr=subprocess.PIPE, cwd=folder
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
                process.kill()


def said(folder: Path, word: str) -> None:
    end = time.monotonic() + 10
    while not (folder / "log").exists() or word not in (folder / "log").read_text():
        assert time.monotonic() < end, f"no {word!r}"
        time.sleep(0.01)


def report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "process.json").read_text())
    return found


# --- The log


def test_a_log_that_was_deleted_is_begun_anew(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log", 100)
    log.write(b"x" * 90)
    (tmp_path / "log").unlink()
    log.write(b"y" * 90)
    log.write(b"z" * 90)
    log.close()
    assert (tmp_path / "log").read_bytes() == b"z" * 90
    assert (tmp_path / "log.1").read_bytes() == b"y" * 90


def test_a_log_whose_folder_went_and_came_back_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    log = BoundedLog(folder / "log", 100)
    log.write(b"x" * 90)
    (folder / "log").unlink()
    folder.rmdir()
    for _ in range(3):
        log.write(b"y" * 90)
    folder.mkdir()
    log.write(b"z" * 90)
    log.close()
    assert (folder / "log").read_bytes() == b"z" * 90


def test_a_full_disk_costs_the_output_and_nothing_else(tmp_path: Path) -> None:
    with mounted(tmp_path) as volume:
        log = BoundedLog(volume / "log", 100)
        fill(volume)
        for _ in range(5):
            log.write(b"x" * 90)
        log.close()
        log.write(b"after the end")


def test_a_child_outlives_its_log(tmp_path: Path) -> None:
    code = "import time\nfor n in range(9):\n    print('x' * 4000, flush=True); time.sleep(0.05)\n"
    with supervised(tmp_path, f"{code}raise SystemExit(5)") as process:
        said(tmp_path, "xxx")
        (tmp_path / "log").unlink()
        assert process.wait(20) == 0
    assert report(tmp_path)["exit_code"] == 5


# --- Waiting


def test_what_survives_its_sigkill_is_looked_at_now_and_then() -> None:
    over = time.monotonic() - 10
    assert _patience(over, told=True) == POLL_SECONDS
    assert _patience(over, told=False) == POLL_SECONDS


def test_the_sigkill_comes_in_time_and_nothing_is_polled_without_need() -> None:
    assert _patience(None, told=True) is None
    assert _patience(None, told=False) == POLL_SECONDS
    assert 0 < (_patience(time.monotonic() + 0.1, told=True) or 0) <= 0.1
    assert _patience(time.monotonic() + 60, told=True) == POLL_SECONDS


# --- The folder


def test_it_keeps_no_folder_busy(tmp_path: Path) -> None:
    with supervised(tmp_path, "import os; print(os.getcwd(), flush=True); input()") as process:
        said(tmp_path, str(tmp_path))
        assert psutil.Process(process.pid).cwd() == "/"


def test_a_relative_folder_is_as_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    with supervised(tmp_path / "run", "pass"):
        pass
    monkeypatch.chdir(tmp_path)
    done = subprocess.run([sys.executable, supervisor.__file__, "run"], timeout=20)
    assert done.returncode == 0
    assert report(tmp_path / "run")["state"] == "exited"


# --- Where an exit can only be reaped


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("raise SystemExit(3)", {"exit_code": 3, "signal": None}),
        ("import os; os.kill(os.getpid(), 9)", {"exit_code": None, "signal": 9}),
    ],
)
def test_without_waitid_an_end_is_recorded(
    tmp_path: Path, code: str, status: dict[str, int | None]
) -> None:
    with supervised(tmp_path, f"print('up', flush=True)\n{code}", "-c", WITHOUT_WAITID) as process:
        assert process.wait(20) == 0, process.stderr
    assert report(tmp_path).items() >= ({"state": "exited"} | status).items()
    assert "up" in (tmp_path / "log").read_text()


def test_without_waitid_a_stop_is_carried_out(tmp_path: Path) -> None:
    with supervised(tmp_path, STUBBORN, "-c", WITHOUT_WAITID) as process:
        said(tmp_path, "up")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    found = report(tmp_path)
    assert (found["signal"], found["stop_requested"]) == (9, True)


def test_without_waitid_what_is_left_behind_is_ended(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}])\n"
        "print('grandchild', child.pid, flush=True)\n"
        "time.sleep(0.5)\n"
        "os._exit(1)\n"
    )
    with supervised(tmp_path, code, "-c", WITHOUT_WAITID) as process:
        assert process.wait(20) == 0
    pid = int((tmp_path / "log").read_text().split("grandchild ")[1].split()[0])
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert os.getpid() != pid
