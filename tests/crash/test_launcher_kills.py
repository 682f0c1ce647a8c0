"""A launcher is killed while it starts a ComfyUI: the next takes it over, or nothing is left."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.composition import App, build_app
from backend.platform.leftovers import carriers, users_of
from backend.platform.ports import port_is_free
from backend.platform.subprocesses import TOKEN_VARIABLE
from backend.processes.instances import Instance, Instances
from tests.crash.conftest import Figures
from tests.crash.counts import quick_and_full
from tests.crash.nursery import Nursery, nursery
from tests.crash.worlds import Launcher, TerminalLauncher, new_seed
from tests.helpers.world import World

TAG = "v0.3.64"
RECOVERY_SECONDS = 3.0
BUSY_SECONDS = 15.0
QUIET_COUNT = 50
TERMINAL_SECONDS = 0.4  # until a fresh interpreter comes to the launch
SLOW_START = {"FAKE_COMFYUI_START_DELAY": "0.5"}


@pytest.fixture
def forks() -> Iterator[Nursery]:
    with nursery() as made:
        yield made


@dataclass(frozen=True)
class Kill:
    """What one kill led to. `seconds`: until the next launcher knew."""

    found: str
    state: str
    seconds: float
    left: tuple[str, ...]


def kill_a_launch(world: World, forks: Nursery, delay: float, *, by_terminal: bool) -> None:
    if by_terminal:
        environment = {**world.environment, **SLOW_START}
        terminal = TerminalLauncher(environment, "versions", "launch", TAG, "--cpu")
        time.sleep(TERMINAL_SECONDS + delay)
        terminal.kill()
    else:
        launcher = Launcher(forks, world.environment)
        launcher.ask("versions.launch", tag=TAG, cpu=True, environment=SLOW_START)
        time.sleep(delay)
        launcher.kill()


def killed_once(world: World, forks: Nursery, delay: float, *, number: int) -> Kill:
    """Every third time the supervisor is killed too; every fourth launcher is the command line."""
    store, supervisor_too = world.store(TAG), number % 3 == 2
    kill_a_launch(world, forks, delay, by_terminal=number % 4 == 3)
    before = Instances().latest(store)
    found = "none"
    if before is not None and before.lives:
        found = "ready" if before.ready else "starting"
    if supervisor_too and before is not None and before.lives and before.supervisor_pid:
        os.kill(before.supervisor_pid, signal.SIGKILL)
    begin = time.monotonic()
    app = build_app("service", world.environment)
    try:
        app.stay()
        state = settled_state(app)
        seconds = time.monotonic() - begin
        if state == "running":
            stop(app)
    finally:
        app.close()
    return Kill(found, state, seconds, tuple(left_of(store, Instances().latest(store))))


def settled_state(app: App) -> str:
    """What the next launcher says once it is at rest: `running`, or `stopped`."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        state = str(value(app, "versions.show", tag=TAG)["state"])
        at_work = [one for one in app.operations.list_all() if not one.state.is_final]
        if state != "starting" and not at_work:
            return state
        time.sleep(0.02)
    return "starting"


def stop(app: App) -> None:
    operation = value(app, "versions.stop", tag=TAG)["operation_id"]
    assert app.operations.wait(str(operation), timeout=20).error is None


def value(app: App, endpoint: str, **request: object) -> dict[str, object]:
    answer = app.dispatcher.call(endpoint, request).model_dump(mode="json")
    assert answer["ok"], answer
    found: dict[str, object] = answer["value"]
    return found


def left_of(store: Path, run: Instance | None) -> Iterator[str]:
    """What should not be there any more once that version is stopped."""
    yield from (f"process {pid} in the store" for pid in users_of(store))
    if run is not None:
        found = carriers(TOKEN_VARIABLE, {run.launch.token})
        yield from (f"process {one.identity.pid} of the run" for one in found)
        if not port_is_free(run.launch.port, run.launch.host):
            yield f"port {run.launch.port}"


def test_a_launcher_that_opens_and_closes_leaves_a_start_as_it_found_it(
    world: World, forks: Nursery
) -> None:
    """It may have been busy for hours. Only who stops it, or cancels the wait for it, ends it."""
    world.install(TAG)
    store = world.store(TAG)
    launcher = Launcher(forks, world.environment)
    launcher.ask(
        "versions.launch", tag=TAG, cpu=True, environment={"FAKE_COMFYUI_START_DELAY": "60"}
    )
    until(lambda: (found := Instances().current(store)) is not None and found.pid is not None)
    launcher.kill()
    for door in ("window", "service"):
        app = build_app(door, world.environment)
        app.stay()
        until(lambda app=app: any(not one.state.is_final for one in app.operations.list_all()))  # type: ignore[misc]
        app.close()
        assert value(app, "versions.show", tag=TAG)["state"] == "starting"
    app = build_app("service", world.environment)
    app.stay()
    cancelled = value(app, "versions.stop", tag=TAG)
    app.operations.wait(str(cancelled["operation_id"]), timeout=20)
    assert cancelled["kind"] == "versions.launch"
    assert value(app, "versions.show", tag=TAG)["state"] == "stopped"
    app.close()
    assert list(left_of(store, Instances().latest(store))) == []


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("count", quick_and_full(3, 50))
def test_a_comfyui_of_a_killed_launcher_is_taken_over_or_gone(
    world: World, forks: Nursery, count: int, figures: Figures
) -> None:
    world.install(TAG)
    seed = new_seed()
    chance = random.Random(seed)
    begin = time.monotonic()
    world.launch(TAG, environment=SLOW_START)
    usual = time.monotonic() - begin
    world.run("versions.stop", tag=TAG)
    kills = [
        killed_once(world, forks, chance.uniform(0, 1.1 * usual), number=number)
        for number in range(count)
    ]
    slowest = max(kill.seconds for kill in kills)
    figures(
        "launcher kills",
        count=count,
        killed_while_starting=sum(kill.found == "starting" for kill in kills),
        readopted=sum(kill.state == "running" for kill in kills),
        reaped=sum(kill.state == "stopped" for kill in kills),
        left_behind=sum(bool(kill.left) for kill in kills),
        slowest_recovery_seconds=round(slowest, 2),
        seed=seed,
    )
    assert [kill.left for kill in kills if kill.left] == []
    assert {kill.state for kill in kills} <= {"running", "stopped"}
    # The few of a quick run share the machine with all other tests, and its ports.
    assert slowest <= (RECOVERY_SECONDS if count >= QUIET_COUNT else BUSY_SECONDS)
