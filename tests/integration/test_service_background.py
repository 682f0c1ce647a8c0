"""The service in a thread of this process, as the window has it: real sockets, real streams."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from backend.composition import App, build_app
from backend.exceptions import ServiceAlreadyRunning
from backend.operations.events import SettingsChanged
from backend.platform.ports import listen, port_is_free
from backend.service.background import CLOSE_SECONDS, BackgroundService
from backend.service.codes import Door
from backend.service.record import (
    ServiceRecord,
    forget_record,
    living_record,
    record_of_this_process,
    refuse_second,
    write_record,
)
from tests.helpers.service import API, REPOSITORY, Answer, EventReader

Start = Callable[[], BackgroundService]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = build_app("window", {"COMFYUI_LAUNCHER_HOME": str(tmp_path / "home")})
    yield made
    made.close()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "index.html").write_text("<title>here</title>")
    (tmp_path / "secret.json").write_text('{"secret": true}')
    return folder


@pytest.fixture
def bound(app: App, dist: Path) -> Iterator[Start]:
    """Makes services whose sockets listen; closed at the end."""
    made: list[BackgroundService] = []

    def make() -> BackgroundService:
        made.append(
            BackgroundService(listen(0), log_file=app.paths.logs / "window.log", pages=dist)
        )
        return made[-1]

    yield make
    for service in made:
        service.close()


@pytest.fixture
def service(bound: Start, app: App) -> BackgroundService:
    made = bound()
    made.start(app)
    return made


def ask(
    service: BackgroundService, method: str, path: str, body: str | None = None, **headers: str
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    with closing(connection):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Content-Type": "application/json"} | given)
        got = connection.getresponse()
        names = {name.lower(): value for name, value in got.getheaders()}
        return Answer(got.status, names, got.read())


def session_of(service: BackgroundService, door: Door = "window") -> Answer:
    """A session, opened as the page does: with the code behind the `#` of its address."""
    url, _, code = service.page_for(door).partition("/#code=")
    assert url == service.url
    opened = ask(service, "POST", f"{API}/session", json.dumps({"code": code}), Origin=service.url)
    assert opened.status == 201
    return opened


def events_of(service: BackgroundService, session: Answer) -> EventReader:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request("GET", f"{session.place}/events", headers={"Cookie": session.cookie})
    return EventReader(connection)


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


# --- From the first moment ------------------------------------------------------------------------


def test_importing_it_brings_no_library_of_the_service() -> None:
    code = (
        "import sys, backend.service.background, backend.service.record\n"
        "heavy = {'fastapi', 'starlette', 'uvicorn', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_a_browser_that_comes_before_the_start_waits_and_is_served(bound: Start, app: App) -> None:
    service = bound()
    with ThreadPoolExecutor(1) as pool:
        early = pool.submit(ask, service, "GET", "/")
        with pytest.raises(TimeoutError):
            early.result(0.3)
        service.start(app)
        assert early.result(20).body == b"<title>here</title>"


def test_the_page_hands_in_its_code_calls_and_hears(service: BackgroundService, app: App) -> None:
    session = session_of(service)
    shown = ask(service, "GET", session.place, Cookie=session.cookie)
    assert shown.value == {"known_by": "session", "door": "window"}
    events = events_of(service, session)
    assert events.response.status == 200
    body = '{"name":"repository"}'
    there = f"{session.place}/rpc/settings.reset"
    changed = ask(service, "POST", there, body, Cookie=session.cookie, Origin=service.url)
    assert changed.status == 200
    told = events.next()
    assert told is not None
    assert told.data["data"] == {"type": "settings.changed", "name": "repository"}
    events.close()


def test_without_a_key_the_thread_is_as_closed_as_the_service(service: BackgroundService) -> None:
    assert ask(service, "GET", f"{API}/events").status == 401
    assert ask(service, "POST", f"{API}/rpc/system.info", "{}").status == 401
    assert ask(service, "GET", "/", Host="evil.example").status == 403
    by_token = {"Authorization": f"Bearer {service.token}"}
    assert ask(service, "POST", f"{API}/rpc/system.info", "{}", **by_token).status == 200


def test_the_page_for_a_failed_start_names_the_log_but_not_whose_it_is(
    service: BackgroundService, app: App
) -> None:
    said = ask(service, "GET", "/did-not-start").body
    assert b"<code>launcher-data/logs/window.log</code>" in said
    assert str(app.paths.root).encode() not in said


def test_two_at_once_do_not_know_each_others_keys(bound: Start, app: App) -> None:
    one, other = bound(), bound()
    one.start(app)
    other.start(app)
    session = session_of(one)
    assert ask(one, "GET", session.place, Cookie=session.cookie).status == 200
    assert ask(other, "GET", session.place, Cookie=session.cookie).status == 401
    renamed = session.cookie.replace(str(one.port), str(other.port))
    assert ask(other, "GET", session.place, Cookie=renamed).status == 401
    foreign = {"Authorization": f"Bearer {one.token}"}
    assert ask(other, "GET", f"{API}/contract", **foreign).status == 401
    code = json.dumps({"code": one.issue_code("window")})
    refused = ask(other, "POST", f"{API}/session", code, Origin=other.url)
    assert refused.error == "wrong-code"
    one.close()
    assert ask(other, "GET", "/").status == 200


@pytest.mark.parametrize(
    "target",
    ["/../secret.json", "/%2e%2e/secret.json", "/..%2fsecret.json", "/%2e%2e%2fsecret.json",
     "/index.html%00", "/%00", "//secret.json", "/assets/%2e%2e/%2e%2e/secret.json", "/%ff%fe",
     "http://127.0.0.1/../secret.json", "*"],
)  # fmt: skip
def test_no_request_line_leads_out_of_the_folder(service: BackgroundService, target: str) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as raw:
        raw.sendall(f"GET {target} HTTP/1.0\r\nHost: 127.0.0.1:{service.port}\r\n\r\n".encode())
        said = b"".join(iter(lambda: raw.recv(65_536), b""))
    assert said.split(b" ")[1] in {b"400", b"404"}, said
    assert b'"secret": true' not in said


def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_headers(
    service: BackgroundService,
) -> None:
    """Without TCP_NODELAY each of them takes 40 ms, which a page of twenty calls feels."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    with closing(connection):

        def one() -> None:
            connection.request("GET", "/health")
            connection.getresponse().read()

        one()
        assert sorted(seconds(one) for _ in range(21))[10] < 0.02


