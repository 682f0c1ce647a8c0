from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.exceptions import ForeignFolder, MetadataCorrupt, NotInTrash, NotWritable
from backend.platform.disk import physical_size
from backend.platform.trash import (
    MARKER_NAME,
    Marker,
    Trash,
    TrashEntry,
    read_marker,
    write_marker,
)
from backend.platform.trash_entries import obstacle
from tests.helpers.processes import run_python
from tests.helpers.volumes import bound, fill, mounted

MADE_AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def trash(tmp_path: Path) -> Trash:
    return Trash(tmp_path / "versions" / ".trash")


def bin_of(tmp_path: Path) -> Path:
    return tmp_path / "versions" / ".trash"


def installed(tmp_path: Path, tag: str = "v0.3.60") -> Path:
    """A version on the disk, as an operation of ours made it."""
    folder = tmp_path / "versions" / ".store" / f"{tag}-op1"
    (folder / "source").mkdir(parents=True)
    (folder / "source" / "main.py").write_text("print('hello')\n" * 500)
    write_marker(folder, Marker(operation_id="op1", tag=tag, created_at=MADE_AT))
    return folder


def put(trash: Trash, folder: Path) -> TrashEntry:
    return trash.put(folder, reason="uninstalled", operation_id="op2")


def never() -> None:
    """Nobody cancels."""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {".lock"}


# --- The marker -----------------------------------------------------------------------------------


def test_a_marker_says_which_operation_made_the_folder(tmp_path: Path) -> None:
    folder = installed(tmp_path)
    marker = json.loads((folder / MARKER_NAME).read_text())
    assert marker.pop("crc32")
    assert marker == {
        "schema": 1,
        "operation_id": "op1",
        "tag": "v0.3.60",
        "created_at": "2026-11-20T12:00:00Z",
    }
    assert read_marker(folder) == Marker(operation_id="op1", tag="v0.3.60", created_at=MADE_AT)


