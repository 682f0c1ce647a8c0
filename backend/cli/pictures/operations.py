"""How operations look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backend.cli import wording
from backend.cli.output import Cell, Column, Output, Styled
from backend.cli.pictures import versions
from backend.cli.pictures.states import dot_of_operation, style_of_operation

if TYPE_CHECKING:
    from backend.api.contract.operations import OperationList, OperationSnapshot

SHOWN: Final = 20
_ANSWERS: Final = {
    "versions.install": versions.installed,
    "versions.uninstall": versions.uninstalled,
    "versions.empty_trash": versions.emptied,
}


def operations(output: Output, value: OperationList) -> None:
    """A line an operation."""
    for problem in value.problems:
        rescue = "an earlier line of it counts" if problem.recovered else "it was left untouched"
        output.note(Styled("Damaged: ", "bold red"), f"{problem.path} ({problem.reason}); {rescue}")
    if not value.operations:
        output.line("Nothing runs, and nothing ran yet.")
        return
    columns = (
        Column("  What", wraps=True), Column("State"), Column("Started", optional=True),
        Column("Took", right=True, optional=True), Column("ID"),
    )  # fmt: skip
    output.table(columns, [_row(output, one) for one in value.operations[:SHOWN]])
    older = len(value.operations) - SHOWN
    if older > 0:
        output.line(Styled(f"and {older} older ones: --json shows all", "dim"))


def operation(output: Output, value: OperationSnapshot) -> None:
    """One operation, whole."""
    output.line(
        dot_of_operation(output, value.state), f" {_what(value)}  ",
        Styled(value.state.value, style_of_operation(value.state)),
    )  # fmt: skip
    now = value.progress
    at = f"{now.step_number} of {now.step_count}, {wording.step(now.step)}" if now.step else ""
    output.pairs(
        [
            ("ID", value.id),
            ("Started", wording.ago(value.created_at)),
            ("Took" if value.state.is_final else "So far", _took(value)),
            ("Step", "" if value.state.is_final else f"{at} ({now.fraction:.0%})"),
            ("Now", "" if value.state.is_final else now.detail or ""),
            ("Process", "" if value.state.is_final else str(value.owner.pid)),
            ("Error", Styled(value.error.message, "red") if value.error else ""),
            ("Became of it", value.recovery.words if value.recovery else ""),
            ("What to do", _advice(value)),
        ]
    )


def cancelled(output: Output, value: OperationSnapshot) -> None:
    """What became of the wish."""
    if value.state.is_final:
        output.line(f"{_what(value)} had ended already: {value.state.value}.")
    else:
        output.line(f"{_what(value)} was asked to stop.")


def repeated(output: Output, value: OperationSnapshot) -> None:
    """As the first try would have been answered."""
    _ANSWERS.get(value.kind, operation)(output, value)


def _advice(value: OperationSnapshot) -> str:
    is_done = value.recovery is not None and value.recovery.outcome == "finished"
    if value.error is None or is_done:
        return ""
    again = f"`./launcher operations retry {value.id}`" if value.request else ""
    return f"{value.error.hint} {again}".strip()


def _row(output: Output, one: OperationSnapshot) -> tuple[Cell, ...]:
    state = one.state.value
    if one.state.value == "running":
        state = f"running, {one.progress.fraction:.0%}"
    return (
        (dot_of_operation(output, one.state), f" {_what(one)}"),
        Styled(state, style_of_operation(one.state)),
        wording.ago(one.created_at),
        _took(one),
        Styled(one.id, "dim"),
    )


def _what(one: OperationSnapshot) -> str:
    words = wording.operation(one.kind)
    return words if one.subject in words else f"{words} {one.subject}"


def _took(one: OperationSnapshot) -> str:
    return wording.duration(one.progress.elapsed_seconds)
