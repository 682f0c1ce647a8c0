"""What the command line and the service say about themselves."""

from __future__ import annotations


def status_words(error: type) -> str:
    return ""


def exit_words(error: type) -> str:
    return ""


def command_of(endpoint: str) -> str | None:
    return None


def command_line() -> str:
    return "# Commands"


def exit_codes() -> str:
    return "# Exit status"


def http() -> str:
    return "# HTTP"
