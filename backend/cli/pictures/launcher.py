"""How the launcher itself looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.cli import wording
from backend.cli.output import Output, Styled

if TYPE_CHECKING:
    from backend.api.contract.system import SystemInfo


def info(output: Output, value: SystemInfo) -> None:
    """The launcher and its means, then what it found at its start."""
    output.pairs(
        [
            ("ComfyUI Launcher", value.launcher),
            ("Folder", value.root),
            ("Room", f"{wording.size(value.free_bytes)} free"),
            ("System", value.platform),
            ("Python", value.python),
            ("Git", value.git or Styled("not found", "red")),
            ("uv", value.uv or Styled("not found", "red")),
        ]
    )
    for notice in value.notices:
        output.line(Styled(notice, "yellow"))
