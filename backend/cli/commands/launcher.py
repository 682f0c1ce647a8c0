"""What is about the launcher itself: its means, its place on the desktop, and a word of welcome."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from backend import __version__
from backend.api.exit_codes import FAILURE
from backend.cli.output import Output
from backend.cli.pictures import launcher as pictures
from backend.cli.session import Session
from backend.cli.words import Word, session_of


class PassingWord(TyperCommand):
    """A command whose options another program reads, `--help` and `--json` included."""


def register(app: typer.Typer) -> None:
    """Puts these commands at the top of the tree."""
    for command in (
        info, hardware, diagnostics, state, shortcut, install_shortcut, remove_shortcut,
    ):  # fmt: skip
        app.command(cls=Word)(command)
    app.command(
        cls=PassingWord,
        add_help_option=False,
        context_settings={
            "allow_extra_args": True,
            "ignore_unknown_options": True,
            "help_option_names": [],
        },
    )(serve)


def info(context: typer.Context) -> None:
    """Show the launcher itself: its version, folder, tools and room."""
    session = session_of(context)
    session.answer(session.ask("system.info"), pictures.info)


def hardware(context: typer.Context) -> None:
    """Show what this machine can do: processor, memory, graphics cards, and what fits."""
    session = session_of(context)
    session.answer(session.ask("system.hardware"), pictures.hardware)


def diagnostics(
    context: typer.Context,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it there, in Markdown."),
    ] = None,
) -> None:
    """Make a report to hand to someone who helps; nothing secret is in it."""
    session = session_of(context)
    value = session.ask("system.diagnostics")
    if output is not None:
        _write_report(output, value.text)
        session.output.note(f"Written to {output}. Look it over before you hand it on.")
        if session.output.is_for_people:
            return
    session.answer(value, pictures.diagnostics)


def state(context: typer.Context) -> None:
    """Read every file that the launcher keeps, and tell which are damaged (exit status 1 then)."""
    session = session_of(context)
    value = session.ask("system.state")
    session.answer(value, pictures.state)
    if value.problems:
        raise typer.Exit(FAILURE)


def shortcut(context: typer.Context) -> None:
    """Show whether the launcher stands in the menu of the desktop."""
    session = session_of(context)
    session.answer(session.ask("system.shortcut"), pictures.shortcut)


def install_shortcut(context: typer.Context) -> None:
    """Put the launcher into the menu of the desktop."""
    session = session_of(context)
    session.answer(session.ask("system.install_shortcut"), pictures.shortcut)


def remove_shortcut(context: typer.Context) -> None:
    """Take the launcher out of the menu of the desktop."""
    session = session_of(context)
    session.answer(session.ask("system.remove_shortcut"), pictures.shortcut)


def serve(context: typer.Context) -> None:
    """Run the HTTP service in this terminal, until Ctrl-C. `serve --help` shows its options."""
    own = [sys.executable, *(["-P"] if sys.flags.safe_path else []), "-m", "backend.service"]
    os.execv(sys.executable, [*own, *context.args])  # noqa: S606 - a list, no shell


def welcome(output: Output) -> None:
    """What to do when no word was given (the script `launcher` opens the window then)."""
    output.line("`./launcher` opens the window. From a terminal:")
    output.line("  ./launcher versions releases       what can be installed")
    output.line("  ./launcher versions install TAG    a version, beside the others")
    output.line("  ./launcher versions launch         start it")
    output.line("  ./launcher serve                   the same over HTTP")
    output.line("All commands: `./launcher --help`. First steps: docs/tutorial/first-steps.md")


def say_version(session: Session) -> None:
    """The version of the launcher."""
    if session.output.is_for_people:
        session.output.line(f"ComfyUI Launcher {__version__}")
    else:
        session.envelope({"version": __version__})


def _write_report(path: Path, text: str) -> None:
    """Raises: ForeignFolder when something else is there, NotWritable, DiskFull."""
    from backend.exceptions import ForeignFolder
    from backend.file_utils import atomic_write_bytes, storage_errors

    title = text.partition("\n")[0].encode()
    with storage_errors(path):
        if os.path.lexists(path) and not (path.is_file() and path.read_bytes().startswith(title)):
            raise ForeignFolder(path)
    atomic_write_bytes(path, text.encode(), mode=0o600)
