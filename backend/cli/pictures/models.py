"""How folders of models look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.cli.output import Cell, Column, Output, Styled

if TYPE_CHECKING:
    from backend.api.contract.models import ModelFolder, ModelFolders


def folders(output: Output, value: ModelFolders) -> None:
    """A line a folder, and what to do when there is no model at all."""
    columns = (
        Column("  Folder", wraps=True), Column("Models", right=True),
        Column("", optional=True, wraps=True),
    )  # fmt: skip
    output.table(columns, [_row(output, folder) for folder in value.folders])
    if not value.model_count:
        output.line("There is no model yet. Put one into the shared folder, or use a folder")
        output.line("that you have already: `./launcher models use PATH`")


def _row(output: Output, folder: ModelFolder) -> tuple[Cell, ...]:
    if not folder.exists:
        return (
            (Styled(output.glyphs.full, "red"), f" {folder.path}"),
            "",
            Styled("is not there", "red"),
        )
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(folder.kinds.items()))
    about = ": ".join(filter(None, ("shared" if folder.shared else "", kinds)))
    sign = output.glyphs.full if folder.kinds else output.glyphs.hollow
    return (
        (Styled(sign, "dim"), f" {folder.path}"),
        f"{sum(folder.kinds.values()):,}",
        Styled(about, "dim"),
    )
