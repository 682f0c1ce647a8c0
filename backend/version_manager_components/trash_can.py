"""What lies in the trash, until when, and what deleting would do to the disk."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from backend.exceptions import StorageError
from backend.logging_config import get_logger
from backend.platform.deletion import PhysicalPlan, look_at, summary
from backend.platform.trash import TrashEntry
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


def contents(context: VersionContext) -> TrashList:
    """What can be taken back, the latest first, and what cannot be read."""
    return TrashList(
        entries=tuple(as_shown(context, entry) for entry in context.trash.entries()),
        kept_days=context.settings().trash_days,
        problems=tuple(
            StateProblem(path=str(one.path), reason=one.reason, recovered=False)
            for one in context.trash.unreadable()
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
    back again within that day, deletes nothing.
    """
    now, due = context.now(), []
    for entry in context.trash.entries():
        expiry = _expiry(context, entry)
        is_over, since = expiry is not None and now >= expiry, entry.overdue_since
        if is_over and since is not None and since <= now:
            due += [entry.id] if now - since >= GRACE else []
        elif is_over:
            context.trash.note_overdue(entry.id, now)
        elif since is not None:
            context.trash.note_overdue(entry.id, None)
    return tuple(due)


def plan_removal(context: VersionContext, tag: str) -> RemovalPlan:
    """What uninstalling would do to the disk. Raises: VersionNotInstalled."""
    version = installed(context, tag)
    store = store_of(context.paths, version)
    days = context.settings().trash_days
    kept = f"for {_days(days)}" if days else "until you empty it"
    plan = _look_at([store])
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
    return look_at([folder for folder in folders if folder.is_dir()])


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


def _expiry(context: VersionContext, entry: TrashEntry) -> datetime | None:
    days = context.settings().trash_days
    return entry.trashed_at + timedelta(days=days) if days else None


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
