"""The Python environment of a version: which packages belong in it, and putting them there.

A constraint set is the whole list of packages with exact versions. It is resolved once for a set
of requirements, a Python, a date and a torch, and kept: the same version gets the same packages
next year, and offline.
"""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from backend.exceptions import (
    DependenciesUnresolvable,
    DependencyInstallFailed,
    DiskFailed,
    DiskFull,
    NetworkUnreachable,
    PythonNotFound,
)
from backend.file_utils import atomic_write_bytes, free_bytes, storage_errors
from backend.platform.subprocesses import Completed
from backend.platform.uv import Package, PackageSources
from backend.temporaries import temporary_beside

Check = Callable[[], None]
FULL_WORDS: Final = ("no space left on device", "disk quota exceeded")
BROKEN_WORDS: Final = "input/output error"
OFFLINE_WORDS: Final = ("failed to fetch", "dns error", "error sending request", "tcp connect")


@dataclass(frozen=True, slots=True)
class EnvironmentWish:
    """What decides the packages of an environment, beside the requirements of the source.

    `as_of` (RFC 3339) leaves out packages that are newer; None takes the newest.
    """

    tag: str
    python: Path
    python_version: str
    as_of: str | None
    torch_spec: str | None
    overrides: tuple[str, ...]
    sources: PackageSources


@dataclass(frozen=True, slots=True)
class ConstraintSet:
    """All packages with exact versions, as a requirements file."""

    file: Path

    @property
    def packages(self) -> list[str]:
        """The lines that name a package, such as `torch==2.13.0+cpu`."""
        lines = self.file.read_text("utf-8").splitlines()
        return [line for line in lines if line and line[0] not in "#-"]

    @property
    def pins(self) -> dict[str, str]:
        """The exact versions by normalised name."""
        found = re.findall(r"^([\w.-]+)==([^\s;]+)", "\n".join(self.packages), flags=re.MULTILINE)
        return {normalised(name): version for name, version in found}


class PackageTool(Protocol):
    """What is needed of uv."""

    def make_environment(
        self, path: Path, python: str, check: Check | None = None
    ) -> Completed: ...

    def compile(
        self,
        requirements: list[Path],
        *,
        overrides: Path | None,
        python: Path,
        as_of: str | None,
        sources: PackageSources,
        check: Check | None = None,
    ) -> Completed: ...

    def sync(
        self,
        python: Path,
        exact: Path,
        *,
        sources: PackageSources,
        check: Check | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed: ...

    def packages(self, python: Path) -> list[Package]: ...

    def problems(self, python: Path) -> list[str]: ...


class ConstraintSets:
    """Resolves constraint sets, and remembers them in one folder."""

    def __init__(self, tool: PackageTool, folder: Path) -> None:
        self._tool = tool
        self._folder = folder

    def resolve(
        self, requirements: Path, wish: EnvironmentWish, check: Check | None = None
    ) -> ConstraintSet:
        """The packages for `requirements`. Raises: DependenciesUnresolvable, NetworkUnreachable."""
        key = self.key(requirements, wish)
        file = self._folder / f"{key}.txt"
        if file.is_file():
            return ConstraintSet(file)
        atomic_write_bytes(file, self._compile(requirements, wish, check))
        return ConstraintSet(file)

    def key(self, requirements: Path, wish: EnvironmentWish) -> str:
        """Names the set by everything that it follows from."""
        facts = (
            requirements.read_text("utf-8"), wish.python_version, sys.platform, platform.machine(),
            wish.as_of, wish.torch_spec, wish.overrides, wish.sources.index,
            wish.sources.find_links, wish.sources.torch_backend,
        )  # fmt: skip
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]

    def _compile(self, requirements: Path, wish: EnvironmentWish, check: Check | None) -> bytes:
        """Torch is asked for beside the requirements, so that its family is chosen to fit it.

        Not as an override: that would silence what torchvision says of the torch it needs.
        """
        torch = [wish.torch_spec] if wish.torch_spec else []
        # Names that only this call has: another installation may ask for the same set.
        asked = temporary_beside(self._folder / "asked")
        overrides = temporary_beside(self._folder / "overrides")
        atomic_write_bytes(asked, "\n".join([*torch, ""]).encode())
        if wish.overrides:
            atomic_write_bytes(overrides, "\n".join([*wish.overrides, ""]).encode())
        try:
            done = self._tool.compile(
                [requirements, asked],
                overrides=overrides if wish.overrides else None,
                python=wish.python,
                as_of=wish.as_of,
                sources=wish.sources,
                check=check,
            )
        finally:
            asked.unlink(missing_ok=True)
            overrides.unlink(missing_ok=True)
        if done.returncode:
            _raise_if_known(done, self._folder)
            raise DependenciesUnresolvable(wish.tag, detail=done.tail, packages_as_of=wish.as_of)
        return done.output.encode() + b"\n"


class Environments:
    """Makes, fills and looks at environments."""

    def __init__(self, tool: PackageTool) -> None:
        self._tool = tool

    def make(self, venv: Path, python: str | None, check: Check | None = None) -> Path:
        """A new, empty environment at `venv`; the path of its interpreter.

        `python` is a version or a path; None takes the one that runs the launcher.
        Raises: PythonNotFound.
        """
        wanted = python or sys.executable
        with storage_errors(venv):
            done = self._tool.make_environment(venv, wanted, check)
        if done.returncode:
            _raise_if_known(done, venv)
            raise PythonNotFound(wanted, detail=done.tail)
        return interpreter_of(venv)

    def fill(
        self,
        tag: str,
        venv: Path,
        constraints: ConstraintSet,
        sources: PackageSources,
        *,
        check: Check | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        """Puts exactly the packages of `constraints` into `venv`.

        Tried offline first: with a warm cache nothing is asked of the network at all.
        Raises: DependencyInstallFailed, NetworkUnreachable.
        """
        python = interpreter_of(venv)
        offline = PackageSources(
            sources.index, sources.find_links, sources.torch_backend, offline=True
        )
        if self._tool.sync(python, constraints.file, sources=offline, check=check).returncode == 0:
            return
        done = self._tool.sync(
            python, constraints.file, sources=sources, check=check, on_line=on_line
        )
        if done.returncode:
            _raise_if_known(done, venv)
            raise DependencyInstallFailed(tag, detail=done.tail)

    def packages(self, venv: Path) -> list[Package]:
        """Every installed package."""
        return self._tool.packages(interpreter_of(venv))

    def problems(self, venv: Path) -> list[str]:
        """What is not as the packages themselves want it; empty when all is well."""
        return self._tool.problems(interpreter_of(venv))


def normalised(name: str) -> str:
    """A package name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def interpreter_of(venv: Path) -> Path:
    """The Python of an environment."""
    return venv / "bin" / "python"


def python_version_of(venv: Path) -> str:
    """For example `3.11.7`, as the environment itself notes it; empty if it does not."""
    with storage_errors(venv):
        for line in (venv / "pyvenv.cfg").read_text("utf-8").splitlines():
            name, _, value = line.partition("=")
            if name.strip() in {"version_info", "version"}:
                return value.strip()
    return ""


def _raise_if_known(done: Completed, place: Path) -> None:
    """A full or broken disk and a missing network have words of their own."""
    words = "\n".join(done.lines).lower()
    if any(word in words for word in FULL_WORDS):
        raise DiskFull(place, needed=None, free=free_bytes(place))
    if BROKEN_WORDS in words:
        raise DiskFailed(place)
    if any(word in words for word in OFFLINE_WORDS):
        raise NetworkUnreachable("The package index", detail=done.tail)
