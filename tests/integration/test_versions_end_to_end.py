"""A version from its tag to its end: real git, real uv, real processes and sockets."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend.operations.journal import OperationJournal
from backend.operations.model import OperationSnapshot, OperationState, Owner
from tests.fakes.comfyui import break_objects, make_repository, write_checkpoint
from tests.helpers.world import World, make_world


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def git_status(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "status", "--porcelain", "--ignored"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def has_ended(pid: int) -> bool:
    """Gone, or a zombie that only the first process of the machine could take away."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def files_below(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


# --- Installing -----------------------------------------------------------------------------------


def test_an_installed_version_is_listed_linked_and_active(world: World) -> None:
    result = world.install("v0.3.64")
    [version] = world.ask("versions.list").versions
    assert (version.tag, version.state, version.is_active) == ("v0.3.64", "stopped", True)
    assert result["commit"] == version.commit
    assert version.torch.version == "2.13.0+cpu"
    assert world.store().parent.name == ".store"
    assert json.loads((world.store() / "install.json").read_text())["tag"] == "v0.3.64"


def test_the_steps_of_an_installation_are_told_in_order(world: World) -> None:
    operation = world.start("versions.install", **world.install_request())
    world.end_of(operation)
    assert world.steps_of(operation) == [
        "prepare", "source", "environment", "resolve", "packages", "verify", "commit",
    ]  # fmt: skip


def test_two_versions_lie_side_by_side_and_share_their_packages(world: World) -> None:
    world.install("v0.3.63")
    world.install("v0.3.64")
    assert world.installed() == ["v0.3.64", "v0.3.63"]
    inodes = [
        next((world.store(tag) / "venv").glob("lib/*/site-packages/torch/__init__.py"))
        .stat()
        .st_ino
        for tag in ("v0.3.63", "v0.3.64")
    ]
    assert inodes[0] == inodes[1]


def test_a_branch_and_a_commit_are_installed_under_names_that_say_which(world: World) -> None:
    branch = world.install("master")
    tagged = world.ask("versions.plan", reference="v0.3.61").commit
    commit = world.install(tagged[:10])
    assert branch["tag"] == f"master-{branch['commit'][:8]}"
    assert commit["tag"] == f"commit-{tagged[:8]}"


def test_the_torch_that_was_asked_for_is_the_one_installed(world: World) -> None:
    """The wheels also offer a newer torch, which nothing but the request keeps out."""
    world.install("v0.3.63")
    world.install("v0.3.64", torch_spec="torch==2.14.0")
    versions = {v.tag: v.torch.version for v in world.ask("versions.list").versions}
    assert versions == {"v0.3.63": "2.13.0+cpu", "v0.3.64": "2.14.0"}


def test_a_plan_says_what_is_needed_and_changes_nothing(world: World) -> None:
    before = files_below(world.root / "comfyui-versions" / ".store")
    plan = world.ask("versions.plan", reference="v0.3.64", torch_spec="torch==2.13.0+cpu")
    assert plan.needed_bytes > 10**9
    assert plan.enough_room == (plan.free_bytes > plan.needed_bytes)
    assert (plan.network_needed, plan.network_reachable) == (True, True)
    assert "you have" in plan.summary
    assert files_below(world.root / "comfyui-versions" / ".store") == before


def test_the_plan_learns_from_what_was_measured(world: World) -> None:
    before = world.ask("versions.plan", **world.install_request()).needed_bytes
    world.install()
    after = world.ask("versions.plan", **world.install_request("v0.3.63"))
    assert after.needed_bytes < before
    assert not after.network_needed


def test_what_was_fetched_before_installs_without_the_repository(
    tmp_path: Path, origin: tuple[Path, Path, Path]
) -> None:
    repository, wheels, cache = origin
    movable = shutil.copytree(repository, tmp_path / "repository.git")
    world = make_world(tmp_path / "home", movable, wheels, cache)
    world.install("v0.3.63")
    shutil.rmtree(movable)
    world.install("v0.3.64")
    assert world.installed() == ["v0.3.64", "v0.3.63"]
    world.close()


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("v9.9.9", "version-not-found"),
        ("--upload-pack=touch /tmp/x", "invalid-value"),
        ("../../etc", "invalid-value"),
        ("v0.3.64\nv0.3.63", "invalid-value"),
        ("v0.3.64@{1}", "invalid-value"),
        ("", "invalid-request"),
    ],
)
def test_a_tag_that_is_unknown_or_hostile_is_refused_in_words(
    world: World, reference: str, code: str
) -> None:
    error = world.refused("versions.install", **world.install_request(reference))
    assert error.code == code
    assert error.hint
    assert world.stores() == []


