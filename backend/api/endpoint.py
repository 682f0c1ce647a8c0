"""The table of everything that can be asked: one row a capability, for all doors.

A row names its models as text; they are imported when the endpoint is used, so that a terminal
command pays only for its own area.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from importlib import import_module
from typing import Final

from pydantic import BaseModel


class RateClass(StrEnum):
    """How often something may be asked: backend/api/rate_limits.py has the numbers."""

    READ = "read"
    CHANGE = "change"
    DESTRUCTIVE = "destructive"
    UNLIMITED = "unlimited"


@dataclass(frozen=True)
class Endpoint:
    """One capability. `request` and `result` name models of backend/api/contract/<area>.py."""

    name: str
    request: str
    result: str
    rate: RateClass
    summary: str

    @property
    def area(self) -> str:
        return self.name.partition(".")[0]

    @property
    def method(self) -> str:
        return self.name.partition(".")[2]

    @property
    def takes_time(self) -> bool:
        """Whether it answers with an operation to follow."""
        return self.result == "OperationRef"

    @property
    def needs_window(self) -> bool:
        """Whether only a window can do it: a terminal has no word for it, on purpose."""
        return self.area == "window"

    @cached_property
    def request_model(self) -> type[BaseModel]:
        return self._model(self.request)

    @cached_property
    def result_model(self) -> type[BaseModel]:
        return self._model(self.result)

    def _model(self, name: str) -> type[BaseModel]:
        model: type[BaseModel] = getattr(import_module(f"backend.api.contract.{self.area}"), name)
        return model


_READ, _CHANGE = RateClass.READ, RateClass.CHANGE
_DESTRUCTIVE, _UNLIMITED = RateClass.DESTRUCTIVE, RateClass.UNLIMITED

ENDPOINTS: Final[dict[str, Endpoint]] = {
    endpoint.name: endpoint
    for endpoint in (
        Endpoint("system.info", "Empty", "SystemInfo", _READ, "The launcher and its means."),
        Endpoint("system.hardware", "Empty", "Hardware", _READ,
                 "What this machine can do, in words."),
        Endpoint("system.diagnostics", "Empty", "Diagnostics", _READ,
                 "A report to hand to someone who helps; nothing secret is in it."),
        Endpoint("system.state", "Empty", "StateReport", _READ,
                 "Reads every state file, and tells which are damaged."),
        Endpoint("system.shortcut", "Empty", "Shortcut", _READ,
                 "Whether the launcher stands in the menu of the desktop."),
        Endpoint("system.install_shortcut", "Empty", "Shortcut", _CHANGE,
                 "Puts the launcher into the menu of the desktop."),
        Endpoint("system.remove_shortcut", "Empty", "Shortcut", _CHANGE,
                 "Takes the launcher out of the menu of the desktop."),
        Endpoint("versions.releases", "Empty", "ReleaseListing", _READ,
                 "What can be installed, as far as is known."),
        Endpoint("versions.refresh_releases", "Empty", "OperationRef", _CHANGE,
                 "Asks the repository what can be installed now."),
        Endpoint("versions.list", "Empty", "VersionList", _READ, "The installed versions."),
        Endpoint("versions.show", "VersionNamed", "VersionStatus", _READ, "One installed version."),
        Endpoint("versions.plan", "InstallOptions", "InstallationPlan", _READ,
                 "What an installation would need; changes nothing."),
        Endpoint("versions.install", "InstallOptions", "OperationRef", _CHANGE,
                 "Installs a tag, a branch or a commit."),
        Endpoint("versions.plan_uninstall", "UninstallVersion", "RemovalPlan", _READ,
                 "What uninstalling would do to the disk; changes nothing."),
        Endpoint("versions.uninstall", "UninstallVersion", "OperationRef", _DESTRUCTIVE,
                 "Moves a version to the trash."),
        Endpoint("versions.trash", "Empty", "TrashList", _READ, "The removed versions."),
        Endpoint("versions.restore", "RestoreVersion", "VersionStatus", _CHANGE,
                 "Takes a version back from the trash."),
        Endpoint("versions.plan_empty_trash", "EmptyTrash", "EmptyingPlan", _READ,
                 "What emptying the trash would do to the disk; changes nothing."),
        Endpoint("versions.empty_trash", "EmptyTrash", "OperationRef", _DESTRUCTIVE,
                 "Deletes what is in the trash, or some of it, for good."),
        Endpoint("versions.activate", "ActivateVersion", "VersionStatus", _CHANGE,
                 "Chooses the version to work with."),
        Endpoint("versions.set_default", "SetDefault", "VersionList", _CHANGE,
                 "Chooses the version to start with."),
        Endpoint("versions.launch", "LaunchVersion", "OperationRef", _CHANGE,
                 "Starts a version and waits until it answers."),
        Endpoint("versions.stop", "StopVersion", "OperationRef", _UNLIMITED, "Stops a version."),
        Endpoint("versions.logs", "ReadLog", "LogLines", _READ, "The log of the last run."),
        Endpoint("versions.check", "CheckVersion", "EnvironmentReport", _READ,
                 "Compares an environment with what was installed."),
        Endpoint("versions.constraints", "VersionNamed", "ConstraintReport", _READ,
                 "The packages that a version was made with."),
        Endpoint("models.folders", "Empty", "ModelFolders", _READ,
                 "The folders that versions read models from."),
        Endpoint("models.use", "UseFolder", "ModelFolders", _CHANGE,
                 "Lets all versions read a folder of models in place."),
        Endpoint("models.forget", "UseFolder", "ModelFolders", _CHANGE,
                 "No longer reads that folder; its files stay."),
        Endpoint("operations.list", "Empty", "OperationList", _READ, "What runs and what ran."),
        Endpoint("operations.show", "OperationNamed", "OperationSnapshot", _READ,
                 "One operation."),
        Endpoint("operations.cancel", "OperationNamed", "OperationSnapshot", _UNLIMITED,
                 "Asks an operation to stop."),
        Endpoint("operations.retry", "OperationNamed", "OperationRef", _CHANGE,
                 "Asks again for what failed, was cancelled or was interrupted."),
        Endpoint("settings.list", "Empty", "SettingsList", _READ, "All settings with sources."),
        Endpoint("settings.change", "ChangeSetting", "SettingsList", _CHANGE, "Changes a setting."),
        Endpoint("settings.reset", "ResetSetting", "SettingsList", _CHANGE,
                 "Back to the default of a setting."),
        Endpoint("settings.keep_secret", "KeepSecret", "SettingsList", _CHANGE,
                 "Keeps a token in the keyring."),
        Endpoint("settings.forget_secret", "ForgetSecret", "SettingsList", _CHANGE,
                 "Removes a token from where it is kept."),
        Endpoint("window.ready", "Empty", "Empty", _UNLIMITED, "The page says that it is up."),
        Endpoint("window.show", "Empty", "Empty", _CHANGE, "Brings the window to the front."),
        Endpoint("window.choose_folder", "ChooseFolder", "ChosenFolder", _CHANGE,
                 "Lets the user choose a folder in a dialog of the system."),
        Endpoint("window.dropped_files", "DroppedNames", "DroppedFiles", _READ,
                 "The full paths of what was dropped onto the window last."),
        Endpoint("window.open_link", "OpenLink", "Empty", _CHANGE,
                 "Opens a web page in the user's browser."),
        Endpoint("window.reveal", "RevealFolder", "Empty", _CHANGE,
                 "Shows a folder in the file manager."),
        Endpoint("window.close", "CloseWindow", "Empty", _UNLIMITED,
                 "Closes the window; running ComfyUIs are kept or stopped."),
    )
}  # fmt: skip


def is_urgent(name: object) -> bool:
    """Whether a call must never wait behind others: cancelling, stopping, closing."""
    endpoint = ENDPOINTS.get(name) if isinstance(name, str) else None
    return endpoint is not None and endpoint.rate is RateClass.UNLIMITED