def test_a_folder_without_a_marker_is_not_ours(tmp_path: Path) -> None:
    assert read_marker(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{}", '{"schema": 2}', '{"schema": 1, "operation_id'])
def test_a_marker_that_cannot_be_read_is_neither_ours_nor_absent(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / MARKER_NAME).write_text(content)
    with pytest.raises(MetadataCorrupt):
        read_marker(tmp_path)


# --- In and back ----------------------------------------------------------------------------------


def test_what_is_put_in_is_gone_from_its_place_and_listed(tmp_path: Path, trash: Trash) -> None:
    folder = installed(tmp_path)
    entry = put(trash, folder)
    assert not folder.exists()
    assert trash.entries() == [entry]
    assert (entry.original, entry.tag) == (folder, "v0.3.60")
    assert (entry.reason, entry.operation_id) == ("uninstalled", "op2")
    assert abs((datetime.now(UTC) - entry.trashed_at).total_seconds()) < 60


def test_what_is_taken_back_is_as_it_was(tmp_path: Path, trash: Trash) -> None:
    folder = installed(tmp_path)
    before = {p.relative_to(folder): p.stat().st_ino for p in folder.rglob("*")}
    entry = put(trash, folder)
    assert trash.restore(entry.id) == folder
    assert {p.relative_to(folder): p.stat().st_ino for p in folder.rglob("*")} == before
    assert not trash.entries()
    assert not names(bin_of(tmp_path))


def test_the_latest_is_listed_first(tmp_path: Path, trash: Trash) -> None:
    entries = [put(trash, installed(tmp_path, f"v{number}")) for number in range(3)]
    assert trash.entries() == entries[::-1]


def test_the_same_folder_can_be_put_in_twice(tmp_path: Path, trash: Trash) -> None:
    first = put(trash, installed(tmp_path))
    second = put(trash, installed(tmp_path))
    assert first.id != second.id
    trash.restore(first.id)
    assert trash.entries() == [second]


def test_a_trash_that_was_never_used_is_empty(tmp_path: Path, trash: Trash) -> None:
    assert trash.entries() == []
    assert trash.empty(check=never) == 0
    assert not bin_of(tmp_path).exists()


def test_nothing_is_put_back_over_something(tmp_path: Path, trash: Trash) -> None:
    folder = installed(tmp_path)
    entry = put(trash, folder)
    folder.mkdir()
    with pytest.raises(NotInTrash, match="is there already"):
        trash.restore(entry.id)
    assert trash.entries() == [entry]
    folder.rmdir()
    folder.symlink_to("nowhere")
    with pytest.raises(NotInTrash):
        trash.restore(entry.id)
    assert trash.entries() == [entry]


def test_a_way_back_that_is_gone_is_made_again(tmp_path: Path, trash: Trash) -> None:
    folder = installed(tmp_path)
    entry = put(trash, folder)
    folder.parent.rmdir()
    assert (trash.restore(entry.id) / MARKER_NAME).is_file()


@pytest.mark.parametrize("entry_id", ["", ".", "..", "../../.store", "/etc", "unknown", ".lock"])
def test_what_is_not_in_the_trash_cannot_be_taken_back_or_deleted(
    tmp_path: Path, trash: Trash, entry_id: str
) -> None:
    put(trash, installed(tmp_path))
    installed(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(NotInTrash):
        trash.restore(entry_id)
    with pytest.raises(NotInTrash):
        trash.empty([entry_id], check=never)
    assert sorted(tmp_path.rglob("*")) == before


def test_only_our_folders_get_in(tmp_path: Path, trash: Trash) -> None:
    ours = installed(tmp_path)
    foreign, link, file = tmp_path / "foreign", tmp_path / "link", tmp_path / "file"
    elsewhere = installed(tmp_path / "another root")
    foreign.mkdir()
    link.symlink_to(ours)
    file.write_text("x")
    for path in (foreign, link, file, tmp_path / "absent", elsewhere):
        with pytest.raises(ForeignFolder):
            put(trash, path)
    assert {foreign, link, file} <= set(tmp_path.iterdir())
    assert (ours / MARKER_NAME).is_file()
    assert not trash.entries()


def test_a_folder_whose_marker_is_damaged_is_left_where_it_is(tmp_path: Path, trash: Trash) -> None:
    folder = installed(tmp_path)
    (folder / MARKER_NAME).write_text("{")
    with pytest.raises(MetadataCorrupt):
        put(trash, folder)
    assert (folder / "source" / "main.py").exists()


def test_a_folder_on_another_volume_is_left_where_it_is(tmp_path: Path, trash: Trash) -> None:
    (tmp_path / "versions" / "volume").mkdir(parents=True)
    with mounted(tmp_path / "versions" / "volume") as volume:
        folder = installed(volume)
        with pytest.raises(NotWritable, match="cross-device"):
            put(trash, folder)
        assert (folder / "source" / "main.py").exists()
        assert not trash.entries()
        assert not names(bin_of(tmp_path))


CRASH = """
    import os, signal, sys
    from pathlib import Path
    from backend.platform.trash import Trash

    steps = iter(range(1000))

    def die_at(event, arguments):
        if event in ("os.rename", "os.remove", "os.rmdir", "os.link") and inside:
            if next(steps) == int(sys.argv[3]):
                os.kill(os.getpid(), signal.SIGKILL)

    inside = False
    sys.addaudithook(die_at)
    trash = Trash(Path(sys.argv[1]))
    inside = True
    if sys.argv[2] == "put":
        trash.put(Path(sys.argv[4]), reason="uninstalled", operation_id="op2")
    elif sys.argv[2] == "restore":
        trash.restore(sys.argv[4])
    else:
        trash.empty(check=lambda: None)
"""


@pytest.mark.parametrize("step", range(3))
def test_a_kill_while_putting_in_leaves_the_folder_here_or_there_and_whole(
    tmp_path: Path, trash: Trash, step: int
) -> None:
    folder = installed(tmp_path)
    done = run_python(CRASH, bin_of(tmp_path), "put", step, folder)
    assert done.returncode in {0, -9}, done.stderr
    entries = trash.entries()
    assert folder.exists() == (not entries)
    whole = folder if folder.exists() else bin_of(tmp_path) / entries[0].id
    assert (whole / "source" / "main.py").exists()
    assert (whole / MARKER_NAME).exists()
    trash.empty(check=never)
    assert {n for n in names(bin_of(tmp_path)) if not n.endswith(".tmp")} == set()
    assert folder.exists() == (not entries)


@pytest.mark.parametrize("step", range(2))
def test_a_kill_while_taking_back_leaves_the_folder_here_or_there_and_whole(
    tmp_path: Path, trash: Trash, step: int
) -> None:
    folder = installed(tmp_path)
    entry = put(trash, folder)
    assert run_python(CRASH, bin_of(tmp_path), "restore", step, entry.id).returncode == -9
    assert folder.exists() == (trash.entries() == [])
    if not folder.exists():
        trash.restore(entry.id)
    assert (folder / "source" / "main.py").exists()
    trash.empty(check=never)
    assert not names(bin_of(tmp_path))
    assert folder.exists()


@pytest.mark.parametrize("step", range(6))
def test_a_kill_while_emptying_never_leaves_half_a_folder_to_take_back(
    tmp_path: Path, trash: Trash, step: int
) -> None:
    entry = put(trash, installed(tmp_path))
    assert run_python(CRASH, bin_of(tmp_path), "empty", step).returncode == -9
    for listed in trash.entries():
        assert listed == entry
        assert (bin_of(tmp_path) / listed.id / "source" / "main.py").exists()
    trash.empty(check=never)
    assert not names(bin_of(tmp_path))


# --- Putting away for good ------------------------------------------------------------------------


def test_what_is_doomed_is_out_of_the_way_at_once_and_deleted_when_there_is_time(
    tmp_path: Path, trash: Trash
) -> None:
    folder = installed(tmp_path)
    taken = physical_size(folder).unique
    trash.doom(folder)
    assert not folder.exists()
    assert trash.entries() == []
    assert [path.name for path in trash.doomed()] == [f"{folder.name}.doomed"]
    assert trash.sweep(check=never) == taken
    assert trash.doomed() == []
    assert not names(bin_of(tmp_path))


def test_dooming_and_deleting_need_no_room_on_the_disk(tmp_path: Path) -> None:
    with mounted(tmp_path, size="2m") as volume:
        folder, trash = installed(volume), Trash(bin_of(volume))
        fill(volume)
        trash.doom(folder)
        assert not folder.exists()
        assert trash.sweep(check=never) > 0


def test_only_our_folders_are_doomed(tmp_path: Path, trash: Trash) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "link").symlink_to(installed(tmp_path))
    for path in (tmp_path / "foreign", tmp_path / "link", tmp_path / "absent"):
        with pytest.raises(ForeignFolder):
            trash.doom(path)
    assert (tmp_path / "link" / MARKER_NAME).is_file()


def test_a_folder_that_only_looks_doomed_stays(tmp_path: Path, trash: Trash) -> None:
    mine = bin_of(tmp_path) / "mine.doomed"
    mine.mkdir(parents=True)
    (mine / "art.png").write_text("art")
    assert trash.doomed() == []
    assert trash.sweep(check=never) == 0
    assert (mine / "art.png").read_text() == "art"


def test_a_cancelled_deletion_goes_on_with_the_next_sweep(tmp_path: Path, trash: Trash) -> None:
    def check() -> None:
        raise InterruptedError

    trash.doom(installed(tmp_path))
    entry = put(trash, installed(tmp_path, "v0.3.61"))
    with pytest.raises(InterruptedError):
        trash.sweep(check=check)
    assert trash.sweep(check=never) > 0
    assert trash.entries() == [entry], "what can be taken back is not swept"


# --- For too long ---------------------------------------------------------------------------------


def look(trash: Trash, entry_id: str, overdue_since: datetime | None) -> None:
    trash.note_look(entry_id, kept_since=MADE_AT, seen_at=MADE_AT, overdue_since=overdue_since)


def test_what_a_look_at_the_days_found_is_kept_with_the_entry(tmp_path: Path, trash: Trash) -> None:
    entry = put(trash, installed(tmp_path))
    assert entry.kept_since == entry.seen_at == entry.trashed_at
    seen = {"kept_since": MADE_AT, "seen_at": MADE_AT}
    for overdue in (MADE_AT, None):
        look(trash, entry.id, overdue)
        assert trash.entries() == [entry.model_copy(update=seen | {"overdue_since": overdue})]
    assert names(bin_of(tmp_path)) == {entry.id, f"{entry.id}.json"}
    with pytest.raises(NotInTrash):
        look(trash, "unknown", MADE_AT)


def test_looks_at_what_came_back_from_a_backup_do_not_count(tmp_path: Path, trash: Trash) -> None:
    entry = put(trash, installed(tmp_path))
    look(trash, entry.id, MADE_AT)
    folder = bin_of(tmp_path) / entry.id
    shutil.copytree(folder, tmp_path / "backup")
    folder.rename(tmp_path / "lost")
    (tmp_path / "backup").rename(folder)
    (back,) = trash.entries()
    assert (back.kept_since, back.seen_at, back.overdue_since) == (None, None, None)
    look(trash, entry.id, None)
    assert [one.kept_since for one in trash.entries()] == [MADE_AT]


def test_records_of_what_is_gone_are_tidied_away(tmp_path: Path, trash: Trash) -> None:
    trash.tidy()
    assert not bin_of(tmp_path).exists()
    gone, stays = put(trash, installed(tmp_path)), put(trash, installed(tmp_path, "v0.3.61"))
    (bin_of(tmp_path) / gone.id).rename(tmp_path / "moved by hand")
    (bin_of(tmp_path) / "notes.json").write_text("{}")
    trash.tidy()
    assert names(bin_of(tmp_path)) == {stays.id, f"{stays.id}.json", "notes.json"}


# --- Emptying -------------------------------------------------------------------------------------


def test_emptying_frees_what_the_entries_took(tmp_path: Path, trash: Trash) -> None:
    folders = [installed(tmp_path, f"v{number}") for number in range(2)]
    expected = sum(physical_size(folder).unique for folder in folders)
    for folder in folders:
        put(trash, folder)
    assert trash.empty(check=never) == expected > 0
    assert not names(bin_of(tmp_path))


def test_only_the_chosen_entries_are_deleted(tmp_path: Path, trash: Trash) -> None:
    first, second = (put(trash, installed(tmp_path, tag)) for tag in ("v1", "v2"))
    assert trash.empty([first.id], check=never) > 0
    assert trash.entries() == [second]
    assert names(bin_of(tmp_path)) == {second.id, f"{second.id}.json"}


@pytest.mark.parametrize("what", ["unknown", "without a marker", "damaged", "mounted"])
def test_one_that_cannot_be_deleted_is_named_and_does_not_keep_the_others(
    tmp_path: Path, trash: Trash, what: str
) -> None:
    bad, *others = (put(trash, installed(tmp_path, f"v{number}")) for number in range(3))
    folder = bin_of(tmp_path) / bad.id
    if what == "without a marker":
        (folder / MARKER_NAME).unlink()
    if what == "damaged":
        (bin_of(tmp_path) / f"{bad.id}.json").write_text("{")
    named = "unknown" if what == "unknown" else bad.id
    with mounted(folder / "source") if what == "mounted" else nullcontext():
        with pytest.raises((NotInTrash, MetadataCorrupt, NotWritable), match=named):
            trash.empty([named, *(entry.id for entry in others)], check=never)
        assert names(bin_of(tmp_path)) == {bad.id, f"{bad.id}.json"}
    assert (folder / "source" / "main.py").exists()


def test_a_sweep_goes_on_past_what_cannot_be_deleted(tmp_path: Path, trash: Trash) -> None:
    for number in range(3):
        trash.doom(installed(tmp_path, f"v{number}"))
    first, *_ = trash.doomed()
    with mounted(first / "source"), pytest.raises(NotWritable, match=first.name):
        trash.sweep(check=never)
    assert trash.doomed() == [first]
    assert trash.sweep(check=never) > 0


def test_why_a_folder_will_not_be_deleted_is_known_before(tmp_path: Path, trash: Trash) -> None:
    entry = put(trash, installed(tmp_path))
    folder = bin_of(tmp_path) / entry.id
    assert obstacle(folder) is None
    with mounted(folder / "source"):
        assert obstacle(folder) == f"{folder / 'source'} is mounted inside it"
    (folder / MARKER_NAME).unlink()
    assert obstacle(folder) == "its marker is gone or damaged"


def test_a_trash_that_may_not_be_read_is_a_problem_and_not_empty(
    tmp_path: Path, trash: Trash
) -> None:
    """As an ordinary user: root may read everything."""
    put(trash, installed(tmp_path))
    code = """
        import os, sys
        from pathlib import Path
        from backend.exceptions import NotWritable
        from backend.platform.trash import Trash

        os.chdir(sys.argv[1])
        if os.geteuid() == 0:
            os.setresuid(12345, 12345, 12345)
        trash = Trash(Path(".trash"))
        print([str(one.path) for one in trash.unreadable()])
        for ask in (trash.entries, trash.doomed, trash.tidy):
            try:
                print(ask())
            except NotWritable:
                print("refused")
    """
    bin_of(tmp_path).chmod(0)
    try:
        done = run_python(code, tmp_path / "versions")
    finally:
        bin_of(tmp_path).chmod(0o755)
    assert done.stdout == "['.trash']\nrefused\nrefused\nrefused\n", done.stderr


def test_what_is_linked_elsewhere_frees_nothing_and_stays_there(
    tmp_path: Path, trash: Trash
) -> None:
    folder = installed(tmp_path)
    (tmp_path / "cached").hardlink_to(folder / "source" / "main.py")
    taken = physical_size(folder).unique
    put(trash, folder)
    assert trash.empty(check=never) == taken
    assert (tmp_path / "cached").read_text().startswith("print")


def test_no_link_is_followed(tmp_path: Path, trash: Trash) -> None:
    folder, of_the_user = installed(tmp_path), tmp_path / "output"
    of_the_user.mkdir()
    (of_the_user / "art.png").write_text("art")
    (folder / "output").symlink_to(of_the_user)
    (folder / "art").symlink_to(of_the_user / "art.png")
    (folder / "source" / "up").symlink_to("..")
    (folder / "source" / "loop").symlink_to("loop")
    put(trash, folder)
    trash.empty(check=never)
    assert (of_the_user / "art.png").read_text() == "art"
    assert not names(bin_of(tmp_path))


def test_a_folder_swapped_for_a_link_at_the_last_moment_leads_nowhere(
    tmp_path: Path, trash: Trash
) -> None:
    folder, of_the_user = installed(tmp_path), tmp_path / "output"
    for place in (of_the_user, folder / "sub"):
        place.mkdir()
        (place / "art.png").write_text("art")
    put(trash, folder)
    code = """
        import sys
        from pathlib import Path
        from backend.platform.trash import Trash

        def swap(event, arguments):
            if event == "open" and arguments[0] == "sub":
                for sub in Path(sys.argv[1]).glob("*.doomed/sub"):
                    sub.rename(sub.with_name("moved"))
                    sub.symlink_to(sys.argv[2])
                    print("swapped", flush=True)

        sys.addaudithook(swap)
        Trash(Path(sys.argv[1])).empty(check=lambda: None)
    """
    done = run_python(code, bin_of(tmp_path), of_the_user)
    assert done.stdout == "swapped\n"
    assert "NotWritable" in done.stderr
    assert (of_the_user / "art.png").read_text() == "art"
    trash.empty(check=never)
    assert (of_the_user / "art.png").read_text() == "art"
    assert not names(bin_of(tmp_path))


def test_what_lies_in_the_trash_without_our_marker_stays(
    tmp_path: Path, trash: Trash, caplog: pytest.LogCaptureFixture
) -> None:
    entry = put(trash, installed(tmp_path))
    foreign = bin_of(tmp_path) / "put here by hand"
    foreign.mkdir()
    (foreign / "art.png").write_text("art")
    (bin_of(tmp_path) / "link").symlink_to(tmp_path)
    (bin_of(tmp_path) / "notes.json").write_text("{}")
    (bin_of(tmp_path) / f"{entry.id}.json").unlink()
    assert trash.empty(check=never) > 0
    assert names(bin_of(tmp_path)) == {"put here by hand", "link", "notes.json"}
    assert (foreign / "art.png").exists()
    assert "put here by hand" in caplog.text


@pytest.mark.parametrize("name", ["my copy", "my copy.doomed", "v9-20250101000000-abcdef.doomed"])
def test_a_copy_of_a_folder_of_ours_stays_though_it_has_our_marker(
    tmp_path: Path, trash: Trash, name: str
) -> None:
    folder = installed(tmp_path)
    shutil.copytree(folder, bin_of(tmp_path) / name)
    put(trash, folder)
    trash.empty(check=never)
    trash.sweep(check=never)
    assert names(bin_of(tmp_path)) == {name}
    assert (bin_of(tmp_path) / name / "source" / "main.py").exists()


def test_an_entry_that_has_lost_its_marker_is_not_deleted(tmp_path: Path, trash: Trash) -> None:
    entry = put(trash, installed(tmp_path))
    (bin_of(tmp_path) / entry.id / MARKER_NAME).unlink()
    with pytest.raises(NotInTrash, match="its marker is gone"):
        trash.empty([entry.id], check=never)
    assert trash.empty(check=never) == 0
    assert (bin_of(tmp_path) / entry.id / "source" / "main.py").exists()


def test_a_damaged_record_is_told_where_it_is_asked_for_and_nothing_is_lost(
    tmp_path: Path, trash: Trash, caplog: pytest.LogCaptureFixture
) -> None:
    entry, other = (put(trash, installed(tmp_path, tag)) for tag in ("v1", "v2"))
    (bin_of(tmp_path) / f"{entry.id}.json").write_text("{")
    for ask in (trash.restore, trash.payload):
        with pytest.raises(MetadataCorrupt):
            ask(entry.id)
    assert trash.entries() == [other]
    assert [one.path.name for one in trash.unreadable()] == [f"{entry.id}.json"]
    assert f"{entry.id}.json is left out" in caplog.text
    assert (bin_of(tmp_path) / entry.id / "source" / "main.py").exists()


@pytest.mark.parametrize(
    "content", [b"{}", b"", b"\xff", b'{"schema": 1, "id": ".", "original": "x"}']
)
@pytest.mark.parametrize("name", ["notes.json", ".json", "20261120-120000-abcdef.json"])
def test_a_foreign_record_stops_neither_listing_nor_restoring_nor_emptying(
    tmp_path: Path, trash: Trash, name: str, content: bytes
) -> None:
    first, second = (put(trash, installed(tmp_path, tag)) for tag in ("v1", "v2"))
    (bin_of(tmp_path) / name).write_bytes(content)
    (bin_of(tmp_path) / "folder.json").mkdir()
    assert trash.entries() == [second, first]
    trash.restore(first.id)
    assert trash.empty(check=never) > 0
    assert names(bin_of(tmp_path)) == {name, "folder.json"}


def test_a_record_under_the_name_of_another_is_not_believed(tmp_path: Path, trash: Trash) -> None:
    entry = put(trash, installed(tmp_path))
    record = bin_of(tmp_path) / f"{entry.id}.json"
    (bin_of(tmp_path) / "20261120-120000-abcdef.json").write_bytes(record.read_bytes())
    assert trash.entries() == [entry]
    with pytest.raises(MetadataCorrupt, match="it tells of"):
        trash.restore("20261120-120000-abcdef")


# --- Another place --------------------------------------------------------------------------------


def test_the_record_names_the_place_relative_to_the_folder_of_the_trash(
    tmp_path: Path, trash: Trash
) -> None:
    entry = put(trash, installed(tmp_path))
    record = json.loads((bin_of(tmp_path) / f"{entry.id}.json").read_text())
    assert record["original"] == ".store/v0.3.60-op1"


def test_in_a_copied_root_what_is_taken_back_stays_in_the_copy(
    tmp_path: Path, trash: Trash
) -> None:
    folder = installed(tmp_path)
    entry = put(trash, folder)
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "versions", copy / "versions")
    copied = Trash(bin_of(copy))
    here = copy / folder.relative_to(tmp_path)
    assert [listed.original for listed in copied.entries()] == [here]
    assert copied.restore(entry.id) == here
    assert (here / MARKER_NAME).is_file()
    assert not folder.exists()
    assert trash.entries() == [entry]