def test_an_unknown_tag_names_the_nearest_ones(world: World) -> None:
    error = world.refused("versions.install", **world.install_request("v0.3.46"))
    assert "v0.3.64" in error.details["similar"]


def test_a_repository_with_missing_objects_is_named_and_leaves_nothing(
    tmp_path: Path, origin: tuple[Path, Path, Path]
) -> None:
    broken = make_repository(tmp_path / "broken.git")
    break_objects(broken, "v0.3.62")
    world = make_world(tmp_path / "home", broken, *origin[1:])
    error = world.refused("versions.install", **world.install_request("v0.3.62"))
    assert error.code == "source-incomplete"
    assert "git fsck" in error.hint
    assert world.stores() == []
    world.close()


def test_an_unreachable_repository_is_said_before_anything_is_made(
    tmp_path: Path, origin: tuple[Path, Path, Path]
) -> None:
    world = make_world(tmp_path / "home", tmp_path / "nowhere.git", *origin[1:])
    error = world.refused("versions.install", **world.install_request())
    assert error.code == "repository-unreachable"
    assert "Check that folder" in error.hint
    assert world.stores() == []
    world.close()


def test_packages_that_do_not_fit_are_named_and_leave_nothing(world: World) -> None:
    request = world.install_request(torch_spec="torch==99.0")
    error = world.refused("versions.install", **request)
    assert error.code in {"dependencies-unresolvable", "network-unreachable"}
    assert world.stores() == []
    assert world.installed() == []


def test_an_installed_version_is_not_installed_again(world: World) -> None:
    world.install()
    store = world.store()
    assert world.refused("versions.install", **world.install_request()).code == (
        "version-already-installed"
    )
    assert world.store() == store


def test_a_folder_of_the_user_in_the_place_of_the_link_is_left_alone(world: World) -> None:
    own = world.root / "comfyui-versions" / "v0.3.64"
    own.mkdir()
    (own / "mine.txt").write_text("keep")
    assert world.refused("versions.install", **world.install_request()).code == "foreign-folder"
    assert (own / "mine.txt").read_text() == "keep"


def test_cancelling_an_installation_leaves_nothing_listed_and_nothing_on_disk(
    world: World,
) -> None:
    operation = world.start("versions.install", **world.install_request())
    while not world.stores():
        time.sleep(0.005)
    world.ask("operations.cancel", operation_id=operation)
    assert world.end_of(operation).state is OperationState.CANCELLED
    assert (world.installed(), world.stores()) == ([], [])
    world.install()  # and the way is free


def test_a_killed_installation_is_shown_as_interrupted_and_cleared(
    world: World, tmp_path: Path
) -> None:
    half = world.root / "comfyui-versions" / ".store" / "v0.3.62-20200101000000-abcdef"
    (half / "source").mkdir(parents=True)
    marker = {"schema": 1, "operation_id": "20200101000000-abcdef", "tag": "v0.3.62"}
    marker["created_at"] = "2020-01-01T00:00:00Z"
    (half / ".comfyui-launcher.json").write_text(json.dumps(marker))
    snapshot = OperationSnapshot(
        id="20200101000000-abcdef", kind="versions.install", subject="v0.3.62",
        state=OperationState.RUNNING, created_at=datetime.now(UTC),
        owner=Owner(pid=1, created="gone"),
    )  # fmt: skip
    OperationJournal(world.root / "launcher-data" / "operations").append(snapshot)
    foreign = half.parent / "holiday-pictures"
    foreign.mkdir()
    again = world.another_launcher()
    assert not half.exists()
    assert foreign.is_dir()
    notices = again.dispatcher.call("system.info").model_dump()["value"]["notices"]
    assert any("v0.3.62" in notice for notice in notices)
    again.close()


