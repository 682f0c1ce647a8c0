from __future__ import annotations

import json
from pathlib import Path

import pytest

from backend.exceptions import MetadataCorrupt, MetadataFromTheFuture, NotWritable
from backend.file_utils import DAMAGED_SUFFIX, PREVIOUS_SUFFIX
from backend.metadata_manager import ActiveVersion, MetadataManager
from backend.platform.locks import FileLock
from backend.seals import sealed, unsealed
from tests.fakes.ports import a_version, all_at_once
from tests.helpers.processes import start_python

TAG = "v0.3.64"
ONE, TWO = a_version(TAG), a_version(TAG, package_count=99)
DAMAGE = [b"", b"{", b"\x00" * 300, b"[]", b"null", b'{"tag": "v0.3.64"}', b"\xff\xfe\xfd"]


@pytest.fixture
def store(tmp_path: Path) -> MetadataManager:
    (tmp_path / "metadata" / "versions").mkdir(parents=True)
    return open_store(tmp_path)


def open_store(data: Path) -> MetadataManager:
    return MetadataManager(data, lock=FileLock(data / ".lock"))


def record(data: Path, tag: str = TAG) -> Path:
    return data / "metadata" / "versions" / f"{tag}.json"


def previous(path: Path) -> Path:
    return path.with_name(path.name + PREVIOUS_SUFFIX)


# --- Three outcomes


def test_what_never_was_is_absent(store: MetadataManager) -> None:
    assert store.version(TAG) is None
    assert store.versions().versions == {}
    assert store.versions().problems == []
    assert store.active() == ActiveVersion()
    assert store.environment_size("cpu") is None


def test_what_was_put_is_there_for_every_launcher(store: MetadataManager, tmp_path: Path) -> None:
    store.put(ONE)
    assert open_store(tmp_path).version(TAG) == ONE
    assert open_store(tmp_path).versions().versions == {TAG: ONE}


def test_the_file_carries_its_schema(store: MetadataManager, tmp_path: Path) -> None:
    store.put(ONE)
    assert json.loads(record(tmp_path).read_text())["schema"] == 1


@pytest.mark.parametrize("content", DAMAGE)
def test_damage_without_an_earlier_version_is_reported_and_never_empty(
    store: MetadataManager, tmp_path: Path, content: bytes
) -> None:
    store.put(ONE)
    record(tmp_path).write_bytes(content)
    with pytest.raises(MetadataCorrupt) as caught:
        store.version(TAG)
    assert str(record(tmp_path)) in caught.value.message
    seen = store.versions()
    assert seen.versions == {}
    assert [(p.path, p.recovered) for p in seen.problems] == [(record(tmp_path), False)]
    assert record(tmp_path).read_bytes() == content, "reading changes nothing"


@pytest.mark.parametrize("content", [*DAMAGE, None], ids=repr)
def test_the_earlier_version_counts_when_the_present_one_is_damaged_or_gone(
    store: MetadataManager, tmp_path: Path, content: bytes | None
) -> None:
    store.put(ONE)
    store.put(TWO)
    if content is None:
        record(tmp_path).unlink()
    else:
        record(tmp_path).write_bytes(content)
    assert store.version(TAG) == ONE
    seen = store.versions()
    assert seen.versions == {TAG: ONE}
    assert [problem.recovered for problem in seen.problems] == [True]


def test_damage_is_kept_aside_and_never_becomes_the_earlier_version(
    store: MetadataManager, tmp_path: Path
) -> None:
    store.put(ONE)
    store.put(TWO)
    record(tmp_path).write_bytes(b"{")
    store.put(TWO)
    assert store.version(TAG) == TWO
    path = record(tmp_path)
    assert path.with_name(path.name + DAMAGED_SUFFIX).read_bytes() == b"{"
    path.write_bytes(b"{")
    assert store.version(TAG) in {ONE, TWO}


def test_a_file_that_may_not_be_read_is_no_absence(store: MetadataManager, tmp_path: Path) -> None:
    record(tmp_path).mkdir()
    with pytest.raises(NotWritable):
        store.version(TAG)
    store.put(a_version("v0.3.63"))
    seen = store.versions()
    assert set(seen.versions) == {"v0.3.63"}
    assert [(p.path, p.recovered) for p in seen.problems] == [(record(tmp_path), False)]


def test_a_folder_of_records_that_may_not_be_read_is_told_and_not_taken_for_empty(
    store: MetadataManager, tmp_path: Path
) -> None:
    folder = tmp_path / "metadata" / "versions"
    folder.rmdir()
    folder.touch()
    [problem] = store.versions().problems
    assert (problem.path, problem.recovered) == (folder, False)


def test_a_record_that_tells_of_another_version_is_damage(
    store: MetadataManager, tmp_path: Path
) -> None:
    store.put(a_version("v0.3.63"))
    record(tmp_path).write_bytes(record(tmp_path, "v0.3.63").read_bytes())
    assert set(store.versions().versions) == {"v0.3.63"}
    with pytest.raises(MetadataCorrupt, match=r"v0\.3\.63"):
        store.version(TAG)


def test_a_date_without_its_zone_is_damage(store: MetadataManager, tmp_path: Path) -> None:
    store.put(ONE)
    text = unsealed(record(tmp_path).read_bytes())
    assert b"2025-10-08T06:01:17Z" in text
    record(tmp_path).write_bytes(text.replace(b"2025-10-08T06:01:17Z", b"2025-10-08T06:01:17"))
    with pytest.raises(MetadataCorrupt, match="released_at"):
        store.version(TAG)


