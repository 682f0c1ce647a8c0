"""The only module that writes. Results go to standard output, everything else to standard error.

For people: lines and tables in colours that mean a state, made for the terminal that is there.
For programs: one JSON object a line, in ASCII, whatever the locale.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final, TextIO

from backend.cli.wording import inline

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from backend.operations.model import Failure

# What is not a terminal has no width: lines are then never broken or cut.
NO_WIDTH: Final = 100_000
GAP: Final = 3
# Narrower than this, wrapped text is no longer worth its place.
WRAPPED_WIDTH: Final = 36
SHOWN_DETAIL_LINES: Final = 12
_ANSI: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


class OutputGone(Exception):
    """Standard output took no more: its reader is gone, or its disk is full."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Mode(Enum):
    """For whom the output is: `TEXT` people, `JSON` one envelope, `EVENTS` events before it."""

    TEXT = "text"
    JSON = "json"
    EVENTS = "events"


def mode_of(arguments: Sequence[str]) -> Mode:
    """What the flags ask for, wherever they stand; behind `--` they belong to ComfyUI."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--events" in own:
        return Mode.EVENTS
    return Mode.JSON if "--json" in own else Mode.TEXT


@dataclass(frozen=True, slots=True)
class Styled:
    """A piece of text with a style of rich (`green`, `dim`, ...)."""

    text: str
    style: str


Piece = str | Styled
Cell = Piece | tuple["Cell", ...]


@dataclass(frozen=True, slots=True)
class Column:
    """`optional` ones go first when the terminal is narrow, the last of them before the others."""

    title: str
    right: bool = False
    optional: bool = False
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs that this terminal's encoding has."""

    full: str
    hollow: str
    bar: str
    rest: str
    separator: str
    ellipsis: str


UNICODE: Final = Glyphs("●", "○", "━", "─", "·", "…")
ASCII: Final = Glyphs("*", "o", "=", "-", "-", "...")


class Output:
    """Standard output and standard error of this process, or two streams in their place."""

    def __init__(
        self, mode: Mode, *, out: TextIO | None = None, errors: TextIO | None = None
    ) -> None:
        self.mode = mode
        self._out = _forgiving(out or sys.stdout or _nowhere())
        self._errors = _forgiving(errors or sys.stderr or _nowhere())

    @property
    def is_for_people(self) -> bool:
        return self.mode is Mode.TEXT

    @property
    def errors_are_a_terminal(self) -> bool:
        return self._errors.isatty()

    @property
    def can_ask(self) -> bool:
        """Whether someone sits there to read a question and answer it."""
        return sys.stdin.isatty() and self._errors.isatty()

    @cached_property
    def glyphs(self) -> Glyphs:
        return _glyphs_of(self._out)

    @cached_property
    def error_glyphs(self) -> Glyphs:
        return _glyphs_of(self._errors)

    @cached_property
    def live_console(self) -> Console:
        """Where the one living line is drawn: standard error itself."""
        from rich.console import Console

        return Console(file=self._errors, highlight=False, markup=False, emoji=False)

    @cached_property
    def _pen(self) -> Console:
        return _pen_for(self._out)

    @cached_property
    def _pen_aside(self) -> Console:
        return _pen_for(self._errors)

    # --- For programs ---------------------------------------------------------------------------

    def json_line(self, value: BaseModel) -> None:
        """The value as one line of JSON on standard output, there as soon as this returns."""
        self._put(json.dumps(value.model_dump(mode="json", by_alias=True)) + "\n")

    # --- Results for people ---------------------------------------------------------------------

    def line(self, *cells: Cell) -> None:
        """One line, wrapped at the width of the terminal."""
        self._put(_drawn(self._pen, _rich(cells)))

    def lines(self, lines: Iterable[str]) -> None:
        """Lines as they are (of a log, a list of packages): never wrapped, coloured or acted on."""
        self._put("".join(f"{plain(line)}\n" for line in lines))

    def pairs(self, pairs: Sequence[tuple[str, Cell]]) -> None:
        """Names and values, below each other. A pair without a value is left out."""
        from rich.table import Table

        table = Table.grid(padding=(0, GAP, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in pairs:
            if _text(value):
                table.add_row(name, _rich(value))
        self._put(_drawn(self._pen, table))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        """Rows below a quiet head. Columns without any value, or without room, are left out."""
        used = [
            index
            for index, column in enumerate(columns)
            if not column.optional or any(_text(row[index]) for row in rows)
        ]
        while _width(columns, rows, used) > self._pen.width:
            optional = [index for index in used if columns[index].optional]
            if not optional:
                break
            used.remove(optional[-1])
        self._put(_drawn(self._pen, _table(columns, rows, used)))

    # --- What is not a result --------------------------------------------------------------------

    def note(self, *cells: Cell) -> None:
        """A line about what goes on, on standard error. Programs are not told."""
        if self.is_for_people:
            self._put_aside(_drawn(self._pen_aside, _rich(cells)))

    def help(self, text: str) -> None:
        """The help of a command that was called without what it needs."""
        self._put_aside(f"{text}\n")

    def failure(self, failure: Failure, *, is_error: bool = True) -> None:
        """What went wrong and what to do about it; then the last words of the tool it was in."""
        first = Styled("Error: " if is_error else "", "bold red")
        self._put_aside(_drawn(self._pen_aside, _rich((first, failure.message))))
        self._put_aside(_drawn(self._pen_aside, _rich(failure.hint)))
        for line in _last_words(failure.details)[-SHOWN_DETAIL_LINES:]:
            self._put_aside(f"    {plain(line)}\n")

    def ask(self, question: str, *, default: bool) -> bool:
        """The answer to a yes-or-no question; `default` for the Enter key or the end of input."""
        self._put_aside(f"{question} [{'Y/n' if default else 'y/N'}] ")
        answer = sys.stdin.readline()
        if not answer:
            self._put_aside("\n")
        return answer.strip().lower()[:1] in ({"y", ""} if default else {"y"})

    def _put(self, text: str) -> None:
        """`text` on standard output, there when this returns. Raises: OutputGone."""
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError) as reason:
            self._silence()
            raise OutputGone(reason) from reason

    def _put_aside(self, text: str) -> None:
        """`text` on standard error. Where that is gone too, there is nobody left to tell."""
        with contextlib.suppress(OSError, ValueError):
            self._errors.write(text)
            self._errors.flush()

    def _silence(self) -> None:
        """What Python still holds for standard output must not fail once more at the exit."""
        with contextlib.suppress(OSError, ValueError):
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, self._out.fileno())
            os.close(silence)


