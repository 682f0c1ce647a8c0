from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict
from pydantic import ValidationError as PydanticError

from backend.exceptions import DiskFull, MetadataCorrupt, MetadataFromTheFuture, NotWritable
from backend.file_utils import (
    Absent,
    Corrupt,
    Value,
    atomic_write_bytes,
    atomic_write_json,
    free_bytes,
    read_json,
    refuse_newer_schema,
    value_or_none,
)
from backend.seals import sealed
from tests.helpers.processes import run_python, start_python
from tests.helpers.volumes import fill, mounted


class Record(BaseModel):
    """A state file with a default, so that a lost field would show as one."""

    model_config = ConfigDict(extra="forbid")

    tags: list[str]
    count: int = 0


class Lenient(BaseModel):
    """One that passes over fields that it does not know."""

    model_config = ConfigDict(extra="ignore")

    tags: list[str]


OLD = Record(tags=["v0.3.50"], count=1)
NEW = Record(tags=["v0.3.50", "v0.3.60"], count=2)


def written(folder: Path, *records: Record) -> Path:
    path = folder / "state.json"
    for record in records:
        atomic_write_json(path, record)
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_that_never_was_is_absent(tmp_path: Path) -> None:
    assert read_json(tmp_path / "state.json", Record) == Absent(tmp_path / "state.json")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert read_json(written(tmp_path, NEW), Record) == Value(NEW)


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    atomic_write_json(tmp_path / "a" / "b" / "state.json", NEW)
    assert read_json(tmp_path / "a" / "b" / "state.json", Record) == Value(NEW)


def test_a_write_keeps_the_version_before_it_and_nothing_else(tmp_path: Path) -> None:
    path = written(tmp_path, OLD, NEW)
    assert names(tmp_path) == {"state.json", "state.json.previous"}
    assert read_json(path.with_name("state.json.previous"), Record) == Value(OLD)


def test_a_file_that_is_gone_is_damage_and_not_absence(tmp_path: Path) -> None:
    path = written(tmp_path, OLD, NEW)
    path.unlink()
    found = read_json(path, Record)
    assert isinstance(found, Corrupt)
    assert found.recovered() == OLD


def test_a_file_cut_at_any_length_is_damage(tmp_path: Path) -> None:
    path = written(tmp_path, OLD, NEW)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        found = read_json(path, Record)
        assert isinstance(found, Corrupt), length
        assert found.recovered() == OLD


@pytest.mark.parametrize("model", [Record, Lenient])
def test_a_flipped_bit_is_damage_wherever_it_is(tmp_path: Path, model: type[BaseModel]) -> None:
    path = written(tmp_path, OLD, NEW)
    whole = path.read_bytes()
    for position in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[position // 8] ^= 1 << position % 8
        path.write_bytes(damaged)
        assert isinstance(read_json(path, model), Corrupt), position


def test_a_file_without_a_seal_is_judged_by_its_schema(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"tags": ["v0.3.60"]}')
    assert read_json(path, Record) == Value(Record(tags=["v0.3.60"]))
    path.write_text('{"tags": "v0.3.60"}')
    assert isinstance(read_json(path, Record), Corrupt)


def test_who_edits_a_file_by_hand_is_told_the_way_out(tmp_path: Path) -> None:
    path = written(tmp_path, NEW)
    path.write_text(path.read_text().replace('"count": 2', '"count": 3'))
    found = read_json(path, Record)
    assert isinstance(found, Corrupt)
    assert "remove its last field `crc32`" in found.reason
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-3], lines[-3].rstrip(","), "}"]))
    assert read_json(path, Record) == Value(NEW.model_copy(update={"count": 3}))


def test_a_damaged_file_is_not_taken_for_one_of_a_newer_launcher(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(sealed(b'{"schema": 9, "new": []}'))
    with pytest.raises(MetadataFromTheFuture):
        refuse_newer_schema(path, 1)
    path.write_bytes(path.read_bytes().replace(b"9", b"8"))
    refuse_newer_schema(path, 1)


def test_damage_without_a_previous_version_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, NEW)
    path.write_bytes(b'{"tags": [')
    found = read_json(path, Record)
    assert isinstance(found, Corrupt)
    with pytest.raises(MetadataCorrupt, match=r"state\.json is damaged"):
        found.recovered()


def test_a_value_or_none_is_found_only_where_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    assert value_or_none(read_json(path, Record)) is None
    written(tmp_path, OLD, NEW)
    assert value_or_none(read_json(path, Record)) == NEW
    path.write_bytes(b"{")
    assert value_or_none(read_json(path, Record)) == OLD
    path.with_name("state.json.previous").unlink()
    with pytest.raises(MetadataCorrupt):
        value_or_none(read_json(path, Record))


def test_damage_in_both_versions_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, OLD, NEW)
    path.write_bytes(b"")
    path.with_name("state.json.previous").write_bytes(b"{}")
    found = read_json(path, Record)
    assert isinstance(found, Corrupt)
    assert found.previous is None


