"""`models`: the folders that versions read models from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from backend.cli.pictures import models as pictures
from backend.cli.words import Word, area, session_of

app = area("The folders of models that all versions share.")

Folder = Annotated[
    str, typer.Argument(metavar="PATH", help="A folder that has models, where it is now.")
]


@app.command(cls=Word)
def folders(context: typer.Context) -> None:
    """Show the folders that versions read models from."""
    session = session_of(context)
    session.answer(session.ask("models.folders"), pictures.folders)


@app.command(cls=Word)
def use(context: typer.Context, path: Folder) -> None:
    """Let all versions read a folder of models in place. Nothing is copied or moved."""
    session = session_of(context)
    session.answer(session.ask("models.use", path=_absolute(path)), pictures.folders)


@app.command(cls=Word)
def forget(context: typer.Context, path: Folder) -> None:
    """No longer read a folder. Its files stay."""
    session = session_of(context)
    session.answer(session.ask("models.forget", path=_absolute(path)), pictures.folders)


def _absolute(path: str) -> str:
    """As seen from where the user stands, which the app itself never looks at. Links stay links."""
    return os.path.abspath(Path(path).expanduser())  # noqa: PTH100 - takes `..` out by its words
