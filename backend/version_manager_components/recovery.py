"""What a crash left half done is ended or undone, and told, before anything is listed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.exceptions import ComfyUILauncherError, OperationConflict
from backend.file_utils import names_in
from backend.operations.model import OperationSnapshot, Recovery
from backend.platform.trash import Marker, read_marker
from backend.version_manager_components.commit_point import (
    settle_installation,
    settle_store,
    unlisted,
)
from backend.version_manager_components.context import VersionContext
from backend.version_manager_components.intents import (
    DamagedIntent,
    Intent,
    Settle,
    conclude,
    is_abandoned,
    standing,
)
from backend.version_manager_components.layout import store_of
from backend.version_manager_components.removal import (
    settle_deletion,
    settle_removal,
    settle_restoring,
)

_OF_OURS: Final = re.compile(r".+-[0-9]{14}-[0-9a-f]{6}")
LENGTH_OF_AN_ID: Final = len("20250101120000-abcdef")
NOT_BEGUN: Final = "Nothing was changed."
SETTLE: Final[Mapping[str, Settle]] = {
    "install": settle_installation,
    "remove": settle_removal,
    "restore": settle_restoring,
    "delete": settle_deletion,
}


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of something that was found half done, and which operation had begun it."""

    operation_id: str
    recovery: Recovery


def half_done(context: VersionContext) -> list[str]:
    """The operations, by id, that left something half done and are not at work any more. Looks.

    Also those whose intent, or whose marker, cannot be read: they are told.
    Raises: NotWritable where the intents may not be read.
    """
    on_disk = standing(context)
    abandoned = [one.operation_id for one in on_disk.intents if is_abandoned(context, one)]
    found = [one.operation_id for one in on_disk.damaged]
    claimed = {intent.store for intent in on_disk.intents}
    listed = _listed(context)
    for store in unlisted(context.paths.store, listed):
        if store.name not in claimed:
            try:
                marker = _own_marker(store)
            except ComfyUILauncherError:
                found.append(store.name[-LENGTH_OF_AN_ID:])
                continue
            found += [] if marker is None else [marker.operation_id]
    found += [link.name[-LENGTH_OF_AN_ID:] for link in _stand_ins(context, listed)]
    return abandoned + [one for one in found if not context.operations.is_running(one)]


def settle_all(context: VersionContext) -> list[Settled]:
    """First what was announced, then what else lies around with our marker.

    Nothing of a live process is touched, nothing without our marker, and nothing of which an
    intent tells that cannot be read. One that cannot be settled keeps nobody from starting.
    Raises: OperationConflict when another process keeps the lock; NotWritable where the intents
    may not be read, and nothing is settled then.
    """
    abandoned = [one for one in standing(context).intents if is_abandoned(context, one)]
    told = [one for one in (_settle(context, intent) for intent in abandoned) if one is not None]
    return [*told, *_settle_unclaimed(context)]


def _settle(context: VersionContext, intent: Intent) -> Settled | None:
    try:
        recovery = conclude(context, intent, SETTLE[intent.kind])
        if recovery is None:
            return None
        if intent.kind == "install" and recovery.outcome == "undone":
            context.sources.forget_worktrees([intent.folder(context.paths) / "source"])
    except OperationConflict:  # the next one would wait as long, and for nothing
        raise
    except ComfyUILauncherError as error:
        words = f"{intent.tag or 'The trash'}: it is left as it is for now. {error.message}"
        recovery = Recovery(outcome="left", words=words)
    return Settled(intent.operation_id, recovery)


def _settle_unclaimed(context: VersionContext) -> list[Settled]:
    """Folders in the store that no record and no intent names."""
    listed = _listed(context)
    folders = unlisted(context.paths.store, listed)
    on_disk = standing(context)
    claimed = {intent.store for intent in on_disk.intents}
    damaged = {one.operation_id for one in on_disk.damaged}
    told = [Settled(one.operation_id, _left(one)) for one in on_disk.damaged]
    for store in folders:
        if store.name in claimed:
            continue
        try:
            marker = _own_marker(store)
            if marker is None or context.operations.is_running(marker.operation_id):
                continue
            is_unfinished = context.operations.fell_short(marker.operation_id)
            with context.lock:
                recovery = settle_store(
                    context,
                    store,
                    marker,
                    may_clear=is_unfinished and marker.operation_id not in damaged,
                )
            if recovery.outcome == "undone":
                context.sources.forget_worktrees([store / "source"])
            told.append(Settled(marker.operation_id, recovery))
        except OperationConflict:
            raise
        except ComfyUILauncherError as error:  # one folder must not keep the app from starting
            words = f"{store.name}: it is left as it is. {error.message}"
            told.append(Settled("", Recovery(outcome="left", words=words)))
    for link in _stand_ins(context, listed):
        words = f"{link.name}: a link stands where an installation was; no record names it, and it"
        told.append(Settled("", Recovery(outcome="left", words=f"{words} is left alone.")))
    return told


def _stand_ins(context: VersionContext, listed: set[str]) -> list[Path]:
    """Links with a name that only we give, of which nothing is on record."""
    folder = context.paths.store
    entries = [folder / name for name in names_in(folder) if name not in listed]
    return [one for one in entries if one.is_symlink() and _OF_OURS.fullmatch(one.name)]


def _listed(context: VersionContext) -> set[str]:
    return {version.store for version in context.store.versions().versions.values()}


def _own_marker(store: Path) -> Marker | None:
    """None where it is not ours: a copy of a folder of ours carries our marker too."""
    marker = read_marker(store)
    if marker is None or store.name != f"{marker.tag}-{marker.operation_id}":
        return None
    return marker


def _left(damaged: DamagedIntent) -> Recovery:
    words = (
        f"{damaged.path} is damaged ({damaged.reason}): what it tells of is left as it is. Look at"
        " what lies in comfyui-versions/.store, then remove that file."
    )
    return Recovery(outcome="left", words=words)


def account_for(context: VersionContext, one: OperationSnapshot) -> Recovery:
    """What became of an interrupted operation that left nothing half done: the facts tell."""
    try:
        return _facts_of(context, one)
    except ComfyUILauncherError as error:
        return Recovery(outcome="left", words=f"{one.subject}: {error.message}")


def _facts_of(context: VersionContext, one: OperationSnapshot) -> Recovery:
    versions = context.store.versions().versions
    known = versions.get(one.subject)
    runs = known is not None and context.processes.current(store_of(context.paths, known))
    undone = "Nothing of it is left."
    match one.kind:
        case "versions.install":
            made = [tag for tag, version in versions.items() if version.operation_id == one.id]
            done, words = bool(made), f"{', '.join(made)} is installed."
        case "versions.uninstall":
            done, words = known is None, f"{one.subject} is removed."
            undone = NOT_BEGUN
        case "versions.empty_trash":
            asked = set((one.request or {}).get("entries") or ())
            there = {entry.id for entry in context.trash.entries()}
            done = not (there & asked if asked else there)
            words, undone = "What was to be deleted is gone.", NOT_BEGUN
            if not done and asked - there:
                words = "Some of it is deleted; the rest is in the trash as it was."
                return Recovery(outcome="left", words=words)
        case "versions.launch":
            done, words = bool(runs), f"{one.subject} runs."
        case "versions.stop":
            done, words = not runs, f"{one.subject} does not run."
        case _:
            done, words = False, ""
    if done:
        return Recovery(outcome="finished", words=words)
    return Recovery(outcome="undone", words=undone)
