"""The command line: the same endpoints as every door, as words for people or JSON for programs.

`backend.cli.application.app` is the tree of commands; docs/reference/cli.md is made by walking it.
"""

from __future__ import annotations


def main() -> int:
    """Runs the command line of this process; its exit status (see `exit_codes.py`)."""
    import sys

    from backend.cli.boundary import run, treat_ends_as_interrupts

    treat_ends_as_interrupts()
    return run(sys.argv[1:])
