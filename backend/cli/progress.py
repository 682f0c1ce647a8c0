"""How an operation is watched: a live line on a terminal, a line a step elsewhere, or events."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Final, Protocol

from backend.cli import wording
from backend.cli.output import Glyphs, Mode, Output, Piece, Styled

if TYPE_CHECKING:
    from rich.text import Text

    from backend.operations.events import Event
    from backend.operations.model import OperationSnapshot

BAR_WIDTH: Final = 24
REFRESHES_PER_SECOND: Final = 8
# Before that, the time that remains is a guess not worth reading.
REMAINING_AFTER_SECONDS: Final = 5
CANCELLING: Final = "cancelling and tidying up (Ctrl-C again leaves at once)"


class Watcher(Protocol):
    """Someone to tell how an operation goes."""

    def shown(self) -> AbstractContextManager[object]:
        """What is on the screen while the operation runs."""

    def event(self, event: Event) -> None:
        """Something happened somewhere in the app."""

    def moved(self, snapshot: OperationSnapshot) -> None:
        """The operation stands here now."""


def watcher_for(output: Output) -> Watcher:
    """The watcher that suits the output and the terminal."""
    if output.mode is Mode.EVENTS:
        return EventLines(output)
    if output.errors_are_a_terminal:
        return LiveLine(output)
    return StepLines(output)


class EventLines:
    """Every event as a line of JSON on standard output."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def shown(self) -> AbstractContextManager[object]:
        return nullcontext()

    def event(self, event: Event) -> None:
        self._output.json_line(event)

    def moved(self, snapshot: OperationSnapshot) -> None:
        """The events say it."""


class StepLines:
    """A line for each step, for logs and pipes. Programs that asked for JSON get none."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._last: tuple[int, bool] = (0, False)

    def shown(self) -> AbstractContextManager[object]:
        return nullcontext()

    def event(self, event: Event) -> None:
        """The snapshots say it."""

    def moved(self, snapshot: OperationSnapshot) -> None:
        now = snapshot.progress
        cancelling = snapshot.state == "cancelling"
        if now.step_count < 2 or (now.step_number, cancelling) <= self._last:
            return
        self._last = (now.step_number, cancelling)
        what = CANCELLING if cancelling else wording.step(now.step)
        self._output.note(f"[{now.step_number}/{now.step_count}] {what}")


class LiveLine:
    """One line that lives on the terminal while the operation runs, and is gone after it."""

    def __init__(self, output: Output, clock: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._clock = clock
        self._snapshot: OperationSnapshot | None = None
        self._seen = clock()

    def shown(self) -> AbstractContextManager[object]:
        """The live line, for as long as the context lasts; it leaves no trace."""
        from rich.live import Live

        return Live(
            console=self._output.live_console,
            get_renderable=self._line,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def event(self, event: Event) -> None:
        """The snapshots say it."""

    def moved(self, snapshot: OperationSnapshot) -> None:
        if snapshot is not self._snapshot:
            self._snapshot, self._seen = snapshot, self._clock()

    def _line(self) -> Text:
        from rich.text import Text

        line = Text(no_wrap=True, overflow="ellipsis", end="")
        if self._snapshot is not None:
            since = self._clock() - self._seen
            width = self._output.live_console.width
            for cell in live_line(self._snapshot, since, width, self._output.error_glyphs):
                line.append(*((cell,) if isinstance(cell, str) else (cell.text, cell.style)))
        return line


def live_line(snapshot: OperationSnapshot, since: float, width: int, glyphs: Glyphs) -> list[Piece]:
    """How the operation stands, in pieces that fit on a line of that width.

    `since`: seconds since the snapshot came, so that the clock goes on between two of them.
    """
    now = snapshot.progress
    elapsed = now.elapsed_seconds + since
    count = f"{now.step_number}/{now.step_count} " if now.step_count > 1 else ""
    what = CANCELLING if snapshot.state == "cancelling" else f"{count}{wording.step(now.step)}"
    pieces: list[Piece] = []
    if width >= 72 and now.step_count > 1:
        done = round(BAR_WIDTH * now.fraction)
        pieces += [
            Styled(glyphs.bar * done, "green"),
            Styled(glyphs.rest * (BAR_WIDTH - done), "dim"),
            " ",
        ]
    if now.step_count > 1:
        pieces.append(f"{now.fraction:4.0%}  ")
    pieces += [what, Styled(f"  {wording.clock(elapsed)}", "dim")]
    left = (now.remaining_seconds or 0.0) - since
    if left >= 1 and elapsed >= REMAINING_AFTER_SECONDS:
        pieces.append(Styled(f" {glyphs.separator} {wording.clock(left)} left", "dim"))
    used = sum(len(piece if isinstance(piece, str) else piece.text) for piece in pieces)
    room = width - used - 4
    if now.detail and room > 12 and snapshot.state != "cancelling":
        pieces.append(Styled(f"  {_cut(wording.inline(now.detail), room, glyphs)}", "dim"))
    return pieces


def _cut(text: str, room: int, glyphs: Glyphs) -> str:
    if len(text) <= room:
        return text
    return text[: room - len(glyphs.ellipsis)] + glyphs.ellipsis
