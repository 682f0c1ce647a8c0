"""Tokens of the user: from the environment, the keyring of the system, or a file by consent."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from backend.exceptions import InvalidValue, NotWritable, SecretStoreMissing
from backend.file_utils import atomic_write_json, read_json, storage_errors, value_or_none
from backend.logging_config import get_logger, register_secret
from backend.platform.locks import FileLock

SERVICE: Final = "comfyui-launcher"
OWNER_ONLY: Final = 0o600
OTHER_NAMES: Final[Mapping[str, str]] = {"CIVITAI_TOKEN": "CIVITAI_API_KEY"}

SecretPlace = Literal["environment", "keyring", "file", "nowhere"]

_log: Final = get_logger(__name__)


class Keyring(Protocol):
    """What we need of a keyring; the backends of the package `keyring` have it."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


class SecretsFile(BaseModel):
    """What the file holds where there is no keyring."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

    schema_version: Literal[1] = Field(1, alias="schema")
    values: dict[str, str] = {}


class SecretStore:
    """The tokens of the user by name, as they are named in the environment (`GITHUB_TOKEN`).

    The environment wins over the keyring, the keyring over the file. The file is used only while
    `file_allowed()` says so, and only its owner can read it. Whatever is read here can no longer
    appear in a log.
    """

    def __init__(
        self,
        file: Path,
        *,
        file_allowed: Callable[[], bool],
        environment: Mapping[str, str],
        find_keyring: Callable[[], Keyring | None] | None = None,
    ) -> None:
        self._file = file
        self._file_allowed = file_allowed
        self._environment = environment
        self._find_keyring = find_keyring or system_keyring
        self._lock = FileLock(file.with_name(f".{file.name}.lock"))

    def get(self, name: str) -> str | None:
        """The secret, or None. Raises: MetadataCorrupt, NotWritable about the file."""
        return self._find(name)[0]

    def where(self, name: str) -> SecretPlace:
        """Where `get` finds the secret. Raises: MetadataCorrupt, NotWritable about the file."""
        return self._find(name)[1]

    def set(self, name: str, value: str) -> None:
        """Keeps the secret in the keyring, or in the file if that is allowed.

        Raises: SecretStoreMissing, InvalidValue, DiskFull, NotWritable, MetadataCorrupt.
        """
        _validate_name(name)
        value = _validate_value(name, value)
        register_secret(value)
        if self._keep_in_keyring(name, value):
            self._change_file(name, None)  # no older copy in plain text stays behind
        elif self._file_allowed():
            self._change_file(name, value)
        else:
            raise SecretStoreMissing

    def delete(self, name: str) -> None:
        """After this neither keyring nor file holds the secret; the environment is not ours.

        Raises: InvalidValue, DiskFull, NotWritable, MetadataCorrupt.
        """
        _validate_name(name)
        keyring = self._find_keyring()
        if keyring is not None and _ask(keyring, name) is not None:
            from keyring.errors import KeyringError

            try:
                keyring.delete_password(SERVICE, name)
            except KeyringError as error:
                raise NotWritable(Path("keyring"), reason=str(error)) from error
        self._change_file(name, None)

    def _find(self, name: str) -> tuple[str | None, SecretPlace]:
        _validate_name(name)
        place: SecretPlace = "environment"
        value = self._from_environment(name)
        if not value:
            place, keyring = "keyring", self._find_keyring()
            value = _ask(keyring, name) if keyring is not None else None
        if not value and self._file_allowed():
            place, value = "file", self._read().get(name)
        if not value:
            return None, "nowhere"
        register_secret(value)
        return value, place

    def _from_environment(self, name: str) -> str | None:
        other = OTHER_NAMES.get(name, name)
        return (self._environment.get(name) or self._environment.get(other) or "").strip() or None

    def _keep_in_keyring(self, name: str, value: str) -> bool:
        keyring = self._find_keyring()
        if keyring is None:
            return False
        from keyring.errors import KeyringError

        try:
            keyring.set_password(SERVICE, name, value)
        except KeyringError as error:
            _log.warning("The keyring did not take %s: %s", name, error)
            return False
        return True

    def _change_file(self, name: str, value: str | None) -> None:
        """Sets or (None) removes one value; the previous content is not kept."""
        if value is None and not os.path.lexists(self._file):
            return
        with self._lock:
            values = {key: kept for key, kept in self._read().items() if key != name}
            if value is not None:
                values[name] = value
            changed = SecretsFile(values=values)
            atomic_write_json(self._file, changed, mode=OWNER_ONLY, keep_previous=False)

    def _read(self) -> Mapping[str, str]:
        _make_private(self._file)
        found = value_or_none(read_json(self._file, SecretsFile))
        return found.values if found is not None else {}


def system_keyring() -> Keyring | None:
    """The keyring of this system and user, or None when there is none that keeps anything."""
    import keyring
    from keyring.backends import fail, null

    backend = keyring.get_keyring()
    return None if isinstance(backend, fail.Keyring | null.Keyring) else backend


def _ask(keyring: Keyring, name: str) -> str | None:
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, name)
    except KeyringError as error:  # locked, or its service does not answer
        _log.warning("The keyring did not answer for %s: %s", name, error)
        return None


def _make_private(file: Path) -> None:
    """Takes away the rights of others; a file of someone else, or a link, is refused."""
    with storage_errors(file):
        try:
            found = file.lstat()
        except FileNotFoundError:
            return
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise NotWritable(file, reason="it is not a file of yours")
        if stat.S_IMODE(found.st_mode) & ~OWNER_ONLY:
            _log.warning("%s could be read by others; now only you can. Renew its tokens.", file)
            file.chmod(OWNER_ONLY)


def _validate_name(name: str) -> None:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,99}", name):
        expected = "capital letters, digits and `_`, such as GITHUB_TOKEN"
        raise InvalidValue("name of a secret", name, expected=expected)


def _validate_value(name: str, value: str) -> str:
    """The value without surrounding space; it goes into HTTP headers, so it is one printable line.

    The message never repeats it.
    """
    value = value.strip()
    if not (value and value.isascii() and value.isprintable()):
        raise InvalidValue(name, "***", expected="one line of printable ASCII characters")
    return value
