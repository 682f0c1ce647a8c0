"""The programs that we stand on, and whether they are there."""

from __future__ import annotations

import os
from pathlib import Path

from backend.exceptions import ComfyUILauncherError
from backend.platform.subprocesses import run, scrubbed_environment
from backend.platform.uv import uv_binary


def tool_versions() -> dict[str, str | None]:
    """`git` and `uv` with their versions; None where one does not run."""
    return {"git": _version("git"), "uv": _version(uv_binary())}


def has_gpu() -> bool:
    """Whether a driver for a GPU that torch has builds for is loaded (NVIDIA, AMD)."""
    return Path("/proc/driver/nvidia/version").exists() or Path("/dev/kfd").exists()


def _version(program: str) -> str | None:
    try:
        done = run(
            [program, "--version"], environment=scrubbed_environment(os.environ), timeout_seconds=10
        )
    except (ComfyUILauncherError, OSError):
        return None
    words = done.output.split()
    return next((word for word in words if word[0].isdigit()), None) if words else None
