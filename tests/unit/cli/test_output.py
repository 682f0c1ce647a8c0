"""What is written where, and how."""

from __future__ import annotations

import io
import json

import pytest

from backend.api.contract.common import Success
from backend.cli.output import Column, Mode, Output, OutputGone, Styled, mode_of, plain
from backend.operations.model import Failure


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def made(out: io.StringIO | None = None) -> tuple[Output, io.StringIO, io.StringIO]:
    out, errors = out or io.StringIO(), io.StringIO()
    return Output(Mode.TEXT, out=out, errors=errors), out, errors


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        ("versions list", Mode.TEXT),
        ("--json versions list", Mode.JSON),
        ("versions --json list", Mode.JSON),
        ("versions list --json", Mode.JSON),
        ("--events versions install v1 --json", Mode.EVENTS),
        ("versions launch -- --json", Mode.TEXT),
        ("versions launch --json -- --events", Mode.JSON),
    ],
)
def test_the_flags_count_wherever_they_stand_but_behind_the_dashes(words: str, mode: Mode) -> None:
    assert mode_of(words.split()) is mode


def test_json_is_one_line_of_ascii_whatever_is_in_it() -> None:
    output, out, _ = made()
    output.json_line(Success(value={"text": "ü\n\u2028\udcff"}))
    assert out.getvalue().isascii()
    assert out.getvalue().count("\n") == 1
    assert json.loads(out.getvalue())["value"]["text"] == "ü\n\u2028\udcff"


def test_a_narrow_terminal_loses_optional_columns_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    columns = (Column("Tag"), Column("State"), Column("Size", optional=True, right=True),
               Column("Python", optional=True))  # fmt: skip
    rows = [("v0.3.64", "running at http://127.0.0.1:8188", "291 kB", "3.11.7")]
    heads = {}
    for width in (80, 59, 50, 45):
        monkeypatch.setenv("COLUMNS", str(width))
        output, out, _ = made(Terminal())
        output.table(columns, rows)
        heads[width] = plain(out.getvalue().splitlines()[0]).split()
    assert heads == {
        80: ["Tag", "State", "Size", "Python"],
        59: ["Tag", "State", "Size"],
        50: ["Tag", "State"],
        45: ["Tag", "State"],
    }


def test_a_pipe_gets_whole_lines_without_colours_or_spaces_at_the_end() -> None:
    output, out, _ = made()
    output.table(
        (Column("A"), Column("B", wraps=True)),
        [(Styled("x", "red"), "long " * 100), ("yyyyyy", "z")],
    )
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert all(line == line.rstrip() for line in lines)
    assert "\x1b" not in out.getvalue()


def test_a_state_is_coloured_on_a_terminal_unless_no_color_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    output, out, _ = made(Terminal())
    output.line(Styled("running", "green"))
    assert out.getvalue() == "\x1b[32mrunning\x1b[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    output, out, _ = made(Terminal())
    output.line(Styled("running", "green"))
    assert out.getvalue() == "running\n"


def test_markup_in_data_is_text() -> None:
    output, out, _ = made()
    output.line("[red]v1[/red] :smile: \x1b[2J")
    assert out.getvalue() == "[red]v1[/red] :smile: \\x1b[2J\n"


def test_log_lines_lose_their_escapes_and_keep_their_words() -> None:
    assert plain("\x1b[32mINFO\x1b[0m ready\x1b]0;title\x07\r") == "INFO ready\\r"


def test_an_encoding_without_our_signs_gets_plain_ones() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1")
    output = Output(Mode.TEXT, out=stream, errors=io.StringIO())
    output.line(Styled(output.glyphs.full, "green"), " 版 ü")
    assert raw.getvalue() == b"* \\u7248 \xfc\n"


def test_a_failure_tells_what_then_what_to_do_then_the_last_words() -> None:
    output, out, errors = made()
    output.failure(
        Failure(code="start-failed", message="v1 ended.", hint="Use --cpu.",
                details={"log": [f"line {n}" for n in range(40)]})
    )  # fmt: skip
    lines = errors.getvalue().splitlines()
    assert lines[:2] == ["Error: v1 ended.", "Use --cpu."]
    assert lines[-1] == "    line 39"
    assert len(lines) == 14
    assert out.getvalue() == ""


def test_a_disk_that_is_full_behind_the_redirection_is_told() -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        output = Output(Mode.TEXT, out=full, errors=io.StringIO())
        with pytest.raises(OutputGone):
            output.line("x")
