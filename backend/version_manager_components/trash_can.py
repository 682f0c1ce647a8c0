"""What lies in the trash, until when, and what deleting would do to the disk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from backend.exceptions import ComfyUILauncherError, MetadataError, StorageError
from backend.file_utils import storage_errors
from backend.logging_config import get_logger
from backend.platform.deletion import PhysicalPlan, look_at, summary
from backend.platform.trash import TrashEntry
from backend.platform.trash_entries import obstacle
from backend.version_manager_components.context import Check, VersionContext
from backend.version_manager_components.layout import installed, store_of
from backend.version_manager_components.models import (
    EmptyingPlan,
    RemovalPlan,
    StateProblem,
    TrashedVersion,
    TrashList,
)
from backend.version_manager_components.removal import chosen_entries

_log: Final = get_logger(__name__)

GRACE: Final = timedelta(days=1)  # between the look that finds an entry overdue and its deletion
UNSEEN: Final = timedelta(days=30)  # nobody looked for longer: no time that a person knew of
TOLD_BEFORE: Final = timedelta(days=3)  # a deletion
LATEST: Final = datetime.max.replace(tzinfo=UTC)


def contents(context: VersionContext) -> TrashList:
    """What can be taken back, the latest first, and what cannot be read."""
    problems = context.trash.unreadable()
    try:
        entries = context.trash.entries()
    except StorageError:  # it is among the problems
        entries = []
    return TrashList(
        entries=tuple(as_shown(context, entry) for entry in entries),
        kept_days=context.settings().trash_days,
        problems=tuple(
            StateProblem(path=str(one.path), reason=one.reason, recovered=False) for one in problems
        ),
    )


def as_shown(context: VersionContext, entry: TrashEntry) -> TrashedVersion:
    """An entry in the words of the API."""
    return TrashedVersion(
        entry=entry.id,
        tag=entry.tag,
        reason=entry.reason,
        trashed_at=entry.trashed_at,
        expires_at=_expiry(context, entry),
        path=str(entry.original),
        bytes=entry.bytes,
    )


def overdue(context: VersionContext) -> tuple[str, ...]:
    """The entries whose days are over, and were a day ago as well.

    The first look that finds so only writes it down. A clock that was set forward by mistake, and
    back again within that day, deletes nothing. What cannot be deleted is left out.
    """
    due = []
    for entry in context.trash.entries():
        try:
            if _is_due(context, entry) and _obstacle(context, entry) is None:
                due.append(entry.id)
        except (StorageError, MetadataError) as error:  # it must not keep the others
            _log.warning("%s stays in the trash for now: %s", entry.id, error)
    return tuple(due)


def coming_deletion(context: VersionContext) -> str | None:
    """What will be deleted within three days, in a sentence; None when nothing will."""
    try:
        soon = [
            entry.tag
            for entry in context.trash.entries()
            if (expiry := _expiry(context, entry)) is not None
            and expiry - context.now() <= TOLD_BEFORE
            and _obstacle(context, entry) is None
        ]
    except ComfyUILauncherError as error:  # told where it is asked for
        _log.warning("what will be deleted is not known: %s", error)
        return None
    if not soon:
        return None
    return (
        f"In the trash, and soon to be deleted for good: {', '.join(sorted(soon))}."
        " `./launcher versions restore TAG` takes back what you want to keep."
    )


def can_sweep(context: VersionContext) -> bool:
    """Whether deletions that had begun can be ended."""
    return any(obstacle(folder) is None for folder in context.trash.doomed())


def plan_removal(context: VersionContext, tag: str) -> RemovalPlan:
    """What uninstalling would do to the disk. Raises: VersionNotInstalled."""
    version = installed(context, tag)
    store = store_of(context.paths, version)
    days = context.settings().trash_days
    kept = f"for {_days(days)}" if days else "until you empty it"
    plan = _look_at([store])
    plan = replace(plan, links=plan.links + context.resources.view_links(tag))
    begin = f"Removing {tag} frees nothing yet: it waits in the trash {kept}."
    running = context.processes.current(store) is not None
    return RemovalPlan(
        tag=tag,
        path=str(store),
        running=running or bool(context.processes.users_of(store)),
        kept_days=days,
        **_facts(plan, f"{begin} Deleting it for good"),
    )


def plan_emptying(context: VersionContext, names: tuple[str, ...] | None) -> EmptyingPlan:
    """What deleting these entries, or all, would do to the disk. Raises: NotInTrash."""
    entries = chosen_entries(context, names)
    doomed = context.trash.doomed() if names is None else []
    folders = [*(context.trash.payload(entry.id) for entry in entries), *doomed]
    what = "1 version" if len(entries) == 1 else f"{len(entries)} versions"
    return EmptyingPlan(
        entries=tuple(entry.id for entry in entries),
        **_facts(_look_at(folders), f"Deleting {what} for good"),
    )


def size_of(context: VersionContext, tag: str, check: Check) -> int | None:
    """What deleting an installed version would free, in bytes; None where that cannot be seen."""
    store = store_of(context.paths, installed(context, tag))
    try:
        return look_at([store], check=check).frees
    except StorageError as error:  # gone, or not to be read: no reason to keep it
        _log.warning("the size of %s is not known: %s", tag, error)
        return None


def _look_at(folders: list[Path]) -> PhysicalPlan:
    there = []
    for folder in folders:
        with storage_errors(folder):
            there += [folder] if folder.is_dir() else []
    return look_at(there)


def _facts(plan: PhysicalPlan, begin: str) -> dict[str, Any]:
    mounted = tuple(f"{place} is mounted inside it." for place in plan.mounts)
    not_now = f" Not now: {mounted[0]}" if mounted else ""
    return {
        "frees_bytes": plan.frees,
        "shared_bytes": plan.shared,
        "files": plan.files,
        "links": plan.links,
        "outside_bytes": plan.outside,
        "in_the_way": mounted,
        "summary": f"{begin} {summary(plan)}.{not_now}",
    }


def _is_due(context: VersionContext, entry: TrashEntry) -> bool:
    """Whether an entry is to be deleted now. What this look found is written down."""
    now, expiry, kept = context.now(), _expiry(context, entry), _kept_since(context, entry)
    is_over = expiry is not None and now >= expiry
    since = entry.overdue_since if is_over else None
    if is_over and (since is None or since > now):
        since = now
        if why := _obstacle(context, entry):
            _log.warning("%s has been in the trash for too long, but %s", entry.id, why)
    if since is not None and now - since >= GRACE:
        return True
    is_late = entry.seen_at is None or abs(now - entry.seen_at) >= GRACE
    is_new = expiry is not None and (is_late or kept != entry.kept_since)
    if is_new or since != entry.overdue_since:
        context.trash.note_look(entry.id, kept_since=kept, seen_at=now, overdue_since=since)
    return False


def _expiry(context: VersionContext, entry: TrashEntry) -> datetime | None:
    days = timedelta(days=context.settings().trash_days)
    kept = _kept_since(context, entry)
    return min(kept, LATEST - days) + days if days else None


def _kept_since(context: VersionContext, entry: TrashEntry) -> datetime:
    """From when on the days of an entry count: since a launcher that keeps them looks at it.

    They count anew where an older launcher put it there, which promised to keep everything; where
    the folder came back from a backup; where nobody looked for longer than its days last; and where
    the clock says that it was before. So no clock and no upgrade ends them unseen.
    """
    now, since, seen = context.now(), entry.kept_since, entry.seen_at
    if since is None or seen is None or max(since, seen) - now > GRACE:
        return now
    unseen = max(timedelta(days=context.settings().trash_days), UNSEEN)
    return now if now - seen > unseen else min(since, now)


def _obstacle(context: VersionContext, entry: TrashEntry) -> str | None:
    return obstacle(context.trash.payload(entry.id))


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