# --- Launching ------------------------------------------------------------------------------------


def test_a_launched_version_answers_as_itself_and_the_checkout_stays_clean(world: World) -> None:
    world.install()
    before = files_below(world.store() / "source")
    result = world.launch()
    url = result["instance"]["url"]
    stats = get(f"{url}/system_stats")
    assert stats["system"]["comfyui_version"] == "0.3.64"
    assert "KSampler" in get(f"{url}/object_info")
    [version] = world.ask("versions.list").versions
    assert version.state == "running"
    ended = world.run("versions.stop")
    assert ended["words"] == "signal SIGTERM"
    assert git_status(world.store() / "source") == ""
    assert files_below(world.store() / "source") == before
    assert (world.root / "shared-resources" / "user" / "databases" / "v0.3.64.db").exists()


def test_the_process_starts_from_the_store_and_not_through_the_link(world: World) -> None:
    world.install()
    result = world.launch()
    process = psutil.Process(result["instance"]["pid"])
    assert process.cwd() == str(world.store() / "source")
    assert process.cmdline()[0].startswith(str(world.store()))


def test_an_image_made_by_a_launched_version_lands_in_the_shared_output(world: World) -> None:
    world.install()
    models = world.root / "shared-resources" / "models" / "checkpoints"
    models.mkdir(parents=True)
    write_checkpoint(models / "tiny.safetensors")
    result = world.launch()
    assert (result["model_count"], result["advice"]) == (1, None)
    assert get(f"{result['instance']['url']}/models/checkpoints") == ["tiny.safetensors"]


def test_without_any_model_the_way_to_one_is_offered_and_works(
    world: World, tmp_path: Path
) -> None:
    world.install()
    first = world.launch()
    assert "models use FOLDER" in first["advice"]
    world.run("versions.stop")
    mine = tmp_path / "WebUI" / "models" / "Stable-diffusion"
    mine.mkdir(parents=True)
    write_checkpoint(mine / "old friend.safetensors")
    world.ask("models.use", path=str(tmp_path / "WebUI"))
    second = world.launch()
    assert second["advice"] is None
    url = second["instance"]["url"]
    assert get(f"{url}/models/checkpoints") == ["old friend.safetensors"]


def test_a_version_that_was_launched_is_found_and_stopped_by_another_launcher(
    world: World,
) -> None:
    world.install()
    pid = world.launch()["instance"]["pid"]
    other = world.another_launcher()
    answer = other.dispatcher.call("versions.stop", {}).model_dump()
    ended = other.operations.wait(answer["value"]["operation_id"], timeout=30)
    assert ended.state is OperationState.SUCCEEDED
    assert has_ended(pid)
    other.close()


def test_an_occupied_port_is_refused_with_the_name_of_its_holder(world: World) -> None:
    world.install()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        error = world.refused("versions.launch", tag="v0.3.64", cpu=True, port=port)
    assert error.code == "port-taken"
    assert str(os.getpid()) in error.message


def test_two_versions_run_at_once_on_ports_of_their_own(world: World) -> None:
    world.install("v0.3.63")
    world.install("v0.3.64")
    ports = {world.launch(tag)["instance"]["port"] for tag in ("v0.3.63", "v0.3.64")}
    assert len(ports) == 2


def test_a_running_version_is_neither_launched_again_nor_removed(world: World) -> None:
    world.install()
    world.launch()
    assert world.refused("versions.launch", tag="v0.3.64").code == "already-running"
    assert world.refused("versions.uninstall", tag="v0.3.64").code == "version-in-use"
    assert world.installed() == ["v0.3.64"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"FAKE_COMFYUI_CRASH": "import"}, "exit code 1"),
        ({"FAKE_COMFYUI_CRASH": "before-listening"}, "exit code 1"),
        ({"FAKE_COMFYUI_CRASH": "exit:3"}, "exit code 3"),
    ],
)
def test_a_comfyui_that_dies_at_its_start_is_explained_with_its_last_lines(
    world: World, fault: dict[str, str], words: str
) -> None:
    world.install()
    error = world.refused("versions.launch", tag="v0.3.64", cpu=True, environment=fault)
    assert error.code == "start-failed"
    assert words in error.message
    assert isinstance(error.details["log"], list)
    [version] = world.ask("versions.list").versions
    assert version.state == "stopped"
    assert version.last_exit.words == words


