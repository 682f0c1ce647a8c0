"""The command line: the same endpoints as every door, as words for people or JSON for programs.

`backend.cli.application.app` is the tree of commands; docs/reference/cli.md is made by walking it.
"""

from __future__ import annotations


def main() -> int:
    """Runs the command line of this process; its exit status (see `exit_codes.py`)."""
    import gc
    import sys

    # What is imported lives until the end: to look through it for garbage again and again, and once
    # more at the exit, is a fifth of the time of a short command.
    gc.set_threshold(100_000)
    from backend.cli.boundary import run, treat_ends_as_interrupts

    treat_ends_as_interrupts()
    status = run(sys.argv[1:])
    gc.freeze()
    return status
