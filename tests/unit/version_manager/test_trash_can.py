from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from backend.exceptions import NotInTrash, VersionInUse, VersionNotInstalled
from backend.installation_progress_tracker import EMPTY_TRASH_STEPS, UNINSTALL_STEPS
from backend.platform.deletion import look_at
from backend.version_manager import VersionManager
from backend.version_manager_components.models import TrashedVersion
from tests.fakes.ports import World, tree_of
from tests.helpers.volumes import bound

TAG = "v0.3.64"


def manager(world: World) -> VersionManager:
    return VersionManager(world.context())


def uninstall(world: World, tag: str = TAG) -> TrashedVersion:
    return manager(world).uninstall(tag, world.operation(UNINSTALL_STEPS))


def days_later(world: World, count: float) -> None:
    """So long after the entries that are there, which got their time from the real clock."""
    latest = max(entry.trashed_at for entry in world.trash.entries())
    world.now = latest + timedelta(days=count)


# --- What is in it


def test_an_entry_says_what_it_takes_where_it_was_and_until_when_it_stays(world: World) -> None:
    store = world.installed(TAG)
    (store / "big").write_bytes(b"x" * 100_000)
    frees = look_at([store]).frees
    gone = uninstall(world)
    (entry,) = manager(world).trash().entries
    assert entry == gone
    assert (entry.bytes, entry.path) == (frees, str(store))
    assert entry.expires_at == entry.trashed_at + timedelta(days=30)
    assert manager(world).trash().kept_days == 30


def test_without_a_limit_nothing_says_until_when(world: World) -> None:
    world.settings = world.settings.model_copy(update={"trash_days": 0})
    world.installed(TAG)
    assert uninstall(world).expires_at is None
    days_later(world, 4000)
    assert manager(world).overdue() is None
    assert manager(world).trash().kept_days == 0


def test_an_entry_of_an_older_launcher_is_read(world: World) -> None:
    entry = world.trash.put(world.installed(TAG), reason="removed", operation_id="op")
    assert entry.bytes is None
    assert [one.bytes for one in manager(world).trash().entries] == [None]


def test_an_entry_that_cannot_be_read_is_told(world: World) -> None:
    world.installed(TAG)
    entry = uninstall(world).entry
    (world.paths.trash / f"{entry}.json").write_text("{")
    found = manager(world).trash()
    assert found.entries == ()
    assert [Path(problem.path).name for problem in found.problems] == [f"{entry}.json"]


# --- Until when


def test_what_has_lain_there_too_long_is_due_a_day_after_that_was_seen(world: World) -> None:
    world.installed(TAG)
    entry = uninstall(world).entry
    days_later(world, 29.9)
    assert manager(world).overdue() is None
    days_later(world, 30)
    assert manager(world).overdue() is None, "the first look only writes it down"
    days_later(world, 30.9)
    assert manager(world).overdue() is None
    days_later(world, 31)
    assert manager(world).overdue() == (entry,)


def test_a_clock_that_was_wrong_for_a_while_deletes_nothing(world: World) -> None:
    world.installed(TAG)
    entry = uninstall(world).entry
    days_later(world, 4000)
    assert manager(world).overdue() is None
    days_later(world, 1)  # the clock is right again
    assert manager(world).overdue() is None
    days_later(world, 4002)  # and wrong again
    assert manager(world).overdue() is None, "what was seen before does not count any more"
    days_later(world, 3000)  # less wrong
    assert manager(world).overdue() is None
    days_later(world, 3001)
    assert manager(world).overdue() == (entry,)


def test_only_what_is_due_is_deleted(world: World) -> None:
    for tag in ("v0.3.60", TAG):
        world.installed(tag)
    old = uninstall(world, "v0.3.60").entry
    days_later(world, 30)
    manager(world).overdue()
    days_later(world, 31)
    due = manager(world).overdue()
    assert due == (old,)
    uninstall(world)
    manager(world).empty_trash(due, world.operation(EMPTY_TRASH_STEPS))
    assert [entry.tag for entry in world.trash.entries()] == [TAG]
    assert not list(world.paths.trash.glob(f"{old}*"))