def test_an_option_that_the_version_does_not_know_is_named(world: World) -> None:
    world.install()
    error = world.refused("versions.launch", tag="v0.3.64", cpu=True, arguments=["--bogus"])
    assert "--bogus" in error.message


def test_a_version_is_launched_as_this_machine_needs_it(world: World) -> None:
    world.install()
    world.run("versions.launch", tag="v0.3.64")
    assert world.ask("versions.show", tag="v0.3.64").state == "running"


def test_a_start_with_a_gpu_on_a_machine_without_one_says_what_to_do(world: World) -> None:
    world.install()
    error = world.refused("versions.launch", tag="v0.3.64", cpu=False)
    assert "without GPU" in error.message
    assert "--cpu" in error.hint


def test_a_server_that_answers_with_other_arguments_is_not_taken_for_ours(world: World) -> None:
    world.install()
    error = world.refused(
        "versions.launch",
        tag="v0.3.64",
        cpu=True,
        environment={"FAKE_COMFYUI_FOREIGN_ARGV": "1"},
        ready_timeout_seconds=2,
    )
    assert error.code == "not-ready-in-time"
    assert world.ask("versions.show", tag="v0.3.64").state == "stopped"


def test_stopping_during_the_start_ends_it(world: World) -> None:
    world.install()
    operation = world.start(
        "versions.launch",
        tag="v0.3.64",
        cpu=True,
        environment={"FAKE_COMFYUI_START_DELAY": "30"},
    )
    while world.ask("versions.show", tag="v0.3.64").state != "starting":
        time.sleep(0.02)
    assert world.start("versions.stop", tag="v0.3.64") == operation
    assert world.end_of(operation).state is OperationState.CANCELLED
    assert world.ask("versions.show", tag="v0.3.64").state == "stopped"


def test_one_that_ignores_the_polite_signal_is_killed_after_the_grace_period(
    world: World,
) -> None:
    world.ask("settings.change", name="stop_grace_seconds", value=0.5)
    world.install()
    world.launch(environment={"FAKE_COMFYUI_IGNORE_SIGTERM": "1"})
    assert world.run("versions.stop")["words"] == "signal SIGKILL"


def test_a_helper_that_holds_the_port_goes_with_its_group(world: World) -> None:
    world.ask("settings.change", name="stop_grace_seconds", value=1)
    world.install()
    port = world.launch(environment={"FAKE_COMFYUI_HOLD_PORT": "1"})["instance"]["port"]
    world.run("versions.stop")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_crash_after_the_start_is_seen_and_told(world: World) -> None:
    world.install()
    world.launch(environment={"FAKE_COMFYUI_CRASH": "after-ready:0.5"})
    end = time.monotonic() + 10
    while (status := world.ask("versions.show")).state == "running" and time.monotonic() < end:
        time.sleep(0.05)
    assert status.last_exit.words == "exit code 1"
    assert not status.last_exit.on_request
    assert any("Error" in line for line in world.ask("versions.logs").lines)


def test_the_log_can_be_read_on_from_where_one_was(world: World) -> None:
    world.install()
    world.launch()
    first = world.ask("versions.logs", limit=5)
    assert len(first.lines) == 5
    assert world.ask("versions.logs", after=first.next).lines == ()
    whole = world.ask("versions.logs", limit=2000)
    assert any("To see the GUI go to" in line for line in whole.lines)


def test_the_last_words_of_a_comfyui_are_shown_also_without_a_line_end(world: World) -> None:
    world.install()
    world.launch()
    log = Path(world.ask("versions.logs").file)
    world.run("versions.stop")
    with log.open("a") as file:
        file.write("Segmentation fault")
    assert world.ask("versions.logs").lines[-1] == "Segmentation fault"


