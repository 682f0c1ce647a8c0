"""The service as other programs meet it: a real process, real sockets, a real (small) ComfyUI."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.helpers.service import API, Service, command, environment_of, run_service, running
from tests.helpers.world import TORCH, make_world


@pytest.fixture
def home(tmp_path: Path, origin: tuple[Path, Path, Path]) -> Path:
    """The root of a launcher whose packages come from the wheels of the fake ComfyUI."""
    world = make_world(tmp_path / "Zu Hause ü", *origin)
    world.ask("settings.change", name="repository", value=origin[0].as_uri())
    world.close()
    return world.root


@pytest.fixture
def service(home: Path) -> Iterator[Service]:
    with running(home) as made:
        yield made


@pytest.fixture(scope="module")
def installed(
    tmp_path_factory: pytest.TempPathFactory, origin: tuple[Path, Path, Path]
) -> Iterator[Path]:
    """The root of a launcher with one version; for tests that leave it as it is."""
    world = make_world(tmp_path_factory.mktemp("installed") / "home", *origin)
    world.install()
    world.app.close()
    yield world.root
    world.close()


def wish(origin: tuple[Path, Path, Path]) -> dict[str, Any]:
    return {"reference": "v0.3.64", "torch_spec": TORCH, "find_links": [str(origin[1])]}


def answers(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/system_stats", timeout=5) as answer:
        return bool(answer.status == 200)


def silent(url: str) -> bool:
    try:
        return not answers(url)
    except OSError:
        return True


def record_file(root: Path) -> Path:
    return root / "launcher-data" / "service.json"


# --- The whole way --------------------------------------------------------------------------------


def test_a_version_is_installed_launched_and_stopped_while_its_events_tell_of_it(
    service: Service, origin: tuple[Path, Path, Path]
) -> None:
    events = service.events()
    started = service.call("versions.install", **wish(origin))
    assert started.status == 202
    operation = started.value["operation_id"]
    assert started.headers["location"] == f"{API}/operations/{operation}"
    events.until("operation.changed", id=operation, state="running")
    events.until("operation.changed", id=operation, state="succeeded")
    assert service.operation(started.headers["location"])["result"]["tag"] == "v0.3.64"

    url = service.run("versions.launch", tag="v0.3.64", cpu=True)["instance"]["url"]
    events.until("instance.changed")
    assert answers(url)
    [version] = service.call("versions.list").value["versions"]
    assert version["state"] == "running"

    service.run("versions.stop", tag="v0.3.64")
    assert silent(url)


def test_what_takes_time_answers_at_once(service: Service, origin: tuple[Path, Path, Path]) -> None:
    began = time.monotonic()
    started = service.call("versions.install", **wish(origin))
    assert time.monotonic() - began < 0.5
    assert service.operation(started.headers["location"])["state"] == "succeeded"


# --- Ending ---------------------------------------------------------------------------------------


def test_a_term_signal_cancels_what_runs_and_its_watchers_see_that(installed: Path) -> None:
    with running(installed) as service:
        events = service.events()
        delay = {"FAKE_COMFYUI_START_DELAY": "60"}
        started = service.call("versions.launch", tag="v0.3.64", cpu=True, environment=delay)
        operation = started.value["operation_id"]
        events.until("operation.changed", id=operation, state="running")
        time.sleep(0.5)
        began = time.monotonic()
        assert service.end() == 0
        assert time.monotonic() - began < 15
        assert [
            told.data["data"]["operation"]["state"]
            for told in events.rest()
            if told.kind == "operation.changed"
        ][-1] == "cancelled"
        assert not record_file(installed).exists()
    ours = [p for p in psutil.process_iter(["cmdline"]) if is_comfyui_of(p, installed)]
    assert ours == []


def is_comfyui_of(process: psutil.Process, root: Path) -> bool:
    try:
        command_line = " ".join(process.info["cmdline"] or [])
        return str(root) in command_line and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_launched_comfyui_outlives_the_service_and_the_next_one_can_stop_it(
    installed: Path, number: signal.Signals
) -> None:
    with running(installed) as service:
        url = service.run("versions.launch", tag="v0.3.64", cpu=True)["instance"]["url"]
        service.process.send_signal(number)
        assert service.process.wait(20) == 0
    assert answers(url)
    with running(installed) as service:
        [version] = service.call("versions.list").value["versions"]
        assert version["state"] == "running"
        service.run("versions.stop", tag="v0.3.64")
        assert silent(url)


def test_a_call_that_waits_for_the_network_does_not_keep_the_service_from_ending(
    home: Path,
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,  # accepts, and never says a word
        running(
            home, COMFYUI_LAUNCHER_REPO=f"http://127.0.0.1:{deaf.getsockname()[1]}/x"
        ) as service,
        ThreadPoolExecutor(1) as pool,
    ):
        call = pool.submit(service.call, "versions.plan", reference="v0.3.64")
        heard = deaf.accept()[0]
        time.sleep(0.3)
        began = time.monotonic()
        assert service.end() == 0
        assert time.monotonic() - began < 12
        assert call.exception() is not None or call.result().status >= 500
        heard.close()


# --- One service of a root, one program on a port -------------------------------------------------


def test_the_record_is_for_its_owner_only_and_gone_at_the_end(home: Path) -> None:
    with running(home) as service:
        assert stat.S_IMODE(record_file(home).stat().st_mode) == 0o600
        assert service.record["pid"] == service.process.pid
        assert service.record["url"] == f"http://127.0.0.1:{service.port}"
        assert service.line == (
            f"ComfyUI Launcher serves at {service.record['url']} (token in {record_file(home)})"
        )
        assert service.end() == 0
        assert not list(record_file(home).parent.glob("service.json*"))


def test_each_start_has_a_token_of_its_own(home: Path) -> None:
    tokens = set()
    for _ in range(2):
        with running(home) as service:
            tokens.add(service.token)
            assert len(service.token) >= 40
            service.end()
    assert len(tokens) == 2


def test_a_second_service_of_a_root_is_refused_with_the_address_of_the_first(
    service: Service,
) -> None:
    second = run_service(service.root, "--port", "0")
    assert second.returncode == 5
    assert second.stdout == ""
    assert second.stderr.count("\n") == 1
    assert service.record["url"] in second.stderr
    assert service.call("system.info").status == 200
    as_json = json.loads(run_service(service.root, "--port", "0", "--json").stdout)
    assert as_json["error"]["code"] == "service-already-running"


def test_of_two_services_that_start_at_once_exactly_one_serves(home: Path) -> None:
    starts = [
        subprocess.Popen(
            command("--port", "0"), env=environment_of(home),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    first_lines = []
    for start in starts:
        assert start.stdout is not None
        first_lines.append(start.stdout.readline())
    for start in starts:
        start.terminate()
        start.communicate(timeout=20)
    assert sorted(start.returncode for start in starts) == [0, 5]
    assert sorted(map(bool, first_lines)) == [False, True]


def test_what_a_killed_service_left_behind_does_not_stop_the_next(home: Path) -> None:
    with running(home) as service:
        service.process.kill()
        service.process.wait()
        assert record_file(home).exists()
    with running(home) as service:
        assert service.call("system.info").status == 200


@pytest.mark.parametrize("damage", ["reused pid", "torn"])
def test_a_record_that_proves_nothing_does_not_stop_a_start(home: Path, damage: str) -> None:
    text = json.dumps(
        {"schema": 1, "url": "x", "port": 1, "pid": os.getpid(), "created": "1.0", "token": "x"}
    )
    record_file(home).write_text(text if damage == "reused pid" else text[:40])
    with running(home) as service:
        assert service.call("system.info").status == 200


def test_at_its_end_a_service_leaves_the_record_of_a_later_one(home: Path) -> None:
    with running(home) as service:
        other = {**service.record, "token": "of another"}
        record_file(home).write_text(json.dumps(other))
        service.end()
        assert json.loads(record_file(home).read_text()) == other


def test_a_taken_port_is_refused_with_the_name_of_its_holder(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run_service(home, "--port", str(port))
    assert refused.returncode == 5
    assert refused.stderr.count("\n") == 1
    assert f"Port {port} is taken" in refused.stderr
    assert f"(process {os.getpid()})" in refused.stderr
    assert not record_file(home).exists()


def test_without_a_port_the_next_free_one_is_taken(home: Path) -> None:
    try:
        holder = socket.create_server(("127.0.0.1", 8000))
    except OSError:  # somebody else holds it, which is as good
        holder = socket.create_server(("127.0.0.1", 0))
    with holder, running(home, ()) as service:
        assert service.port > 8000
        assert service.call("system.info").status == 200


# --- Places and tongues ---------------------------------------------------------------------------


def test_a_root_with_an_umlaut_works_without_a_locale(home: Path) -> None:
    with running(home, LANG="C", LC_ALL="C") as service:
        assert "Zu Hause ü" in service.line
        assert service.call("settings.list").value["root"] == str(home)
        assert service.end() == 0


def test_a_root_that_is_not_utf_8_works(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"caf\xe9")
    with running(root) as service:
        assert service.call("settings.list").value["root"] == str(root)


def test_an_address_beyond_this_machine_needs_a_word_and_says_what_it_means(home: Path) -> None:
    refused = run_service(home, "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 2
    assert "--allow-remote" in refused.stderr
    assert "encrypted" in refused.stderr
    with running(home, ("--host", "0.0.0.0", "--allow-remote", "--port", "0")) as service:
        port = service.port
        for host, status in (
            (f"127.0.0.1:{port}", 200),
            (f"192.0.2.7:{port}", 200),
            (f"evil.example:{port}", 403),
            ("192.0.2.7:1", 403),
        ):
            assert service.request("GET", "/health", Host=host).status == status, host
        page: dict[str, Any] = {"Host": f"192.0.2.7:{port}", "Origin": f"http://192.0.2.9:{port}"}
        assert service.request("GET", "/health", **page).status == 403
        service.end()
        assert service.process.stderr is not None
        assert "Note: other machines can reach" in service.process.stderr.read()


def test_ipv6_loopback_is_served_under_its_name(home: Path) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with running(home, ("--host", "::1", "--port", "0")) as service:
        assert service.record["url"] == f"http://[::1]:{service.port}"
        with urllib.request.urlopen(f"{service.record['url']}/health", timeout=5) as answer:
            assert json.load(answer)["status"] == "ok"


# --- Never limited, never delayed -----------------------------------------------------------------


def test_too_many_calls_are_told_when_to_come_back_but_cancel_and_stop_never(
    installed: Path,
) -> None:
    with running(installed) as service, ThreadPoolExecutor(8) as pool:
        reads = list(pool.map(lambda _: service.call("settings.list"), range(250)))
        limited = [answer for answer in reads if answer.status == 429]
        assert limited
        assert {answer.error for answer in limited} == {"rate-limited"}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in limited)
        cancels = pool.map(lambda _: service.call("operations.cancel", operation_id="x"), range(99))
        stops = pool.map(lambda _: service.call("versions.stop", tag="v9.9.9"), range(99))
        assert {answer.status for answer in [*cancels, *stops]} == {404}


def test_no_crowd_of_slow_calls_delays_a_cancel(home: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=64) as deaf,
        running(
            home, COMFYUI_LAUNCHER_REPO=f"http://127.0.0.1:{deaf.getsockname()[1]}/x"
        ) as service,
        ThreadPoolExecutor(24) as pool,
    ):
        for _ in range(24):
            pool.submit(service.call, "versions.plan", reference="v0.3.64")
        time.sleep(1)
        began = time.monotonic()
        assert service.call("operations.cancel", operation_id="x").status == 404
        assert service.request("GET", "/health", token=None).status == 200
        assert time.monotonic() - began < 1
        service.process.kill()


# --- Secrets --------------------------------------------------------------------------------------


def test_no_secret_is_found_outside_the_file_that_keeps_it(home: Path) -> None:
    canary = "hf_canary0123456789abcdefghij"
    keyring = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "DEBUG": "1"}
    with running(home, **keyring) as service:
        token = service.token
        service.call("settings.change", name="secrets_in_file", value=True)
        assert service.call("settings.keep_secret", name="HF_TOKEN", value=canary).status == 200
        shown = service.call("settings.list")
        service.call("settings.keep_secret", name="HF_TOKEN", value=[canary])
        service.request("POST", f"{API}/rpc/settings.keep_secret?token={token}", canary)
        service.request("GET", f"{API}/{token}", token=token + "x", Host=token)
        seen = psutil.Process(service.process.pid)
        assert canary not in shown.body.decode()
        assert token not in " ".join([*seen.cmdline(), *seen.environ().values()])
        service.end()
        assert service.process.stderr is not None
        assert token not in service.line + service.process.stderr.read()
    kept = {path: path.read_bytes() for path in home.joinpath("launcher-data").rglob("*")
            if path.is_file()}  # fmt: skip
    assert any(path.name == "service.log" for path in kept)
    assert [path.name for path, text in kept.items() if canary.encode() in text] == ["secrets.json"]
    assert [path.name for path, text in kept.items() if token.encode() in text] == []
