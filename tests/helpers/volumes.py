"""Real small volumes, for what only shows when a disk is full or another one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, *, size: str = "1m") -> Iterator[Path]:
    """A volume of that size on `folder`; the test is skipped where we may not mount."""
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        # Lazily: the log of a launcher on it may still be open.
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def bound(source: Path, folder: Path) -> Iterator[Path]:
    """`source` seen at `folder` too: a mount that is on the same volume."""
    _mount("--bind", str(source), str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(folder: Path, *, leave: int = 0) -> None:
    """Writes until the volume of `folder` is full, but for `leave` bytes."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    os.truncate(filler, max(0, filler.stat().st_size - leave))


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"needs the right to mount: {done.stderr.strip()}")


@contextmanager
def read_only(source: Path, folder: Path) -> Iterator[Path]:
    """`source` seen at `folder`, where nobody can write it."""
    with bound(source, folder):
        _mount("-o", "remount,bind,ro", str(folder))
        yield folder