@pytest.mark.parametrize("argument", ["--port", "--port=9234", "--listen", "--user-directory=/x"])
def test_an_option_that_is_the_launchers_own_is_not_taken_from_the_arguments(
    world: World, argument: str
) -> None:
    world.install()
    error = world.refused("versions.launch", tag="v0.3.64", cpu=True, arguments=[argument])
    assert (error.code, error.details["value"]) == ("invalid-value", argument)


@pytest.mark.parametrize(
    "wish",
    [
        {"torch_spec": "numpy"},
        {"torch_backend": "nonsense"},
        {"find_links": ["/no/such/folder"]},
        {"find_links": ["https://user:secret@example.org/wheels"]},
        {"python": "3.11\0"},
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_before_anything_is_fetched(
    world: World, wish: dict[str, Any]
) -> None:
    answer = world.app.dispatcher.call("versions.install", world.install_request(**wish))
    assert not answer.ok
    assert answer.error.code in {"invalid-value", "invalid-request", "path-not-found"}
    assert "secret" not in answer.model_dump_json()


def test_a_plan_for_a_version_that_is_not_in_the_fresh_list_is_refused(world: World) -> None:
    world.run("versions.refresh_releases")
    error = world.refused("versions.plan", reference="v0.3.6")
    assert error.code == "version-not-found"
    assert "v0.3.64" in error.details["similar"]


# --- Removing -------------------------------------------------------------------------------------


def test_a_removed_version_can_be_taken_back_and_launched(world: World) -> None:
    world.install()
    removed = world.run("versions.uninstall", tag="v0.3.64")
    assert (world.installed(), world.stores()) == ([], [])
    assert not (world.root / "comfyui-versions" / "v0.3.64").is_symlink()
    world.ask("versions.restore", entry=removed["entry"])
    assert world.installed() == ["v0.3.64"]
    world.launch()


def test_removal_never_touches_models_outputs_or_what_a_link_leads_to(
    world: World, tmp_path: Path
) -> None:
    world.install()
    models = world.root / "shared-resources" / "models" / "loras"
    models.mkdir(parents=True)
    write_checkpoint(models / "mine.safetensors")
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "picture.png").write_text("keep")
    (world.store() / "linked").symlink_to(outside)
    world.launch()
    world.run("versions.stop")
    world.run("versions.uninstall", tag="v0.3.64")
    world.run("versions.empty_trash")
    assert (outside / "picture.png").read_text() == "keep"
    assert (models / "mine.safetensors").exists()
    assert world.ask("versions.trash").entries == ()


def test_a_version_taken_back_is_still_a_sound_checkout_after_another_install_failed(
    world: World,
) -> None:
    world.install()
    removed = world.run("versions.uninstall", tag="v0.3.64")
    request = world.install_request("v0.3.63", torch_spec="torch==99.0")
    assert world.refused("versions.install", **request).code == "dependencies-unresolvable"
    world.ask("versions.restore", entry=removed["entry"])
    assert git_status(world.store() / "source") == ""


def test_a_version_is_taken_back_by_its_tag(world: World) -> None:
    world.install()
    world.run("versions.uninstall", tag="v0.3.64")
    assert world.ask("versions.restore", entry="v0.3.64").tag == "v0.3.64"


def test_what_lost_its_record_stays_in_the_trash_and_is_not_lost(world: World) -> None:
    world.install()
    (world.store() / "install.json").unlink()
    removed = world.run("versions.uninstall", tag="v0.3.64")
    error = world.refused("versions.restore", entry=removed["entry"])
    assert "install.json" in error.message
    assert [entry.tag for entry in world.ask("versions.trash").entries] == ["v0.3.64"]


def test_emptying_the_trash_frees_the_name_for_a_new_installation(world: World) -> None:
    world.install()
    world.run("versions.uninstall", tag="v0.3.64")
    freed = world.run("versions.empty_trash")
    assert freed["entries"] == 1
    world.install()


def test_a_version_whose_folder_was_deleted_by_hand_is_shown_as_damaged(world: World) -> None:
    world.install()
    shutil.rmtree(world.store())
    [version] = world.ask("versions.list").versions
    assert version.state == "damaged"
    error = world.refused("versions.launch", tag="v0.3.64")
    assert error.code == "installation-damaged"
    world.run("versions.uninstall", tag="v0.3.64")
    assert world.installed() == []
    world.install()


def test_a_damaged_record_is_reported_and_no_version_is_lost(world: World) -> None:
    world.install()
    world.launch()  # writes the record a second time, so that there is a previous one
    world.run("versions.stop")
    record = world.root / "launcher-data" / "metadata" / "versions" / "v0.3.64.json"
    record.write_text(record.read_text()[:-3])
    listing = world.ask("versions.list")
    assert [version.tag for version in listing.versions] == ["v0.3.64"]
    assert [problem.recovered for problem in listing.problems] == [True]
    assert world.store().is_dir()


def test_a_version_whose_record_is_damaged_twice_is_listed_again_from_its_own_folder(
    world: World,
) -> None:
    world.install()
    folder = world.root / "launcher-data" / "metadata" / "versions"
    (folder / "v0.3.64.json").write_text("{")
    (folder / "v0.3.64.json.previous").write_text("")
    assert world.ask("versions.list").problems[0].recovered is False
    again = world.another_launcher()
    listing = again.dispatcher.call("versions.list").model_dump()["value"]
    assert [version["tag"] for version in listing["versions"]] == ["v0.3.64"]
    assert (folder / "v0.3.64.json.damaged").read_text() == "{"
    again.close()


def test_a_damaged_note_of_the_active_version_is_told_and_the_versions_are_still_listed(
    world: World,
) -> None:
    world.install()
    note = world.root / "launcher-data" / "active_version.json"
    note.write_text("{")
    note.with_name("active_version.json.previous").unlink(missing_ok=True)
    listing = world.ask("versions.list")
    assert [version.tag for version in listing.versions] == ["v0.3.64"]
    assert [problem.recovered for problem in listing.problems] == [False]
    world.install("v0.3.63")
    assert note.read_text() == "{"


def test_no_token_of_the_launcher_reaches_a_comfyui(
    tmp_path: Path, origin: tuple[Path, Path, Path]
) -> None:
    world = make_world(
        tmp_path / "home",
        *origin,
        GITHUB_TOKEN="a-token-of-this-test-only",
        HF_TOKEN="for-libraries",
    )
    world.install()
    environment = psutil.Process(world.launch()["instance"]["pid"]).environ()
    assert "GITHUB_TOKEN" not in environment
    assert environment["HF_TOKEN"] == "for-libraries"
    world.close()


# --- The environment ------------------------------------------------------------------------------


def test_a_sound_environment_is_called_sound(world: World) -> None:
    world.install()
    report = world.ask("versions.check")
    assert report.sound
    assert {package.name for package in report.packages} == {"torch", "pyyaml"}


def test_a_package_that_vanished_is_missed(world: World) -> None:
    world.install()
    site = next((world.store() / "venv" / "lib").glob("*/site-packages"))
    for folder in site.glob("torch*"):
        shutil.rmtree(folder)
    report = world.ask("versions.check")
    assert (report.sound, report.missing) == (False, ("torch",))


def test_the_tree_of_launcher_data_is_what_was_agreed(world: World) -> None:
    world.install()
    world.run("versions.refresh_releases")
    world.ask("settings.change", name="grace_days", value=3)
    data = world.root / "launcher-data"
    top = {path.name for path in data.iterdir() if path.suffix != ".previous"}
    assert top == {
        "active_version.json", "metadata", "operations", "journal", "links", "logs", "snapshots",
        "library", "views", "settings.json", ".lock",
    }  # fmt: skip
    metadata = {
        str(path.relative_to(data / "metadata")) for path in data.glob("metadata/**/*.json")
    }
    assert metadata == {"versions/v0.3.64.json", "github_cache.json", "size_cache.json"}


def test_an_orphan_whose_supervisor_was_killed_can_still_be_stopped(world: World) -> None:
    world.install()
    pid = world.launch()["instance"]["pid"]
    supervisor = psutil.Process(pid).ppid()
    os.kill(supervisor, signal.SIGKILL)
    time.sleep(0.2)
    [version] = world.ask("versions.list").versions
    assert version.instance is not None
    assert not version.instance.supervised
    world.run("versions.stop")
    assert has_ended(pid)
