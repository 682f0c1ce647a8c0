"""`settings`: what can be set, and tokens. A token is never an argument: arguments are public."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated, Any

import typer

from backend.cli.pictures import settings as pictures
from backend.cli.session import Session
from backend.cli.words import Word, area, session_of

app = area("See and change how the launcher works, and keep tokens.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A setting that `settings list` shows.")]
SecretName = Annotated[
    str, typer.Argument(metavar="NAME", help="GITHUB_TOKEN, HF_TOKEN or CIVITAI_TOKEN.")
]


@app.command("list", cls=Word)
def list_settings(context: typer.Context) -> None:
    """Show every setting, its value, and where that comes from."""
    session = session_of(context)
    session.answer(session.ask("settings.list"), pictures.settings)


@app.command("set", cls=Word)
def change(
    context: typer.Context,
    name: Name,
    value: Annotated[
        list[str],
        typer.Argument(metavar="VALUE", help="Its value; several for a setting that is a list."),
    ],
) -> None:
    """Change a setting, for this and every later start."""
    session = session_of(context)
    answer = session.ask("settings.change", name=name, value=_as_meant(session, name, value))
    session.answer(answer, lambda output, all_: pictures.changed(output, all_, name))


@app.command(cls=Word)
def reset(context: typer.Context, name: Name) -> None:
    """Go back to the default of a setting."""
    session = session_of(context)
    answer = session.ask("settings.reset", name=name)
    session.answer(answer, lambda output, all_: pictures.changed(output, all_, name))


@app.command("keep-secret", cls=Word)
def keep_secret(context: typer.Context, name: SecretName) -> None:
    """Keep a token in the keyring of the system. It is asked for, or read from standard input."""
    session = session_of(context)
    answer = session.ask("settings.keep_secret", name=name, value=_read_secret(name))
    session.answer(answer, lambda output, all_: pictures.secret(output, all_, name))


@app.command("forget-secret", cls=Word)
def forget_secret(context: typer.Context, name: SecretName) -> None:
    """Remove a token from where it is kept."""
    session = session_of(context)
    answer = session.ask("settings.forget_secret", name=name)
    session.answer(answer, lambda output, all_: pictures.secret(output, all_, name))


def _as_meant(session: Session, name: str, values: list[str]) -> Any:
    """One text, or a list where the setting is one. The endpoint knows the other types."""
    known = {setting.name: setting for setting in session.ask("settings.list").settings}
    setting = known.get(name)
    if setting is not None and isinstance(setting.default, list | tuple):
        return [] if values == [""] else values
    return values[0] if len(values) == 1 else values


def _read_secret(name: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"{name} (it is not shown): ").strip()
    return sys.stdin.readline().strip()
