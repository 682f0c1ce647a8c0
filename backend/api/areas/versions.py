"""Installed versions and what can be installed."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from backend.api.contract.common import Empty
from backend.api.contract.versions import (
    MOST_ENTRIES,
    ActivateVersion,
    CheckVersion,
    EmptyTrash,
    LaunchVersion,
    ReadLog,
    ReleaseListing,
    RestoreVersion,
    SetDefault,
    StopVersion,
    UninstallVersion,
    VersionNamed,
)
from backend.exceptions import (
    ComfyUILauncherError,
    InvalidValue,
    OperationConflict,
    PathNotFound,
    VersionNotFound,
)
from backend.github_integration import GitHubReleasesFetcher
from backend.installation_progress_tracker import (
    EMPTY_TRASH_STEPS,
    INSTALL_STEPS,
    LAUNCH_STEPS,
    REFRESH_STEPS,
    STOP_STEPS,
    UNINSTALL_STEPS,
)
from backend.logging_config import get_logger
from backend.operations.model import OperationRef
from backend.operations.operation import Operation
from backend.operations.runner import OperationRunner, failure_of
from backend.validators import (
    is_commit,
    validate_package_name,
    validate_package_place,
    validate_reference,
    validate_requirement,
    validate_version_tag,
)
from backend.version_manager import VersionManager
from backend.version_manager_components.models import (
    ConstraintReport,
    EmptyingPlan,
    EnvironmentReport,
    FreedSpace,
    InstallationPlan,
    InstallOptions,
    LogLines,
    RemovalPlan,
    TrashList,
    VersionList,
    VersionStatus,
)

REFRESH: Final = "versions.releases"  # the kind of the operation that asks the repository

_log = get_logger(__name__)


class VersionsApi:
    """Validates what a person typed, then asks the version manager or starts an operation."""

    def __init__(
        self,
        manager: VersionManager,
        releases: GitHubReleasesFetcher,
        operations: OperationRunner,
    ) -> None:
        self._manager = manager
        self._releases = releases
        self._operations = operations

    def releases(self, _request: Empty) -> ReleaseListing:
        """What is known, at once. Where that is nothing or old, the newer list is on its way."""
        known = self._releases.cached()
        stale = known is None or self._releases.is_stale(known)
        refreshing, trouble = self._refreshing(wanted=stale and not self._releases.failed_lately())
        problem = trouble or self._releases.problem()
        return ReleaseListing(
            repository=self._releases.repository,
            fetched_at=known.fetched_at if known else None,
            stale=stale,
            refreshing=refreshing,
            problem=failure_of(problem) if problem else None,
            notes_problem=known.notes_problem if known else None,
            releases=known.releases if known else (),
            branches=tuple(sorted(known.branches)) if known else (),
        )

    def refresh_releases(self, _request: Empty) -> OperationRef:
        """The operation that asks the repository: the one at work, else a new one."""
        try:
            return self._operations.submit(REFRESH, "releases", REFRESH_STEPS, self._refresh)
        except OperationConflict as conflict:
            if conflict.context["kind"] != REFRESH:
                raise
            found = str(conflict.context["operation_id"])
            return OperationRef(operation_id=found, kind=REFRESH, subject="releases")

    def list(self, _request: Empty) -> VersionList:
        return self._manager.list_versions()

    def show(self, request: VersionNamed) -> VersionStatus:
        return self._manager.show_version(self._tag(request.tag))

    def plan(self, request: InstallOptions) -> InstallationPlan:
        self._refuse_unknown(_checked(request).reference)
        return self._manager.plan_installation(request)

    def install(self, request: InstallOptions) -> OperationRef:
        options = _checked(request)
        return self._operations.submit(
            "versions.install",
            options.reference,
            INSTALL_STEPS,
            lambda operation: self._manager.install(options, operation),
            request=options,
        )

    def uninstall(self, request: UninstallVersion) -> OperationRef:
        tag = validate_version_tag(request.tag)
        self._manager.show_version(tag)
        return self._operations.submit(
            "versions.uninstall",
            tag,
            UNINSTALL_STEPS,
            lambda operation: self._manager.uninstall(tag, operation),
            request=request,
        )

    def plan_uninstall(self, request: UninstallVersion) -> RemovalPlan:
        return self._manager.plan_uninstall(validate_version_tag(request.tag))

    def trash(self, _request: Empty) -> TrashList:
        return self._manager.trash()

    def restore(self, request: RestoreVersion) -> VersionStatus:
        return self._manager.show_version(self._manager.restore(request.entry).tag)

    def plan_empty_trash(self, request: EmptyTrash) -> EmptyingPlan:
        return self._manager.plan_empty_trash(request.entries)

    def empty_trash(self, request: EmptyTrash) -> OperationRef:
        """On record, "everything" is what lies there now: asked again, it is never more."""
        there = self._in_trash()
        asked = tuple(sorted(there)) if request.entries is None else request.entries
        return self._operations.submit(
            "versions.empty_trash",
            "trash",
            EMPTY_TRASH_STEPS,
            lambda operation: self._empty_trash(request, there, operation),
            request=EmptyTrash(entries=asked) if 0 < len(asked) <= MOST_ENTRIES else None,
            can_do_without_record=True,
        )

    def activate(self, request: ActivateVersion) -> VersionStatus:
        return self._manager.activate(validate_version_tag(request.tag))

    def set_default(self, request: SetDefault) -> VersionList:
        tag = request.tag
        return self._manager.set_default(None if tag is None else validate_version_tag(tag))

    def launch(self, request: LaunchVersion) -> OperationRef:
        tag = self._tag(request.tag)
        self._manager.show_version(tag)
        # Without its request: what a ComfyUI gets in its environment may be secret.
        return self._operations.submit(
            "versions.launch",
            tag,
            LAUNCH_STEPS,
            lambda operation: self._manager.launch(tag, request, operation),
        )

    def stop(self, request: StopVersion) -> OperationRef:
        """Stopping what is just starting means cancelling its start."""
        tag = self._tag(request.tag)
        self._manager.show_version(tag)
        for snapshot in self._operations.list_all():
            if snapshot.subject == tag and snapshot.kind == "versions.launch":
                if not snapshot.state.is_final:
                    self._operations.cancel(snapshot.id)
                    return OperationRef(
                        operation_id=snapshot.id, kind=snapshot.kind, subject=snapshot.subject
                    )
                break
        return self._operations.submit(
            "versions.stop",
            tag,
            STOP_STEPS,
            lambda operation: self._manager.stop(tag, operation),
            urgent=True,
            request=StopVersion(tag=tag),
        )

    def logs(self, request: ReadLog) -> LogLines:
        return self._manager.logs(self._tag(request.tag), after=request.after, limit=request.limit)

    def check(self, request: CheckVersion) -> EnvironmentReport:
        return self._manager.check_environment(self._tag(request.tag))

    def constraints(self, request: VersionNamed) -> ConstraintReport:
        return self._manager.constraints(self._tag(request.tag))

    def _refuse_unknown(self, reference: str) -> None:
        """Raises: VersionNotFound when the list of releases is fresh and has no such name."""
        known = self._releases.cached()
        if known is None or self._releases.is_stale(known) or is_commit(reference):
            return
        names = {release.tag for release in known.releases} | set(known.branches)
        if reference not in names:
            raise VersionNotFound(reference, similar=get_close_matches(reference, names, n=3))

    def _tag(self, tag: str | None) -> str:
        return validate_version_tag(self._manager.resolve_tag(tag))

    def _refreshing(self, *, wanted: bool) -> tuple[str | None, ComfyUILauncherError | None]:
        """The operation that asks the repository now, and why there is none though it is wanted."""
        if not wanted:
            at_work = (one for one in self._operations.list_all() if not one.state.is_final)
            return next((one.id for one in at_work if one.kind == REFRESH), None), None
        try:
            return self.refresh_releases(Empty()).operation_id, None
        except OperationConflict:
            return None, None  # another process is busy for a moment: the next look starts it
        except ComfyUILauncherError as error:  # what is known can be read all the same
            _log.warning("the releases cannot be asked for: %s", error)
            return None, error

    def _empty_trash(self, request: EmptyTrash, then: set[str], operation: Operation) -> FreedSpace:
        """Of everything, what came into the trash while this waited for its turn stays."""
        entries = request.entries
        if entries is None and (now := self._in_trash()) - then:
            entries = tuple(sorted(now & then))
        return self._manager.empty_trash(entries, operation)

    def _in_trash(self) -> set[str]:
        return {one.entry for one in self._manager.trash().entries}

    def _refresh(self, operation: Operation) -> None:
        self._releases.refresh(operation)


def _checked(request: InstallOptions) -> InstallOptions:
    """What a type cannot say. Raises: InvalidValue, PathNotFound."""
    validate_reference(request.reference)
    if request.torch_spec is not None:
        validate_requirement(request.torch_spec)
        if validate_package_name(re.split(r"[^\w.-]", request.torch_spec)[0]) != "torch":
            expected = "a requirement for torch, for example torch==2.13.0+cpu"
            raise InvalidValue("torch requirement", request.torch_spec, expected=expected)
    for place in request.find_links:
        validate_package_place(place)
        if "://" not in place and not Path(place).expanduser().is_dir():
            raise PathNotFound(Path(place), wanted="a folder with wheels")
    return request
