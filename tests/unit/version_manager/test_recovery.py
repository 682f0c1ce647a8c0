from __future__ import annotations

import json
from pathlib import Path

import pytest

from backend.exceptions import NotWritable
from backend.metadata_manager import MetadataManager
from backend.platform.trash import MARKER_NAME
from backend.version_manager_components.context import VersionContext
from backend.version_manager_components.installation import InstallationMixin
from backend.version_manager_components.layout import INSTALL_RECORD, link_of
from backend.version_manager_components.state import StateMixin
from tests.fakes.ports import World, a_version, tree_of

TAG = "v0.3.64"


class Only(InstallationMixin):
    def __init__(self, context: VersionContext) -> None:
        self.held = context

    @property
    def _context(self) -> VersionContext:
        return self.held


def recover(world: World) -> list[str]:
    return [one.recovery.words for one in Only(world.context()).recover()]


UNFINISHED = "20251001120000-bbbbbb"


def unfinished(world: World) -> Path:
    """What an installation left that is on record as interrupted."""
    world.operations.short.add(UNFINISHED)
    return world.installed(TAG, operation_id=UNFINISHED, listed=False, complete=False)


def record_of(world: World, tag: str = TAG) -> Path:
    return world.paths.metadata / "versions" / f"{tag}.json"


def damage(path: Path) -> None:
    path.write_bytes(b"\x00" * 200)
    path.with_name(path.name + ".previous").unlink(missing_ok=True)


def test_nothing_left_half_done_is_nothing_to_tell(world: World) -> None:
    world.installed(TAG)
    before = tree_of(world.paths.root)
    assert recover(world) == []
    assert tree_of(world.paths.root) == before


def test_a_store_folder_that_was_never_made_is_no_trouble(world: World) -> None:
    world.paths.store.rmdir()
    assert recover(world) == []


def test_a_complete_installation_that_was_not_listed_yet_is_listed(world: World) -> None:
    store = world.installed(TAG, listed=False)
    (told,) = recover(world)
    assert TAG in told
    recorded = world.store.version(TAG)
    assert recorded is not None
    assert recorded.store == store.name
    assert link_of(world.paths, TAG).resolve() == store
    assert world.store.active().active == TAG
    assert recover(world) == []


def test_a_link_that_stands_where_a_lost_version_was_is_told_and_left_alone(
    world: World, tmp_path: Path
) -> None:
    store = world.installed(TAG, listed=False)
    elsewhere = store.rename(tmp_path / "moved away")
    store.symlink_to(elsewhere)
    (told,) = recover(world)
    assert store.name in told
    assert (store.is_symlink(), (elsewhere / INSTALL_RECORD).exists()) == (True, True)
    assert world.store.version(TAG) is None


def test_a_half_made_installation_is_cleared_away(world: World) -> None:
    store = unfinished(world)
    (told,) = recover(world)
    assert TAG in told
    assert not store.exists()
    assert world.store.versions().versions == {}
    assert world.trash.entries() == []
    assert recover(world) == []


def test_what_nothing_on_record_calls_unfinished_is_never_cleared(world: World) -> None:
    """Of an installation that ended long ago nothing may be left but the folder itself."""
    store = world.installed(TAG, listed=False, complete=False)
    before = tree_of(store)
    (told,) = recover(world)
    assert f"delete {store}" in told
    assert tree_of(store) == before
    assert world.trash.doomed() == []


@pytest.mark.parametrize("how", ["damaged", "unreadable", "of another version", "sound"])
def test_what_a_record_may_be_about_is_never_cleared(world: World, how: str) -> None:
    """The record of a version that was never launched has no version before it."""
    store = world.installed(TAG)
    world.operations.short.add(UNFINISHED)
    if how == "of another version":
        world.store.put(a_version("v0.3.60", store="v0.3.60-x"))
        (record_of(world, "v0.3.60")).replace(record_of(world))
    elif how == "unreadable":
        record_of(world).unlink()
        record_of(world).mkdir()  # what a file of another user looks like to us, also as root
    elif how == "damaged":
        damage(record_of(world))
    (store / INSTALL_RECORD).unlink()
    before = tree_of(store)
    told = recover(world)
    assert how == "sound" or any(store.name in words for words in told)
    assert tree_of(store) == before
    assert world.trash.doomed() == []


def test_a_store_that_may_not_be_read_is_no_empty_one(world: World) -> None:
    world.store.put(a_version(TAG))
    world.paths.store.rmdir()
    world.paths.store.write_text("what a folder of another user looks like to us, also as root")
    with pytest.raises(NotWritable):
        recover(world)
    assert world.store.version(TAG) is not None


def test_a_folder_without_our_marker_is_not_touched(world: World) -> None:
    foreign = world.paths.store / "v0.3.64-mine"
    (foreign / "source").mkdir(parents=True)
    (foreign / "art.png").write_bytes(b"art")
    before = tree_of(world.paths.versions)
    assert recover(world) == []
    assert tree_of(world.paths.versions) == before