@pytest.mark.parametrize("content", DAMAGE[:3])
def test_which_version_is_active_is_never_guessed(
    store: MetadataManager, tmp_path: Path, content: bytes
) -> None:
    store.change_active(lambda now: now.model_copy(update={"active": TAG}))
    (tmp_path / "active_version.json").write_bytes(content)
    with pytest.raises(MetadataCorrupt):
        store.active()
    with pytest.raises(MetadataCorrupt):
        store.change_active(lambda now: now)
    assert (tmp_path / "active_version.json").read_bytes() == content


@pytest.mark.parametrize("content", DAMAGE[:3])
def test_a_damaged_measure_is_measured_again(
    store: MetadataManager, tmp_path: Path, content: bytes
) -> None:
    store.remember_environment_size("cpu", 1000)
    (tmp_path / "metadata" / "size_cache.json").write_bytes(content)
    assert store.environment_size("cpu") is None
    store.remember_environment_size("cpu", 2000)
    assert store.environment_size("cpu") == 2000


def test_sizes_that_may_not_be_read_are_measured_again(
    store: MetadataManager, tmp_path: Path
) -> None:
    (tmp_path / "metadata" / "size_cache.json").mkdir(parents=True)
    assert store.environment_size("cpu") is None


# --- Newer launchers


@pytest.mark.parametrize("extra", [{}, {"a_new_field": [1, 2]}], ids=["as before", "new fields"])
@pytest.mark.parametrize("with_previous", [False, True])
def test_what_a_newer_launcher_wrote_is_refused_and_left_as_it_is(
    store: MetadataManager, tmp_path: Path, extra: dict[str, object], with_previous: bool
) -> None:
    store.put(ONE)
    if with_previous:
        store.put(TWO)
    content = json.loads(unsealed(record(tmp_path).read_bytes())) | {"schema": 2} | extra
    record(tmp_path).write_bytes(sealed(json.dumps(content).encode()))
    before = record(tmp_path).read_bytes()
    with pytest.raises(MetadataFromTheFuture) as caught:
        store.version(TAG)
    assert caught.value.context["schema"] == 2
    seen = store.versions()
    assert seen.versions == {}
    assert len(seen.problems) == 1
    assert record(tmp_path).read_bytes() == before


def test_the_active_version_of_a_newer_launcher_is_not_overwritten(
    store: MetadataManager, tmp_path: Path
) -> None:
    file = tmp_path / "active_version.json"
    file.write_text('{"schema": 3, "active": "v9", "profile": "work"}')
    with pytest.raises(MetadataFromTheFuture):
        store.change_active(lambda now: now)
    assert "work" in file.read_text()


# --- Removing


def test_a_removed_version_is_gone_for_good_also_as_an_earlier_one(
    store: MetadataManager, tmp_path: Path
) -> None:
    store.put(ONE)
    store.put(TWO)
    store.remove(TAG)
    assert store.version(TAG) is None
    assert store.versions().versions == {}
    assert not record(tmp_path).exists()
    assert not previous(record(tmp_path)).exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ActiveVersion(active=TAG, default=TAG), ActiveVersion()),
        (ActiveVersion(active=TAG, default="v1"), ActiveVersion(default="v1")),
        (ActiveVersion(active="v1", default=TAG), ActiveVersion(active="v1")),
        (ActiveVersion(active="v1", default="v1"), ActiveVersion(active="v1", default="v1")),
    ],
)
def test_a_removed_version_is_neither_active_nor_default(
    store: MetadataManager, before: ActiveVersion, after: ActiveVersion
) -> None:
    store.put(ONE)
    store.change_active(lambda _: before)
    store.remove(TAG)
    assert store.active() == after


def test_removing_what_is_not_there_is_no_trouble(store: MetadataManager) -> None:
    store.remove(TAG)
    assert store.versions().versions == {}


def test_a_tag_may_hold_every_sign_that_tags_have(store: MetadataManager) -> None:
    for tag in ("v1", "1.0+cu130", "master-0123abcd", "a_b.c-d"):
        store.put(a_version(tag))
        version = store.version(tag)
        assert version is not None
        assert version.tag == tag
    assert len(store.versions().versions) == 4


# --- Several at once

WRITER = """
    import sys
    from pathlib import Path
    from backend.metadata_manager import MetadataManager
    from backend.platform.locks import FileLock

    data, name = Path(sys.argv[1]), sys.argv[2]
    store = MetadataManager(data, lock=FileLock(data / ".lock"))
    for number in range(25):
        store.remember_environment_size(f"{name}-{number}", number)
        def count(now):
            steps = int(now.default or "0") + 1
            return now.model_copy(update={"default": str(steps)})
        store.change_active(count)
"""


def test_four_processes_lose_no_update(store: MetadataManager, tmp_path: Path) -> None:
    writers = [start_python(WRITER, tmp_path, name) for name in "abcd"]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
    assert store.active().default == "100"
    sizes = [store.environment_size(f"{name}-{number}") for name in "abcd" for number in range(25)]
    assert sizes == [*range(25)] * 4


def test_threads_lose_no_update(store: MetadataManager) -> None:
    def count(now: ActiveVersion) -> ActiveVersion:
        return now.model_copy(update={"default": str(int(now.default or "0") + 1)})

    all_at_once([lambda: [store.change_active(count) for _ in range(10)]] * 8)
    assert store.active().default == "80"


def test_a_reader_never_sees_half_a_record(store: MetadataManager, tmp_path: Path) -> None:
    store.put(ONE)

    def write() -> None:
        for number in range(60):
            store.put(a_version(TAG, package_count=number))

    def read() -> None:
        other = open_store(tmp_path)
        for _ in range(200):
            seen = other.versions()
            assert set(seen.versions) == {TAG}
            assert seen.problems == []

    all_at_once([write, read, read])
