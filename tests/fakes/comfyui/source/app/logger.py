"""The log of ComfyUI: bare messages on stderr, and the last ones kept for `/internal/logs`."""

from __future__ import annotations

import logging
import sys
from collections import deque
from datetime import datetime

KEPT = 300
_entries: deque[dict[str, str]] = deque(maxlen=KEPT)


class Keep(logging.Handler):
    """Keeps what the log says, with the local time it said it."""

    def emit(self, record):
        moment = datetime.fromtimestamp(record.created)  # noqa: DTZ006 - real ones are local too
        _entries.append({"t": moment.isoformat(), "m": self.format(record) + "\n"})


def _stream(target, accepts):
    handler = logging.StreamHandler(target)
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(lambda record: accepts(record.levelno))
    return handler


def setup_logger(level="INFO", use_stdout=False):
    """Sends the log to stderr; with `use_stdout` everything below an error goes to stdout."""
    root = logging.getLogger()
    root.setLevel(level)
    root.addHandler(Keep())
    if use_stdout:
        root.addHandler(_stream(sys.stdout, lambda number: number < logging.ERROR))
        root.addHandler(_stream(sys.stderr, lambda number: number >= logging.ERROR))
    else:
        root.addHandler(_stream(sys.stderr, lambda _number: True))


def entries():
    """The kept log, oldest first: `t` is when, `m` the message with its line end."""
    return list(_entries)
