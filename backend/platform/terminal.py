"""What a door that stays says on its terminal, and how its process ends."""

from __future__ import annotations

import os
import sys
import threading
from io import TextIOWrapper


def speak_of_any_path() -> None:
    """Lets a path that is no text in any encoding out as the bytes that it is."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="surrogateescape")


def say(line: str) -> None:
    """Says it on standard output at once, where there is one."""
    if sys.stdout is not None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def note(line: str) -> None:
    """Says it on standard error at once, where there is one."""
    if sys.stderr is not None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def is_watched() -> bool:
    """Whether a person reads standard output: not a file, a pipe or the journal of a system."""
    return sys.stdout is not None and sys.stdout.isatty()


def leave_waiting_threads_behind(status: int) -> None:
    """Ends the process at once if a thread still waits for what nobody wants any more."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    mine = threading.current_thread()
    if any(not thread.daemon and thread is not mine for thread in threading.enumerate()):
        os._exit(status)