def test_reading_damage_changes_nothing_on_the_disk(tmp_path: Path) -> None:
    path = written(tmp_path, OLD, NEW)
    path.write_bytes(b"\x00" * 40)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    read_json(path, Record)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_write_over_damage_sets_it_aside_and_keeps_the_sound_previous(tmp_path: Path) -> None:
    path = written(tmp_path, OLD, NEW)
    path.write_bytes(b"damage")
    atomic_write_json(path, NEW)
    assert path.with_name("state.json.damaged").read_bytes() == b"damage"
    assert names(tmp_path) == {"state.json", "state.json.previous", "state.json.damaged"}
    assert read_json(path, Record) == Value(NEW)
    assert read_json(path.with_name("state.json.previous"), Record) == Value(OLD)


def test_the_first_damage_and_the_latest_are_kept(tmp_path: Path) -> None:
    path = written(tmp_path, NEW)
    for damage in (b"first", b"second", b"third"):
        path.write_bytes(damage)
        atomic_write_json(path, NEW)
    kept = {name: (tmp_path / name).read_bytes() for name in names(tmp_path) - {"state.json"}}
    assert kept == {"state.json.damaged": b"first", "state.json.damaged-later": b"third"}


def test_damage_that_cannot_be_kept_is_not_written_over(tmp_path: Path) -> None:
    path = written(tmp_path, NEW)
    path.write_bytes(b"damage")
    for name in ("state.json.damaged", "state.json.damaged-later"):
        (tmp_path / name).mkdir()
    with pytest.raises(NotWritable):
        atomic_write_json(path, NEW)
    assert path.read_bytes() == b"damage"


def test_what_is_of_no_use_afterwards_is_kept_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    for _ in range(2):
        atomic_write_json(path, NEW, mode=0o600, keep_previous=False)
        path.write_bytes(b"damage")
        atomic_write_json(path, NEW, mode=0o600, keep_previous=False)
    assert names(tmp_path) == {"state.json"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_invalid_model_touches_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, OLD)
    before = path.stat()
    with pytest.raises(PydanticError):
        atomic_write_json(path, OLD.model_copy(update={"tags": "not a list"}))
    assert path.stat() == before
    assert names(tmp_path) == {"state.json"}


def test_an_invalid_model_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(PydanticError):
        atomic_write_json(tmp_path / "new" / "state.json", OLD.model_copy(update={"count": "x"}))
    assert not names(tmp_path)


def test_the_lock_is_held_while_the_file_changes(tmp_path: Path) -> None:
    path = written(tmp_path, OLD)
    seen = []

    @contextmanager
    def lock() -> Iterator[None]:
        seen.append(read_json(path, Record))
        yield
        seen.append(read_json(path, Record))

    atomic_write_json(path, NEW, lock=lock())
    assert seen == [Value(OLD), Value(NEW)]


def test_a_failing_write_leaves_the_old_content_and_no_temporary_file(tmp_path: Path) -> None:
    path = written(tmp_path, OLD)
    path.with_name("state.json.previous").mkdir()
    with pytest.raises(NotWritable):
        atomic_write_json(path, NEW)
    assert names(tmp_path) == {"state.json", "state.json.previous"}
    assert read_json(path, Record) == Value(OLD)


def test_a_folder_in_the_place_of_a_file_is_not_writable(tmp_path: Path) -> None:
    with pytest.raises(NotWritable, match="directory"):
        read_json(tmp_path, Record)


def test_a_file_in_the_place_of_a_folder_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "folder").touch()
    with pytest.raises(NotWritable):
        atomic_write_json(tmp_path / "folder" / "state.json", NEW)
    with pytest.raises(NotWritable):
        atomic_write_bytes(tmp_path / "folder" / "state.json", b"")


