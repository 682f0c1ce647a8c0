"""The colours: each means a state, and nothing else is coloured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backend.cli.output import Cell, Output, Styled

if TYPE_CHECKING:
    from backend.api.contract.versions import VersionStatus
    from backend.operations.model import OperationState

_VERSION_STYLES: Final = {
    "running": "green",
    "starting": "yellow",
    "stopped": "dim",
    "damaged": "red",
}
_OPERATION_STYLES: Final = {
    "queued": "dim",
    "running": "green",
    "cancelling": "yellow",
    "succeeded": "dim",
    "failed": "red",
    "cancelled": "yellow",
    "interrupted": "yellow",
}
_AT_WORK: Final = {"running", "starting", "cancelling", "damaged", "failed"}


def dot_of_version(output: Output, version: VersionStatus) -> Styled:
    """Full while something goes on or is wrong, hollow at rest."""
    return _dot(output, version.state.value, _VERSION_STYLES)


def dot_of_operation(output: Output, state: OperationState) -> Styled:
    """Full while something goes on or went wrong, hollow otherwise."""
    return _dot(output, state.value, _OPERATION_STYLES)


def state_of_version(version: VersionStatus) -> Cell:
    """The state in a word, with the address of a ComfyUI that answers."""
    if version.instance is not None and version.state.value == "running":
        return f"running at {version.instance.url}"
    return version.state.value


def style_of_operation(state: OperationState) -> str:
    """The colour of an operation's state."""
    return _OPERATION_STYLES[state.value]


def short(commit: str) -> str:
    """A commit as people name it."""
    return commit[:8]


def _dot(output: Output, state: str, styles: dict[str, str]) -> Styled:
    sign = output.glyphs.full if state in _AT_WORK else output.glyphs.hollow
    return Styled(sign, styles[state])
