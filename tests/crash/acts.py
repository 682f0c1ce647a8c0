"""What launchers do before they are killed, as functions that the nursery forks for."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from backend.composition import build_app
from backend.config import PathsConfig, Settings
from backend.exceptions import ComfyUILauncherError
from backend.installation_progress_tracker import EMPTY_TRASH_STEPS, INSTALL_STEPS
from backend.operations.journal import OperationJournal
from backend.operations.model import Owner
from backend.operations.runner import OperationRunner
from backend.platform.subprocesses import creation_time, is_same_process
from backend.resources.resource_manager import ResourceManager
from backend.version_manager import VersionManager
from backend.version_manager_components.models import InstallOptions
from tests.crash.nursery import say
from tests.fakes.comfyui.releases import TAGS
from tests.fakes.ports import RELEASED, World


def ask(endpoint: str | None, request: dict[str, Any]) -> str:
    """A launcher starts, which settles what was left behind, and asks for that (None: nothing).

    How the operation ended, or the code of the refusal.
    """
    app = build_app("cli", os.environ)
    say("asking")
    state = "nothing"
    if endpoint:
        answer = app.dispatcher.call(endpoint, request).model_dump(mode="json")
        state = "done" if answer["ok"] else answer["error"]["code"]
        if answer["ok"] and "operation_id" in answer["value"]:
            state = app.operations.wait(answer["value"]["operation_id"]).state
    app.close()
    return state


def install(home: str, tag: str) -> str:
    """A whole installation in a hundredth of a second: git, uv and the packages are played.

    The version manager, its records, the trash, the operations and their journals are real ones.
    The name of its folder in the store, or the code of the error.
    """
    wish = InstallOptions(reference=tag, torch_backend="cpu")
    try:
        world = FakeTools(Path(home))
        manager, operations = _manager(world)
        started = operations.submit(
            "versions.install",
            tag,
            INSTALL_STEPS,
            lambda operation: manager.install(wish, operation),
            request=wish,
        )
    except ComfyUILauncherError as refusal:
        return refusal.code
    ended = operations.wait(started.operation_id)
    if ended.error is not None:
        return ended.error.code
    return str((ended.result or {})["store"])


def expire(home: str, days: int) -> str:
    """What a launcher does that stays open: it looks at the trash now and then for so many days,
    after `days`, and a day later."""
    try:
        world = FakeTools(Path(home))
        manager, operations = _manager(world)
        begin = datetime.now(UTC)
        for day in (*range(0, days, 10), days):
            world.now = begin + timedelta(days=day)
            manager.overdue()
        world.now += timedelta(days=1)
        entries = manager.overdue()
        if entries is None:
            return "done"
        started = operations.submit(
            "versions.empty_trash",
            "trash",
            EMPTY_TRASH_STEPS,
            lambda operation: manager.empty_trash(entries, operation),
        )
    except ComfyUILauncherError as refusal:
        return refusal.code
    ended = operations.wait(started.operation_id)
    return ended.error.code if ended.error else "done"


class FakeTools(World):
    """The fakes of git and uv, which know four releases."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        for number, tag in enumerate(TAGS):
            self.offer(tag, committed_at=RELEASED + timedelta(days=number))


def _manager(world: World) -> tuple[VersionManager, OperationRunner]:
    """As the composition joins them, but for the fakes."""
    operations = OperationRunner(
        OperationJournal(world.paths.operations),
        world.events.stream,
        owner=lambda: Owner(pid=os.getpid(), created=creation_time(os.getpid()) or ""),
        owner_lives=lambda owner, _: is_same_process(owner.pid, owner.created),
        lock=world.lock,
    )
    resources = ResourceManager(world.paths, lambda: world.settings)
    return VersionManager(replace(world.context(), operations=operations, resources=resources)), (
        operations
    )


def prepare(home: str, tag: str, store: str) -> str:
    """What a start of that version would be given: its view is made."""
    paths = PathsConfig(Path(home))
    try:
        ResourceManager(paths, Settings).prepare(tag, paths.store / store)
    except ComfyUILauncherError as refusal:
        return refusal.code
    return "done"


def remove_view(home: str, tag: str) -> str:
    """What becomes of a view when its version goes."""
    try:
        ResourceManager(PathsConfig(Path(home)), Settings).remove_view(tag)
    except ComfyUILauncherError as refusal:
        return refusal.code
    return "done"
