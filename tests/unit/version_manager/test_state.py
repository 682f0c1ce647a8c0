from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.exceptions import InstallationDamaged, NoActiveVersion, VersionNotInstalled
from backend.metadata_manager import ActiveVersion
from backend.processes.endings import Ending
from backend.version_manager_components.context import VersionContext
from backend.version_manager_components.layout import INSTALL_RECORD
from backend.version_manager_components.models import VersionState
from backend.version_manager_components.state import StateMixin
from tests.fakes.ports import RELEASED, World, an_instance, tree_of


class Only(StateMixin):
    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def _context(self) -> VersionContext:
        return self.world.context()


@pytest.fixture
def state(world: World) -> Only:
    return Only(world)


def three_versions(world: World) -> dict[str, Path]:
    return {
        tag: world.installed(tag, released_at=RELEASED + timedelta(days=number))
        for number, tag in enumerate(("v0.3.9", "v0.3.10", "v0.3.11"))
    }


def test_versions_are_listed_with_the_newest_release_first(world: World, state: Only) -> None:
    three_versions(world)
    assert [version.tag for version in state.list_versions().versions] == [
        "v0.3.11",
        "v0.3.10",
        "v0.3.9",
    ]


def test_an_empty_launcher_lists_nothing_and_has_no_problem(state: Only) -> None:
    seen = state.list_versions()
    assert (seen.versions, seen.active, seen.default, seen.problems) == ((), None, None, ())


def test_looking_changes_nothing(world: World, state: Only) -> None:
    three_versions(world)
    before = tree_of(world.paths.root)
    state.list_versions()
    state.show_version("v0.3.9")
    assert tree_of(world.paths.root) == before


def test_a_version_that_stands_still_is_stopped(world: World, state: Only) -> None:
    store = world.installed("v1")
    seen = state.show_version("v1")
    assert (seen.state, seen.instance, seen.last_exit) == (VersionState.STOPPED, None, None)
    assert seen.path == str(store)


@pytest.mark.parametrize(
    ("ready", "expected"), [(False, VersionState.STARTING), (True, VersionState.RUNNING)]
)
def test_a_version_runs_once_it_has_answered(
    world: World, state: Only, ready: bool, expected: VersionState
) -> None:
    store = world.installed("v1")
    world.processes.instances[store] = an_instance(store, "v1", ready=ready)
    seen = state.show_version("v1")
    assert seen.state is expected
    assert seen.instance is not None
    assert seen.instance.url == "http://127.0.0.1:8188"
    assert (seen.instance.ready_seconds is not None) is ready
    assert seen.last_exit is None


def test_how_the_last_run_ended_is_shown(world: World, state: Only) -> None:
    store = world.installed("v1")
    world.processes.instances[store] = an_instance(store, "v1", alive=False)
    seen = state.show_version("v1")
    assert seen.state is VersionState.STOPPED
    assert seen.last_exit is not None
    assert seen.last_exit.words == "exit code 0"
    assert seen.last_exit.at == datetime(2025, 11, 1, 12, tzinfo=UTC)
    assert not seen.last_exit.on_request


def test_why_the_last_run_ended_is_shown_with_what_to_do(world: World, state: Only) -> None:
    store = world.installed("v1")
    ended = an_instance(store, "v1", alive=False)
    world.processes.instances[store] = ended
    world.processes.endings[ended.folder] = Ending(False, "the disk is full.", "Free some room.")
    seen = state.show_version("v1").last_exit
    assert seen is not None
    assert (seen.cause, seen.advice) == ("the disk is full.", "Free some room.")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("source/main.py", "source/main.py"),
        ("venv/bin/python", "the Python environment"),
        (INSTALL_RECORD, INSTALL_RECORD),
    ],
)
def test_a_version_that_lacks_a_part_is_damaged_and_says_which(
    world: World, state: Only, part: str, words: str
) -> None:
    store = world.installed("v1")
    (store / part).unlink()
    seen = state.show_version("v1")
    assert (seen.state, seen.missing) == (VersionState.DAMAGED, (words,))
    with pytest.raises(InstallationDamaged) as caught:
        state.activate("v1")
    assert words in caught.value.message


