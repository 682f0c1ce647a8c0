"""Other Python processes that run our code, for what only shows between processes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start_python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process that runs `code` with our packages at hand; stdin and stdout are pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def run_python(
    code: str, *arguments: object, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """The ended process, whatever its exit status."""
    with start_python(code, *arguments) as process:
        out, err = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@contextmanager
def python_that_said(word: str, code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A running process that has printed `word`; killed at the end."""
    with start_python(code, *arguments) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline().strip()
            assert said == word, said
            yield process
        finally:
            process.kill()
