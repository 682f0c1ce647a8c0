from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from backend.cli.boundary import run
from backend.composition import build_app
from backend.operations.journal import KEPT_OPERATIONS, OperationJournal
from backend.operations.model import OperationState
from backend.seals import sealed, unsealed
from backend.state_check import KINDS, StateFindings, check_state, folders_with_temporaries
from tests.fakes.ports import a_snapshot
from tests.helpers.state_root import (
    ENDED_ID,
    INSTALLED,
    StateRoot,
    make_state_root,
)


@pytest.fixture
def state(tmp_path: Path) -> StateRoot:
    return make_state_root(tmp_path / "Zu Hause ü")


def checked(state: StateRoot) -> StateFindings:
    return check_state(state.world.paths)


def only(state: StateRoot) -> tuple[Path, str, str]:
    [problem] = checked(state).problems
    return problem.path, problem.outcome, problem.reason


def test_a_root_where_nothing_is_wrong_is_sound(state: StateRoot) -> None:
    found = checked(state)
    assert found.problems == ()
    assert found.files == len([f for f in state.state_files() if f.suffix != ".previous"])


def test_an_empty_folder_has_no_state(tmp_path: Path, state: StateRoot) -> None:
    paths = type(state.world.paths)(tmp_path / "empty")
    assert check_state(paths) == StateFindings(0, ())
    assert not (tmp_path / "empty").exists(), "looking makes nothing"


def test_every_file_is_known_and_its_damage_named(state: StateRoot) -> None:
    for path in state.state_files():
        whole = path.read_bytes()
        path.write_bytes(b"\x00" * len(whole))
        assert only(state)[0] == path
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("name", "outcome"), [("settings.json", "recovered"), ("active_version.json", "damaged")]
)
def test_what_has_a_sound_copy_is_recovered_and_what_has_none_is_damaged(
    state: StateRoot, name: str, outcome: str
) -> None:
    path = state.root / "launcher-data" / name
    path.write_bytes(path.read_bytes()[:-9])
    assert only(state)[:2] == (path, outcome)


def test_a_file_that_is_gone_while_its_copy_is_there_is_told(state: StateRoot) -> None:
    path = state.world.paths.settings_file
    path.unlink()
    assert only(state) == (path, "recovered", "the file is missing")


def test_a_file_of_a_newer_launcher_is_no_damage(state: StateRoot) -> None:
    path = state.world.paths.settings_file
    content = json.loads(unsealed(path.read_bytes())) | {"schema": 2, "profiles": []}
    path.write_bytes(sealed(json.dumps(content).encode()))
    assert only(state)[:2] == (path, "newer")


def test_a_record_that_stands_in_the_place_of_another_is_told(state: StateRoot) -> None:
    record = state.root / "launcher-data" / "metadata" / "versions" / f"{INSTALLED}.json"
    other = record.with_name("v9.json")
    other.write_bytes(record.read_bytes())
    assert only(state) == (other, "damaged", f"it tells of {INSTALLED}")


def test_what_may_not_be_read_is_told(state: StateRoot) -> None:
    path = state.world.paths.window_state_file
    path.unlink()
    path.mkdir()
    assert only(state)[:2] == (path, "unreadable")


def test_damage_that_was_written_over_is_shown_until_someone_deletes_the_copy(
    state: StateRoot,
) -> None:
    path = state.world.paths.metadata / "size_cache.json"
    path.write_bytes(b"{")
    state.world.store.remember_environment_size("auto", 5)
    copy = path.with_name("size_cache.json.damaged")
    assert only(state)[:2] == (copy, "recovered")
    assert checked(state).problems[0].is_settled
    copy.unlink()
    assert checked(state).problems == ()


def test_damage_in_the_record_of_an_operation_is_told(state: StateRoot) -> None:
    path = state.world.paths.operations / f"{ENDED_ID}.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1].replace(b"running", b"runnjng"), lines[2]]))
    assert only(state) == (path, "recovered", "line 2 cannot be read")
    path.write_bytes(b"")
    assert only(state) == (path, "damaged", "no line of it can be read")


