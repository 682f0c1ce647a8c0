"""What other processes do on the same root is told in this one; nothing is told twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend.api.contract.common import Success
from backend.operations.events import (
    EventData,
    InstanceLogged,
    OperationChanged,
)
from backend.operations.model import OperationSnapshot
from tests.helpers.held_wheels import held_wheels
from tests.helpers.world import World

SECONDS = 60
CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def watched(world: World) -> World:
    world.app.stay()
    return world


def until(true: Callable[[], Any], seconds: float = SECONDS, what: str = "") -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not in {seconds} s: {what}")


def told(world: World, kind: str) -> list[EventData]:
    return [event.data for event in tuple(world.events) if event.data.type == kind]


def states(world: World) -> list[str]:
    """The states of instances, in the order in which they were told."""
    return [data.state for data in told(world, "instance.changed") if hasattr(data, "state")]


def operations(world: World, kind: str) -> list[OperationSnapshot]:
    return [
        event.data.operation
        for event in tuple(world.events)
        if isinstance(event.data, OperationChanged) and event.data.operation.kind == kind
    ]


@contextmanager
def elsewhere(world: World, *words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The command line in a process of its own, killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "backend.cli", "--json", *words],
        env={**world.environment, **environment, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def install_words(world: World, tag: str = "v0.3.64") -> tuple[str, ...]:
    links = ("--find-links", str(world.wheels))
    return ("versions", "install", tag, "--torch-spec", "torch==2.13.0+cpu", *links, "--yes")


@pytest.fixture
def endless(watched: World, tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """The words for an installation that does not come to its end by itself."""
    with held_wheels(tmp_path / "held", 1) as held:
        links = ("--find-links", str(watched.wheels), "--find-links", held.url)
        yield ("versions", "install", "v0.3.64", "--torch-spec", held.torch, *links, "--yes")


def done_elsewhere(world: World, *words: str) -> Any:
    with elsewhere(world, *words) as process:
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, out + err
    return json.loads(out.splitlines()[-1])["value"]


def edit_by_hand(world: World, **values: Any) -> None:
    """Changes the settings as an editor does: in place, and without the checksum."""
    file = world.root / "launcher-data" / "settings.json"
    content = json.loads(file.read_text("utf-8"))
    content.pop("crc32", None)
    content["values"] |= values
    file.write_text(json.dumps(content), "utf-8")


def all_is_told(world: World) -> None:
    """Returns when the watch has looked at everything that was done before this call."""
    before = len(told(world, "settings.changed"))
    edit_by_hand(world, grace_days=int(time.monotonic() * 1000) % 300)
    until(lambda: len(told(world, "settings.changed")) > before, what="settings.changed")


# --- Operations of others -------------------------------------------------------------------------


def test_an_installation_of_another_process_is_told_with_its_progress(watched: World) -> None:
    done_elsewhere(watched, *install_words(watched))
    seen = until(
        lambda: (
            (found := operations(watched, "versions.install"))
            and found[-1].state.is_final
            and found
        )
    )
    assert seen[-1].state == "succeeded"
    assert (seen[-1].result or {})["tag"] == "v0.3.64"
    assert len({one.id for one in seen}) == 1
    fractions = [one.progress.fraction for one in seen]
    assert fractions == sorted(fractions)
    assert len(seen) >= 2
    assert any(0 < fraction < 1 for fraction in fractions), fractions
    until(lambda: told(watched, "versions.changed"), what="versions.changed")
    assert watched.installed() == ["v0.3.64"]


def test_an_installation_of_another_process_is_cancelled_from_here(
    watched: World, endless: tuple[str, ...]
) -> None:
    with elsewhere(watched, *endless) as process:
        running = until(lambda: operations(watched, "versions.install"), what="the installation")
        watched.ask("operations.cancel", operation_id=running[0].id)
        process.communicate(timeout=SECONDS)
        assert process.returncode == 6
    until(lambda: operations(watched, "versions.install")[-1].state == "cancelled")
    assert watched.installed() == []


def test_what_a_killed_launcher_was_doing_is_told_as_interrupted(
    watched: World, endless: tuple[str, ...]
) -> None:
    with elsewhere(watched, *endless) as process:
        [first, *_] = until(lambda: operations(watched, "versions.install"))
        process.kill()
        process.communicate()
        end = until(
            lambda: (one := operations(watched, "versions.install")[-1]).state.is_final and one,
            seconds=5,
        )
    assert (end.id, end.state) == (first.id, "interrupted")
    assert watched.ask("operations.show", operation_id=end.id).finished_at == end.finished_at


def test_an_activation_elsewhere_is_told_once(watched: World) -> None:
    watched.install("v0.3.63")
    watched.install("v0.3.64")
    all_is_told(watched)
    before = len(told(watched, "versions.changed"))
    done_elsewhere(watched, "versions", "activate", "v0.3.64")
    until(lambda: len(told(watched, "versions.changed")) > before)
    all_is_told(watched)
    assert len(told(watched, "versions.changed")) == before + 1


# --- Our own doing --------------------------------------------------------------------------------


def test_what_this_process_does_is_told_once(watched: World) -> None:
    watched.install()
    watched.launch()
    watched.run("versions.stop", tag="v0.3.64")
    watched.ask("versions.set_default", tag=None)
    watched.ask("settings.change", name="grace_days", value=3)
    all_is_told(watched)
    assert states(watched) == ["starting", "running", "stopped"]
    assert len(told(watched, "versions.changed")) == 2, "the installation and the default"
    assert [getattr(data, "name", "") for data in told(watched, "settings.changed")] == [
        "grace_days", "",
    ]  # fmt: skip
    for kind in ("versions.install", "versions.launch", "versions.stop"):
        assert sum(one.state.is_final for one in operations(watched, kind)) == 1


# --- ComfyUIs -------------------------------------------------------------------------------------


def test_a_comfyui_that_is_killed_is_told_within_two_seconds_and_the_list_says_why(
    watched: World,
) -> None:
    watched.install()
    pid = watched.launch()["instance"]["pid"]
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    until(lambda: states(watched)[-1] == "stopped", seconds=2, what="its end")
    assert time.monotonic() - killed < 2
    [version] = watched.ask("versions.list").versions
    assert version.state == "stopped"
    assert (version.last_exit.words, version.last_exit.on_request) == ("signal SIGKILL", False)
    assert "want of memory" in version.last_exit.cause
    assert version.last_exit.advice


def test_a_comfyui_that_dies_with_its_supervisor_is_missed_too(watched: World) -> None:
    watched.install()
    pid = watched.launch()["instance"]["pid"]
    supervisor = psutil.Process(pid).ppid()
    for one in (supervisor, pid):
        os.kill(one, signal.SIGKILL)
    until(lambda: states(watched)[-1] == "stopped", seconds=5, what="its end")


def test_a_start_that_nobody_waits_for_runs_once_it_answers(watched: World) -> None:
    """Its launcher was killed, and whoever waited for it in its place gave up."""
    watched.install()
    watched.launch()
    [ready] = watched.store().glob("run/*/ready.json")
    ready.unlink()
    until(lambda: "starting" in states(watched)[2:], 5, "that it only starts")
    until(ready.exists, 5, "its answer")
    until(lambda: states(watched)[-1] == "running", 5, "that it runs")


def test_a_start_and_a_stop_elsewhere_are_told_as_they_happen(watched: World) -> None:
    watched.install()
    slow = ("--env", "FAKE_COMFYUI_START_DELAY=2")
    done_elsewhere(watched, "versions", "launch", "v0.3.64", "--cpu", *slow)
    until(lambda: "running" in states(watched))
    done_elsewhere(watched, "versions", "stop", "v0.3.64")
    until(lambda: states(watched)[-1] == "stopped")
    all_is_told(watched)
    assert states(watched) == ["starting", "running", "stopped"]


def test_a_log_that_grows_is_told_at_most_five_times_a_second(watched: World) -> None:
    watched.install()
    log = Path(watched.launch()["instance"]["log_file"])
    [first, *_] = until(lambda: told(watched, "instance.logged"), what="the first lines")
    assert first == InstanceLogged(tag="v0.3.64")
    before, began = len(told(watched, "instance.logged")), time.monotonic()
    with log.open("a") as file:
        while time.monotonic() - began < 3:
            file.write("it says something\n")
            file.flush()
            time.sleep(0.01)
    count = len(told(watched, "instance.logged")) - before
    assert 5 <= count <= 5 * (time.monotonic() - began)


def test_the_last_words_of_a_start_that_fails_are_told(watched: World) -> None:
    watched.install()
    done = watched.refused(
        "versions.launch", tag="v0.3.64", cpu=True,
        environment={"FAKE_COMFYUI_CRASH": "before-listening"},
    )  # fmt: skip
    assert done.code == "start-failed"
    until(lambda: told(watched, "instance.logged"), what="its log")
    [version] = watched.ask("versions.list").versions
    assert version.last_exit.cause == done.details["reason"]
    assert not version.last_exit.on_request


def test_a_start_that_takes_too_long_is_listed_as_that_and_not_as_a_stop_on_request(
    world: World,
) -> None:
    world.install()
    hanging = {"FAKE_COMFYUI_START_DELAY": "60"}
    failure = world.refused(
        "versions.launch", tag="v0.3.64", cpu=True, ready_timeout_seconds=1, environment=hanging
    )
    assert failure.code == "not-ready-in-time"
    listed = world.another_launcher().dispatcher.call("versions.list")
    assert isinstance(listed, Success)
    [version] = listed.value.versions
    assert (version.last_exit.cause, version.last_exit.advice) == (failure.message, failure.hint)
    assert not version.last_exit.on_request


def test_a_stop_on_request_needs_no_cause(world: World) -> None:
    world.install()
    world.launch()
    world.run("versions.stop")
    [version] = world.ask("versions.list").versions
    assert (version.last_exit.on_request, version.last_exit.cause) == (True, None)


# --- Settings, and the watch itself ---------------------------------------------------------------


def test_settings_that_are_edited_by_hand_are_told(watched: World) -> None:
    edit_by_hand(watched, theme="dark")
    [data] = until(lambda: told(watched, "settings.changed"))
    assert getattr(data, "name", None) == ""
    [row] = [row for row in watched.ask("settings.list").settings if row.name == "theme"]
    assert row.value == "dark"


def test_what_cannot_be_seen_for_a_while_hides_nothing_else(watched: World) -> None:
    operations_folder = watched.root / "launcher-data" / "operations"
    aside = operations_folder.with_name("aside")
    operations_folder.rename(aside)
    all_is_told(watched)
    aside.rename(operations_folder)
    done_elsewhere(watched, "versions", "releases", "--refresh")
    until(lambda: operations(watched, "versions.releases"), what="the refresh")


def test_the_watch_ends_with_the_app_and_is_not_there_where_nobody_asked_for_it(
    world: World,
) -> None:
    def watching() -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one.name == "outside changes"]

    assert watching() == []
    world.app.stay()
    world.app.stay()
    assert len(watching()) == 1
    world.app.close()
    assert watching() == []
