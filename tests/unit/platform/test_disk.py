from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from backend.exceptions import DiskFailed, DiskFull, PathNotFound
from backend.file_utils import storage_errors
from backend.platform.disk import (
    DiskUse,
    RoomWatch,
    naming_needed,
    physical_size,
    require_free,
)
from tests.fakes.ports import Clock
from tests.helpers.volumes import mounted

BLOCK = 4096  # what one small file takes; the folders of pytest lie on such a volume


def file(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def taken(*paths: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in paths)


def test_an_empty_folder_takes_no_more_than_itself(tmp_path: Path) -> None:
    assert physical_size(tmp_path) == DiskUse(logical=0, unique=taken(tmp_path), files=0)


def test_files_in_folders_are_added_up(tmp_path: Path) -> None:
    one, two = file(tmp_path / "a" / "b" / "one", 10_000), file(tmp_path / "two", 3)
    use = physical_size(tmp_path)
    folders = taken(tmp_path, tmp_path / "a", tmp_path / "a" / "b")
    assert use == DiskUse(logical=10_003, unique=taken(one, two) + folders, files=2)
    assert use.unique >= 10_003


def test_a_file_that_is_also_linked_from_outside_would_free_nothing(tmp_path: Path) -> None:
    inside = file(tmp_path / "in" / "one", 10_000)
    (tmp_path / "outside").hardlink_to(inside)
    folder = taken(tmp_path / "in")
    assert physical_size(tmp_path / "in") == DiskUse(logical=10_000, unique=folder, files=1)


def test_a_file_with_every_link_inside_is_freed_once(tmp_path: Path) -> None:
    one = file(tmp_path / "one", 10_000)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "two").hardlink_to(one)
    once = taken(one, tmp_path, tmp_path / "sub")
    assert physical_size(tmp_path) == DiskUse(logical=20_000, unique=once, files=2)


def test_the_hole_in_a_sparse_file_takes_no_room(tmp_path: Path) -> None:
    sparse = file(tmp_path / "sparse", 1)
    os.truncate(sparse, 50_000_000)
    use = physical_size(tmp_path)
    assert use.logical == 50_000_000
    assert use.unique == taken(sparse, tmp_path) <= 3 * BLOCK


def test_links_are_counted_and_not_followed(tmp_path: Path) -> None:
    file(tmp_path / "elsewhere" / "large", 1_000_000)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link to folder").symlink_to(tmp_path / "elsewhere")
    (inside / "link to file").symlink_to(tmp_path / "elsewhere" / "large")
    (inside / "loop").symlink_to(inside)
    use = physical_size(inside)
    assert use.files == 3
    assert use.logical < 1000


def test_another_volume_inside_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "mount").mkdir()
    with mounted(tmp_path / "mount") as volume:
        file(volume / "large", 100_000)
        assert physical_size(tmp_path).files == 0


def test_a_very_deep_tree_is_measured(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 500)
    file(deep / "file", 7)
    assert physical_size(tmp_path).logical == 7


def test_files_may_vanish_while_we_measure(tmp_path: Path) -> None:
    for number in range(50):
        file(tmp_path / str(number) / "file", 1)

    def remove_one() -> None:
        for found in tmp_path.glob("*/file"):
            found.unlink()
            found.parent.rmdir()
            return

    assert physical_size(tmp_path, check=remove_one).files < 50


def test_a_cancel_ends_the_measuring(tmp_path: Path) -> None:
    def check() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        physical_size(tmp_path, check=check)


def test_what_is_no_folder_cannot_be_measured(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for path in (tmp_path / "file", tmp_path / "link", tmp_path / "absent"):
        with pytest.raises(PathNotFound):
            physical_size(path)


def test_enough_room_is_enough(tmp_path: Path) -> None:
    with mounted(tmp_path, size="1m") as volume:
        require_free(volume / "not" / "there", 900_000, 0)


def test_too_little_room_is_told_with_all_numbers(tmp_path: Path) -> None:
    with mounted(tmp_path, size="1m") as volume, pytest.raises(DiskFull) as caught:
        require_free(volume, 2_000_000, 5000)
    assert caught.value.context["needed"] == 2_000_000
    assert caught.value.context["free"] == 1024 * 1024
    assert "2.0 MB needed, 5.0 kB to be kept free, 1.0 MB free" in caught.value.message


def test_five_percent_and_what_is_kept_are_left_free(tmp_path: Path) -> None:
    with mounted(tmp_path, size="1m") as volume:
        for needed, keep_free in ((1024 * 1024 - 100, 0), (900_000, 200_000)):
            with pytest.raises(DiskFull):
                require_free(volume, needed, keep_free)


def test_work_is_ended_before_the_disk_is_full(tmp_path: Path) -> None:
    clock = Clock()
    with mounted(tmp_path, size="1m") as volume:
        watch = RoomWatch(volume, needed=2_000_000, keep_free=500_000, clock=clock)
        watch.check()
        (volume / "packages").write_bytes(b"x" * 700_000)
        watch.check()  # it looks twice a second, not more often
        clock.pass_by(0.5)
        with pytest.raises(DiskFull) as caught:
            watch.check()
        assert caught.value.context["needed"] == 2_000_000
        (volume / "state.json").write_bytes(b"x" * 100_000)


def test_a_disk_that_a_tool_finds_full_is_told_with_what_the_work_needs(tmp_path: Path) -> None:
    with pytest.raises(DiskFull) as caught, naming_needed(7_000):
        raise DiskFull(tmp_path, needed=None, free=12)
    assert caught.value.context["needed"] == 7_000
    with pytest.raises(DiskFull) as caught, naming_needed(7_000):
        raise DiskFull(tmp_path, needed=41, free=12)
    assert caught.value.context["needed"] == 41


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (4096, "4.1 kB"), (999_949, "999.9 kB"), (999_960, "1.0 MB"),
     (512_000_000, "512.0 MB"), (999_999_999, "1.0 GB"), (7_500_000_000, "7.5 GB")],
)  # fmt: skip
def test_bytes_are_told_in_the_unit_that_fits(tmp_path: Path, count: int, words: str) -> None:
    assert f": {words} needed, 0 B free" in DiskFull(tmp_path, needed=count, free=0).message


def test_an_error_of_the_disk_itself_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(DiskFailed, match="EIO") as caught, storage_errors(tmp_path):
        raise OSError(errno.EIO, "Input/output error")
    assert "Check the disk" in caught.value.hint
