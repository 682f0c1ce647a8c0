"""What a launcher that dies in the midst of several changes leaves, and what the next one makes
of it. Death is played here: an exception at one point, after which nothing of the dead one gets the
lock any more. Real kills are in tests/crash."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend.exceptions import NotWritable, OperationConflict
from backend.installation_progress_tracker import EMPTY_TRASH_STEPS, INSTALL_STEPS, UNINSTALL_STEPS
from backend.metadata_manager import ActiveVersion, InstalledVersion, MetadataManager
from backend.operations.model import Owner, Recovery
from backend.platform.locks import FileLock
from backend.platform.trash import MARKER_NAME, Trash, TrashEntry
from backend.resources.views import RemovedView
from backend.version_manager import VersionManager
from backend.version_manager_components.layout import INSTALL_RECORD, link_of
from backend.version_manager_components.models import InstallOptions, VersionState
from tests.fakes.ports import FakeResources, World, a_snapshot, tree_of

TAG = "v0.3.64"
DOING = "20251102120000-dddddd"


class Died(BaseException):
    """The launcher is gone."""


class Life(FileLock):
    """The lock of a launcher, which it does not get any more once it is dead."""

    over = False

    def __enter__(self) -> Life:
        if self.over:
            raise OperationConflict("the lock", kind="Death", operation_id="")
        super().__enter__()
        return self

    def end(self) -> None:
        self.over = True
        raise Died


class DyingTrash(Trash):
    """Ends the launcher before or after it moves something."""

    life: Life
    point = ""

    def _at(self, point: str) -> None:
        if self.point == point:
            self.life.end()

    def put(self, path: Path, **facts: Any) -> TrashEntry:
        self._at("before the move")
        entry = super().put(path, **facts)
        self._at("after the move")
        return entry

    def restore(self, entry_id: str) -> Path:
        self._at("before the move")
        path = super().restore(entry_id)
        self._at("after the move")
        return path

    def empty(self, entry_ids: Any = None, *, check: Callable[[], None]) -> int:
        self._at("before the move")
        return super().empty(entry_ids, check=self.life.end if self.point == "deleting" else check)


class DyingStore(MetadataManager):
    """Ends the launcher before or after it changes a record."""

    life: Life
    point = ""

    def _at(self, point: str) -> None:
        if self.point == point:
            self.life.end()

    def put(self, version: InstalledVersion) -> None:
        self._at("before the record")
        super().put(version)
        self._at("after the record")

    def remove(self, tag: str) -> None:
        self._at("before the record")
        super().remove(tag)
        self._at("after the record")


class DyingResources(FakeResources):
    def __init__(self, life: Life) -> None:
        super().__init__()
        self.life = life

    def remove_view(self, tag: str) -> RemovedView:
        self.life.end()
        return super().remove_view(tag)


def dies(world: World, point: str, work: Callable[[VersionManager], object]) -> None:
    """A launcher does `work`, and is gone at `point` of it."""
    life = Life(world.paths.data / ".lock")
    trash, store = DyingTrash(world.paths.trash), DyingStore(world.paths.data, lock=life)
    trash.life = store.life = life
    trash.point = store.point = point
    kept, world.lock = world.lock, life
    resources = world.resources
    if point == "the view":
        world.resources = DyingResources(life)
    context = world.context(store=store, trash=trash)
    world.lock, world.resources = kept, resources
    with pytest.raises(Died):
        work(VersionManager(context))


def manager(world: World) -> VersionManager:
    return VersionManager(world.context())


def recovered(world: World) -> Recovery:
    """What the next launcher says; the one after it has nothing to say."""
    (settled,) = manager(world).recover()
    assert manager(world).recover() == []
    assert intents(world) == []
    return settled.recovery


def intents(world: World) -> list[str]:
    return sorted(path.name for path in world.paths.journal.iterdir())


def listed(world: World) -> dict[str, VersionState]:
    return {version.tag: version.state for version in manager(world).list_versions().versions}


def uninstalls(world: World) -> Callable[[VersionManager], object]:
    operation = world.operation(UNINSTALL_STEPS, operation_id=DOING)
    return lambda manager: manager.uninstall(TAG, operation)


def installs(world: World) -> Callable[[VersionManager], object]:
    operation = world.operation(INSTALL_STEPS, operation_id=DOING)
    return lambda manager: manager.install(InstallOptions(reference=TAG), operation)


def empties(world: World) -> Callable[[VersionManager], object]:
    operation = world.operation(EMPTY_TRASH_STEPS, operation_id=DOING)
    return lambda manager: manager.empty_trash(None, operation)


def left_behind(world: World, **facts: Any) -> Path:
    """An intent of a launcher that is gone, as a file."""
    path = world.paths.journal / f"{DOING}.json"
    intent = {
        "schema": 1, "operation_id": DOING, "owner": {"pid": 1, "created": "0.0"},
        "kind": "install", "tag": TAG, "store": f"{TAG}-{DOING}",
        "written_at": "2025-11-02T12:00:00Z",
    }  # fmt: skip
    path.write_text(json.dumps(intent | facts))
    return path


# --- Removing


def test_a_removal_that_had_not_moved_anything_is_undone(world: World) -> None:
    store = world.installed(TAG, active=True)
    before = tree_of(store)
    dies(world, "before the move", uninstalls(world))
    assert listed(world) == {TAG: VersionState.STOPPED}
    assert recovered(world).outcome == "undone"
    assert listed(world) == {TAG: VersionState.STOPPED}
    assert tree_of(store) == before
    assert world.trash.entries() == []


@pytest.mark.parametrize(
    "point", ["after the move", "the view", "before the record", "after the record"]
)
def test_a_removal_that_had_moved_the_folder_is_ended(world: World, point: str) -> None:
    world.installed("v0.3.60")
    store = world.installed(TAG, active=True)
    before = tree_of(store)
    dies(world, point, uninstalls(world))
    assert intents(world) == [f"{DOING}.json"]
    seen = manager(world).list_versions()
    assert [version.tag for version in seen.versions] == ["v0.3.60"], "not half of it is shown"
    assert (seen.active, seen.problems) == (None, ())
    recovery = recovered(world)
    assert recovery.outcome == "finished"
    assert TAG in recovery.words
    assert world.store.version(TAG) is None
    assert world.store.active() == ActiveVersion()
    assert not link_of(world.paths, TAG).is_symlink()
    (entry,) = world.trash.entries()
    manager(world).restore(entry.id)
    assert tree_of(store) == before
    assert listed(world)[TAG] is VersionState.STOPPED


def test_what_is_being_removed_is_not_shown_alone_either(world: World) -> None:
    world.installed(TAG)
    dies(world, "after the move", uninstalls(world))
    with pytest.raises(Exception, match="is not installed"):
        manager(world).show_version(TAG)


def test_what_was_half_removed_can_be_taken_back_before_anyone_recovers(world: World) -> None:
    """A window that is open looks at what a killed terminal left."""
    store = world.installed(TAG)
    dies(world, "before the record", uninstalls(world))
    manager(world).restore(TAG)
    assert listed(world) == {TAG: VersionState.STOPPED}
    assert recovered(world).outcome == "undone"
    assert listed(world) == {TAG: VersionState.STOPPED}
    assert link_of(world.paths, TAG).resolve() == store


def test_a_version_that_was_installed_anew_since_is_not_forgotten(world: World) -> None:
    world.installed(TAG)
    dies(world, "before the record", uninstalls(world))
    world.store.remove(TAG)
    new = world.installed(TAG, operation_id="20251105120000-ffffff")
    assert recovered(world).outcome == "finished"
    assert listed(world) == {TAG: VersionState.STOPPED}
    assert link_of(world.paths, TAG).resolve() == new


def test_a_removal_that_fails_half_way_is_ended_at_the_next_start(world: World) -> None:
    world.installed(TAG)

    class Refusing(MetadataManager):
        def remove(self, tag: str) -> None:
            raise NotWritable(Path(tag), reason="the disk is gone")

    context = world.context(store=Refusing(world.paths.data, lock=world.lock))
    with pytest.raises(NotWritable, match="the disk is gone"):
        uninstalls(world)(VersionManager(context))
    assert listed(world) == {}
    assert recovered(world).outcome == "finished"
    assert listed(world) == {}


# --- Taking back


def test_what_was_not_moved_back_yet_is_still_in_the_trash(world: World) -> None:
    world.installed(TAG)
    uninstalls(world)(manager(world))
    dies(world, "before the move", lambda manager: manager.restore(TAG))
    assert listed(world) == {}
    assert recovered(world).outcome == "undone"
    assert len(world.trash.entries()) == 1


@pytest.mark.parametrize("point", ["after the move", "before the record", "after the record"])
def test_what_was_moved_back_is_listed(world: World, point: str) -> None:
    store = world.installed(TAG)
    uninstalls(world)(manager(world))
    dies(world, point, lambda manager: manager.restore(TAG))
    assert set(listed(world).values()) <= {VersionState.STOPPED}, "whole or not at all"
    assert recovered(world).outcome == "finished"
    assert listed(world) == {TAG: VersionState.STOPPED}
    assert link_of(world.paths, TAG).resolve() == store
    assert world.trash.entries() == []


# --- Deleting for good


def test_what_was_not_begun_to_be_deleted_stays_in_the_trash(world: World) -> None:
    world.installed(TAG)
    uninstalls(world)(manager(world))
    dies(world, "before the move", empties(world))
    assert recovered(world).outcome == "undone"
    assert len(world.trash.entries()) == 1


def test_what_was_begun_to_be_deleted_is_gone_and_its_rest_goes_when_there_is_time(
    world: World,
) -> None:
    world.installed(TAG)
    uninstalls(world)(manager(world))
    dies(world, "deleting", empties(world))
    assert recovered(world).outcome == "finished"
    assert world.trash.entries() == []
    assert manager(world).overdue() == (), "there is something to do, though no entry is due"
    operation = world.operation(EMPTY_TRASH_STEPS)
    assert manager(world).empty_trash((), operation).bytes > 0
    assert world.trash.doomed() == []
    assert manager(world).overdue() is None


def test_of_several_what_is_not_deleted_stays_whole(world: World) -> None:
    for tag in ("v0.3.63", TAG):
        store = world.installed(tag)
        world.trash.put(store, reason="removed", operation_id="op")
    gone, stays = world.trash.entries()
    world.trash.empty([gone.id], check=lambda: None)
    left_behind(world, kind="delete", tag=None, store=None, entries=[gone.id, stays.id])
    recovery = recovered(world)
    assert "1 of 2" in recovery.words
    assert world.trash.entries() == [stays]


# --- Installing


@pytest.mark.parametrize("hook", ["on_checkout", "on_make", "on_resolve", "on_fill", "on_look"])
def test_an_unfinished_installation_is_put_away_at_once(world: World, hook: str) -> None:
    dying = Life(world.paths.data / ".lock")
    ports = (world.sources, world.environments, world.constraints)
    (port,) = (port for port in ports if hasattr(port, hook))
    setattr(port, hook, dying.end)
    world.lock, kept = dying, world.lock
    with pytest.raises(Died):
        installs(world)(manager(world))
    world.lock = kept
    setattr(port, hook, None)
    assert intents(world) == [f"{DOING}.json"]
    assert listed(world) == {}
    assert recovered(world).outcome == "undone"
    assert list(world.paths.store.iterdir()) == []
    assert world.sources.forgotten
    installs(world)(manager(world))
    assert listed(world) == {TAG: VersionState.STOPPED}
    assert world.trash.doomed() == [], "the next installation has made room first"


@pytest.mark.parametrize("point", ["before the record", "after the record"])
def test_an_installation_behind_its_commit_point_is_listed(world: World, point: str) -> None:
    dies(world, point, installs(world))
    assert set(listed(world).values()) <= {VersionState.STOPPED}, "whole or not at all"
    recovery = recovered(world)
    assert recovery.outcome == "finished"
    assert listed(world) == {TAG: VersionState.STOPPED}
    assert link_of(world.paths, TAG).is_symlink()
    assert world.store.active().active == TAG


@pytest.mark.parametrize("left", [None, [], [".0123456789abcdef.tmp"]])
def test_what_was_killed_before_it_was_marked_is_removed(
    world: World, left: list[str] | None
) -> None:
    left_behind(world)
    store = world.paths.store / f"{TAG}-{DOING}"
    if left is not None:
        store.mkdir(parents=True)
        for name in left:
            (store / name).write_text("{")
    assert recovered(world).outcome == "undone"
    assert not store.exists()


@pytest.mark.parametrize("name", ["art.png", ".0123456789abcdef.tmp.png"])
def test_a_folder_with_anything_else_in_it_stays(world: World, name: str) -> None:
    left_behind(world)
    store = world.paths.store / f"{TAG}-{DOING}"
    store.mkdir(parents=True)
    (store / name).write_text("art")
    assert recovered(world).outcome == "left"
    assert [path.name for path in store.iterdir()] == [name]


def test_a_folder_of_another_operation_is_left_alone(world: World) -> None:
    other = world.installed("v0.3.60", listed=False, complete=False)
    world.operations.running.add("20251001120000-bbbbbb")
    before = tree_of(other)
    left_behind(world, store=other.name)
    assert recovered(world).outcome == "left"
    assert tree_of(other) == before


# --- Intents themselves


def test_what_another_launcher_is_doing_now_is_not_touched(world: World) -> None:
    store = world.installed(TAG, operation_id=DOING, listed=False, complete=False)
    left_behind(world)
    world.operations.living.add(Owner(pid=1, created="0.0"))
    before = tree_of(store)
    assert manager(world).recover() == []
    assert tree_of(store) == before
    assert intents(world) == [f"{DOING}.json"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 300, b"{}", b'{"schema": 2, "operation_id": "20251102120000-dddddd"}'],
)
def test_of_what_a_damaged_intent_tells_nothing_is_touched(world: World, content: bytes) -> None:
    store = world.installed(TAG, operation_id=DOING, listed=False, complete=False)
    before = tree_of(store)
    left_behind(world).write_bytes(content)
    told = manager(world).recover()
    assert {one.recovery.outcome for one in told} == {"left"}
    assert any("journal" in one.recovery.words for one in told)
    assert tree_of(store) == before
    assert intents(world) == [f"{DOING}.json"]


def test_a_damaged_intent_does_not_keep_a_complete_installation_from_being_listed(
    world: World,
) -> None:
    world.installed(TAG, operation_id=DOING, listed=False)
    left_behind(world).write_text("{")
    manager(world).recover()
    assert listed(world) == {TAG: VersionState.STOPPED}


def test_where_the_intents_may_not_be_read_nothing_is_settled(world: World) -> None:
    """Nobody knows then what stands in them: that is not the same as none."""
    store = world.installed(TAG, operation_id=DOING, listed=False, complete=False)
    left_behind(world)
    world.paths.journal.rename(world.paths.data / "journal of another")
    world.paths.journal.touch()  # what may not be read, also as root
    before = tree_of(store)
    for look in (manager(world).half_done, manager(world).recover):
        with pytest.raises(NotWritable):
            look()
    assert tree_of(store) == before
    world.installed("v0.3.63")
    assert listed(world) == {"v0.3.63": VersionState.STOPPED}


def test_what_is_half_done_is_known_before_anything_is_settled(world: World) -> None:
    assert manager(world).half_done() == []
    unclaimed = world.installed("v0.3.63", listed=False, complete=False)
    intent = left_behind(world)
    before = tree_of(world.paths.root)
    assert manager(world).half_done() == [DOING, "20251001120000-bbbbbb"]
    assert tree_of(world.paths.root) == before
    (unclaimed / MARKER_NAME).write_text("{")
    intent.write_text("{")
    assert manager(world).half_done() == [DOING, "20251001120000-bbbbbb"], "damaged, but known"
    world.operations.running |= {DOING, "20251001120000-bbbbbb"}
    assert manager(world).half_done() == []
    intent.unlink()
    world.operations.living.add(Owner(pid=1, created="0.0"))
    left_behind(world)
    assert manager(world).half_done() == []


def test_who_does_not_get_the_lock_does_not_wait_for_it_once_an_intent(world: World) -> None:
    left_behind(world)
    other = f"{DOING[:-1]}e"
    left_behind(world, operation_id=other).rename(world.paths.journal / f"{other}.json")
    left_behind(world)
    world.lock, free = FileLock(world.paths.data / ".lock", timeout_seconds=0.2), world.lock
    with free:
        start = time.monotonic()
        with pytest.raises(OperationConflict):
            manager(world).recover()
        assert time.monotonic() - start < 0.35
    assert len(intents(world)) == 2
    assert len(manager(world).recover()) == 2


@pytest.mark.parametrize(
    "facts",
    [
        {"store": "../.."}, {"store": ".."}, {"store": "a/b"}, {"tag": "../../models"},
        {"tag": None}, {"kind": "delete"}, {"kind": "delete", "entries": ["../x"]},
        {"operation_id": "../../x"}, {"operation_id": "20251102120000-eeeeee"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["install", "remove", "restore"])
def test_an_intent_that_leads_elsewhere_is_taken_for_damage(
    world: World, kind: str, facts: dict[str, Any]
) -> None:
    world.installed(TAG)
    (world.paths.models / "model.safetensors").write_bytes(b"large")
    left_behind(world, **({"kind": kind} | facts))
    before = tree_of(world.paths.root)
    (told,) = manager(world).recover()
    assert told.recovery.outcome == "left"
    assert tree_of(world.paths.root) == before


@pytest.mark.parametrize("kind", ["install", "remove", "restore"])
def test_a_damaged_record_leaves_all_as_it_is_until_it_can_be_read(world: World, kind: str) -> None:
    store = world.installed(TAG, operation_id=DOING)
    record = world.paths.metadata / "versions" / f"{TAG}.json"
    (store / INSTALL_RECORD).write_text("{")
    if kind == "remove":
        world.trash.put(store, reason="removed", operation_id=DOING)
        record.write_text("{")
    left_behind(world, kind=kind)
    (told,) = manager(world).recover()
    assert told.recovery.outcome == "left"
    assert store.exists() or world.trash.entries()
    assert (store / MARKER_NAME).exists() is (kind != "remove")


# --- What is said of an operation that left nothing half done


@pytest.mark.parametrize(
    ("kind", "subject", "outcome"),
    [
        ("versions.install", TAG, "finished"),
        ("versions.install", "v0.3.1", "undone"),
        ("versions.uninstall", TAG, "undone"),
        ("versions.uninstall", "v0.3.1", "finished"),
        ("versions.empty_trash", "trash", "finished"),
        ("versions.launch", TAG, "undone"),
        ("versions.stop", TAG, "finished"),
        ("versions.releases", "releases", "undone"),
    ],
)
def test_the_facts_tell_what_became_of_it(
    world: World, kind: str, subject: str, outcome: str
) -> None:
    made_by = DOING if subject == TAG else "20251001120000-bbbbbb"
    world.installed(TAG, operation_id=made_by)
    snapshot = a_snapshot(DOING, subject=subject).model_copy(update={"kind": kind})
    recovery = manager(world).account_for(snapshot)
    assert recovery.outcome == outcome
    assert recovery.words.endswith(".")


@pytest.mark.parametrize("kind", ["versions.uninstall", "versions.empty_trash"])
def test_what_was_not_begun_changed_nothing(world: World, kind: str) -> None:
    world.trash.put(world.installed("v0.3.63"), reason="removed", operation_id="op")
    world.installed(TAG, operation_id="20251001120000-cccccc")
    snapshot = a_snapshot(DOING, subject=TAG).model_copy(update={"kind": kind})
    assert manager(world).account_for(snapshot).words == "Nothing was changed."


def test_of_what_was_to_be_deleted_some_may_be_gone(world: World) -> None:
    entry = world.trash.put(world.installed(TAG), reason="removed", operation_id="op")
    asked = {"entries": [entry.id, "20251101-120000-aaaaaa"]}
    facts = {"kind": "versions.empty_trash", "request": asked}
    assert manager(world).account_for(a_snapshot().model_copy(update=facts)).outcome == "left"
