"""How settings and secrets look. A secret itself is never here to be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backend.cli.output import Column, Output, Styled

if TYPE_CHECKING:
    from backend.api.contract.settings import SettingsList, SettingStatus


def settings(output: Output, value: SettingsList) -> None:
    """A line a setting, then a line a secret."""
    columns = (
        Column("Setting"), Column("Value", wraps=True), Column("From", optional=True),
        Column("Meaning", optional=True, wraps=True),
    )  # fmt: skip
    rows = [
        (
            setting.name,
            _shown(setting.value),
            Styled(_source(setting), "dim"),
            Styled(setting.description, "dim"),
        )
        for setting in value.settings
    ]
    output.table(columns, rows)
    if value.problem:
        output.note(Styled("Damaged: ", "yellow"), value.problem)
    output.line()
    output.table(
        (Column("Token"), Column("Kept in")),
        [(secret.name, _place(secret.place)) for secret in value.secrets],
    )


def changed(output: Output, value: SettingsList, name: str) -> None:
    """What holds now, also when something stronger decides."""
    setting = next(one for one in value.settings if one.name == name)
    output.line(f"{name} is {_shown(setting.value)} ({_source(setting)}).")
    if setting.source == "environment":
        output.note(
            Styled("The environment decides: ", "yellow"),
            f"what was set counts once {' and '.join(setting.variables)} is unset.",
        )


def secret(output: Output, value: SettingsList, name: str) -> None:
    """Where the secret is now."""
    kept = next(one for one in value.secrets if one.name == name)
    output.line(f"{name}: {_place(kept.place)}.")


def _shown(value: Any) -> str:
    if value is None or value in ([], ()):
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _source(setting: SettingStatus) -> str:
    if setting.source == "environment":
        return f"environment ({', '.join(setting.variables)})"
    return {"file": "set by you", "default": "default"}[setting.source]


def _place(place: str) -> str:
    return {
        "environment": "the environment",
        "keyring": "the keyring",
        "file": "a file that only you can read",
        "nowhere": "not known",
    }[place]
