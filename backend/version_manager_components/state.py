"""Which versions are there, how they are, and which one is meant when none is named."""

from __future__ import annotations

from datetime import UTC, datetime

from backend.exceptions import (
    MetadataError,
    NoActiveVersion,
    StorageError,
    VersionNotInstalled,
)
from backend.metadata_manager import ActiveVersion, InstalledVersion
from backend.operations.events import VersionsChanged
from backend.processes.instances import Instance
from backend.version_manager_components.context import VersionComponent, VersionContext
from backend.version_manager_components.intents import is_going
from backend.version_manager_components.layout import (
    installed,
    instance_status,
    missing_parts,
    store_of,
    whole,
)
from backend.version_manager_components.models import (
    LastExit,
    StateProblem,
    VersionList,
    VersionState,
    VersionStatus,
)


class StateMixin(VersionComponent):
    """Active, default, listing, validation. Looks; repairs and deletes nothing."""

    __slots__ = ()

    def list_versions(self) -> VersionList:
        """Every installed version, the newest release first, and what is wrong with the records."""
        context = self._context
        known = context.store.versions()
        problems = [
            StateProblem(path=str(p.path), reason=p.reason, recovered=p.recovered)
            for p in known.problems
        ]
        active = ActiveVersion()
        try:
            active = context.store.active()
        except (MetadataError, StorageError) as damage:  # told, not taken for empty
            path = str(damage.context["path"])
            problems.append(StateProblem(path=path, reason=damage.message, recovered=False))
        newest_first = sorted(
            known.versions.values(), key=lambda version: version.released_at, reverse=True
        )
        found = [_status(context, version, active) for version in newest_first]
        going = {
            one.tag for one in found if one.missing and is_going(context, known.versions[one.tag])
        }
        return VersionList(
            versions=tuple(one for one in found if one.tag not in going),
            active=None if active.active in going else active.active,
            default=None if active.default in going else active.default,
            problems=tuple(problems),
        )

    def show_version(self, tag: str) -> VersionStatus:
        """One installed version. Raises: VersionNotInstalled."""
        context = self._context
        version = installed(context, tag)
        status = _status(context, version, context.store.active())
        if status.missing and is_going(context, version):
            raise VersionNotInstalled(tag)
        return status

    def activate(self, tag: str) -> VersionStatus:
        """`tag` is what the app works with from now on.

        Raises: VersionNotInstalled, InstallationDamaged.
        """
        context = self._context
        whole(context, tag)
        context.store.change_active(lambda now: ActiveVersion(active=tag, default=now.default))
        context.events.publish(VersionsChanged(tag=tag))
        return self.show_version(tag)

    def set_default(self, tag: str | None) -> VersionList:
        """What the app starts with; None for no preference. Raises: VersionNotInstalled."""
        context = self._context
        if tag is not None:
            installed(context, tag)
        context.store.change_active(lambda now: ActiveVersion(active=now.active, default=tag))
        context.events.publish(VersionsChanged(tag=tag))
        return self.list_versions()

    def resolve_tag(self, tag: str | None) -> str:
        """`tag`, or the active version, or the default one. Raises: NoActiveVersion."""
        if tag is not None:
            return tag
        known = self._context.store.active()
        chosen = known.active or known.default
        if chosen is None:
            raise NoActiveVersion
        return chosen


def _status(
    context: VersionContext, version: InstalledVersion, active: ActiveVersion
) -> VersionStatus:
    store = store_of(context.paths, version)
    try:
        missing = missing_parts(store)
        instance = context.processes.current(store)
        last = None if instance else context.processes.latest(store)
    except StorageError:  # one that may not be read keeps nobody from seeing the others
        missing, instance, last = (f"the right to read its folder {store}",), None, None
    return VersionStatus(
        tag=version.tag,
        state=_state(instance, damaged=bool(missing)),
        is_active=version.tag == active.active,
        is_default=version.tag == active.default,
        reference=version.reference,
        kind=version.kind,
        commit=version.commit,
        released_at=version.released_at,
        installed_at=version.installed_at,
        last_launched_at=version.last_launched_at,
        python=version.python,
        torch=version.torch,
        packages_as_of=version.packages_as_of,
        package_count=version.package_count,
        own_bytes=version.own_bytes,
        logical_bytes=version.logical_bytes,
        path=str(store),
        missing=missing,
        instance=instance_status(instance) if instance else None,
        last_exit=_last_exit(context, last) if last else None,
    )


def _state(instance: Instance | None, *, damaged: bool) -> VersionState:
    if instance is not None:
        return VersionState.RUNNING if instance.ready else VersionState.STARTING
    return VersionState.DAMAGED if damaged else VersionState.STOPPED


def _last_exit(context: VersionContext, instance: Instance) -> LastExit:
    process = instance.process
    ended = process.ended_at if process else None
    ending = context.processes.ending(instance)
    return LastExit(
        words=instance.exit_words,
        at=datetime.fromtimestamp(ended, UTC) if ended else None,
        on_request=ending.on_request,
        cause=ending.cause,
        advice=ending.advice,
    )