def plain(line: str) -> str:
    """A line without the codes that move the cursor or colour the text."""
    return inline(_ANSI.sub("", line).expandtabs())


def _nowhere() -> TextIO:
    """In place of a stream that was closed before we began (`>&-`)."""
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open until the end


def _forgiving(stream: TextIO) -> TextIO:
    """What the encoding of the stream cannot say is written as an escape, never an error."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _glyphs_of(stream: TextIO) -> Glyphs:
    try:
        "".join(vars_of(UNICODE)).encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def vars_of(glyphs: Glyphs) -> tuple[str, ...]:
    """All signs of a set."""
    return (
        glyphs.full, glyphs.hollow, glyphs.bar, glyphs.rest, glyphs.separator, glyphs.ellipsis,
    )  # fmt: skip


def _pen_for(stream: TextIO) -> Console:
    """Draws for that stream into memory, so that only `_put` meets what a stream can do wrong."""
    from rich.console import Console

    is_terminal = stream.isatty()
    return Console(
        file=io.StringIO(),
        force_terminal=is_terminal or None,  # None: FORCE_COLOR may still ask for colours
        width=None if is_terminal else NO_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
    )


def _text(cell: Cell) -> str:
    if isinstance(cell, tuple):
        return "".join(map(_text, cell))
    return cell if isinstance(cell, str) else cell.text


def _rich(cell: Cell) -> Text:
    from rich.text import Text

    if isinstance(cell, tuple):
        return Text.assemble(*map(_rich, cell))
    style = "" if isinstance(cell, str) else cell.style
    return Text(inline(_text(cell)), style=style, overflow="fold")


def _table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], used: list[int]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
    for column in (columns[index] for index in used):
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=not column.wraps,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(_rich(row[index]) for index in used))
    return table


def _width(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], used: list[int]) -> int:
    """What the table needs so that nothing is broken but long texts in columns that wrap."""
    from rich.cells import cell_len

    widths = []
    for index in used:
        column = columns[index]
        natural = max(
            cell_len(text) for text in (column.title, *(_text(row[index]) for row in rows))
        )
        widths.append(min(natural, WRAPPED_WIDTH) if column.wraps else natural)
    return sum(widths) + GAP * (len(widths) - 1)


def _drawn(pen: Console, what: Table | Text) -> str:
    """What the pen makes of it, without the spaces that fill up the last column: who copies a
    line does not want them."""
    with pen.capture() as capture:
        pen.print(what)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def _last_words(details: dict[str, object]) -> list[str]:
    log = details.get("log")
    words = [str(line) for line in log] if isinstance(log, list) else []
    detail = details.get("detail")
    return [*words, *(detail.splitlines() if isinstance(detail, str) else ())]
