"""Requests and results of the area `settings`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from backend.api.contract.common import Empty, Request
from backend.operations.model import Frozen

__all__ = [
    "ChangeSetting",
    "Empty",
    "ForgetSecret",
    "KeepSecret",
    "ResetSetting",
    "SecretName",
    "SecretStatus",
    "SettingStatus",
    "SettingsList",
]

SecretName = Literal["GITHUB_TOKEN", "HF_TOKEN", "CIVITAI_TOKEN"]


class SettingStatus(Frozen):
    """A setting: its value, where that comes from, and what it means."""

    name: str
    value: Any
    default: Any
    source: Literal["environment", "file", "default"]
    variables: tuple[str, ...]
    description: str


class SecretStatus(Frozen):
    """Whether a secret is known and where it is kept. Never the secret."""

    name: str
    place: Literal["environment", "keyring", "file", "nowhere"]


class SettingsList(Frozen):
    """`problem`: the file is damaged, and the settings before it are in force."""

    root: str
    problem: str | None
    settings: tuple[SettingStatus, ...]
    secrets: tuple[SecretStatus, ...]


class ChangeSetting(Request):
    name: str
    value: Any


class ResetSetting(Request):
    name: str


class KeepSecret(Request):
    """Keeps a secret in the keyring of the system (or the file, where that is allowed)."""

    name: SecretName
    value: str = Field(min_length=1, max_length=4096, repr=False)


class ForgetSecret(Request):
    name: SecretName
