"""Settings and secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from backend.api.contract.common import Empty
from backend.api.contract.settings import (
    ChangeSetting,
    ForgetSecret,
    KeepSecret,
    ResetSetting,
    SecretName,
    SecretStatus,
    SettingsList,
    SettingStatus,
)
from backend.config import Settings, variables_of
from backend.operations.events import EventStream, SettingsChanged
from backend.platform.secrets import SecretStore
from backend.settings_store import SettingsStore


class SettingsApi:
    """Shows every setting with its source; changes them; keeps secrets without showing them."""

    def __init__(
        self, root: Path, store: SettingsStore, secrets: SecretStore, events: EventStream
    ) -> None:
        self._root = root
        self._store = store
        self._secrets = secrets
        self._events = events

    def list(self, _request: Empty) -> SettingsList:
        return self._all()

    def change(self, request: ChangeSetting) -> SettingsList:
        self._store.change(request.name, request.value)
        return self._changed(request.name)

    def reset(self, request: ResetSetting) -> SettingsList:
        self._store.reset(request.name)
        return self._changed(request.name)

    def keep_secret(self, request: KeepSecret) -> SettingsList:
        self._secrets.set(request.name, request.value)
        return self._changed(request.name)

    def forget_secret(self, request: ForgetSecret) -> SettingsList:
        self._secrets.delete(request.name)
        return self._changed(request.name)

    def _changed(self, name: str) -> SettingsList:
        self._events.publish(SettingsChanged(name=name))
        return self._all()

    def _all(self) -> SettingsList:
        values: dict[str, Any] = self._store.current().model_dump(mode="json")
        sources = self._store.sources()
        return SettingsList(
            root=str(self._root),
            problem=self._store.problem(),
            settings=tuple(
                SettingStatus(
                    name=name,
                    value=values[name],
                    default=field.default,
                    source=sources[name],
                    variables=variables_of(name),
                    description=field.description or "",
                )
                for name, field in Settings.model_fields.items()
            ),
            secrets=tuple(
                SecretStatus(name=name, place=self._secrets.where(name))
                for name in get_args(SecretName)
            ),
        )