# --- The end --------------------------------------------------------------------------------------


def test_at_the_end_a_stream_ends_whole_and_nothing_stays(
    service: BackgroundService, app: App
) -> None:
    events = events_of(service, session_of(service))
    app.events.publish(SettingsChanged(name="last"))
    assert seconds(service.close) < CLOSE_SECONDS
    assert [told.data["data"]["name"] for told in events.rest()] == ["last"]
    events.close()
    assert "service" not in {thread.name for thread in threading.enumerate()}
    assert port_is_free(service.port)
    assert service.fault is None
    service.close()  # a second time changes nothing


def test_who_does_not_read_its_events_does_not_delay_the_end(
    service: BackgroundService, app: App
) -> None:
    session = session_of(service)
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as deaf:
        deaf.sendall(
            f"GET {session.place}/events HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\n"
            f"Cookie: {session.cookie}\r\n\r\n".encode()
        )
        assert deaf.recv(100).startswith(b"HTTP/1.1 200")
        for _ in range(3000):
            app.events.publish(SettingsChanged(name="x" * 2000))
        assert seconds(service.close) < CLOSE_SECONDS
    assert port_is_free(service.port)


def test_a_call_that_hangs_does_not_delay_the_end(tmp_path: Path, dist: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # accepts, and never says a word
        repository = f"http://127.0.0.1:{deaf.getsockname()[1]}/x"
        app = build_app(
            "window",
            {
                "COMFYUI_LAUNCHER_HOME": str(tmp_path / "home"),
                "COMFYUI_LAUNCHER_REPO": repository,
            },
        )
        service = BackgroundService(listen(0), log_file=tmp_path / "log", pages=dist)
        service.start(app)
        token = {"Authorization": f"Bearer {service.token}"}
        with ThreadPoolExecutor(1) as pool:
            body = '{"reference":"v0.3.64"}'
            call = pool.submit(ask, service, "POST", f"{API}/rpc/versions.plan", body, **token)
            heard = deaf.accept()[0]
            assert seconds(service.close) < CLOSE_SECONDS
            assert call.exception(10) is not None or call.result().status >= 500
            heard.close()
    app.close()


def test_one_that_was_never_started_gives_its_port_back(bound: Start, app: App) -> None:
    service = bound()
    service.close()
    assert port_is_free(service.port)
    service.start(app)
    assert service.fault is None
    assert port_is_free(service.port)


def test_one_that_is_closed_while_it_starts_ends(bound: Start, app: App) -> None:
    service = bound()
    service.start(app)
    assert seconds(service.close) < CLOSE_SECONDS
    assert port_is_free(service.port)
    assert service.fault is None


def test_a_fault_is_known_and_logged_and_nobody_waits_for_an_answer(bound: Start, app: App) -> None:
    service = bound()
    service.start(cast("App", object()))  # stands for whatever no one foresaw
    end = time.monotonic() + 20
    while service.fault is None and time.monotonic() < end:
        time.sleep(0.01)
    assert service.fault is not None
    incident = str(service.fault.context["incident"])
    assert incident in (app.paths.logs / "window.log").read_text()
    while not port_is_free(service.port) and time.monotonic() < end:
        time.sleep(0.01)
    with pytest.raises(ConnectionRefusedError):
        ask(service, "GET", "/")
    service.close()


def test_the_signals_of_the_process_stay_with_whoever_has_them(
    service: BackgroundService,
) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert ask(service, "GET", "/health").status == 200
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


# --- Where it is ----------------------------------------------------------------------------------


def test_the_record_of_a_window_is_like_that_of_a_service(
    service: BackgroundService, app: App
) -> None:
    file = app.paths.window_file
    assert living_record(file) is None
    mine = record_of_this_process(service.url, service.port, service.token)
    write_record(file, mine)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = living_record(file)
    assert found == mine
    assert isinstance(found, ServiceRecord)
    with pytest.raises(ServiceAlreadyRunning):
        refuse_second(file)
    forget_record(file, mine)
    assert living_record(file) is None
    assert not file.exists()


@pytest.mark.parametrize("damage", ["another birth", "torn", "a pid that is gone"])
def test_a_record_that_proves_nothing_is_none(app: App, damage: str) -> None:
    file = app.paths.window_file
    write_record(file, record_of_this_process("http://127.0.0.1:1", 1, "t" * 43))
    fields = json.loads(file.read_text())
    if damage == "torn":
        file.write_text(file.read_text()[:30])
    elif damage == "another birth":
        file.write_text(json.dumps(fields | {"created": "1.0"}))
    else:
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        file.write_text(json.dumps(fields | {"pid": ended.pid}))
    assert os.getpid() == fields["pid"]
    assert living_record(file) is None