def test_on_a_volume_without_hardlinks_the_previous_version_is_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(source: object, target: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = written(tmp_path, OLD, NEW)
    assert read_json(path.with_name("state.json.previous"), Record) == Value(OLD)
    assert names(tmp_path) == {"state.json", "state.json.previous"}


def test_a_file_may_have_the_longest_name_and_one_that_is_too_long_is_told(tmp_path: Path) -> None:
    atomic_write_bytes(tmp_path / ("x" * 255), b"one")
    atomic_write_bytes(tmp_path / ("x" * 255), b"two")
    with pytest.raises(NotWritable, match="too long for this disk"):
        atomic_write_bytes(tmp_path / ("x" * 256), b"")
    assert names(tmp_path) == {"x" * 255}


def test_a_private_file_is_never_readable_by_others(tmp_path: Path) -> None:
    atomic_write_bytes(tmp_path / "token", b"secret", mode=0o600)
    atomic_write_bytes(tmp_path / "token", b"secret2", mode=0o600)
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_bytes_keep_no_previous_version_unless_asked(tmp_path: Path) -> None:
    atomic_write_bytes(tmp_path / "token", b"one")
    atomic_write_bytes(tmp_path / "token", b"two")
    assert names(tmp_path) == {"token"}


def test_a_link_is_replaced_and_what_it_led_to_is_left(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"not ours")
    (tmp_path / "token").symlink_to(tmp_path / "elsewhere")
    atomic_write_bytes(tmp_path / "token", b"ours")
    assert (tmp_path / "elsewhere").read_bytes() == b"not ours"


def test_a_full_disk_is_told_and_costs_neither_version(tmp_path: Path) -> None:
    with mounted(tmp_path) as volume:
        path = written(volume, OLD, NEW)
        fill(volume)
        with pytest.raises(DiskFull) as caught:
            atomic_write_json(path, Record(tags=["x" * 100_000]))
        assert read_json(path, Record) == Value(NEW)
        assert read_json(path.with_name("state.json.previous"), Record) == Value(OLD)
        assert names(volume) == {"filler", "state.json", "state.json.previous"}
        assert caught.value.context["free"] == 0
        assert isinstance(caught.value.context["needed"], int)
        assert caught.value.context["needed"] > 100_000


@pytest.mark.parametrize("room", [4096, 20_000, 60_000, 100_000])
def test_a_disk_that_fills_midway_leaves_no_temporary_bytes(tmp_path: Path, room: int) -> None:
    with mounted(tmp_path) as volume:
        path = written(volume, OLD)
        fill(volume, leave=room)
        with pytest.raises(DiskFull):
            atomic_write_json(path, Record(tags=["x" * 200_000]))
        assert names(volume) == {"filler", "state.json"}
        assert read_json(path, Record) == Value(OLD)


def test_a_write_that_the_system_cuts_off_leaves_the_old_content(tmp_path: Path) -> None:
    """Works without special rights: the system lets no file of that process pass 8,192 bytes."""
    path = written(tmp_path, OLD)
    code = """
        import resource, signal, sys
        from pathlib import Path
        from backend.file_utils import atomic_write_bytes
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        atomic_write_bytes(Path(sys.argv[1]), b"x" * 100_000)
    """
    done = run_python(code, path)
    assert "File too large" in done.stderr
    assert read_json(path, Record) == Value(OLD)
    assert names(tmp_path) == {"state.json"}


def test_free_room_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    with mounted(tmp_path, size="64k") as volume:
        assert free_bytes(volume / "not" / "there" / "yet") <= 64 * 1024


def test_eight_processes_lose_no_update_and_show_no_half_written_file(tmp_path: Path) -> None:
    path = written(tmp_path, Record(tags=[], count=0))
    code = """
        import sys
        from pathlib import Path
        from pydantic import BaseModel
        from backend.file_utils import Value, atomic_write_json, read_json
        from backend.platform.locks import FileLock

        class Record(BaseModel):
            tags: list[str]
            count: int

        path = Path(sys.argv[1])
        lock = FileLock(path.with_name("lock"), timeout_seconds=60)
        for step in range(25):
            found = read_json(path, Record)
            assert isinstance(found, Value), found
            with lock:
                found = read_json(path, Record)
                assert isinstance(found, Value), found
                tags = [*found.value.tags, f"{sys.argv[2]}-{step}"]
                atomic_write_json(path, Record(tags=tags, count=len(tags)), lock=lock)
    """
    writers = [start_python(code, path, number) for number in range(8)]
    said = [writer.communicate(timeout=60)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 8, said
    found = read_json(path, Record)
    assert isinstance(found, Value)
    assert found.value.count == 200
    assert len(set(found.value.tags)) == 200
    assert names(tmp_path) == {"state.json", "state.json.previous", "lock"}


def test_writers_without_a_lock_still_leave_a_whole_file(tmp_path: Path) -> None:
    path = written(tmp_path, NEW)
    code = """
        import sys
        from pathlib import Path
        from backend.file_utils import atomic_write_bytes
        content = b'{"tags": ["%s"], "count": 7}' % (sys.argv[2].encode() * 5000)
        for _ in range(50):
            atomic_write_bytes(Path(sys.argv[1]), content, keep_previous=True)
    """
    writers = [start_python(code, path, number) for number in range(3)]
    while any(writer.poll() is None for writer in writers):
        assert isinstance(read_json(path, Record), Value)
    said = [writer.communicate()[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 3, said
    assert names(tmp_path) == {"state.json", "state.json.previous"}


@pytest.mark.usefixtures("unmeasured")
def test_the_floor_below_everything_is_cheap_to_import() -> None:
    heavy = "requests urllib3 keyring git psutil sqlite3 packaging truststore fastapi asyncio"
    code = f"""
        import sys
        import backend.file_utils, backend.validators, backend.retry_utils
        import backend.logging_config
        import backend.platform.http, backend.platform.secrets, backend.platform.ports
        print(sorted(set("{heavy}".split()) & set(sys.modules)))
    """
    assert run_python(code).stdout.strip() == "[]"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_access_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(NotWritable):
        atomic_write_json(tmp_path / "state.json", NEW)