@pytest.mark.parametrize(
    "place", ["/outside/x", "../x", ".store/../../x", "out/x", "out/deep/x", "loop/../../x", "."]
)
def test_a_place_outside_is_refused(tmp_path: Path, trash: Trash, place: str) -> None:
    entry = put(trash, installed(tmp_path))
    (tmp_path / "outside").mkdir()
    (tmp_path / "versions" / "out").symlink_to(tmp_path / "outside")
    (tmp_path / "versions" / "loop").symlink_to("loop")
    record = bin_of(tmp_path) / f"{entry.id}.json"
    changed = json.loads(record.read_text()) | {"original": place}
    del changed["crc32"]
    record.write_text(json.dumps(changed))
    assert trash.entries() == []
    with pytest.raises(MetadataCorrupt, match="leads out of"):
        trash.restore(entry.id)
    assert (bin_of(tmp_path) / entry.id / MARKER_NAME).is_file()
    assert list((tmp_path / "outside").iterdir()) == []


# --- Looking in -----------------------------------------------------------------------------------


def test_an_entry_can_be_looked_into_before_it_is_taken_back(tmp_path: Path, trash: Trash) -> None:
    entry = put(trash, installed(tmp_path))
    assert trash.payload(entry.id) == bin_of(tmp_path) / entry.id
    assert (trash.payload(entry.id) / "source" / "main.py").is_file()
    for unknown in ("", ".", "..", "unknown", f"../.trash/{entry.id}", "v0.3.60"):
        with pytest.raises(NotInTrash):
            trash.payload(unknown)