def test_a_version_whose_folder_is_gone_is_still_listed_as_damaged(
    world: World, state: Only
) -> None:
    store = world.installed("v1")
    store.rename(world.paths.root / "gone")
    (seen,) = state.list_versions().versions
    assert seen.state is VersionState.DAMAGED
    assert str(store) in seen.missing[0]


def test_a_version_that_may_not_be_read_is_listed_as_damaged_and_hides_no_other(
    world: World, state: Only
) -> None:
    three_versions(world)
    store = world.paths.store / state.list_versions().versions[1].path
    world.processes.unreadable.add(store)
    seen = state.list_versions().versions
    assert [one.state for one in seen].count(VersionState.DAMAGED) == 1
    assert seen[1].missing == (f"the right to read its folder {store}",)


def test_a_damaged_record_is_reported_and_hides_no_other(world: World, state: Only) -> None:
    three_versions(world)
    record = world.paths.metadata / "versions" / "v0.3.10.json"
    record.write_text("{")
    seen = state.list_versions()
    assert [version.tag for version in seen.versions] == ["v0.3.11", "v0.3.9"]
    (problem,) = seen.problems
    assert (problem.path, problem.recovered) == (str(record), False)
    assert record.read_text() == "{", "looking mends nothing"


def test_a_damaged_record_with_a_sound_one_before_it_counts_and_is_reported(
    world: World, state: Only
) -> None:
    world.installed("v1")
    version = world.store.version("v1")
    assert version is not None
    world.store.put(version)
    record = world.paths.metadata / "versions" / "v1.json"
    record.write_text('{"tag": "v1"')
    seen = state.list_versions()
    assert [one.tag for one in seen.versions] == ["v1"]
    assert [problem.recovered for problem in seen.problems] == [True]


def test_an_unreadable_record_is_reported_and_hides_no_other(world: World, state: Only) -> None:
    world.installed("v1")
    (world.paths.metadata / "versions" / "v2.json").mkdir()
    seen = state.list_versions()
    assert [version.tag for version in seen.versions] == ["v1"]
    assert len(seen.problems) == 1


def test_a_list_of_versions_needs_no_word_on_which_one_is_active(world: World, state: Only) -> None:
    world.installed("v0.3.9", active=True)
    path = world.paths.data / "active_version.json"
    path.unlink()
    path.mkdir()  # what nobody can read, also as root
    seen = state.list_versions()
    assert ([version.tag for version in seen.versions], seen.active) == (["v0.3.9"], None)
    assert [problem.path for problem in seen.problems] == [str(path)]


def test_activating_keeps_the_default_and_tells_everyone(world: World, state: Only) -> None:
    three_versions(world)
    state.set_default("v0.3.9")
    assert state.activate("v0.3.11").is_active
    assert world.store.active() == ActiveVersion(active="v0.3.11", default="v0.3.9")
    assert len(world.events.of_type("versions.changed")) == 2


def test_a_default_is_set_and_dropped(world: World, state: Only) -> None:
    three_versions(world)
    state.activate("v0.3.9")
    seen = state.set_default("v0.3.10")
    assert (seen.default, seen.active) == ("v0.3.10", "v0.3.9")
    assert [version.is_default for version in seen.versions] == [False, True, False]
    assert state.set_default(None).default is None


@pytest.mark.parametrize("verb", ["activate", "set_default", "show_version"])
def test_what_is_not_installed_cannot_be_chosen(world: World, state: Only, verb: str) -> None:
    world.installed("v1", active=True)
    with pytest.raises(VersionNotInstalled):
        getattr(state, verb)("v2")
    assert world.store.active().active == "v1"


@pytest.mark.parametrize(
    ("active", "default", "asked", "meant"),
    [
        ("v1", "v2", "v3", "v3"),
        ("v1", "v2", None, "v1"),
        (None, "v2", None, "v2"),
    ],
)
def test_the_version_that_is_meant(
    world: World,
    state: Only,
    active: str | None,
    default: str | None,
    asked: str | None,
    meant: str,
) -> None:
    world.store.change_active(lambda _: ActiveVersion(active=active, default=default))
    assert state.resolve_tag(asked) == meant


def test_with_nothing_named_and_nothing_chosen_no_version_is_meant(state: Only) -> None:
    with pytest.raises(NoActiveVersion):
        state.resolve_tag(None)
