from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from backend.exceptions import ForeignFolder, NotWritable
from backend.platform.links import leads_to, link_target, opened_below, remove_link, replace_link


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_new_link_leads_to_its_target(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    replace_link(tmp_path / "versions" / "link", tmp_path / "one")
    assert (tmp_path / "versions" / "link").readlink() == tmp_path / "one"


def test_replacing_a_link_leaves_both_targets_and_no_temporary_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    replace_link(tmp_path / "link", tmp_path / "one")
    replace_link(tmp_path / "link", tmp_path / "two")
    assert (tmp_path / "link" / "file").read_text() == "two"
    assert (tmp_path / "one" / "file").read_text() == "one"
    assert names(tmp_path) == {"one", "two", "link"}


def test_a_link_is_there_at_every_moment_of_a_swap(tmp_path: Path) -> None:
    targets = [tmp_path / "one", tmp_path / "two"]
    for target in targets:
        target.mkdir()
    link, done, seen = tmp_path / "link", threading.Event(), set[Path | None]()
    replace_link(link, targets[0])

    def look() -> None:
        while not done.is_set():
            seen.add(link_target(link))

    watcher = threading.Thread(target=look)
    watcher.start()
    for number in range(100):
        replace_link(link, targets[number % 2])
    done.set()
    watcher.join()
    assert seen <= set(targets)


@pytest.mark.parametrize("kind", ["folder", "full folder", "file"])
def test_what_is_not_a_link_is_never_replaced_or_removed(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "place"
    if kind == "file":
        place.write_text("of the user")
    else:
        place.mkdir()
    if kind == "full folder":
        (place / "file").write_text("of the user")
    with pytest.raises(ForeignFolder):
        replace_link(place, tmp_path)
    with pytest.raises(ForeignFolder):
        remove_link(place)
    assert place.exists()
    assert not place.is_symlink()
    assert names(tmp_path) == {"place"}


def test_a_link_that_leads_nowhere_can_be_replaced_and_removed(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "gone")
    replace_link(link, tmp_path / "also gone")
    assert link_target(link) == tmp_path / "also gone"
    remove_link(link)
    assert not names(tmp_path)


def test_removing_a_link_leaves_what_it_led_to(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "file").touch()
    replace_link(tmp_path / "link", tmp_path / "one")
    remove_link(tmp_path / "link")
    assert names(tmp_path) == {"one"}
    assert names(tmp_path / "one") == {"file"}


def test_removing_a_link_that_is_not_there_is_fine(tmp_path: Path) -> None:
    remove_link(tmp_path / "link")
    remove_link(tmp_path / "no folder" / "link")


def test_the_target_is_one_step_away_and_absolute(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "first").symlink_to("../second")
    (tmp_path / "second").symlink_to("third")
    assert link_target(tmp_path / "sub" / "first") == tmp_path / "second"
    assert link_target(tmp_path / "second") == tmp_path / "third"


def test_there_is_no_target_where_there_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert link_target(tmp_path / "file") is None
    assert link_target(tmp_path) is None
    assert link_target(tmp_path / "absent") is None


def test_a_link_may_have_the_longest_name_and_one_that_is_too_long_is_told(tmp_path: Path) -> None:
    replace_link(tmp_path / ("x" * 255), tmp_path)
    assert (tmp_path / ("x" * 255)).readlink() == tmp_path
    with pytest.raises(NotWritable, match="too long for this disk"):
        replace_link(tmp_path / ("x" * 256), tmp_path)
    assert names(tmp_path) == {"x" * 255}


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotWritable):
        replace_link(tmp_path / "file" / "link", tmp_path)


# --- Folders without a link on the way


def test_a_folder_is_opened_below_another_and_made_where_it_is_missing(tmp_path: Path) -> None:
    with opened_below(tmp_path / "root", "a/b", make=True) as folder:
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    assert (tmp_path / "root" / "a" / "b" / "file").exists()
    with opened_below(tmp_path, "root/a/b/") as folder:
        assert os.listdir(folder) == ["file"]  # noqa: PTH208
    with pytest.raises(FileNotFoundError), opened_below(tmp_path, "root/c"):
        pass
    assert names(tmp_path / "root") == {"a"}


@pytest.mark.parametrize("make", [False, True])
@pytest.mark.parametrize("way", ["link", "link/inner", "file", "file/inner", "dangling/inner"])
def test_no_folder_is_opened_through_a_link_or_a_file(tmp_path: Path, way: str, make: bool) -> None:
    (tmp_path / "outside" / "inner").mkdir(parents=True)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "root" / "dangling").symlink_to(tmp_path / "made")
    (tmp_path / "root" / "file").touch()
    with (
        pytest.raises(OSError, match="Not a directory"),
        opened_below(tmp_path / "root", way, make=make),
    ):
        pass
    assert names(tmp_path) == {"outside", "root"}


def test_a_link_leads_to_a_place_by_whatever_name_that_is_reached(tmp_path: Path) -> None:
    (tmp_path / "real" / "store").mkdir(parents=True)
    (tmp_path / "other").symlink_to("real")
    (tmp_path / "link").symlink_to(tmp_path / "other" / "store")
    for name in ("real", "other"):
        assert leads_to(tmp_path / "link", tmp_path / name / "store")
        assert not leads_to(tmp_path / "link", tmp_path / name / "another")
    (tmp_path / "real" / "store").rmdir()
    assert leads_to(tmp_path / "link", tmp_path / "real" / "store")
    assert not leads_to(tmp_path / "real", tmp_path / "real")
    assert not leads_to(tmp_path / "absent", tmp_path / "real" / "store")