@pytest.mark.parametrize("kind", ["another volume", "the same volume"])
def test_a_mounted_volume_is_never_entered(tmp_path: Path, trash: Trash, kind: str) -> None:
    folder, of_the_user = installed(tmp_path), tmp_path / "of the user"
    of_the_user.mkdir()
    (folder / "models here").mkdir()
    entry = put(trash, folder)
    inside = bin_of(tmp_path) / entry.id / "models here"
    mount = mounted(inside) if kind == "another volume" else bound(of_the_user, inside)
    with mount as volume:
        (volume / "model.safetensors").write_text("large")
        with pytest.raises(NotWritable, match="is mounted inside"):
            trash.empty(check=never)
        assert trash.entries() == [entry]
        assert (volume / "model.safetensors").exists()
    trash.empty(check=never)
    assert not names(bin_of(tmp_path))


def test_a_very_deep_tree_is_deleted(tmp_path: Path, trash: Trash) -> None:
    folder = installed(tmp_path)
    inner = os.open(folder, os.O_RDONLY)
    for _ in range(1500):  # deeper than a path can name
        os.mkdir("d", dir_fd=inner)
        inner, outer = os.open("d", os.O_RDONLY, dir_fd=inner), inner
        os.close(outer)
    os.mkfifo("pipe", dir_fd=inner)
    os.close(inner)
    put(trash, folder)
    trash.empty(check=never)
    assert not names(bin_of(tmp_path))


