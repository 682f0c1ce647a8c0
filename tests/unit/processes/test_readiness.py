from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend.exceptions import NotReadyInTime, OperationCancelled, PortTaken, StartFailed
from backend.platform.ports import free_port, holder_of, port_is_free
from backend.processes.instances import Instance
from backend.processes.readiness import await_ready
from backend.processes.supervision import ProcessSupervisor
from tests.helpers.servers import Server, json_reply, serve
from tests.unit.processes.conftest import Bench

# Answers like ComfyUI. `argv` is what it says it was started with.
SERVER = """
import json, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

port, said = int(sys.argv[1]), {argv}

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = {body}
        self.send_response({status})
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

print("Total VRAM 0 MB", flush=True)
time.sleep({delay})
print("Starting server", flush=True)
HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
STATS = 'json.dumps({"system": {"argv": said}}).encode()'


def server(
    *, argv: str = "sys.argv", body: str = STATS, status: int = 200, delay: float = 0
) -> str:
    return SERVER.format(argv=argv, body=body, status=status, delay=delay)


class Watching:
    """Notes the lines; raises after `patience` checks."""

    def __init__(self, patience: int | None = None) -> None:
        self.lines: list[str] = []
        self._left = patience

    def check(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise OperationCancelled("one")

    def line(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def port() -> int:
    return free_port(None)


@pytest.fixture
def foreign() -> Iterator[Server]:
    """A ComfyUI of someone else, with other arguments."""
    with serve(lambda _: json_reply({"system": {"argv": ["main.py", "--port", "1"]}})) as running:
        yield running


def wait(
    bench: Bench, instance: Instance, *, seconds: float = 10, watch: Watching | None = None
) -> Instance:
    return await_ready(
        bench.instances, instance, timeout_seconds=seconds, watch=watch or Watching()
    )


def test_it_is_ready_when_it_answers_as_itself(bench: Bench, port: int) -> None:
    started = bench.start(server(delay=0.3), str(port), port=port)
    watch = Watching()
    ready = wait(bench, started, watch=watch)
    assert ready.ready is not None
    assert 0.3 <= ready.ready.seconds < 10
    # The last line may still be on its way through the supervisor when the server answers.
    assert watch.lines[:1] == ["Total VRAM 0 MB"]
    found = bench.instances.current(bench.store)
    assert found is not None
    assert found.ready == ready.ready, "any launcher sees that it is ready"


def test_one_that_was_left_starting_is_ready_once_it_answers(bench: Bench, port: int) -> None:
    """Its launcher was killed before that; the next one asks once, and need not wait."""
    supervisor = ProcessSupervisor(bench.instances)
    started = bench.start(server(delay=0.5), str(port), port=port)
    begin = time.monotonic()
    assert supervisor.adopt(started, timeout_seconds=0.5).ready is None
    assert time.monotonic() - begin < 0.4
    bench.said(started, "Starting server")
    bench.until(
        lambda: supervisor.adopt(started, timeout_seconds=0.5).ready is not None, 5, "an answer"
    )
    found = bench.instances.current(bench.store)
    assert found is not None
    assert found.ready is not None
    assert found.ready.seconds >= 0.5


def test_one_that_does_not_answer_as_itself_is_not_adopted(bench: Bench, port: int) -> None:
    started = bench.start(server(argv="['main.py', '1']"), str(port), port=port)
    bench.until(lambda: not port_is_free(port), 10, "its server")
    assert ProcessSupervisor(bench.instances).adopt(started, timeout_seconds=0.5).ready is None


@pytest.mark.parametrize(
    ("argv", "body", "status"),
    [
        ("['main.py', '1234']", STATS, 200),
        ("sys.argv[1:]", STATS, 200),
        ("[]", STATS, 200),
        ("'main.py'", STATS, 200),
        ("sys.argv", "b'<html>'", 200),
        ("sys.argv", "b'[]'", 200),
        ("sys.argv", "b'{\"system\": []}'", 200),
        ("sys.argv", "b'{\"system\": {}}'", 200),
        ("sys.argv", STATS, 503),
        ("sys.argv", STATS, 404),
    ],
)
def test_an_answer_that_is_not_ours_is_not_ready(
    bench: Bench, port: int, argv: str, body: str, status: int
) -> None:
    started = bench.start(server(argv=argv, body=body, status=status), str(port), port=port)
    with pytest.raises(NotReadyInTime) as caught:
        wait(bench, started, seconds=0.7)
    assert caught.value.context["log"] == ["Total VRAM 0 MB", "Starting server"]
    seen = bench.instances.refresh(started)
    assert seen.lives, "stopping it is the caller's decision"
    assert seen.ready is None


def test_what_never_listens_is_not_ready_in_time(bench: Bench, port: int) -> None:
    started = bench.start("import time; print('loading', flush=True); time.sleep(60)", port=port)
    start = time.monotonic()
    with pytest.raises(NotReadyInTime) as caught:
        wait(bench, started, seconds=0.5)
    assert 0.5 <= time.monotonic() - start < 3
    assert caught.value.context["log"] == ["loading"]


def test_a_foreign_server_on_the_port_is_named_and_never_taken_for_ours(
    bench: Bench, foreign: Server
) -> None:
    started = bench.start("import time; time.sleep(60)", port=foreign.port)
    with pytest.raises(PortTaken) as caught:
        wait(bench, started)
    holder = holder_of(foreign.port)
    assert caught.value.context == {"port": foreign.port, "holder": str(holder)}
    assert foreign.seen == [], "not a single request reached it"


def test_a_foreign_server_with_our_very_arguments_is_not_taken_for_ours(
    bench: Bench, port: int
) -> None:
    with serve(lambda _: json_reply({"system": {"argv": ["main.py"]}})) as twin:
        started = bench.start("import time; time.sleep(60)", port=twin.port)
        with pytest.raises(PortTaken):
            wait(bench, started)


def start_at(bench: Bench, listen: str, code: str, port: int) -> Instance:
    plan = replace(bench.plan(code, str(port), port=port), listen=listen)
    bench.started.append(bench.instances.start(plan))
    return bench.started[-1]


def test_a_server_on_another_address_of_this_port_is_no_trouble(
    bench: Bench, foreign: Server
) -> None:
    code = server(delay=0.3).replace("127.0.0.1", "127.0.0.2")
    assert wait(bench, start_at(bench, "127.0.0.2", code, foreign.port)).ready is not None


def test_a_foreign_server_on_the_very_address_is_found(bench: Bench, port: int) -> None:
    with socket.create_server(("127.0.0.2", port)):
        started = start_at(bench, "127.0.0.2", "import time; time.sleep(60)", port)
        with pytest.raises(PortTaken):
            wait(bench, started, seconds=3)


def test_a_child_of_the_process_may_hold_the_port(bench: Bench, port: int) -> None:
    code = (
        "import subprocess, sys\n"
        f"code = {server(argv='sys.argv[2:]')!r}\n"
        "open('inner.py', 'w').write(code)\n"
        "subprocess.run([sys.executable, 'inner.py', sys.argv[1], *sys.argv])\n"
    )
    ready = wait(bench, bench.start(code, str(port), port=port))
    assert ready.ready is not None


def test_an_early_end_tells_the_reason_and_the_last_lines(bench: Bench, port: int) -> None:
    code = "print('Total VRAM 0 MB')\nimport yaml_that_is_missing"
    started = bench.start(code, port=port)
    with pytest.raises(StartFailed) as caught:
        wait(bench, started)
    context = caught.value.context
    assert "yaml_that_is_missing" in str(context["reason"])
    assert context["exit_status"] == "exit code 1"
    log = context["log"]
    assert isinstance(log, list)
    assert log[0] == "Total VRAM 0 MB"
    assert "ModuleNotFoundError" in log[-1]


def test_only_the_last_lines_of_a_long_log_go_into_the_error(bench: Bench, port: int) -> None:
    started = bench.start("print(*range(500), sep='\\n'); raise SystemExit(2)", port=port)
    with pytest.raises(StartFailed) as caught:
        wait(bench, started)
    assert caught.value.context["log"] == [str(number) for number in range(485, 500)]


def test_a_port_that_was_lost_while_starting_is_told_as_taken(
    bench: Bench, foreign: Server
) -> None:
    code = "import socket, sys\nsocket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    started = bench.ended(bench.start(code, str(foreign.port), port=foreign.port))
    with pytest.raises(PortTaken) as caught:
        wait(bench, started)
    assert caught.value.context["port"] == foreign.port


def test_the_watch_ends_the_wait_by_raising(bench: Bench, port: int) -> None:
    started = bench.start("import time; time.sleep(60)", port=port)
    with pytest.raises(OperationCancelled):
        wait(bench, started, seconds=60, watch=Watching(patience=2))
    assert bench.instances.refresh(started).lives


def test_a_server_that_accepts_and_stays_silent_does_not_hold_the_wait(
    bench: Bench, port: int
) -> None:
    code = (
        "import socket, sys, time\n"
        "server = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "time.sleep(60)\n"
    )
    started = bench.start(code, str(port), port=port)
    start = time.monotonic()
    with pytest.raises(NotReadyInTime):
        wait(bench, started, seconds=0.3)
    assert time.monotonic() - start < 6


def test_proxies_of_the_environment_do_not_stand_in_the_way(
    bench: Bench, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    started = bench.start(server(), str(port), port=port)
    assert wait(bench, started, seconds=5).ready is not None


# --- Choosing a port


def test_a_wanted_port_that_is_free_is_taken(bench: Bench, port: int) -> None:
    assert ProcessSupervisor(bench.instances).choose_port(port, "127.0.0.1") == port


@pytest.mark.parametrize("listen", ["127.0.0.1", "0.0.0.0", "0.0.0.0,::", "127.0.0.1,::1"])
def test_a_wanted_port_that_is_taken_is_refused_with_its_holder(
    bench: Bench, foreign: Server, listen: str
) -> None:
    with pytest.raises(PortTaken) as caught:
        ProcessSupervisor(bench.instances).choose_port(foreign.port, listen)
    assert caught.value.context["holder"] == str(holder_of(foreign.port))


def test_without_a_wish_the_next_free_port_is_taken(bench: Bench) -> None:
    chosen = ProcessSupervisor(bench.instances).choose_port(None, "127.0.0.1")
    with socket.create_server(("127.0.0.1", chosen)):
        other = ProcessSupervisor(bench.instances).choose_port(None, "127.0.0.1")
    assert other != chosen


@pytest.mark.parametrize("listen", ["0.0.0.0", "::", "0.0.0.0,::", "::,0.0.0.0"])
def test_who_listens_everywhere_needs_the_port_on_every_address(
    bench: Bench, port: int, listen: str
) -> None:
    with socket.create_server(("127.0.0.2", port)), pytest.raises(PortTaken):
        ProcessSupervisor(bench.instances).choose_port(port, listen)


def test_a_port_that_was_lost_is_not_tried_again(bench: Bench, port: int) -> None:
    choose = ProcessSupervisor(bench.instances).choose_port
    expected = next(n for n in range(port + 1, port + 11) if port_is_free(n))
    assert choose(None, "127.0.0.1", after=port) == expected
    assert choose(port, "127.0.0.1", after=port) == port, "a wish is a wish"
    assert choose(None, "127.0.0.1", after=65535) > 0


def test_many_waits_at_once_do_not_disturb_each_other(bench: Bench, tmp_path: Path) -> None:
    benches = [Bench(tmp_path / str(number)) for number in range(3)]
    results: list[bool] = []

    def one(own: Bench) -> None:
        port = free_port(None)
        results.append(wait(own, own.start(server(), str(port), port=port)).ready is not None)

    threads = [threading.Thread(target=one, args=(own,)) for own in benches]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for own in benches:
            own.clean_up()
    assert results == [True, True, True]