@pytest.mark.parametrize("complete", [True, False])
def test_a_copy_of_an_installation_is_not_touched_though_it_has_our_marker(
    world: World, complete: bool
) -> None:
    made = world.installed(TAG, listed=False, complete=complete)
    made.rename(made.with_name("my backup"))
    before = tree_of(world.paths.versions)
    assert recover(world) == []
    assert tree_of(world.paths.versions) == before
    assert world.store.versions().versions == {}


def test_a_link_in_the_store_is_not_followed(world: World) -> None:
    elsewhere = world.paths.root / "elsewhere"
    elsewhere.mkdir()
    made = world.installed(TAG, listed=False, complete=False)
    (elsewhere / MARKER_NAME).write_bytes((made / MARKER_NAME).read_bytes())
    (elsewhere / "art.png").write_bytes(b"art")
    (world.paths.store / "v0.3.64-link").symlink_to(elsewhere)
    recover(world)
    assert (elsewhere / "art.png").read_bytes() == b"art"


@pytest.mark.parametrize("complete", [True, False])
def test_what_another_launcher_works_on_now_is_not_touched(world: World, complete: bool) -> None:
    store = world.installed(TAG, listed=False, complete=complete)
    world.operations.running.add("20251001120000-bbbbbb")
    before = tree_of(store)
    assert recover(world) == []
    assert tree_of(store) == before
    assert world.store.versions().versions == {}


def test_a_second_copy_is_left_alone(world: World) -> None:
    first = world.installed(TAG)
    second = world.installed(TAG, operation_id="20251105120000-ffffff", listed=False)
    (told,) = recover(world)
    assert second.name in told
    assert second.is_dir()
    assert link_of(world.paths, TAG).resolve() == first


def test_a_damaged_record_is_made_anew_from_the_installation(world: World) -> None:
    store = world.installed(TAG)
    before = world.store.version(TAG)
    damage(record_of(world))
    recover(world)
    assert world.store.version(TAG) == before
    assert store.is_dir()


def test_a_lost_record_is_made_anew_from_the_installation(world: World) -> None:
    world.installed(TAG)
    before = world.store.version(TAG)
    record_of(world).unlink()
    recover(world)
    assert world.store.version(TAG) == before


def test_damage_to_both_records_of_an_installation_never_deletes_it(world: World) -> None:
    store = world.installed(TAG)
    damage(record_of(world))
    damage(store / INSTALL_RECORD)
    before = tree_of(store)
    (told,) = recover(world)
    assert store.name in told
    assert tree_of(store) == before


def test_a_version_of_a_newer_launcher_is_left_alone(world: World) -> None:
    """Going back to an older launcher must not cost a single installation."""
    store = world.installed(TAG)
    for file in (record_of(world), store / INSTALL_RECORD):
        content = json.loads(file.read_text()) | {"schema": 2, "signed_by": "someone"}
        content.pop("schema_version", None)
        file.write_text(json.dumps(content))
    before, record = tree_of(store), record_of(world).read_bytes()
    assert recover(world)
    assert tree_of(store) == before
    assert record_of(world).read_bytes() == record


def test_a_marker_that_cannot_be_read_is_told_and_keeps_nobody_from_starting(world: World) -> None:
    store = world.installed(TAG, listed=False, complete=False)
    other = world.installed("v0.3.63", operation_id="20250901120000-eeeeee", listed=False)
    damage(store / MARKER_NAME)
    told = recover(world)
    assert any(store.name in words for words in told)
    assert store.is_dir()
    assert world.store.version("v0.3.63") is not None, "the others are settled all the same"
    assert other.is_dir()


def test_a_record_that_may_not_be_read_is_told_and_keeps_nobody_from_starting(
    world: World,
) -> None:
    store = world.installed(TAG)
    record_of(world).unlink()
    record_of(world).mkdir()  # what a file of another user looks like to us, also as root
    assert any(store.name in words for words in recover(world))
    assert store.is_dir()


def test_one_lost_byte_anywhere_in_a_record_costs_nothing(world: World) -> None:
    """B3.4: every position; the version stays, is listed, and the other one too."""
    world.installed("v0.3.63", operation_id="20250901120000-eeeeee")
    store = world.installed(TAG)
    whole, before = record_of(world).read_bytes(), tree_of(world.paths.store)

    class Looking(StateMixin):
        @property
        def _context(self) -> VersionContext:
            return world.context(store=MetadataManager(world.paths.data, lock=world.lock))

    for position in range(0, len(whole), 3):
        for name in (f"{TAG}.json.previous", f"{TAG}.json.damaged"):
            (record_of(world).parent / name).unlink(missing_ok=True)
        record_of(world).write_bytes(whole[:position] + whole[position + 1 :])
        seen = Looking().list_versions()
        assert "v0.3.63" in {version.tag for version in seen.versions}, position
        assert TAG in {v.tag for v in seen.versions} or seen.problems, position
        recover(world)
        assert tree_of(world.paths.store) == before, position
    assert store.is_dir()