def test_odd_names_and_kinds_are_deleted(tmp_path: Path, trash: Trash) -> None:
    folder = installed(tmp_path)
    os.mkfifo(folder / "pipe")
    for name in (b"\xff\xfe", b"new\nline", b"-rf", b" ", b"x" * 255):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).mkdir()
    put(trash, folder)
    trash.empty(check=never)
    assert not names(bin_of(tmp_path))


def test_read_only_files_and_folders_are_deleted(tmp_path: Path, trash: Trash) -> None:
    """As an ordinary user: git's objects are read-only, and root would not notice."""
    folder = installed(tmp_path)
    (folder / "source" / "main.py").chmod(0o400)
    (folder / "source").chmod(0o500)
    put(trash, folder)
    code = """
        import os, sys
        from pathlib import Path
        from backend.platform.trash import Trash
        if os.geteuid() == 0:
            for folder, _, files in os.walk(sys.argv[1]):
                for path in (folder, *(os.path.join(folder, name) for name in files)):
                    os.chown(path, 12345, 12345)
            os.chdir(sys.argv[1])
            os.setresuid(12345, 12345, 12345)
        print(Trash(Path(".")).empty(check=lambda: None) > 0)
    """
    done = run_python(code, bin_of(tmp_path))
    assert done.stdout == "True\n", done.stderr
    assert not names(bin_of(tmp_path))


