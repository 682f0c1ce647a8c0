"""`operations`: what runs and what ran, whichever door started it."""

from __future__ import annotations

from typing import Annotated

import typer

from backend.cli.pictures import operations as pictures
from backend.cli.words import Word, area, session_of

app = area("What runs and what ran: installations, starts and the like.")

OperationId = Annotated[
    str, typer.Argument(metavar="ID", help="An operation that `operations list` shows.")
]


@app.command("list", cls=Word)
def list_operations(context: typer.Context) -> None:
    """Show what runs and what ran, the newest first."""
    session = session_of(context)
    session.answer(session.ask("operations.list"), pictures.operations)


@app.command(cls=Word)
def show(context: typer.Context, operation_id: OperationId) -> None:
    """Show one operation: how far it is, or how it ended."""
    session = session_of(context)
    answer = session.ask("operations.show", operation_id=operation_id)
    session.answer(answer, pictures.operation)


@app.command(cls=Word)
def cancel(context: typer.Context, operation_id: OperationId) -> None:
    """Ask an operation to stop. One that has ended stays as it is."""
    session = session_of(context)
    answer = session.ask("operations.cancel", operation_id=operation_id)
    session.answer(answer, pictures.cancelled)


@app.command(cls=Word)
def retry(context: typer.Context, operation_id: OperationId) -> None:
    """Ask again for what failed, was cancelled or was interrupted. What was downloaded is kept."""
    session = session_of(context)
    answer = session.carry_out("operations.retry", operation_id=operation_id)
    session.answer(answer, pictures.repeated)
