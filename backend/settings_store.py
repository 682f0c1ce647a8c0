"""The settings in force: read once, changed at run time, kept in `launcher-data/settings.json`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic import ValidationError as PydanticError

from backend.config import Settings, Source, resolve, variables_of
from backend.exceptions import InvalidValue, UnknownSetting
from backend.file_utils import (
    Absent,
    Corrupt,
    atomic_write_json,
    read_json,
    refuse_newer_schema,
)
from backend.logging_config import get_logger
from backend.validators import (
    validate_folder,
    validate_package_place,
    validate_repository_url,
    validate_requirement,
    validate_url,
)

SCHEMA: Final = 1
_log = get_logger(__name__)
Validator = Callable[[Any], object]
_Stamp = tuple[int, int, int] | None


def _each(validate: Callable[[str], str]) -> Validator:
    return lambda values: [validate(value) for value in values]


# What a type cannot say. A value of None (not set) is never checked.
CHECKS: Final[Mapping[str, Validator]] = {
    "find_links": _each(validate_package_place),
    "extra_model_folders": _each(validate_folder),
    "existing_comfyui": validate_folder,
    "repository": validate_repository_url,
    "github_api": lambda url: validate_url(url, schemes=("https", "http")),
    "package_index": validate_repository_url,  # https, http or a folder: the same forms
    "package_overrides": _each(validate_requirement),
}


class SettingsFile(BaseModel):
    """What was set by hand; only that, so that better defaults reach everyone."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

    schema_version: int = Field(SCHEMA, alias="schema")
    values: dict[str, Any] = Field(default_factory=dict)


class SettingsStore:
    """Reads and changes the settings of one root."""

    def __init__(
        self, file: Path, environment: Mapping[str, str], *, lock: AbstractContextManager[Any]
    ) -> None:
        self._file = file
        self._environment = dict(environment)
        self._lock = lock
        self._cache: tuple[_Stamp, Settings, dict[str, Source]] | None = None
        self._cache_lock = threading.Lock()

    def current(self) -> Settings:
        """The settings in force. Raises: InvalidValue (names the source), MetadataCorrupt."""
        return self._resolved()[1]

    def problem(self) -> str | None:
        """What is wrong with the file while an older one counts; None when all is well."""
        result = read_json(self._file, SettingsFile)
        if not isinstance(result, Corrupt):
            return None
        return f"{result.path} is damaged ({result.reason}); the settings before it are in force."

    def sources(self) -> dict[str, Source]:
        """Where each value comes from: environment, file or default."""
        return self._resolved()[2]

    def change(self, name: str, value: Any) -> Settings:
        """Keeps `value` for `name`. Raises: UnknownSetting, InvalidValue."""
        _known(name)
        with self._lock:
            values = self._values() | {name: value}
            self._write(values)
        return self.current()

    def reset(self, name: str) -> Settings:
        """Forgets what was set for `name`: the default counts again. Raises: UnknownSetting.

        The others are kept as they are, unchecked: this is how a file that does not fit is mended,
        value by value, also one that only another release of the launcher knows.
        """
        with self._lock:
            values = self._values()
            if name not in values:
                _known(name)
            kept = {key: value for key, value in values.items() if key != name}
            atomic_write_json(self._file, SettingsFile(values=kept))
        return self.current()

    def _resolved(self) -> tuple[_Stamp, Settings, dict[str, Source]]:
        """Read again when the file is another one: a second process may have changed it."""
        stamp = _stamp(self._file)
        with self._cache_lock:
            if self._cache is None or self._cache[0] != stamp:
                found = _validated(self._environment, self._values(), self._place)
                self._cache = (stamp, *found)
            return self._cache

    def _values(self) -> dict[str, Any]:
        result = read_json(self._file, SettingsFile)
        if isinstance(result, Absent):
            return {}
        refuse_newer_schema(self._file, SCHEMA)
        if isinstance(result, Corrupt):
            _log.warning("%s is damaged (%s); the one before it counts", result.path, result.reason)
            return result.recovered().values
        return result.value.values

    def _write(self, values: dict[str, Any]) -> None:
        """Checked without the environment, which may win now and be gone tomorrow."""
        settings, _ = _validated({}, values, lambda _: "")
        plain = settings.model_dump(mode="json")
        atomic_write_json(self._file, SettingsFile(values={name: plain[name] for name in values}))

    def _place(self, name: str) -> str:
        """Where the value of a setting comes from, in words."""
        variables = variables_of(name) if name in Settings.model_fields else ()
        given = [variable for variable in variables if self._environment.get(variable)]
        if given:
            return f" (from {given[0]} in the environment)"
        return f" (from {self._file}; `./launcher settings reset {name}` forgets it)"


def _stamp(file: Path) -> _Stamp:
    """Names one content of the file: each write of ours makes a new inode."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _validated(
    environment: Mapping[str, str], values: Mapping[str, Any], place: Callable[[str], str]
) -> tuple[Settings, dict[str, Source]]:
    try:
        settings, sources = resolve(environment, values)
    except PydanticError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        what = f"setting {name}{place(name)}"
        raise InvalidValue(what, str(first["input"]), expected=first["msg"]) from error
    for name, check in CHECKS.items():
        value = getattr(settings, name)
        if value is not None:
            _check(name, value, check, place)
    return settings, sources


def _check(name: str, value: Any, check: Validator, place: Callable[[str], str]) -> None:
    try:
        check(value)
    except InvalidValue as error:
        what = f"setting {name}{place(name)}"
        shown, expected = str(error.context["value"]), str(error.context["expected"])
        raise InvalidValue(what, shown, expected=expected) from error


def _known(name: str) -> None:
    if name not in Settings.model_fields:
        raise UnknownSetting(name, known=list(Settings.model_fields))
