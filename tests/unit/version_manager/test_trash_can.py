from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.api.contract.common import Success
from backend.composition import build_app
from backend.exceptions import NotInTrash, NotWritable, VersionInUse, VersionNotInstalled
from backend.installation_progress_tracker import EMPTY_TRASH_STEPS, UNINSTALL_STEPS
from backend.platform.deletion import look_at
from backend.platform.trash import MARKER_NAME
from backend.version_manager import VersionManager
from backend.version_manager_components.models import TrashedVersion
from tests.fakes.ports import FakeResources, World, tree_of
from tests.helpers.volumes import bound, mounted

TAG = "v0.3.64"
GONE = "gone"
TOLD = (
    "In the trash, and soon to be deleted for good: {}. `./launcher versions restore TAG` takes"
    " back what you want to keep."
)


def manager(world: World) -> VersionManager:
    return VersionManager(world.context())


def uninstall(world: World, tag: str = TAG) -> TrashedVersion:
    return manager(world).uninstall(tag, world.operation(UNINSTALL_STEPS))


def days_later(world: World, count: float) -> None:
    """So long after the entries that are there, which got their time from the real clock."""
    latest = max(entry.trashed_at for entry in world.trash.entries())
    world.now = latest + timedelta(days=count)


def looked_at(world: World, *days: float) -> list[object]:
    """What is due at each of these looks, so many days after the entries that are there."""
    found: list[object] = []
    for count in days:
        days_later(world, count)
        found.append(manager(world).overdue())
    return found


def rewrite(world: World, entry: str, **changes: object) -> None:
    """The record of an entry, as another launcher or a hand wrote it; GONE drops a field."""
    path = world.paths.trash / f"{entry}.json"
    record = json.loads(path.read_text()) | changes
    del record["crc32"]
    path.write_text(json.dumps({name: value for name, value in record.items() if value != GONE}))


def by_an_older_launcher(world: World, entry: str, trashed_at: datetime) -> None:
    new = ("kept_since", "seen_at", "overdue_since", "inode")
    rewrite(world, entry, trashed_at=trashed_at.isoformat(), **dict.fromkeys(new, GONE))


# --- What is in it


def test_an_entry_says_what_it_takes_where_it_was_and_until_when_it_stays(world: World) -> None:
    store = world.installed(TAG)
    (store / "big").write_bytes(b"x" * 100_000)
    frees = look_at([store]).frees
    world.now = datetime.now(UTC) + timedelta(seconds=60)  # the real clock made the entry
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
    assert looked_at(world, 29.9, 30, 30.9) == [None] * 3, "a look at 30 only writes it down"
    assert looked_at(world, 31) == [(entry,)]


def test_a_clock_that_was_wrong_for_a_while_deletes_nothing(world: World) -> None:
    world.installed(TAG)
    entry = uninstall(world).entry
    assert looked_at(world, 10, 34.5, 12, 36.5, 14) == [None] * 5, "what was seen does not count"
    assert looked_at(world, 43.9, 44, 44.9) == [None] * 3
    assert looked_at(world, 45) == [(entry,)]


def test_no_leap_of_the_clock_ends_the_days_of_an_entry(world: World) -> None:
    """It was removed when the clock said 1970, or a month long nobody looked: both look alike."""
    world.installed(TAG)
    entry = uninstall(world).entry
    assert looked_at(world, 20_000, 20_001, 20_029.9, 20_030) == [None] * 4
    assert looked_at(world, 20_031) == [(entry,)]


def test_a_clock_that_was_ahead_at_the_removal_keeps_nothing_for_ever(world: World) -> None:
    world.installed(TAG)
    entry = uninstall(world).entry
    assert looked_at(world, -4000, -3985, -3970, -3969.5) == [None] * 4
    assert looked_at(world, -3969) == [(entry,)]


def test_an_entry_of_an_older_launcher_has_all_its_days_from_the_first_look_on(
    world: World,
) -> None:
    """That launcher promised that nothing leaves the trash by itself."""
    world.installed(TAG)
    entry = uninstall(world).entry
    removed = world.trash.entries()[0].trashed_at
    by_an_older_launcher(world, entry, removed - timedelta(days=400))
    first = removed - timedelta(days=400)
    world.now = removed
    assert manager(world).overdue() is None
    assert manager(world).trash().entries[0].expires_at == removed + timedelta(days=30)
    looks = []
    for days in (15, 30, 31):
        world.now = removed + timedelta(days=days)
        looks.append(manager(world).overdue())
    assert looks == [None, None, (entry,)]
    assert world.trash.entries()[0].trashed_at == first


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_the_ends_of_the_calendar_are_no_fault(world: World, moment: str) -> None:
    world.installed(TAG)
    entry = uninstall(world).entry
    rewrite(world, entry, trashed_at=moment, kept_since=moment, seen_at=moment)
    world.now = datetime.now(UTC)
    expiry = world.now + timedelta(days=30)
    assert [one.expires_at for one in manager(world).trash().entries] == [expiry]
    world.now = datetime.max.replace(tzinfo=UTC)
    assert [one.expires_at for one in manager(world).trash().entries] == [world.now]
    assert manager(world).overdue() is None


