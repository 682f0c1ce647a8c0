"""How the launcher itself looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backend.cli import wording
from backend.cli.output import Output, Styled

if TYPE_CHECKING:
    from backend.api.contract.system import (
        Diagnostics,
        Gpu,
        Hardware,
        Shortcut,
        StateReport,
        SystemInfo,
    )

_OUTCOMES: Final = {
    "recovered": "read from a copy",
    "damaged": "damaged",
    "newer": "of a newer launcher",
    "unreadable": "not to be read",
}


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


def hardware(output: Output, value: Hardware) -> None:
    """The machine, and what to expect of it."""
    output.pairs(
        [
            ("Processor", f"{value.processor}, {wording.number(value.core_count, 'core')}"),
            ("Memory", wording.memory(value.memory_bytes)),
            *(("Card", _card(gpu)) for gpu in value.gpus),
            ("torch", f"{value.torch_backend} (what `auto` takes here)"),
        ]
    )
    output.line(value.verdict)


def diagnostics(output: Output, value: Diagnostics) -> None:
    """The report as it is, to be copied."""
    output.lines(value.text.splitlines())


def state(output: Output, value: StateReport) -> None:
    """That all is sound, or each file that is not: what it is, why, and what to do."""
    files = wording.number(value.files, "state file")
    if not value.problems:
        output.line(Styled(output.glyphs.full, "green"), f" Sound: {files} read.")
        return
    for problem in value.problems:
        style = "yellow" if problem.outcome == "recovered" else "red"
        output.line(Styled(f"{_OUTCOMES[problem.outcome]}: {problem.what}", style))
        output.pairs([("File", problem.path), ("Why", problem.reason), ("Do", problem.advice)])
        output.line()
    output.line(f"{files} read; {len(value.problems)} not sound.")


def shortcut(output: Output, value: Shortcut) -> None:
    """Whether the entry is there, and its file."""
    if not value.installed:
        output.line("The launcher is not in the menu. `./launcher install-shortcut` puts it there.")
    elif not value.current:
        output.line(
            Styled("The menu starts a launcher at another place.", "yellow"),
            " `./launcher install-shortcut` makes it this one.",
        )
    else:
        output.line(Styled(output.glyphs.full, "green"), " The launcher is in the menu.")
    output.pairs([("File", value.path)])


def _card(gpu: Gpu) -> str:
    if gpu.memory_bytes is None:
        return gpu.name
    return f"{gpu.name}, {wording.memory(gpu.memory_bytes)}"