def test_a_cancelled_emptying_goes_on_the_next_time(tmp_path: Path, trash: Trash) -> None:
    entries = [put(trash, installed(tmp_path, f"v{number}")) for number in range(2)]
    calls = iter(range(100))

    def check() -> None:
        if next(calls) == 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        trash.empty(check=check)
    assert trash.entries() == []
    with pytest.raises(NotInTrash):
        trash.restore(entries[0].id)
    trash.empty(check=never)
    assert not names(bin_of(tmp_path))


def test_another_one_may_finish_between_finding_and_looking(tmp_path: Path, trash: Trash) -> None:
    put(trash, installed(tmp_path))
    (bin_of(tmp_path) / "old.doomed").mkdir()
    code = """
        import os, sys
        from pathlib import Path
        from backend.platform.trash import Trash

        def finish(event, arguments):
            if event in {"os.listdir", "os.scandir"} and str(arguments[0]).endswith("old.doomed"):
                if os.path.isdir(arguments[0]):
                    os.rmdir(arguments[0])
                    print("finished", flush=True)

        sys.addaudithook(finish)
        print(Trash(Path(sys.argv[1])).empty(check=lambda: None) > 0)
    """
    done = run_python(code, bin_of(tmp_path))
    assert done.stdout == "finished\nTrue\n", done.stderr
    assert done.stderr == ""
    assert not names(bin_of(tmp_path))


def test_two_may_empty_at_once(tmp_path: Path, trash: Trash) -> None:
    for number in range(10):
        put(trash, installed(tmp_path, f"v{number}"))
    with ThreadPoolExecutor(3) as pool:
        freed = [pool.submit(Trash(bin_of(tmp_path)).empty, check=never) for _ in range(3)]
    assert sum(done.result() for done in freed) > 0
    assert not names(bin_of(tmp_path))
