"""The launcher's entry in the menu of the desktop: a .desktop file of the user's own.

https://specifications.freedesktop.org/desktop-entry-spec/latest/
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.exceptions import ForeignFolder, NoDesktopMenu, PathNotFound
from backend.file_utils import atomic_write_bytes, storage_errors
from backend.platform.subprocesses import run, scrubbed_environment
from backend.roots import home_folder

APPLICATION_ID: Final = "comfyui-launcher"
"""Under this name the desktop knows the window: the class of the window on X11, its id on Wayland,
the name of the .desktop file."""

MARK: Final = "X-ComfyUI-Launcher-Root"
FILE: Final = f"{APPLICATION_ID}.desktop"
ICON: Final = Path("frontend/public/icon.svg")
UPDATE_SECONDS: Final = 10

# What a program of the Exec line may hold without quotes; everything else is quoted.
_BARE: Final = re.compile(r"[A-Za-z0-9_./+:@,-]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """The entry, or where it would be. `current`: it starts this launcher, not another one."""

    path: Path
    installed: bool
    current: bool


class Shortcuts:
    """Puts one launcher into the menu of one user, and takes it out again.

    `checkout` is the folder with the script `launcher`. `home` is COMFYUI_LAUNCHER_HOME, when that
    was set: the entry then sets it too, so that a click opens the same versions as the terminal.
    """

    def __init__(
        self,
        checkout: Path,
        environment: Mapping[str, str],
        *,
        home: Path | None = None,
        system: str = sys.platform,
    ) -> None:
        self._checkout = checkout
        self._environment = environment
        self._home = home
        self._system = system

    def entry(self) -> Entry:
        """What stands there now; a file of someone else counts as none. Raises: NoDesktopMenu."""
        path = self._path()
        installed = _is_ours(path)
        ours = f"\nExec={self._exec()}\n".encode("utf-8", "surrogateescape")
        return Entry(path, installed, current=installed and ours in path.read_bytes())

    def install(self) -> Entry:
        """Writes the entry; one of another launcher of this user is replaced.

        Raises: NoDesktopMenu, ForeignFolder when a file of that name is not ours, PathNotFound
        when this launcher has no script to start, NotWritable, DiskFull.
        """
        path = self._path()
        if not (self._checkout / "launcher").is_file():
            raise PathNotFound(self._checkout / "launcher", wanted="the launcher's own script")
        _refuse_foreign(path)
        atomic_write_bytes(path, self._content())
        self._tell_the_desktop(path.parent)
        return self.entry()

    def remove(self) -> Entry:
        """Removes the entry, if there is one. Raises: NoDesktopMenu, ForeignFolder, NotWritable."""
        path = self._path()
        _refuse_foreign(path)
        with storage_errors(path):
            path.unlink(missing_ok=True)
        self._tell_the_desktop(path.parent)
        return self.entry()

    def _path(self) -> Path:
        if self._system in {"darwin", "win32"}:
            raise NoDesktopMenu(self._system)
        data = Path(self._environment.get("XDG_DATA_HOME", ""))
        if not data.is_absolute():  # the specification: a relative one is to be ignored
            data = home_folder(self._environment) / ".local" / "share"
        return data / "applications" / FILE

    def _exec(self) -> str:
        """The command. With `sh` in front it starts from a volume that runs no programs, after a
        copy that lost the x bit, and with a `%` or a `=` in its path, which desktops and `env` take
        for something else."""
        words = ["sh", str(self._checkout / "launcher")]
        if self._home:
            words = ["env", f"COMFYUI_LAUNCHER_HOME={self._home}", *words]
        return _escaped(" ".join(map(_quoted, words)))

    def _content(self) -> bytes:
        fields = {
            "Type": "Application",
            "Version": "1.4",
            "Name": "ComfyUI Launcher",
            "GenericName": "Image Generation",
            "Comment": "Install, start and stop versions of ComfyUI",
            "Exec": self._exec(),
            "Icon": _escaped(str(self._checkout / ICON)),
            "Terminal": "false",
            "Categories": "Graphics;2DGraphics;",
            "Keywords": "ComfyUI;Stable Diffusion;Flux;AI;",
            "StartupNotify": "true",
            "StartupWMClass": APPLICATION_ID,
            MARK: _escaped(str(self._checkout)),
        }
        if os.access(self._checkout / "launcher", os.X_OK):  # else no menu would show the entry
            fields["TryExec"] = _escaped(str(self._checkout / "launcher"))
        lines = ["[Desktop Entry]", *(f"{name}={value}" for name, value in fields.items()), ""]
        return "\n".join(lines).encode("utf-8", "surrogateescape")

    def _tell_the_desktop(self, folder: Path) -> None:
        """Menus look by themselves; the index is for the desktops that keep one."""
        with contextlib.suppress(OSError):  # not there, or too slow: nothing is lost
            run(
                ["update-desktop-database", "-q", folder],
                environment=scrubbed_environment(self._environment),
                timeout_seconds=UPDATE_SECONDS,
            )


def _is_ours(path: Path) -> bool:
    """Whether our entry is there. A link is not ours: whoever made it has a reason."""
    if path.is_symlink() or not path.is_file():
        return False
    with storage_errors(path):
        return f"\n{MARK}=".encode() in path.read_bytes()


def _refuse_foreign(path: Path) -> None:
    if os.path.lexists(path) and not _is_ours(path):
        raise ForeignFolder(path)


def _quoted(word: str) -> str:
    """A word of an Exec line. `%` starts a field code there, wherever it stands."""
    word = word.replace("%", "%%")
    if _BARE.fullmatch(word):
        return word
    return '"' + re.sub(r'(["`$\\])', r"\\\1", word) + '"'


def _escaped(value: str) -> str:
    """A value of type string: what would end the line or start an escape is escaped."""
    return (
        value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    )
