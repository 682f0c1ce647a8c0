"""Small libraries that the system lacks, fetched for the launcher alone: no root, no installing.

On Debian and its kin, `apt-get download` and `dpkg -x` need no rights. What they bring is loaded by
its path before Qt asks for it by its name. It is kept, so that the next start needs no network. A
library is tried in a child process first: a bad one ends the child, and not the launcher.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from backend.desktop.libraries import Distribution, Library, loads, packages_of
from backend.exceptions import StorageError
from backend.logging_config import get_logger
from backend.platform.erasing import erase
from backend.platform.subprocesses import run, scrubbed_environment

_log: Final = get_logger(__name__)

MOST_LIBRARIES: Final = 20  # who lacks more than that has no desktop to speak of
DOWNLOAD_SECONDS: Final = 30.0
UNPACK_SECONDS: Final = 20.0
FORGOTTEN_SECONDS: Final = 3600.0
_PATIENCE: Final = ("-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=10",
                    "-o", "Acquire::https::Timeout=10")  # fmt: skip

# Says which of the files really give the name that they are there for. A file that needs another of
# them is tried again when that one is loaded.
_TRY_THEM: Final = """
import ctypes, os, sys
left, before = sys.argv[1:], None
while left != before:
    before, rest = left, []
    for path in left:
        try:
            ctypes.CDLL(path)
            ctypes.CDLL(os.path.basename(path))
            print(path, flush=True)
        except OSError:
            rest.append(path)
    left = rest
"""


def folder_for(data: Path, distribution: Distribution) -> Path:
    """Where libraries are kept for this release of the system: another one has others."""
    return data / "window-libraries" / f"{distribution.release}-{os.uname().machine}"


def kept_files(folder: Path, libraries: Sequence[Library]) -> tuple[Path, ...]:
    """The kept files of those libraries, in an order in which they can be loaded."""
    files = (folder / library.soname for library in libraries)
    return tuple(path for path in files if path.is_file())


def load_kept(missing: Sequence[Library], folder: Path) -> tuple[Library, ...]:
    """What is still missing once the libraries that are kept there are loaded."""
    left = tuple(missing)
    while True:
        now = tuple(
            library
            for library in left
            if not ((folder / library.soname).is_file() and loads(folder / library.soname))
        )
        if now == left:
            return now
        left = now  # one of them may stand on another that has just come


def heal(
    missing: Sequence[Library],
    distribution: Distribution,
    folder: Path,
    environment: Mapping[str, str],
    tell: Callable[[str], None],
) -> tuple[Library, ...]:
    """What is still missing after everything that works without root; those found are loaded.

    Takes no more than a minute, and only where something is fetched. Never raises for what does not
    work out: the next rung of the ladder is there for that.
    """
    left = load_kept(missing, folder)
    if not left or not _can_fetch(left, distribution, environment):
        return left
    packages = packages_of(left, distribution)
    tell(f"Getting {', '.join(packages)} for the window, once, without installing it.")
    try:
        with _work_folder(folder) as work:
            for path in _sound(_fetched(left, packages, work, environment), environment):
                path.replace(folder / path.name)
    except (OSError, TimeoutError) as error:
        _log.warning("The window's libraries could not be fetched: %s", error)
    still = load_kept(left, folder)
    if still:
        tell(f"{', '.join(packages_of(still, distribution))} could not be had that way.")
    return still


def _can_fetch(
    missing: Sequence[Library], distribution: Distribution, environment: Mapping[str, str]
) -> bool:
    path = environment.get("PATH", os.defpath)
    return (
        distribution.family == "debian"
        and len(missing) <= MOST_LIBRARIES
        and all(library.light for library in missing)
        and all(shutil.which(tool, path=path) for tool in ("apt-get", "dpkg"))
    )


@contextmanager
def _work_folder(folder: Path) -> Iterator[Path]:
    """A new folder beside what is kept, gone at the end: what is verified is moved, not copied."""
    for old in folder.glob(".work-*"):  # of a launcher that was killed meanwhile
        if time.time() - old.stat().st_mtime > FORGOTTEN_SECONDS:
            _erase(old)
    work = folder / f".work-{secrets.token_hex(6)}"
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        _erase(work)


def _erase(work: Path) -> None:
    with suppress(StorageError):  # what is left is tried again by another start
        erase(work, "", lambda: None)  # there is no name that has to go last


def _fetched(
    libraries: Sequence[Library],
    packages: Sequence[str],
    work: Path,
    environment: Mapping[str, str],
) -> list[Path]:
    """The files of those libraries, fetched and unpacked; each named as the linker asks for it."""
    clean = scrubbed_environment(environment, LC_ALL="C")
    done = run(
        ["apt-get", "-q", *_PATIENCE, "download", *packages],
        environment=clean,
        cwd=work,
        timeout_seconds=DOWNLOAD_SECONDS,
    )
    if done.returncode:
        _log.warning("apt-get download ended with %d: %s", done.returncode, done.tail)
    for package in sorted(work.glob("*.deb")):
        run(
            ["dpkg", "-x", str(package), str(work / "unpacked")],
            environment=clean,
            timeout_seconds=UNPACK_SECONDS,
        )
    return [path for library in libraries if (path := _file_of(library, work))]


def _file_of(library: Library, work: Path) -> Path | None:
    """The library's real file under its soname; links that lead out of `work` do not count."""
    for found in sorted((work / "unpacked").rglob(library.soname)):
        real = found.resolve()
        if real.is_file() and real.is_relative_to(work.resolve()):
            named = work / library.soname
            shutil.copyfile(real, named)
            return named
    return None


def _sound(paths: Sequence[Path], environment: Mapping[str, str]) -> list[Path]:
    """Those that a child process could load and then found by their names."""
    if not paths:
        return []
    done = run(
        [sys.executable, "-I", "-c", _TRY_THEM, *paths],
        environment=scrubbed_environment(environment),
        timeout_seconds=UNPACK_SECONDS,
    )
    sound = set(done.output.splitlines())
    for path in paths:
        if str(path) not in sound:
            _log.warning("%s was fetched and cannot be loaded: %s", path.name, done.tail)
    return [path for path in paths if str(path) in sound]
