"""What a start makes of what a killed launcher left, when something stands in its way."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend import aftermath
from backend.aftermath import settle
from backend.composition import App, build_app
from backend.config import PathsConfig
from backend.file_utils import atomic_write_json
from backend.operations.journal import OperationJournal
from backend.operations.model import OperationSnapshot, OperationState, Owner
from backend.platform.locks import FileLock
from backend.platform.subprocesses import OPERATION_VARIABLE
from backend.platform.trash import Marker, Trash, write_marker
from backend.version_manager_components.intents import Intent
from tests.crash.stage import environment
from tests.helpers.processes import python_that_said
from tests.helpers.volumes import fill, mounted

GONE = Owner(pid=999_999, created="gone")
NOW = datetime.now(UTC)
TAG = "v0.3.64"
DOING = "20251101120000-aaaaaa"
HOLDS_THE_LOCK = """
    import sys, time
    from pathlib import Path
    from backend.platform.locks import FileLock
    with FileLock(Path(sys.argv[1])):
        print("inside", flush=True)
        time.sleep(60)
"""


@pytest.fixture
def paths(tmp_path: Path) -> PathsConfig:
    made = PathsConfig(tmp_path)
    for folder in made.folders():
        folder.mkdir(parents=True, exist_ok=True)
    return made


def left_running(paths: PathsConfig, operation_id: str = DOING, **facts: object) -> None:
    """The record of an installation whose launcher is gone."""
    snapshot = OperationSnapshot(
        id=operation_id, kind="versions.install", subject=TAG, state=OperationState.RUNNING,
        created_at=NOW, owner=GONE,
    )  # fmt: skip
    OperationJournal(paths.operations).append(snapshot.model_copy(update=facts))


def left_half_done(paths: PathsConfig, operation_id: str = DOING) -> Path:
    """The intent of an installation, and the folder that it was filling."""
    store = paths.store / f"{TAG}-{operation_id}"
    intent = Intent(
        operation_id=operation_id, owner=GONE, kind="install", tag=TAG, store=store.name,
        written_at=NOW,
    )  # fmt: skip
    atomic_write_json(paths.journal / f"{operation_id}.json", intent, keep_previous=False)
    store.mkdir()
    write_marker(store, Marker(operation_id=operation_id, tag=TAG, created_at=NOW))
    return store


def started(paths: PathsConfig, door: str = "cli") -> App:
    return build_app(door, environment(paths.root))


def notices(app: App) -> tuple[str, ...]:
    found: tuple[str, ...] = app.dispatcher.call("system.info", {}).model_dump()["value"]["notices"]
    return tuple(found)


def recorded(paths: PathsConfig, operation_id: str = DOING) -> OperationSnapshot:
    found = OperationJournal(paths.operations).load(operation_id)
    assert found is not None
    return found


def test_what_was_known_as_interrupted_before_is_settled_without_a_word(
    paths: PathsConfig,
) -> None:
    """An upgrade must not tell of every operation that was ever interrupted."""
    ids = [f"{NOW - timedelta(days=day):%Y%m%d%H%M%S}-aaaaaa" for day in range(1, 31)]
    for one in ids:
        left_running(paths, one, state=OperationState.INTERRUPTED)
    assert notices(started(paths, "window")) == ()
    assert {recorded(paths, one).recovery is not None for one in ids} == {True}
    left_running(paths)
    (told,) = notices(started(paths))
    assert TAG in told


def test_a_launcher_that_was_suspended_inside_the_lock_costs_a_start_little(
    paths: PathsConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert aftermath.RECOVERY_SECONDS <= 3
    monkeypatch.setattr(aftermath, "RECOVERY_SECONDS", 0.3)
    for number in range(3):
        left_running(paths, f"{DOING[:-1]}{number}")
        left_half_done(paths, f"{DOING[:-1]}{number}")
    with python_that_said("inside", HOLDS_THE_LOCK, paths.data / ".lock"):
        begin = time.monotonic()
        (told,) = notices(started(paths))
        assert time.monotonic() - begin < 1.5
    assert "stays so for now" in told
    assert len(list(paths.journal.iterdir())) == 3
    assert len(notices(started(paths))) == 3, "the next start tells of them"
    assert list(paths.journal.iterdir()) == []


@pytest.mark.parametrize("sound", [True, False])
def test_the_tools_of_what_only_an_intent_tells_of_are_ended_first(
    paths: PathsConfig, sound: bool
) -> None:
    left_half_done(paths)
    if not sound:
        (paths.journal / f"{DOING}.json").write_text("{")
    assert list(paths.operations.iterdir()) == []
    with subprocess.Popen(["sleep", "60"], env=os.environ | {OPERATION_VARIABLE: DOING}) as tool:
        try:
            started(paths)
            assert tool.wait(timeout=1) != 0
        finally:
            tool.kill()


def test_intents_that_may_not_be_read_are_told_and_nothing_is_settled(paths: PathsConfig) -> None:
    app, lock = started(paths), FileLock(paths.data / ".lock")
    store = left_half_done(paths)
    left_running(paths)
    shutil.rmtree(paths.journal)
    paths.journal.touch()  # what may not be read, also as root
    versions = app.dispatcher._api.versions
    (told,) = settle(paths, app.operations, versions._manager, Trash(paths.trash), lock)
    assert str(paths.journal) in told
    assert store.is_dir()
    assert recorded(paths).recovery is None


def test_a_full_disk_is_freed_by_emptying_the_trash(tmp_path: Path) -> None:
    with mounted(tmp_path, size="8m") as volume:
        paths = PathsConfig(volume)
        started(paths).close()
        store = left_half_done(paths)
        left_running(paths)
        fill(store)
        app = started(paths, "window")
        (told,) = notices(app)
        assert "what it left was cleared away" in told
        assert not store.exists()
        fill(volume)  # also what the intent took
        answer = app.dispatcher.call("versions.empty_trash", {}).model_dump()
        ended = app.operations.wait(answer["value"]["operation_id"], 10)
        assert ended.state is OperationState.SUCCEEDED, ended
        assert shutil.disk_usage(volume).free > 1_000_000
        app.close()


def test_where_not_even_a_note_fits_what_is_half_deleted_makes_room_for_it(tmp_path: Path) -> None:
    with mounted(tmp_path, size="8m") as volume:
        paths = PathsConfig(volume)
        started(paths).close()
        store = left_half_done(paths)
        (paths.journal / f"{DOING}.json").unlink()
        left_running(paths)
        journal = paths.operations / f"{DOING}.jsonl"
        journal.write_bytes(journal.read_bytes().ljust(4096, b"\n"))
        fill(store)
        (told,) = notices(started(paths))
        assert "what it left was cleared away" in told
        assert shutil.disk_usage(volume).free > 1_000_000
        settled = recorded(paths)
        assert settled.state is OperationState.INTERRUPTED
        assert settled.recovery is not None


def test_an_app_that_stays_frees_a_full_disk_by_itself(tmp_path: Path) -> None:
    with mounted(tmp_path, size="8m") as volume:
        paths = PathsConfig(volume)
        app = started(paths, "window")
        store = left_half_done(paths)
        store.rename(paths.trash / f"{store.name}.doomed")
        (paths.journal / f"{DOING}.json").unlink()
        fill(paths.trash / f"{store.name}.doomed")
        app.stay()
        end = time.monotonic() + 5
        while shutil.disk_usage(volume).free < 1_000_000 and time.monotonic() < end:
            time.sleep(0.01)
        assert shutil.disk_usage(volume).free > 1_000_000
        app.close()
