from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from backend.desktop.instance import (
    ANSWER_SECONDS,
    OPENING_SECONDS,
    bring_to_front,
    claim,
    is_opening,
)
from backend.exceptions import LauncherNotAnswering
from backend.service.record import ServiceRecord, living_record, record_of_this_process
from tests.helpers.processes import python_that_said, start_python

CLAIM = """
    import sys
    from pathlib import Path
    from backend.desktop.instance import claim
    from backend.service.record import record_of_this_process
    sys.stdin.readline()
    other = claim(Path(sys.argv[1]), lambda: record_of_this_process("http://x", 1, "token"))
    print("first" if other is None else "second", flush=True)
    sys.stdin.read()
"""


def record(port: int = 1) -> ServiceRecord:
    return record_of_this_process(f"http://127.0.0.1:{port}", port, "a token")


def test_the_first_launcher_writes_down_where_it_is_for_its_user_only(tmp_path: Path) -> None:
    file = tmp_path / "window.json"
    assert claim(file, record) is None
    assert file.stat().st_mode & 0o777 == 0o600
    assert living_record(file) == record()


def test_a_second_launcher_finds_the_first(tmp_path: Path) -> None:
    file = tmp_path / "window.json"
    claim(file, record)

    def never() -> ServiceRecord:
        raise AssertionError("the second one binds nothing")

    assert claim(file, never) == record()


def test_what_a_killed_launcher_left_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "window.json"
    code = CLAIM.replace("sys.stdin.readline()", "pass")
    with python_that_said("first", code, file) as process:
        process.kill()
        process.wait(10)
    assert file.exists()
    assert claim(file, record) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 1}'])
def test_a_damaged_record_stands_in_nobodys_way(tmp_path: Path, content: str) -> None:
    file = tmp_path / "window.json"
    file.write_text(content)
    assert claim(file, record) is None


def test_of_launchers_that_start_at_the_same_instant_one_wins(tmp_path: Path) -> None:
    processes = [start_python(CLAIM, tmp_path / "window.json") for _ in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = []
    for process in processes:
        assert process.stdout is not None
        said.append(process.stdout.readline().strip())
    for process in processes:
        process.communicate()
    assert sorted(said) == ["first", "second", "second", "second"]


def test_a_launcher_that_is_gone_is_named_by_its_process() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(LauncherNotAnswering) as raised:
        bring_to_front(record(port))
    assert str(record().pid) in raised.value.message


def test_a_launcher_that_hangs_is_waited_for_five_seconds(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begin = time.monotonic()
        with pytest.raises(LauncherNotAnswering):
            bring_to_front(record(silent.getsockname()[1]))
    assert ANSWER_SECONDS - 0.5 < time.monotonic() - begin < ANSWER_SECONDS + 2


@pytest.mark.parametrize(
    ("status", "shows"), [(200, True), (429, True), (401, False), (403, False), (500, False)]
)
def test_only_an_answer_that_means_shown_counts(status: int, shows: bool) -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())

        thread = threading.Thread(target=answer)
        thread.start()
        if shows:
            bring_to_front(record(server.getsockname()[1]))
        else:
            with pytest.raises(LauncherNotAnswering):
                bring_to_front(record(server.getsockname()[1]))
        thread.join(10)
    assert asked[0].startswith(b"POST /api/v1/rpc/window.show ")
    assert b"Authorization: Bearer a token\r\n" in asked[0]


def test_a_launcher_that_has_begun_a_moment_ago_is_opening(tmp_path: Path) -> None:
    file = tmp_path / "window.json"
    coming = record().model_copy(update={"coming_up": True})
    claim(file, lambda: coming)
    assert is_opening(coming, file)
    assert not is_opening(record(), file)
    for age in (OPENING_SECONDS + 1, -3600):  # too long for a start; a clock that was set back
        os.utime(file, (time.time() - age,) * 2)
        assert not is_opening(coming, file)
