"""The last lines of a log that grows and rotates, in bounded memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WINDOW_LINES: Final = 2000
READ_BYTES: Final = 512 * 1024


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line and its number since this window was opened."""

    number: int
    text: str


class LogWindow:
    """A ring buffer over a log file: `refresh` reads what is new, the last 512 KiB at most."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: deque[LogLine] = deque(maxlen=WINDOW_LINES)
        self._count = 0
        self._position = 0
        self._inode: int | None = None
        self._rest = b""

    def refresh(self) -> list[LogLine]:
        """The lines that were added since the last call."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return []
        if self._inode is not None and status.st_ino != self._inode:
            fresh = self._read_new(self._path.with_name(self._path.name + ".1"))
            self._position = 0
        else:
            fresh = []
        self._inode = status.st_ino
        return fresh + self._read_new(self._path)

    def tail(self, count: int = 50) -> list[str]:
        """The last lines, as text, the unfinished one included."""
        texts = [line.text for line in self._lines]
        return (texts + ([_text(self._rest)] if self._rest.strip() else []))[-count:]

    def _read_new(self, path: Path) -> list[LogLine]:
        try:
            with path.open("rb") as file:
                size = file.seek(0, 2)
                start = min(self._position, size)
                if size - start > READ_BYTES:  # a flood: what is far back is on disk, not in memory
                    start, self._rest = size - READ_BYTES, b""
                file.seek(start)
                content = self._rest + file.read(READ_BYTES)
                self._position = file.tell()
        except FileNotFoundError:
            return []
        *whole, rest = content.split(b"\n")
        self._rest = rest[-READ_BYTES:]  # a progress bar can be one line for hours
        fresh = []
        for raw in whole:
            self._count += 1
            fresh.append(LogLine(self._count, _text(raw)))
        self._lines.extend(fresh)
        return fresh


def read_after(
    path: Path, position: int, limit: int, *, ended: bool = False
) -> tuple[list[str], int]:
    """The whole lines of a log behind byte `position`, the last `limit` of them, and their end.

    When its process has `ended`, no line break will come any more: the last words are a line then.
    Of more than 512 KiB, the last ones. A position beyond the end is one from before the log was
    rotated, or of another log: what is left of the older half comes first, then all of this one.
    """
    older: list[str] = []
    try:
        if position > path.stat().st_size:
            older, _ = _lines_from(path.with_name(path.name + ".1"), position)
            position = 0
        lines, position = _lines_from(path, position, ended=ended)
    except FileNotFoundError:
        return [], position
    return (older + lines)[-limit:], position


def _lines_from(path: Path, position: int, *, ended: bool = False) -> tuple[list[str], int]:
    """The lines from there on, and the position behind them. No such file: none."""
    if not path.exists():
        return [], position
    with path.open("rb") as file:
        size = file.seek(0, 2)
        start = max(position, size - READ_BYTES)
        file.seek(start)
        *whole, rest = file.read(READ_BYTES).split(b"\n")
        size = file.tell()
    cut_off = start > position  # the first one lacks its beginning
    lines = whole[cut_off:] + ([rest] if ended and rest else [])
    return [_text(line) for line in lines], size if ended else size - len(rest)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").rstrip("\r")
