"""A launcher as it is started: alone, twice, without a display, slowly, and ended at once."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend.platform.subprocesses import creation_time
from backend.service.record import ServiceRecord, record_of_this_process, write_record
from tests.helpers.desktop import (
    REPOSITORY,
    display,
    driven_window,
    end,
    environment_of,
    until,
    why_no_window,
)


def record_of(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "launcher-data" / "window.json").read_text())
    return found


def call(root: Path, endpoint: str, **fields: Any) -> Any:
    """What the window's service answers to who has its token."""
    record = record_of(root)
    connection = http.client.HTTPConnection("127.0.0.1", record["port"], timeout=30)
    headers = {"Authorization": f"Bearer {record['token']}", "Content-Type": "application/json"}
    connection.request("POST", f"/api/v1/rpc/{endpoint}", json.dumps(fields), headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def answers(root: Path) -> bool:
    """Whether the service behind the window answers."""
    return bool(call(root, "system.info")["ok"])


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "backend.desktop", *words]


# --- As it is started -----------------------------------------------------------------------------


@pytest.fixture
def started(tmp_path: Path, shown_on: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m backend.desktop --window`, its window there."""
    root = tmp_path / "root"
    process = subprocess.Popen(
        command("--window"), env=environment_of(root, shown_on), cwd=REPOSITORY,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        until((root / "launcher-data" / "window.json").exists, 30)
        until(lambda: answers(root), 60)
        yield process
    finally:
        end(process)


def test_a_second_start_raises_the_first_window(
    started: subprocess.Popen[str], tmp_path: Path, shown_on: str
) -> None:
    second = subprocess.run(
        command(), env=environment_of(tmp_path / "root", shown_on), cwd=REPOSITORY,
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout == "ComfyUI Launcher is open already; its window is in front now.\n"
    assert started.poll() is None


def test_the_record_of_the_window_is_for_its_user_only(
    started: subprocess.Popen[str], tmp_path: Path
) -> None:
    file = tmp_path / "root" / "launcher-data" / "window.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert record_of(tmp_path / "root")["pid"] == started.pid


def test_no_secret_stands_in_a_command_line(started: subprocess.Popen[str], tmp_path: Path) -> None:
    token = record_of(tmp_path / "root")["token"]
    ours = psutil.Process(started.pid)
    for process in (ours, *ours.children(recursive=True)):
        line = " ".join(process.cmdline())
        assert token not in line
        assert "code=" not in line


def test_a_first_launcher_that_hangs_is_named(
    started: subprocess.Popen[str], tmp_path: Path
) -> None:
    os.kill(started.pid, signal.SIGSTOP)
    try:
        second = subprocess.run(
            command(), env=environment_of(tmp_path / "root", ""), cwd=REPOSITORY,
            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    finally:
        os.kill(started.pid, signal.SIGCONT)
    assert second.returncode == 5
    assert f"process {started.pid}" in second.stderr


def test_without_a_display_the_address_and_a_code_are_printed_to_a_terminal(
    tmp_path: Path,
) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        command(), env=environment_of(tmp_path / "root", ""), cwd=REPOSITORY,
        stdout=theirs, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        with os.fdopen(ours) as terminal:
            said = terminal.readline() + terminal.readline()
            assert "http://127.0.0.1:" in said
            assert re.search(r"Code: \w{4}-\w{4}-\w{4} ", said)
            until(lambda: answers(tmp_path / "root"), 60)
            refused = call(tmp_path / "root", "window.choose_folder")
            assert refused["error"]["code"] == "no-window"
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    finally:
        words = end(process)
    assert "There is no display here" in words


def test_what_is_no_terminal_is_told_no_code_but_the_file_that_has_it(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(), env=environment_of(tmp_path / "root", ""), cwd=REPOSITORY,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline() + process.stdout.readline()
        (file,) = (tmp_path / "root" / "launcher-data").glob("*.html")
        assert f" in {file} " in said
        assert file.stat().st_mode & 0o777 == 0o600
        code = re.search(r"code=([\w-]+)", file.read_text())
        assert code is not None
        assert code[1] not in said
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        end(process)
    assert not file.exists()


def test_without_a_display_a_window_is_refused_with_the_way_out(tmp_path: Path) -> None:
    done = subprocess.run(
        command("--window"), env=environment_of(tmp_path / "root", ""), cwd=REPOSITORY,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "--browser" in done.stderr
    assert not (tmp_path / "root" / "launcher-data" / "window.json").exists()


# --- Starts that take long, and starts that are ended at once -------------------------------------


@pytest.mark.parametrize(
    ("number", "status", "seconds"),
    [(signal.SIGTERM, 0, 0.0), (signal.SIGINT, 130, 0.3), (signal.SIGHUP, 0, 0.8)],
)
def test_a_signal_during_the_start_ends_it(
    tmp_path: Path, shown_on: str, number: signal.Signals, status: int, seconds: float
) -> None:
    record = tmp_path / "root" / "launcher-data" / "window.json"
    process = subprocess.Popen(
        command("--window"), env=environment_of(tmp_path / "root", shown_on), cwd=REPOSITORY,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        until(record.exists, 30)
        time.sleep(seconds)
        process.send_signal(number)
        assert process.wait(20) == status
    finally:
        words = end(process)
    assert "Traceback" not in words
    assert not record.exists()


def test_a_second_start_while_the_first_still_opens_says_so_and_asks_nobody(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    (root / "launcher-data").mkdir(parents=True)
    here = record_of_this_process("http://127.0.0.1:9", 9, "token")
    write_record(
        root / "launcher-data" / "window.json", here.model_copy(update={"coming_up": True})
    )
    second = subprocess.run(
        command(), env=environment_of(root, ""), cwd=REPOSITORY,
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert (second.returncode, second.stderr) == (0, "")
    assert "just opening" in second.stdout


def test_a_page_that_was_given_up_is_shown_when_it_is_served_after_all(
    tmp_path: Path, pages: Path, shown_on: str
) -> None:
    with driven_window(tmp_path / "root", pages, shown_on, SLOW_START="4") as window:
        until(lambda: "did not start" in str(window.order(js="document.body.textContent")), 20)
        assert window.wait_for("window.up")
        assert window.js("document.title") == "test page"


def test_on_a_small_display_the_window_is_seen_whole(tmp_path: Path, pages: Path) -> None:
    with display("800x600") as small, driven_window(tmp_path / "root", pages, small) as window:
        window.wait_for("window.up")
        width, height = window.order(python="(window.width, window.height)")
        assert width <= 800
        assert height <= 600


def test_gtk_says_nothing_on_the_terminal_under_a_plain_locale(
    tmp_path: Path, pages: Path, shown_on: str
) -> None:
    if (reason := why_no_window("gtk")) is not None:
        pytest.skip(reason)
    plain = {"LANG": "C", "LC_ALL": "C", "LC_CTYPE": "C"}
    with driven_window(tmp_path / "root", pages, shown_on, "gtk", **plain) as window:
        window.wait_for("window.up")
        assert window.js("(12.5).toLocaleString(navigator.language)") == "12.5"
    assert "Locale not supported" not in window.words


def test_an_error_has_a_window_of_its_own_that_keeps_its_status(
    tmp_path: Path, shown_on: str
) -> None:
    with subprocess.Popen(["sleep", "60"]) as silent:
        root = tmp_path / "root"
        (root / "launcher-data").mkdir(parents=True)
        other = ServiceRecord(
            url="http://127.0.0.1:9", port=9, pid=silent.pid,
            created=creation_time(silent.pid) or "", token="token",
        )  # fmt: skip
        write_record(root / "launcher-data" / "window.json", other)
        process = subprocess.Popen(
            command(), env=environment_of(root, shown_on), cwd=REPOSITORY,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            until(lambda: "Launcher" in titles(shown_on), 30, "the error is shown")
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 5
        finally:
            words = end(process)
            silent.kill()
    assert f"process {silent.pid}" in words


def titles(shown_on: str) -> str:
    """The titles of the windows on a display."""
    if shutil.which("xdotool") is None:
        pytest.skip("xdotool is not installed")
    done = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", "Launcher", "getwindowname", "%@"],
        env=os.environ | {"DISPLAY": shown_on}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout
