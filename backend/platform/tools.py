"""The programs that we stand on, and whether they are there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from backend.exceptions import ComfyUILauncherError
from backend.platform.subprocesses import run, scrubbed_environment
from backend.platform.uv import uv_binary


def tool_versions(environment: Mapping[str, str]) -> dict[str, str | None]:
    """`git` and `uv` with their versions; None where one does not run."""
    return {"git": _version("git", environment), "uv": _version(uv_binary(), environment)}


def has_gpu() -> bool:
    """Whether a driver for a GPU that torch has builds for is loaded (NVIDIA, AMD)."""
    return Path("/proc/driver/nvidia/version").exists() or Path("/dev/kfd").exists()


def revision_of(checkout: Path, environment: Mapping[str, str]) -> str | None:
    """What git calls the state of a checkout, such as `v0.2.0-3-gabc1234-dirty`; None: no git."""
    if not (checkout / ".git").exists():
        return None
    command = ["git", "-C", str(checkout), "describe", "--always", "--tags", "--dirty"]
    try:
        done = run(command, environment=scrubbed_environment(environment), timeout_seconds=10)
    except OSError:
        return None
    return done.output.strip() or None


def _version(program: str, environment: Mapping[str, str]) -> str | None:
    try:
        done = run(
            [program, "--version"],
            environment=scrubbed_environment(environment),
            timeout_seconds=10,
        )
    except (ComfyUILauncherError, OSError):
        return None
    words = done.output.split()
    return next((word for word in words if word[0].isdigit()), None) if words else None
