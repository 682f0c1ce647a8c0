"""What is interrupted: each change of the launcher that has to be whole or not there at all.

A scenario goes through states: 0 before it, and one more with each change that it confirms
(`stage.ack()`). After a fault it stands in the state of the last confirmed change or in the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from backend.config import Settings
from backend.installation_progress_tracker import EMPTY_TRASH_STEPS
from backend.metadata_manager import ActiveVersion
from backend.operations.model import OperationSnapshot
from backend.operations.operation import Operation, Step
from backend.platform.links import replace_link
from tests.crash.stage import INSTALLED, TAG, Stage, install_with_links

Place = Literal["installed", "trash", "nowhere"]
LAUNCHES: Final = tuple(datetime(2025, 11, day, tzinfo=UTC) for day in (2, 3))


@dataclass(frozen=True)
class Scenario:
    """One change, and how to see how far it came.

    `reached`: the state that a root is in, None when it is in none. `is_about_a_version`: a change
    in several places, so what a refusal says of it has to be true. `can_be_left`: a refusal may
    come in the middle, because the rest needs no one who asks for it. `after`: it begins where a
    kill half way through that one leaves the root.
    """

    name: str
    prepare: Callable[[Stage], None]
    act: Callable[[Stage], None]
    reached: Callable[[Stage], int | None]
    is_about_a_version: bool = False
    can_be_left: bool = False
    after: Scenario | None = None


def _nothing(_stage: Stage) -> None:
    """The root is as every one is."""


def _in_order(found: object, states: Sequence[object]) -> int | None:
    return states.index(found) if found in states else None


# --- A file ---------------------------------------------------------------------------------------


def _without_active(stage: Stage) -> None:
    for path in stage.paths.data.glob("active_version.json*"):
        path.unlink()


def _first_save(stage: Stage) -> None:
    store = stage.manager._context.store
    stage.start()
    store.change_active(lambda now: ActiveVersion(active=INSTALLED))
    stage.ack()
    store.change_active(lambda now: ActiveVersion(active=INSTALLED, default=INSTALLED))
    stage.ack()


def _first_saved(stage: Stage) -> int | None:
    active = stage.manager._context.store.active()
    return _in_order(
        (active.active, active.default),
        [(None, None), (INSTALLED, None), (INSTALLED, INSTALLED)],
    )


def _save_again(stage: Stage) -> None:
    store = stage.manager._context.store
    record = store.version(INSTALLED)
    assert record is not None
    stage.start()
    for launched in LAUNCHES:
        store.put(record.model_copy(update={"last_launched_at": launched}))
        stage.ack()


def _saved_again(stage: Stage) -> int | None:
    record = stage.manager._context.store.version(INSTALLED)
    return None if record is None else _in_order(record.last_launched_at, [None, *LAUNCHES])


def _change_settings(stage: Stage) -> None:
    stage.open().start()
    stage.ask("settings.change", name="max_retries", value=5)
    stage.ack()
    stage.ask("settings.change", name="grace_days", value=9)
    stage.ack()
    stage.ask("settings.reset", name="max_retries")
    stage.ack()


def _settings_changed(stage: Stage) -> int | None:
    now = {row.name: row.value for row in stage.ask("settings.list").settings}
    default = Settings()
    return _in_order(
        (now["max_retries"], now["grace_days"]),
        [(3, default.grace_days), (5, default.grace_days), (5, 9), (default.max_retries, 9)],
    )


def _swap_link(stage: Stage) -> None:
    link = stage.paths.versions / "current"
    stage.start()
    for target in ("second", "third"):
        replace_link(link, stage.paths.versions / target)
        stage.ack()


def _with_link(stage: Stage) -> None:
    replace_link(stage.paths.versions / "current", stage.paths.versions / "first")


def _swapped(stage: Stage) -> int | None:
    link = stage.paths.versions / "current"
    target = link.readlink().name if link.is_symlink() else None
    return _in_order(target, ["first", "second", "third"])


# --- An operation's journal -----------------------------------------------------------------------

_STEPS: Final = (Step("one"), Step("two"), Step("three"))


def _keep_journal(stage: Stage) -> None:
    def work(operation: Operation) -> None:
        for step in _STEPS:
            with operation.step(step.name):
                stage.ack()

    stage.open().start()
    stage.run("versions.stop", "nothing", _STEPS, work)
    if _journal_kept(stage) == 4:  # an end that cannot be written down is only logged
        stage.ack()


def _journal_kept(stage: Stage) -> int | None:
    """The steps that were on record before the recovery added what it found."""
    paths = [p for p in stage.paths.operations.glob("*.jsonl") if b'"nothing"' in p.read_bytes()]
    if not paths:
        return 0
    (path,) = paths
    steps = {None: 0, "one": 1, "two": 2, "three": 3}
    best = 0
    for line in path.read_bytes().splitlines():
        snapshot = _snapshot(line)
        if snapshot is not None:
            ended = snapshot.state.value == "succeeded"
            best = max(best, 4 if ended else steps[snapshot.progress.step])
    return best


def _snapshot(line: bytes) -> OperationSnapshot | None:
    """One line of a journal; its seal, where it has one, is not part of the snapshot."""
    import json

    try:
        fields = json.loads(line)
    except ValueError:  # torn
        return None
    fields.pop("crc32", None)
    return OperationSnapshot.model_validate(fields)


# --- A version ------------------------------------------------------------------------------------


def _install(stage: Stage) -> None:
    stage.install(TAG, on_verify=stage.start)
    stage.ack()


def _installed_too(stage: Stage) -> None:
    install_with_links(stage, TAG)


def _uninstall(stage: Stage) -> None:
    stage.open().start()
    stage.uninstall(TAG)
    stage.ack()


def _removed(stage: Stage) -> None:
    _installed_too(stage)
    stage.uninstall(TAG)


def _restore(stage: Stage) -> None:
    entry = stage.entry_of(TAG)
    stage.start()
    stage.manager.restore(entry)
    stage.ack()


def _delete(stage: Stage) -> None:
    entry = stage.entry_of(TAG)
    stage.start()
    stage.run(
        "versions.empty_trash",
        "trash",
        EMPTY_TRASH_STEPS,
        lambda operation: stage.manager.empty_trash((entry,), operation),
    )
    stage.ack()


def place_of(stage: Stage, tag: str) -> Place | None:
    """Where a version is: in exactly one place, or (None) in two at once."""
    installed = tag in {version.tag for version in stage.manager.list_versions().versions}
    trashed = tag in {entry.tag for entry in stage.manager.trash().entries}
    if installed and trashed:
        return None
    return "installed" if installed else "trash" if trashed else "nowhere"


def _by_place(places: Sequence[Place]) -> Callable[[Stage], int | None]:
    def reached(stage: Stage) -> int | None:
        return _in_order(place_of(stage, TAG), places)

    return reached


def _about_a_version(
    name: str,
    prepare: Callable[[Stage], None],
    act: Callable[[Stage], None],
    places: Sequence[Place],
    *,
    can_be_left: bool = False,
) -> Scenario:
    reached = _by_place(places)
    return Scenario(name, prepare, act, reached, is_about_a_version=True, can_be_left=can_be_left)


# --- All of them ----------------------------------------------------------------------------------

SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario("first save", _without_active, _first_save, _first_saved),
        Scenario("save", _nothing, _save_again, _saved_again),
        Scenario("settings", _nothing, _change_settings, _settings_changed),
        Scenario("link swap", _with_link, _swap_link, _swapped),
        Scenario("operation journal", _nothing, _keep_journal, _journal_kept),
        _about_a_version("install commit", _nothing, _install, ("nowhere", "installed")),
        _about_a_version("uninstall", _installed_too, _uninstall, ("installed", "trash")),
        _about_a_version("restore", _removed, _restore, ("trash", "installed")),
        _about_a_version(
            "delete from trash", _removed, _delete, ("trash", "nowhere"), can_be_left=True
        ),
    )
}


# --- A next start, which may be killed too --------------------------------------------------------


def _start_again(stage: Stage) -> None:
    stage.start()
    stage.open()


def _restart_after(scenario: Scenario) -> Scenario:
    name = f"start after a killed {scenario.name}"
    return Scenario(
        name, _nothing, _start_again, scenario.reached, is_about_a_version=True, after=scenario
    )


RESTARTS: Final = {
    scenario.name: scenario
    for scenario in map(_restart_after, SCENARIOS.values())
    if scenario.after is not None and scenario.after.is_about_a_version
}


# --- Planted: what the suite has to find ----------------------------------------------------------


def _write_in_place(stage: Stage) -> None:
    """How a launcher that promises nothing saves a record."""
    path = _record(stage)
    content = path.read_text("utf-8")
    stage.start()
    path.write_text(content, "utf-8")
    stage.ack()


def _rename_unsynced(stage: Stage) -> None:
    """The usual half of an atomic write."""
    path = _record(stage)
    stage.start()
    temporary = path.with_suffix(".new")
    temporary.write_bytes(path.read_bytes())
    temporary.replace(path)
    stage.ack()


def _record(stage: Stage) -> Path:
    (record,) = stage.app.paths.metadata.glob(f"versions/{INSTALLED}.json")
    return record


def _always(_stage: Stage) -> int:
    return 1


PLANTED: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario("written in place", _nothing, _write_in_place, _always),
        Scenario("renamed without fsync", _nothing, _rename_unsynced, _always),
    )
}
