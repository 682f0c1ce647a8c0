"""How starting, stopping and logs look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.cli import wording
from backend.cli.output import Output, Styled

if TYPE_CHECKING:
    from backend.api.contract.versions import LogLines, VersionStatus
    from backend.operations.model import OperationSnapshot


def launched(output: Output, value: OperationSnapshot) -> None:
    """Where it is, how to stop it, and what it lacks to be useful."""
    result = value.result or {}
    instance = result["instance"]
    took = instance["ready_seconds"]
    after = f", ready after {wording.duration(took)}" if took is not None else ""
    output.line(
        Styled(output.glyphs.full, "green"), f" {instance['tag']} runs at {instance['url']}{after}."
    )
    output.line(f"  Stop it: `./launcher versions stop {instance['tag']}`")
    output.line(f"  Its log: `./launcher versions logs {instance['tag']}`")
    if result["advice"]:
        output.line(result["advice"])


def stopped(output: Output, value: OperationSnapshot) -> None:
    """That it no longer runs."""
    if value.kind == "versions.launch":
        output.line(f"The start of {value.subject} was called off.")
    else:
        output.line(f"{value.subject} has stopped.")


def log(output: Output, value: LogLines) -> None:
    """The lines, and nothing but the lines."""
    if not value.file:
        output.note(f"{value.tag} was never started, so there is no log.")
    output.lines(value.lines)


def ended(output: Output, version: VersionStatus) -> None:
    """Why there are no more lines."""
    how = f": {version.last_exit.words}" if version.last_exit else ""
    output.note(Styled(f"{version.tag} does not run{how}.", "dim"))
