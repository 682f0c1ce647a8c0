"""A root with one of each state file, written by the code that writes it in earnest, and no program
run for it: what tests of damage look at."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.desktop.geometry import WindowState, keep
from backend.file_utils import atomic_write_json
from backend.github_integration import ReleaseList
from backend.operations.journal import OperationJournal
from backend.operations.model import OperationSnapshot, OperationState, Owner, Progress
from backend.platform.link_ledger import LinkLedger
from backend.platform.secrets import SecretStore
from backend.platform.trash import Marker, write_marker
from backend.processes import notes
from backend.seals import sealed
from backend.service.record import record_of_this_process, write_record
from backend.settings_store import SettingsStore
from backend.version_manager_components.intents import Intent
from tests.fakes.ports import NOW, World, a_snapshot, a_version, an_instance

INSTALLED: Final = "v0.3.64"
REMOVED: Final = "v0.3.62"
UNFINISHED: Final = "v0.3.60"
ENDED_ID: Final = "20251001120000-bbbbbb"
INTERRUPTED_ID: Final = "20251002120000-cccccc"
REMOVAL_ID: Final = "20251003120000-dddddd"
GRACE_DAYS: Final = 3  # not the default
DEAD: Final = Owner(pid=2**22 + 1, created="of another boot")


@dataclass
class StateRoot:
    """The root, and what in it belongs to its user."""

    root: Path
    world: World
    precious: tuple[Path, ...]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "COMFYUI_LAUNCHER_HOME": str(self.root), "COMFYUI_LAUNCHER_REPO": ""}

    def state_files(self) -> list[Path]:
        """Every file of state there is, found by its ending."""
        launcher_data = sorted((self.root / "launcher-data").rglob("*"))
        versions = sorted((self.root / "comfyui-versions").rglob("*"))
        ends = (".json", ".jsonl", ".progress", ".previous")
        return [
            path
            for path in (*launcher_data, *versions)
            if path.name.endswith(ends) and path.is_file() and not path.is_symlink()
        ]


def make_state_root(root: Path) -> StateRoot:
    """A version that was installed and has run once, one in the trash, and an installation that a
    crash has interrupted."""
    world = World(root)
    store = world.installed(INSTALLED, operation_id=ENDED_ID, active=True)
    world.store.put(a_version(INSTALLED, store=store.name, last_launched_at=NOW))
    _past_run(store)
    _in_the_trash(world)
    _records_of_doors(world)
    _operations(world)
    _unfinished(world)
    _links(world)
    installed = [path for path in store.rglob("*") if path.is_file() and ".json" not in path.name]
    return StateRoot(root, world, (*_user_files(world), *installed))


def _past_run(store: Path) -> None:
    ended = an_instance(store, INSTALLED, alive=False)
    ended.folder.mkdir(parents=True)
    notes.write_launch(ended.folder, ended.launch)
    notes.write_note(ended.folder, notes.SUPERVISOR, notes.SupervisorRecord(pid=DEAD.pid))
    notes.write_note(ended.folder, notes.BIRTHS, notes.Births(created={3: "x"}))
    notes.write_note(ended.folder, notes.GIVEN_UP, notes.GivenUp(cause="none", advice="none"))
    ready = notes.ReadyRecord(ready_at=NOW, seconds=4.0)
    notes.write_note(ended.folder, notes.READY, ready)
    assert ended.process is not None
    by_supervisor = json.dumps(ended.process.model_dump()).encode()
    (ended.folder / notes.PROCESS).write_bytes(sealed(by_supervisor))


def _in_the_trash(world: World) -> None:
    removed = world.installed(REMOVED, operation_id=REMOVAL_ID, listed=False)
    world.trash.put(removed, reason="removed", operation_id=REMOVAL_ID, size=1000)


def _records_of_doors(world: World) -> None:
    paths = world.paths
    settings = SettingsStore(paths.settings_file, {}, lock=world.lock)
    settings.change("max_retries", 2)
    settings.change("grace_days", GRACE_DAYS)
    secrets = SecretStore(
        paths.secrets_file, file_allowed=lambda: True, environment={}, find_keyring=lambda: None
    )
    secrets.set("GITHUB_TOKEN", "ghp_of_nobody")
    write_record(paths.service_file, record_of_this_process("http://127.0.0.1:1", 1, "token"))
    state = WindowState(x=1, y=2, width=1280, height=832, maximized=False)
    keep(paths.window_state_file, state)
    releases = ReleaseList(repository="https://example.org/x", fetched_at=NOW, releases=())
    atomic_write_json(paths.metadata / "github_cache.json", releases)


def _operations(world: World) -> None:
    journal = OperationJournal(world.paths.operations)
    for operation_id, subject, last in (
        (ENDED_ID, INSTALLED, OperationState.SUCCEEDED),
        (INTERRUPTED_ID, UNFINISHED, OperationState.RUNNING),
    ):
        for snapshot in _life_of(operation_id, subject, last):
            journal.append(snapshot)
    journal.note_progress(
        a_snapshot(INTERRUPTED_ID, subject=UNFINISHED, owner=DEAD, progress=Progress(done=1))
    )


def _life_of(operation_id: str, subject: str, last: OperationState) -> list[OperationSnapshot]:
    return [
        a_snapshot(operation_id, subject=subject, owner=DEAD, state=state)
        for state in (OperationState.QUEUED, OperationState.RUNNING, last)
    ]


def _unfinished(world: World) -> None:
    name = f"{UNFINISHED}-{INTERRUPTED_ID}"
    store = world.paths.store / name
    (store / "source").mkdir(parents=True)
    marker = Marker(operation_id=INTERRUPTED_ID, tag=UNFINISHED, created_at=NOW)
    write_marker(store, marker)
    (store / "source" / "main.py").write_text("half")
    intent = Intent(
        operation_id=INTERRUPTED_ID,
        owner=DEAD,
        kind="install",
        tag=UNFINISHED,
        store=name,
        written_at=NOW,
    )
    atomic_write_json(world.paths.journal / f"{INTERRUPTED_ID}.json", intent)


def _links(world: World) -> None:
    view = world.paths.views / INSTALLED
    ledger = LinkLedger(world.paths.links / f"{INSTALLED}.json", view)
    model = world.paths.models / "checkpoints" / "mine.safetensors"
    model.parent.mkdir(parents=True)
    model.write_text("a model")
    ledger.make({view / "models" / "checkpoints" / model.name: model})


def _user_files(world: World) -> list[Path]:
    paths = world.paths
    files = [
        paths.models / "checkpoints" / "mine.safetensors",
        paths.output / "art.png",
        paths.input / "photo.png",
        paths.user / "default" / "comfy.settings.txt",
        paths.custom_nodes / "node" / "__init__.py",
        paths.workflows / "mine.txt",
        paths.root / "beside.txt",
    ]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"yours: {file.name}")
    return files
