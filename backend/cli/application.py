"""The tree of all commands. Walk `app` to see what there is; `boundary.run` runs it."""

from __future__ import annotations

from typing import Annotated

import typer

from backend.cli.commands import launcher, models, operations, running, settings, versions
from backend.cli.words import area, session_of

app = area(
    "Installs, starts and stops versions of ComfyUI, side by side, with one folder of models."
)


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version of the launcher.")
    ] = False,
) -> None:
    """Says which version this is, or what can be done, when no word follows."""
    if version:
        launcher.say_version(session_of(context))
        raise typer.Exit
    if context.invoked_subcommand is None:
        if not session_of(context).output.is_for_people:
            context.fail("A command is missing.")
        launcher.welcome(session_of(context).output)


running.register(versions.app)
app.add_typer(versions.app, name="versions")
app.add_typer(models.app, name="models")
app.add_typer(operations.app, name="operations")
app.add_typer(settings.app, name="settings")
launcher.register(app)