def test_days_do_not_pass_while_nothing_is_to_be_deleted(world: World) -> None:
    world.installed(TAG)
    uninstall(world)
    default = world.settings
    assert looked_at(world, 20) == [None]
    world.settings = default.model_copy(update={"trash_days": 0})
    assert looked_at(world, 60) == [None]
    world.settings = default
    assert looked_at(world, 61, 62, 90) == [None] * 3


@pytest.mark.parametrize("trouble", ["a marker is gone", "a volume is mounted"])
def test_what_cannot_be_deleted_is_left_out_and_logged_once(
    world: World, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    for tag in ("v0.3.60", TAG):
        world.installed(tag)
    bad, good = uninstall(world, "v0.3.60").entry, uninstall(world).entry
    marker = world.paths.trash / bad / MARKER_NAME
    if trouble == "a marker is gone":
        marker.unlink()
    with mounted(marker.parent / "source") if "volume" in trouble else nullcontext():
        assert looked_at(world, 15, 30, 31, 32, 33) == [None, None, (good,), (good,), (good,)]
        assert manager(world).coming_deletion() == TOLD.format(TAG)
    assert caplog.text.count(f"{bad} has been in the trash for too long, but ") == 1


def test_the_rest_of_a_deletion_that_cannot_go_on_is_no_reason_to_begin_one(world: World) -> None:
    world.trash.doom(world.installed(TAG))
    (folder,) = world.trash.doomed()
    with mounted(folder / "source"):
        assert manager(world).overdue() is None
    assert manager(world).overdue() == ()


def test_a_deletion_is_told_three_days_before(world: World) -> None:
    world.installed(TAG)
    uninstall(world)
    assert looked_at(world, 15, 26.9) == [None, None]
    assert manager(world).coming_deletion() is None
    for days in (27, 30, 31):
        days_later(world, days)
        assert manager(world).coming_deletion() == TOLD.format(TAG)
    world.settings = world.settings.model_copy(update={"trash_days": 0})
    assert manager(world).coming_deletion() is None


def test_the_doors_that_stay_tell_it_at_their_start(world: World) -> None:
    store = world.installed(TAG, listed=False)
    entry = world.trash.put(store, reason="removed", operation_id="op").id
    now = datetime.now(UTC)
    rewrite(world, entry, kept_since=str(now - timedelta(days=28)), seen_at=str(now))
    root, told = str(world.paths.root), {}
    for door in ("window", "cli"):
        app = build_app(door, {"COMFYUI_LAUNCHER_HOME": root, "HOME": root})
        answer = app.dispatcher.call("system.info", {})
        assert isinstance(answer, Success)
        told[door] = answer.value.notices
        app.close()
    assert told == {"window": (TOLD.format(TAG),), "cli": ()}


def test_a_trash_that_cannot_be_read_is_a_problem_and_deletes_nothing(world: World) -> None:
    world.installed(TAG)
    uninstall(world)
    world.paths.trash.rename(world.paths.root / "aside")
    world.paths.trash.write_text("what a folder of another user looks like to us, also as root")
    found = manager(world).trash()
    assert found.entries == ()
    assert [problem.path for problem in found.problems] == [str(world.paths.trash)]
    assert manager(world).coming_deletion() is None
    with pytest.raises(NotWritable):
        manager(world).overdue()


def test_only_what_is_due_is_deleted(world: World) -> None:
    for tag in ("v0.3.60", TAG):
        world.installed(tag)
    old = uninstall(world, "v0.3.60").entry
    assert looked_at(world, 15, 30) == [None, None]
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


def test_a_plan_of_a_removal_counts_the_links_of_the_view_too(world: World) -> None:
    store = world.installed(TAG)
    (store / "output").symlink_to(world.paths.output)
    world.resources = FakeResources(links=36)
    assert (
        manager(world).plan_uninstall(TAG).summary.endswith("; 37 links unlinked; 0 bytes outside.")
    )


@pytest.mark.parametrize("what", ["a marker is gone", "there is no such entry"])
def test_who_names_one_that_cannot_be_deleted_is_told_which_and_the_others_are(
    world: World, what: str
) -> None:
    for tag in ("v0.3.60", TAG):
        world.installed(tag)
    bad, good = uninstall(world, "v0.3.60").entry, uninstall(world).entry
    if what == "a marker is gone":
        (world.paths.trash / bad / MARKER_NAME).unlink()
    named = bad if what == "a marker is gone" else "20251101-120000-ffffff"
    with pytest.raises(NotInTrash, match=named):
        manager(world).empty_trash((named, good), world.operation(EMPTY_TRASH_STEPS))
    assert [entry.id for entry in world.trash.entries()] == [bad]
    checkouts = [world.paths.store / f"{TAG}-20251001120000-bbbbbb" / "source"]
    assert world.sources.forgotten == checkouts, "git still knows the one that can come back"


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


# --- What may not be read


def test_a_store_that_may_not_be_read_is_no_removed_version(world: World) -> None:
    """A link in a circle stands where all versions were: so it looks to us, also as root."""
    store = world.installed(TAG)
    world.paths.store.rename(world.paths.root / "aside")
    world.paths.store.symlink_to(world.paths.store)
    with pytest.raises(NotWritable):
        uninstall(world)
    with pytest.raises(NotWritable):
        manager(world).recover()
    assert world.store.version(TAG) is not None
    world.paths.store.unlink()
    (world.paths.root / "aside").rename(world.paths.store)
    manager(world).recover()
    assert world.store.version(TAG) is not None
    assert store.is_dir()
