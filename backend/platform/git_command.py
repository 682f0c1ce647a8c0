"""The program git: what it is called with, and in which environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from backend.exceptions import ToolMissing
from backend.platform.subprocesses import Completed, operation_mark, run, scrubbed_environment


class Git:
    """Runs git without hooks and questions, in the environment that the app was given.

    Not in that of this process: there may be tokens in it, and what a window's engine needs.
    """

    def __init__(self, base_environment: Mapping[str, str]) -> None:
        self._base = base_environment

    def run(
        self,
        *arguments: str | Path,
        check: Callable[[], None] | None = None,
        on_line: Callable[[str], None] | None = None,
        timeout_seconds: float | None = None,
    ) -> Completed:
        """How it ended; `check` and `on_line` as in `subprocesses.run`. Raises: ToolMissing."""
        # Hooks of a template and maintenance in the background have no business in our folders.
        settings = options("core.hooksPath=/dev/null", "gc.auto=0", "advice.detachedHead=false")
        try:
            done = run(
                ["git", *settings, *arguments],
                environment=self._environment(),
                check=check,
                on_line=on_line,
                timeout_seconds=timeout_seconds,
            )
            # The last words of a failure are hidden by a hundred lines of progress otherwise.
            done.lines = [line for line in done.lines if "% (" not in line]
        except FileNotFoundError as error:
            raise ToolMissing("git", command="sudo apt install git") from error
        return done

    def for_gitpython(self) -> dict[str, str]:
        """The same for GitPython, which lays it over that of this process: what must go is empty.

        What git and the search for it would take an empty value of for an order stays.
        """
        own = self._environment() | operation_mark()
        gone = (name for name in os.environ if name != "PATH" and not name.startswith("GIT_"))
        return {name: "" for name in gone if name not in own} | own

    def _environment(self) -> dict[str, str]:
        return scrubbed_environment(
            self._base, GIT_TERMINAL_PROMPT="0", GIT_OPTIONAL_LOCKS="0", LC_ALL="C"
        )


def options(*settings: str) -> list[str]:
    """Settings of git as its arguments."""
    return [part for setting in settings for part in ("-c", setting)]
