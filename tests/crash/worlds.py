"""What the crash tests share: files that must survive, launchers to kill, what a kill leaves."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from tests.crash.nursery import Nursery
from tests.helpers.processes import ROOT

SEED_VARIABLE: Final = "COMFYUI_LAUNCHER_CRASH_SEED"
OPERATION_VARIABLE: Final = "COMFYUI_LAUNCHER_OPERATION"
DEADLINE_SECONDS: Final = 30.0


def new_seed() -> int:
    """A new one each time, or the one that is to be tried again."""
    given = os.environ.get(SEED_VARIABLE)
    return int(given) if given else random.SystemRandom().randrange(2**32)


@dataclass
class Canaries:
    """Files that are none of ours to touch: each has to stay, byte by byte."""

    content: dict[Path, bytes] = field(default_factory=dict)
    links: dict[Path, Path] = field(default_factory=dict)

    def plant(self, path: Path) -> Path:
        """A new file of the user's."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{path} is the user's {'!' * len(self.content)}".encode())
        return self.watch(path)

    def watch(self, path: Path) -> Path:
        """A file that is there already."""
        self.content[path] = path.read_bytes()
        return path

    def link(self, path: Path, target: Path) -> None:
        """A link of the user's: it has to stay, and to lead where it led."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
        self.links[path] = target

    def moved(self, old: Path, new: Path) -> None:
        """The folder that some of them lie in has another name now."""

        def now(path: Path) -> Path:
            return new / path.relative_to(old) if path.is_relative_to(old) else path

        self.content = {now(path): content for path, content in self.content.items()}
        self.links = {now(path): target for path, target in self.links.items()}

    def harmed(self) -> list[str]:
        """Those that are gone or changed."""
        files = [path for path, content in self.content.items() if _bytes_of(path) != content]
        links = [path for path, target in self.links.items() if _target_of(path) != target]
        return [str(path) for path in (*files, *links)]


def _bytes_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _target_of(path: Path) -> Path | None:
    try:
        return path.readlink()
    except OSError:
        return None


class Launcher:
    """Another launcher process that can be killed at any time."""

    def __init__(self, nursery: Nursery, environment: Mapping[str, str]) -> None:
        self._nursery = nursery
        self._environment = environment
        self._pid = 0

    def ask(self, endpoint: str | None, **request: Any) -> None:
        """It starts, which settles what was left behind, and then asks for that (None: nothing)."""
        self._pid = self._nursery.begin(
            "tests.crash.acts:ask", endpoint, request, environment=self._environment
        )

    def await_asking(self) -> None:
        """Until it has settled what was left behind."""
        self._nursery.until("asking")

    def kill(self) -> bool:
        """Whether it still ran. The process alone: what it had started is left behind."""
        os.kill(self._pid, signal.SIGKILL)
        return self._nursery.end().killed

    def wait(self) -> object:
        """How what it asked for ended."""
        return self._nursery.end().answer


class TerminalLauncher:
    """The same by the command line, from its first instruction on."""

    def __init__(self, environment: Mapping[str, str], *arguments: str) -> None:
        kept = {k: v for k, v in environment.items() if not k.startswith("COVERAGE_")}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "backend.cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={**kept, "PYTHONPATH": str(ROOT)},
        )

    def kill(self) -> bool:
        running = self._process.poll() is None
        self._process.kill()
        self._process.wait()
        return running


def wait_for_step(operations: Path, known: set[str], step: str) -> None:
    """Returns once an operation that is not among the known ones is at that step, or has ended."""
    end = time.monotonic() + DEADLINE_SECONDS
    signs = [f'"step":"{step}"', *(f'"state":"{state}"' for state in ("succeeded", "failed"))]
    while time.monotonic() < end:
        for path in set(operations.glob("*.jsonl")):
            if path.stem in known:
                continue
            with contextlib.suppress(FileNotFoundError):
                text = path.read_text("utf-8", "replace")
                if any(sign in text for sign in signs):
                    return
        time.sleep(0.001)
    raise AssertionError(f"no operation came to {step}")


def operation_ids(operations: Path) -> set[str]:
    return {path.stem for path in operations.glob("*.jsonl")}


def tools_alive(operation_id: str) -> list[str]:
    """The programs that still run for that operation."""
    return [
        f"{process.pid} {process.name()}"
        for process in psutil.process_iter()
        if _environment_of(process).get(OPERATION_VARIABLE) == operation_id
    ]


def _environment_of(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def temporaries(*folders: Path) -> Iterator[Path]:
    """Half-written files of ours. What lies in the caches of other programs is theirs."""
    for folder in folders:
        for top, names, files in os.walk(folder):
            names[:] = [name for name in names if name not in {"uv", "venv", "source"}]
            yield from (Path(top) / name for name in files if name.endswith(".tmp"))
