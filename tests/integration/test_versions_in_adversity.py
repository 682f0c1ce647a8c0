"""Installing while the disk is full, the folder read-only, the network or the launcher gone."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from backend.api.contract.common import Refusal
from backend.composition import build_app
from backend.exceptions import NotWritable
from backend.operations.events import Event, OperationChanged
from backend.platform.leftovers import carriers
from backend.platform.subprocesses import OPERATION_VARIABLE
from tests.helpers.held_wheels import held_wheels
from tests.helpers.processes import start_python
from tests.helpers.volumes import fill, mounted, read_only
from tests.helpers.world import TORCH, World, make_world

INSTALL = """
    import sys, os
    from backend.composition import build_app
    app = build_app("cli", os.environ | {"COMFYUI_LAUNCHER_HOME": sys.argv[1],
                                         "COMFYUI_LAUNCHER_REPO": sys.argv[2]})
    wish = {"reference": "v0.3.64", "torch_spec": sys.argv[3], "find_links": [sys.argv[4]]}
    print("started", flush=True)
    answer = app.dispatcher.call("versions.install", wish)
    if answer.ok:
        app.operations.wait(answer.value.operation_id)
"""


@pytest.fixture
def small_world(tmp_path: Path, origin: tuple[Path, Path, Path]) -> Iterator[World]:
    """A launcher on a volume of 96 MB."""
    root = tmp_path / "small"
    root.mkdir()
    with mounted(root, size="96m"):
        world = make_world(root / "home", *origin)
        yield world
        world.close()


def test_an_installation_that_does_not_fit_is_refused_before_it_starts(small_world: World) -> None:
    error = small_world.refused("versions.install", **small_world.install_request())
    assert error.code == "disk-full"
    assert error.details["needed"] > error.details["free"]
    assert "versions empty-trash" in error.hint
    assert small_world.stores() == []


def measured(world: World, *, keep_free_mb: int, torch: str = TORCH) -> None:
    """As after an installation of that kind, on a disk of which so much stays free."""
    world.ask("settings.change", name="keep_free_mb", value=keep_free_mb)
    sizes = world.root / "launcher-data" / "metadata" / "size_cache.json"
    sizes.write_text(f'{{"schema": 1, "environments": {{"{torch}": 1000000}}}}')


def test_a_disk_that_fills_up_half_way_ends_it_in_words_and_leaves_nothing(
    small_world: World,
) -> None:
    measured(small_world, keep_free_mb=0)

    def fill_up(event: Event) -> None:
        data = event.data
        if isinstance(data, OperationChanged) and data.operation.progress.step == "packages":
            fill(small_world.root)

    filling = small_world.app.events.listen(fill_up)
    error = small_world.refused("versions.install", **small_world.install_request())
    assert error.code == "disk-full"
    assert error.details["needed"] > 1_000_000, "what the whole installation needs"
    filling.close()
    (small_world.root / "filler").unlink()
    assert (small_world.installed(), small_world.stores()) == ([], [])
    small_world.install()


def test_an_installation_ends_before_the_disk_is_full(small_world: World, tmp_path: Path) -> None:
    """uv stands still in a download; someone else fills the disk meanwhile."""
    with held_wheels(tmp_path / "held", 1) as held:
        measured(small_world, keep_free_mb=10, torch=held.torch)
        request = small_world.install_request(
            torch_spec=held.torch, find_links=[str(small_world.wheels), held.url]
        )
        operation_id = small_world.start("versions.install", **request)
        wait_until(lambda: "packages" in small_world.steps_of(operation_id))
        fill(small_world.root, leave=8_000_000)
        begin = time.monotonic()
        ended = small_world.end_of(operation_id)
        assert time.monotonic() - begin < 5
    assert ended.error is not None
    assert ended.error.code == "disk-full"
    assert ended.error.details["kept"] == 10_000_000
    assert 0 < ended.error.details["free"] < 10_000_000
    assert list(carriers(OPERATION_VARIABLE, {operation_id})) == [], "uv has ended"
    assert (small_world.installed(), small_world.stores()) == ([], [])
    (small_world.root / "filler").unlink()
    measured(small_world, keep_free_mb=1)
    small_world.install()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_root_that_cannot_be_written_is_still_listed_and_the_way_out_named(
    tmp_path: Path, world: World
) -> None:
    world.install()
    place = tmp_path / "read-only"
    place.mkdir()
    with read_only(world.root, place):
        frozen = build_app("cli", {**world.environment, "COMFYUI_LAUNCHER_HOME": str(place)})
        listing = frozen.dispatcher.call("versions.list").model_dump()["value"]
        refused = frozen.dispatcher.call("versions.install", world.install_request("v0.3.63"))
        with pytest.raises(NotWritable):
            build_app("cli", {**world.environment, "COMFYUI_LAUNCHER_HOME": str(place / "new")})
    assert [version["tag"] for version in listing["versions"]] == ["v0.3.64"]
    assert isinstance(refused, Refusal)
    assert refused.error.code == "not-writable"
    assert "COMFYUI_LAUNCHER_HOME" in refused.error.hint


@pytest.mark.parametrize("moment", [0.0, 0.15, 0.3, 0.45, 0.6])
def test_a_launcher_killed_while_installing_leaves_nothing_half_listed(
    world: World, moment: float
) -> None:
    """Killed with its uv and git at different moments; the next start settles what is left."""
    with start_python(INSTALL, world.root, world.repository.as_uri(), TORCH, world.wheels) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "started\n"
        time.sleep(moment)
        family = [child.pid, *(p.pid for p in psutil.Process(child.pid).children(recursive=True))]
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    again = world.another_launcher()
    listed = again.dispatcher.call("versions.list").model_dump()["value"]["versions"]
    operations = again.dispatcher.call("operations.list").model_dump()["value"]["operations"]
    states = [operation["state"] for operation in operations]
    became = [one["recovery"]["outcome"] for one in operations if one["state"] == "interrupted"]
    assert became == [("finished" if listed else "undone")] * states.count("interrupted")
    if listed:  # it was faster than the signal
        assert states in (["succeeded"], ["interrupted"])
        assert listed[0]["missing"] == ()
    else:
        assert states in (["interrupted"], [])  # none: it was not yet asked to install
        assert world.stores() == []
        if operations:
            world.run("operations.retry", operation_id=operations[0]["id"])
            assert world.installed() == ["v0.3.64"]
    again.close()


def test_what_a_killed_installation_left_is_put_away_at_once_and_deleted_by_who_stays(
    world: World,
) -> None:
    with start_python(INSTALL, world.root, world.repository.as_uri(), TORCH, world.wheels) as child:
        stores = world.root / "comfyui-versions" / ".store"
        until = time.monotonic() + 30
        while not list(stores.glob("*/source/main.py")) and time.monotonic() < until:
            time.sleep(0.005)
        child.kill()
    again = world.another_launcher()
    assert world.stores() == []
    trash = world.root / "comfyui-versions" / ".trash"
    (doomed,) = trash.glob("*.doomed")
    assert world.ask("versions.trash").entries == ()
    again.stay()
    until = time.monotonic() + 30
    while doomed.exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not doomed.exists()
    again.close()


def test_without_a_network_what_is_cached_still_installs_and_the_rest_says_why(
    tmp_path: Path, origin: tuple[Path, Path, Path]
) -> None:
    world = make_world(
        tmp_path / "home",
        *origin,
        HTTPS_PROXY="http://127.0.0.1:9",
        HTTP_PROXY="http://127.0.0.1:9",
    )
    world.install("v0.3.63")
    world.install("v0.3.64")
    cut_off = {**world.environment, "COMFYUI_LAUNCHER_REPO": "https://github.com/a/b"}
    app = build_app("cli", cut_off)
    elsewhere = app.dispatcher
    plan = elsewhere.call("versions.plan", {"reference": "v0.3.61"}).model_dump()["value"]
    assert (plan["network_needed"], plan["network_reachable"]) == (True, False)
    asked = elsewhere.call("versions.releases").model_dump()["value"]["refreshing"]
    assert app.operations.wait(asked, timeout=60).state == "failed"
    listing = elsewhere.call("versions.releases").model_dump()["value"]
    assert (listing["fetched_at"], listing["refreshing"]) == (None, None)
    assert listing["problem"]["code"] == "repository-unreachable"
    assert world.installed() == ["v0.3.64", "v0.3.63"]
    world.close()


def test_the_checkout_of_the_project_is_no_place_that_tests_write_to(world: World) -> None:
    """Guards the tests themselves: a forgotten root would fill the developer's own checkout."""
    checkout = Path(__file__).parents[2]
    before = subprocess.run(
        ["git", "-C", checkout, "status", "--porcelain", "--ignored", "comfyui-versions"],
        capture_output=True, text=True,
    ).stdout  # fmt: skip
    world.install()
    after = subprocess.run(
        ["git", "-C", checkout, "status", "--porcelain", "--ignored", "comfyui-versions"],
        capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert before == after


def test_of_two_launchers_that_install_the_same_version_only_one_builds(world: World) -> None:
    children = [
        start_python(INSTALL, world.root, world.repository.as_uri(), TORCH, world.wheels)
        for _ in range(2)
    ]
    for child in children:
        child.communicate(timeout=60)
    operations = world.ask("operations.list").operations
    assert [operation.state for operation in operations] == ["succeeded"]
    assert world.installed() == ["v0.3.64"]
