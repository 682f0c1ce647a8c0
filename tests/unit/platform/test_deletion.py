from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.exceptions import PathNotFound
from backend.platform.deletion import PhysicalPlan, bytes_in_words, look_at, mounts_below, summary
from backend.platform.trash import MARKER_NAME, Marker, Trash, write_marker
from tests.helpers.processes import run_python
from tests.helpers.volumes import bound, mounted


def file(path: Path, size: int = 10_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(secrets.token_bytes(size))
    return path


def taken(*paths: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in paths)


def canaries(folder: Path) -> dict[str, str]:
    """Everything in a folder, with a fingerprint of each file."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file() and not path.is_symlink()
        else ""
        for path in folder.rglob("*")
    }


def a_version(base: Path) -> Path:
    """What an installation can hold at its worst: hardlinks, links out, loops, pipes, holes."""
    store, user = base / ".store" / "v1-op", base / "of the user"
    file(user / "models" / "large.safetensors", 300_000)
    file(user / "art.png", 5_000)
    store.mkdir(parents=True)
    write_marker(store, Marker(operation_id="op", tag="v1", created_at=datetime.now(UTC)))
    for number in range(30):
        file(store / "venv" / f"package {number % 5}" / f"{number}.py", 3_000)
    cached = file(base / ".cache" / "torch.so", 200_000)
    (store / "venv" / "torch.so").hardlink_to(cached)
    (store / "venv" / "twice.so").hardlink_to(file(store / "venv" / "once.so", 50_000))
    (store / "models").symlink_to(user / "models")
    (store / "art").symlink_to(user / "art.png")
    (store / "venv" / "loop").symlink_to(store)
    (store / "venv" / "nowhere").symlink_to("x" * 500)
    os.mkfifo(store / "venv" / "pipe")
    os.truncate(file(store / "sparse", 1), 40_000_000)
    return store


def put_into_trash(base: Path, store: Path) -> tuple[Trash, Path]:
    trash = Trash(base / ".trash")
    entry = trash.put(store, reason="removed", operation_id="op2")
    return trash, trash.payload(entry.id)


def free_on(volume: Path) -> int:
    found = os.statvfs(volume)
    return found.f_bfree * found.f_frsize


@contextmanager
def ext4(tmp_path: Path) -> Iterator[Path]:
    """A volume where folders and long links take room too; skipped where none can be made."""
    image, folder = tmp_path / "image", tmp_path / "ext4"
    folder.mkdir()
    image.touch()
    os.truncate(image, 32_000_000)
    try:
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", image, folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs mkfs.ext4 and the right to mount: {error}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


# --- What is told is what happens -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_deleting_frees_to_the_byte_what_was_told_and_touches_nothing_else(
    tmp_path: Path, kind: str
) -> None:
    (tmp_path / "tmpfs").mkdir()
    volume = mounted(tmp_path / "tmpfs", size="8m") if kind == "tmpfs" else ext4(tmp_path)
    with volume as base:
        trash, payload = put_into_trash(base, a_version(base))
        user, cache = canaries(base / "of the user"), canaries(base / ".cache")
        plan = look_at([payload])
        record = taken(base / ".trash" / f"{payload.name}.json")
        os.sync()
        before = free_on(base)
        freed = trash.empty(check=lambda: None)
        os.sync()
        assert freed == plan.frees
        assert free_on(base) - before == plan.frees + record
        assert (canaries(base / "of the user"), canaries(base / ".cache")) == (user, cache)
        assert list((base / ".trash").iterdir()) == [base / ".trash" / ".lock"]


def test_what_a_version_holds_is_counted_by_its_kind(tmp_path: Path) -> None:
    store = a_version(tmp_path)
    plan = look_at([store])
    assert (plan.files, plan.folders, plan.links) == (1 + 30 + 3 + 2, 7, 4)
    assert plan.shared == taken(store / "venv" / "torch.so")
    assert plan.outside == 0
    assert plan.mounts == ()
    assert 180_000 < plan.frees < 400_000
    assert plan.logical > 40_000_000


def test_looking_changes_nothing(tmp_path: Path) -> None:
    def stamps() -> dict[Path, tuple[int, ...]]:
        found = {path: path.lstat() for path in tmp_path.rglob("*")}
        return {p: (s.st_mode, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for p, s in found.items()}

    a_version(tmp_path)
    before = stamps()
    look_at([tmp_path])
    assert stamps() == before


# --- Hardlinks ------------------------------------------------------------------------------------


def test_a_file_with_names_in_two_folders_is_freed_only_with_both(tmp_path: Path) -> None:
    one = file(tmp_path / "a" / "one")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two").hardlink_to(one)
    a, b = tmp_path / "a", tmp_path / "b"
    alone, both = look_at([a]), look_at([a, b])
    assert (alone.frees, alone.shared) == (taken(a), taken(one))
    assert (both.frees, both.shared) == (taken(a, b, one), 0)


def test_a_folder_that_is_named_twice_or_lies_in_another_counts_once(tmp_path: Path) -> None:
    file(tmp_path / "a" / "inner" / "one")
    once = look_at([tmp_path / "a"])
    assert look_at([tmp_path / "a", tmp_path / "a"]) == once
    assert look_at([tmp_path / "a" / "inner", tmp_path / "a"]) == once
    assert look_at([tmp_path / "a", tmp_path / "a" / "inner"]) == once


# --- Links and mounts -----------------------------------------------------------------------------


def test_what_a_link_leads_to_is_not_looked_at(tmp_path: Path) -> None:
    file(tmp_path / "large" / "model.safetensors", 1_000_000)
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, target in {"a": str(tmp_path / "large"), "b": ".", "c": "..", "d": "/"}.items():
        (folder / name).symlink_to(target)
    (folder / "e").symlink_to("e")
    plan = look_at([folder])
    assert (plan.files, plan.folders, plan.links) == (0, 1, 5)
    assert plan.frees == taken(folder, *folder.iterdir())


def test_a_volume_mounted_inside_is_told_and_not_entered(tmp_path: Path) -> None:
    inside = tmp_path / "store" / "a folder\twith\\odd name"
    inside.mkdir(parents=True)
    with mounted(inside) as volume:
        file(volume / "model.safetensors", 100_000)
        plan = look_at([tmp_path / "store"])
    assert (plan.files, plan.folders) == (0, 1)
    assert plan.mounts == (str(inside),)


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_bound_inside_from_the_same_volume_is_told_and_not_entered(
    tmp_path: Path, kind: str
) -> None:
    user, store = tmp_path / "of the user", tmp_path / "store"
    file(user / "model.safetensors", 100_000)
    inside = store / "models"
    if kind == "file":
        user = file(user / "single.safetensors")
        file(inside, 1)
    else:
        inside.mkdir(parents=True)
    with bound(user, inside):
        assert inside.lstat().st_dev == store.lstat().st_dev
        assert mounts_below(store) == [str(inside)]
        plan = look_at([store])
    assert (plan.files, plan.folders, plan.frees) == (0, 1, taken(store))
    assert plan.mounts == (str(inside),)


def test_a_folder_bound_into_itself_is_no_circle(tmp_path: Path) -> None:
    store = tmp_path / "store"
    (store / "again").mkdir(parents=True)
    with bound(tmp_path, store / "again"):
        plan = look_at([store])
    assert plan.folders == 1
    assert plan.mounts == (str(store / "again"),)


def test_a_folder_that_is_itself_a_mount_is_told(tmp_path: Path) -> None:
    with mounted(tmp_path) as volume:
        file(volume / "one")
        assert look_at([volume]).mounts == (str(volume),)


# --- What changes while we look -------------------------------------------------------------------


def test_a_folder_swapped_for_a_link_while_we_look_is_told_as_outside(tmp_path: Path) -> None:
    """The figure is found out: here the walk is led out by a swap, and it is not zero."""
    (tmp_path / "store" / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "user" / "b" / "c").mkdir(parents=True)
    model = file(tmp_path / "user" / "b" / "c" / "model.safetensors", 100_000)
    calls = iter(range(100))

    def swap() -> None:
        if next(calls) == 2:  # the walk has seen `a`, and looks into `a/b` next
            (tmp_path / "store" / "a").rename(tmp_path / "moved away")
            (tmp_path / "store" / "a").symlink_to(tmp_path / "user")

    plan = look_at([tmp_path / "store"], check=swap)
    assert plan.outside == taken(model, model.parent, model.parent.parent)
    assert plan.files == 0
    assert model.exists()


def test_a_folder_moved_out_while_we_look_is_left_out(tmp_path: Path) -> None:
    file(tmp_path / "store" / "a" / "one")
    calls = iter(range(100))

    def move() -> None:
        if next(calls) == 1:
            (tmp_path / "store" / "a").rename(tmp_path / "moved away")

    plan = look_at([tmp_path / "store"], check=move)
    assert (plan.files, plan.folders, plan.outside) == (0, 1, 0)


def test_a_folder_that_becomes_a_file_or_a_link_while_we_look_is_left_out(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "store" / name).mkdir(parents=True)
    calls = iter(range(100))

    def swap() -> None:
        if next(calls) == 1:
            for name in ("a", "b"):
                (tmp_path / "store" / name).rmdir()
            (tmp_path / "store" / "a").symlink_to(tmp_path)
            (tmp_path / "store" / "b").touch()

    assert look_at([tmp_path / "store"], check=swap).folders == 1


def test_a_tree_deeper_than_a_path_can_name_is_looked_through(tmp_path: Path) -> None:
    inner = os.open(tmp_path, os.O_RDONLY)
    for _ in range(120):
        os.mkdir("d" * 100, dir_fd=inner)
        inner, outer = os.open("d" * 100, os.O_RDONLY, dir_fd=inner), inner
        os.close(outer)
    os.close(os.open("last", os.O_CREAT | os.O_WRONLY, dir_fd=inner))
    os.close(inner)
    plan = look_at([tmp_path])
    assert (plan.files, plan.folders, plan.outside) == (1, 121, 0)
    trash = Trash(tmp_path / ".trash")  # which also takes it away again
    for top in tmp_path.glob("d*"):
        ours = top.rename(tmp_path / "v1-op")
        write_marker(ours, Marker(operation_id="op", tag="v1", created_at=datetime.now(UTC)))
        trash.doom(ours)
    assert trash.sweep(check=lambda: None) > 0


def test_names_of_all_bytes_are_counted(tmp_path: Path) -> None:
    for name in (b"\xff\xfe", b"new\nline", b"-rf", b" ", b"x" * 255, b"\xe2\x80\xaertl"):
        file(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)), 1)
    assert look_at([tmp_path]).files == 6


def test_a_cancel_ends_the_look(tmp_path: Path) -> None:
    def check() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        look_at([tmp_path], check=check)


@pytest.mark.parametrize("kind", ["file", "link", "absent"])
def test_what_is_no_folder_cannot_be_looked_at(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(PathNotFound):
        look_at([tmp_path / kind])


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    """As an ordinary user: root may read everything."""
    (tmp_path / "closed").mkdir()
    code = """
        import os, sys
        from pathlib import Path
        from backend.exceptions import NotWritable
        from backend.platform.deletion import look_at
        os.chdir(sys.argv[1])
        Path("closed").chmod(0)
        if os.geteuid() == 0:
            os.chown(".", 12345, 12345)
            os.chown("closed", 12345, 12345)
            os.setresuid(12345, 12345, 12345)
        try:
            look_at([Path(".")])
        except NotWritable as error:
            print(error.code)
    """
    done = run_python(code, tmp_path)
    assert done.stdout == "not-writable\n", done.stderr


# --- Words ----------------------------------------------------------------------------------------


def a_plan(**values: int) -> PhysicalPlan:
    empty = dict.fromkeys(("frees", "shared", "files", "folders", "links", "outside", "logical"), 0)
    return PhysicalPlan(**{**empty, **values}, mounts=())


def test_a_plan_is_one_sentence() -> None:
    plan = a_plan(frees=412_300_000, links=37)
    assert summary(plan) == "frees 412 MB; 37 links unlinked; 0 bytes outside"
    plan = a_plan(frees=1, links=1, outside=4_096)
    assert summary(plan) == "frees 1 byte; 1 link unlinked; 4.1 kB outside"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_951, "10 kB"),
        (999_499, "999 kB"),
        (999_501, "1.0 MB"),
        (7_500_000_000, "7.5 GB"),
        (123_400_000_000_000, "123 TB"),
        (5_000_000_000_000_000, "5000 TB"),
    ],
)
def test_bytes_are_told_in_the_unit_that_a_person_would_choose(count: int, words: str) -> None:
    assert bytes_in_words(count) == words


def test_the_marker_counts_too(tmp_path: Path) -> None:
    write_marker(tmp_path, Marker(operation_id="op", tag="v1", created_at=datetime.now(UTC)))
    assert look_at([tmp_path]).frees == taken(tmp_path, tmp_path / MARKER_NAME)