def test_each_problem_says_what_to_do(state: StateRoot) -> None:
    for path in state.state_files():
        path.write_bytes(b"damage")
    problems = checked(state).problems
    assert len(problems) >= 20
    for problem in problems:
        assert problem.advice.endswith("."), problem
        assert not problem.reason.endswith("."), problem
        assert str(problem.path) in problem.words


def test_the_table_names_each_kind_once() -> None:
    assert len({kind.pattern for kind in KINDS}) == len(KINDS)
    assert all(kind.when_lost.endswith(".") for kind in KINDS)


def test_a_root_with_all_the_operations_it_may_have_is_read_quickly(state: StateRoot) -> None:
    journal = OperationJournal(state.world.paths.operations)
    for number in range(KEPT_OPERATIONS):
        name = f"2025110112{number:04}-aaaaaa"
        for way in (OperationState.QUEUED, OperationState.RUNNING, OperationState.SUCCEEDED):
            journal.append(a_snapshot(name, state=way))
    seconds = []
    for _ in range(5):
        begun = time.process_time()
        assert checked(state).problems == ()
        seconds.append(time.process_time() - begun)
    assert min(seconds) < 0.05


def test_the_folders_to_sweep_are_ours_and_reached_by_no_link(
    state: StateRoot, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (state.world.paths.store / "linked").symlink_to(tmp_path / "elsewhere")
    (state.world.paths.views / "linked").symlink_to(tmp_path / "elsewhere")
    folders = folders_with_temporaries(state.world.paths)
    shared = state.world.paths.shared
    assert not [folder for folder in folders if folder.name == "linked"]
    assert not [folder for folder in folders if folder == shared or shared in folder.parents]
    assert not [folder for folder in folders if folder.name in {"source", "venv"}]


# --- What the doors make of it


def test_a_door_that_stays_tells_of_damage_at_its_start_and_a_command_only_of_settings(
    state: StateRoot,
) -> None:
    links = state.world.paths.links / f"{INSTALLED}.json"
    for path in (links, links.with_name(links.name + ".previous")):
        path.write_bytes(b"damage")
    settings = state.world.paths.settings_file
    settings.write_bytes(b"damage")
    told = {}
    for door in ("cli", "window", "service"):
        app = build_app(door, state.environment)
        told[door] = " ".join(
            app.dispatcher.call("system.info", {}).model_dump()["value"]["notices"]
        )
        app.close()
    assert str(settings) in told["cli"]
    assert str(links) not in told["cli"]
    for door in ("window", "service"):
        assert str(settings) in told[door]
        assert str(links) in told[door]


def test_the_start_sweeps_what_a_crash_left_half_written(state: StateRoot) -> None:
    left = state.world.paths.data / f".{'0' * 16}.tmp"
    left.write_text("half")
    young = state.world.paths.data / f".{'1' * 16}.tmp"
    young.write_text("half")
    os.utime(left, (0, 0))
    build_app("cli", state.environment).close()
    assert not left.exists()
    assert young.exists()


def test_the_command_line_says_that_all_is_sound_or_what_is_not_and_in_its_status(
    state: StateRoot, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(*words: str) -> tuple[int, str]:
        status = run(["state", *words], lambda: build_app("cli", state.environment))
        return status, capsys.readouterr().out

    status, said = asked()
    assert status == 0
    assert "Sound: " in said
    state.world.paths.settings_file.write_bytes(b"damage")
    status, said = asked()
    assert status == 1
    assert "read from a copy: the settings" in said
    assert "launcher-data/settings.json" in "".join(said.split())
    status, said = asked("--json")
    assert status == 1
    assert json.loads(said)["value"]["problems"][0]["outcome"] == "recovered"


def test_the_endpoint_answers_what_was_found(state: StateRoot) -> None:
    state.world.paths.settings_file.write_bytes(b"damage")
    app = build_app("cli", state.environment)
    value = app.dispatcher.call("system.state", {}).model_dump()["value"]
    app.close()
    [problem] = value["problems"]
    assert problem["path"] == str(state.world.paths.settings_file)
    assert problem["what"] == "the settings"
    assert problem["outcome"] == "recovered"
    assert value["files"] > 15
