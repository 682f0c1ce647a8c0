"""The line that lives while an operation runs."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from backend.cli.output import ASCII, UNICODE, Mode, Output, Piece
from backend.cli.progress import LiveLine, StepLines, live_line
from backend.operations.model import OperationSnapshot, OperationState, Owner, Progress


def snapshot(state: OperationState = OperationState.RUNNING, **progress: object) -> (
    OperationSnapshot
):  # fmt: skip
    now = {"fraction": 0.5, "step": "packages", "step_number": 5, "step_count": 7, **progress}
    return OperationSnapshot(
        id="1", kind="versions.install", subject="v0.3.64", state=state,
        progress=Progress.model_validate(now), created_at=datetime.now(UTC),
        owner=Owner(pid=1, created="1.0"),
    )  # fmt: skip


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece if isinstance(piece, str) else piece.text for piece in pieces)


def test_it_tells_step_percentage_time_and_what_is_left() -> None:
    now = snapshot(elapsed_seconds=42.0, remaining_seconds=70.0, detail="downloading torch")
    assert text_of(live_line(now, 1.0, 120, ASCII)) == (
        "============------------  50%  5/7 installing the packages  0:43 - 1:09 left"
        "  downloading torch"
    )


def test_its_clock_goes_on_while_an_operation_is_silent() -> None:
    now = iter([0.0, 0.0, 7.0])
    line = LiveLine(Output(Mode.TEXT, out=io.StringIO(), errors=io.StringIO()), lambda: next(now))
    silent = snapshot(elapsed_seconds=1.0)
    line.moved(silent)
    line.moved(silent)
    assert "0:08" in line._line().plain


def test_a_guess_of_the_first_seconds_is_not_told() -> None:
    now = snapshot(elapsed_seconds=2.0, remaining_seconds=900.0)
    assert "left" not in text_of(live_line(now, 0.0, 120, UNICODE))


@pytest.mark.parametrize("width", range(40, 200, 7))
def test_it_never_grows_wider_than_its_terminal_for_the_sake_of_a_detail(width: int) -> None:
    now = snapshot(elapsed_seconds=9.0, remaining_seconds=70.0, detail="x" * 300)
    without = text_of(live_line(snapshot(elapsed_seconds=9.0, remaining_seconds=70.0), 0, width,
                                UNICODE))  # fmt: skip
    assert len(text_of(live_line(now, 0.0, width, UNICODE))) <= max(width, len(without))


def test_a_detail_cannot_move_the_cursor() -> None:
    now = snapshot(detail="\x1b[2Jgone\nand below")
    assert text_of(live_line(now, 0.0, 150, UNICODE)).isprintable()


def test_cancelling_says_how_to_leave_at_once() -> None:
    now = snapshot(OperationState.CANCELLING, detail="downloading torch")
    assert "Ctrl-C again leaves at once" in text_of(live_line(now, 0.0, 120, UNICODE))


def test_without_a_terminal_there_is_one_line_for_each_step() -> None:
    errors = io.StringIO()
    lines = StepLines(Output(Mode.TEXT, out=io.StringIO(), errors=errors))
    for number, step in (
        (1, "prepare"),
        (1, "prepare"),
        (2, "source"),
        (2, "source"),
        (7, "commit"),
    ):
        lines.moved(snapshot(step=step, step_number=number))
    lines.moved(snapshot(OperationState.SUCCEEDED, step="commit", step_number=7, fraction=1.0))
    assert errors.getvalue().splitlines() == [
        "[1/7] preparing", "[2/7] getting the source", "[7/7] finishing",
    ]  # fmt: skip
