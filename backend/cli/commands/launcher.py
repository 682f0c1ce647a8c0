"""What is about the launcher itself: `info`, `serve`, its version, and a word of welcome."""

from __future__ import annotations

import os
import sys

import typer
from typer.core import TyperCommand

from backend import __version__
from backend.cli.output import Output
from backend.cli.pictures import launcher as pictures
from backend.cli.session import Session
from backend.cli.words import Word, session_of


class PassingWord(TyperCommand):
    """A command whose options another program reads, `--help` and `--json` included."""


def register(app: typer.Typer) -> None:
    """Puts these commands at the top of the tree."""
    app.command(cls=Word)(info)
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


def serve(context: typer.Context) -> None:
    """Run the HTTP service in this terminal, until Ctrl-C. `serve --help` shows its options."""
    own = [sys.executable, *(["-P"] if sys.flags.safe_path else []), "-m", "backend.service"]
    os.execv(sys.executable, [*own, *context.args])  # noqa: S606 - a list, no shell


def welcome(output: Output) -> None:
    """What to do when no word was given."""
    output.line("The window comes with the next release. Until then, from here:")
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
