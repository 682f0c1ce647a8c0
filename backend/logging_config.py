"""Logs: one JSON object a line, in one rotated file per door, and never a secret in it."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
from contextvars import ContextVar
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

MAX_BYTES: Final = 5_000_000
KEPT_FILES: Final = 3
HIDDEN: Final = "***"
SHORTEST_SECRET: Final = 6  # hiding shorter ones would hide half of every line

current_operation: ContextVar[str | None] = ContextVar("current_operation", default=None)
"""The id of the operation that this thread works for; every log line carries it."""

_NAME: Final = (
    r"(?:[a-z]+[_-])?token|api[_-]?key|password|passwd|secret|[a-z]*[_-]?signature|x-amz-[a-z-]+"
)
_SCHEME: Final = r"(?:(?:bearer|basic|token|digest)\s+)?"
_HIDE_AFTER: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(://)[^/\s@\"'<>]+(?=@)",
        rf"(authorization['\"]?\s*[:=]\s*(?:b?['\"])?{_SCHEME})[^\s'\",;]+",
        r"(\bbearer\s+)[^\s'\",;]+",
        rf"(?<![a-z0-9])((?:{_NAME})=['\"]?)[^\s'\"&,;)}}\]]+",
        rf"(['\"](?:{_NAME})['\"]\s*:\s*b?['\"])[^'\"]+",
        r"(\b)(?:gh[pousr]_|github_pat_|hf_)[A-Za-z0-9_]{16,}",
    )
)


class SecretScrubber:
    """Replaces secrets in text by `***`: those it was told, and what looks like one."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._known: tuple[str, ...] = ()

    def register(self, value: str) -> None:
        """From now on `value` is hidden, plain or as it stands in a URL or in JSON."""
        if len(value.strip()) < SHORTEST_SECRET:
            return
        forms = {value, value.strip(), quote(value, safe=""), json.dumps(value)[1:-1]}
        with self._guard:
            # Longest first: a secret that holds another one must not be cut in half.
            self._known = tuple(sorted({*self._known, *forms}, key=len, reverse=True))

    def scrub(self, text: str) -> str:
        """The text without secrets."""
        for value in self._known:
            text = text.replace(value, HIDDEN)
        for pattern in _HIDE_AFTER:
            text = pattern.sub(rf"\g<1>{HIDDEN}", text)
        return text


# One for the process: a secret that one part has read must not leak through another.
_scrubber: Final = SecretScrubber()


def register_secret(value: str) -> None:
    """From now on no log line and no scrubbed text of this process holds `value`."""
    _scrubber.register(value)


def scrub(text: str) -> str:
    """The text as it may be shown or stored: registered and likely secrets replaced by `***`."""
    return _scrubber.scrub(text)


def get_logger(name: str) -> logging.Logger:
    """The logger of a module (`get_logger(__name__)`); what it says is scrubbed at the source."""
    logger = logging.getLogger(name)
    if not any(isinstance(present, _ScrubFilter) for present in logger.filters):
        logger.addFilter(_ScrubFilter())
    return logger


def configure_logging(folder: Path, door: str, level: str) -> Path:
    """The log file of this process, `<folder>/<door>.log`: 5 MB, and three older ones.

    Our own lines are kept from `level` on, those of libraries from WARNING on. Calling it again
    replaces what it set up before. Never raises: where the file cannot be written, warnings go to
    standard error, after one line that says so.
    """
    path = folder / f"{door}.log"
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h, _FileHandler | _StderrHandler)]:
        root.removeHandler(old)
        old.close()
    logging.getLogger("backend").setLevel(level)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler: _FileHandler | _StderrHandler = _FileHandler(path)
    except OSError as error:
        handler = _StderrHandler()
        root.addHandler(handler)
        get_logger(__name__).warning("No log file %s (%s); warnings appear here.", path, error)
    else:
        root.addHandler(handler)
    return path


class _ScrubFilter(logging.Filter):
    """Rewrites a record in place, so that every handler after it sees the scrubbed text."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "scrubbed", False):  # by the logger; now it is at the handler
            return True
        record.scrubbed = True
        record.msg = scrub(_message(record))
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = scrub(record.exc_text)
        if record.stack_info:
            record.stack_info = scrub(record.stack_info)
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # the arguments do not fit: a bad line beats no line
        return f"{record.msg} {record.args}"


class _JsonLines(logging.Formatter):
    """A record as one line of JSON; empty fields are left out."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "operation": current_operation.get(),
            "incident": getattr(record, "incident", None),
            "exception": record.exc_text,
            "stack": record.stack_info,
        }
        return json.dumps({name: value for name, value in fields.items() if value is not None})


class _FileHandler(RotatingFileHandler):
    """The rotated file, readable by its owner only. A full disk costs lines, never the program."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
        self.addFilter(_ScrubFilter())
        self.setFormatter(_JsonLines())
        self._complained = False

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        return os.fdopen(os.open(self.baseFilename, flags, 0o600), "a", encoding=self.encoding)

    def shouldRollover(self, record: logging.LogRecord) -> int:  # noqa: N802 - logging's own name
        """Counts what other processes wrote to the file too; Python 3.13 no longer does."""
        if self.stream is not None:
            self.stream.seek(0, os.SEEK_END)
        return int(super().shouldRollover(record))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        if not self._complained and sys.stderr is not None:
            self._complained = True
            sys.stderr.write(f"Log lines are lost ({sys.exc_info()[1]}): {record.levelname}\n")


class _StderrHandler(logging.StreamHandler[IO[str]]):
    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setLevel(logging.WARNING)
        self.addFilter(_ScrubFilter())
        self.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