# --- What it would do


def test_a_plan_of_a_removal_tells_what_it_frees_and_changes_nothing(world: World) -> None:
    store = world.installed(TAG)
    (store / "shared").write_bytes(b"x" * 50_000)
    (world.paths.cache / "shared").hardlink_to(store / "shared")
    (store / "output").symlink_to(world.paths.output)
    (world.paths.output / "art.png").write_bytes(b"art" * 10_000)
    before = tree_of(world.paths.root)
    plan = manager(world).plan_uninstall(TAG)
    assert tree_of(world.paths.root) == before
    assert (plan.tag, plan.path, plan.running, plan.kept_days) == (TAG, str(store), False, 30)
    assert (plan.links, plan.outside_bytes, plan.in_the_way) == (1, 0, ())
    assert plan.shared_bytes >= 50_000
    assert plan.frees_bytes == look_at([store]).frees
    assert plan.summary.startswith(
        f"Removing {TAG} frees nothing yet: it waits in the trash for 30 days."
        " Deleting it for good frees "
    )
    assert plan.summary.endswith("; 1 link unlinked; 0 bytes outside.")


def test_a_plan_of_emptying_counts_what_emptying_frees(world: World) -> None:
    for tag in ("v0.3.60", TAG):
        world.installed(tag)
    uninstall(world, "v0.3.60")
    chosen = uninstall(world).entry
    one = manager(world).plan_empty_trash((chosen,))
    whole = manager(world).plan_empty_trash(None)
    assert one.entries == (chosen,)
    assert one.summary.startswith("Deleting 1 version for good frees ")
    assert whole.summary.startswith("Deleting 2 versions for good frees ")
    assert 0 < one.frees_bytes < whole.frees_bytes
    operation = world.operation(EMPTY_TRASH_STEPS)
    freed = manager(world).empty_trash((chosen,), operation)
    assert (freed.bytes, freed.entries) == (one.frees_bytes, 1)
    assert [entry.tag for entry in world.trash.entries()] == ["v0.3.60"]


def test_what_is_mounted_inside_is_told_before_it_stands_in_the_way(
    world: World, tmp_path: Path
) -> None:
    store = world.installed(TAG)
    (store / "models").mkdir()
    with bound(world.paths.models, store / "models"):
        plan = manager(world).plan_uninstall(TAG)
    assert plan.in_the_way == (f"{store / 'models'} is mounted inside it.",)
    assert plan.summary.endswith(f"Not now: {plan.in_the_way[0]}")


def test_what_is_not_there_has_no_plan(world: World) -> None:
    with pytest.raises(VersionNotInstalled):
        manager(world).plan_uninstall(TAG)
    for ask in (("nothing",), ("../..",)):
        with pytest.raises(NotInTrash):
            manager(world).plan_empty_trash(ask)
        with pytest.raises(NotInTrash):
            manager(world).empty_trash(ask, world.operation(EMPTY_TRASH_STEPS))


def test_a_version_whose_folder_is_gone_has_a_plan_all_the_same(world: World) -> None:
    world.installed(TAG).rename(world.paths.root / "moved-by-hand")
    plan = manager(world).plan_uninstall(TAG)
    assert (plan.frees_bytes, plan.files) == (0, 0)


# --- In use


def test_a_version_that_any_program_works_in_is_not_removed(world: World) -> None:
    store = world.installed(TAG)
    world.processes.users[store] = [4711]
    assert manager(world).plan_uninstall(TAG).running
    with pytest.raises(VersionInUse, match="process 4711"):
        uninstall(world)
    assert world.store.version(TAG) is not None
    assert store.is_dir()


def test_the_view_of_a_removed_version_goes_with_it(world: World) -> None:
    world.installed(TAG)
    uninstall(world)
    assert getattr(world.resources, "removed", None) == [TAG]
