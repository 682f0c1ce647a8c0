"""The window's stand-ins: an app window of a Chromium, or a tab of the user's browser.

A browser is given the path of a signpost: a file that only this user may read and that sends it on
to our page with a one-time code. So no code is in a command line, where every user of the machine
could read it.
"""

from __future__ import annotations

import contextlib
import html
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from backend.config import ENVIRONMENT
from backend.desktop.default_browser import find_default
from backend.desktop.programs import Programs
from backend.file_utils import atomic_write_bytes
from backend.logging_config import get_logger
from backend.platform.subprocesses import run, scrubbed_environment
from backend.roots import home_of

_log: Final = get_logger(__name__)

PROFILE_NAME: Final = "browser-window"
SIGNPOST: Final = re.compile(r"^comfyui-launcher-open-[0-9a-f]{16}\.html$")
DEBUGGING: Final = re.compile(r"^--?(remote-debugging|remote-allow-origins)")
LOOK_SECONDS: Final = 0.2

# Program, what people call it, and whether it can open a page as a window of its own (`--app`).
_KNOWN: Final = (
    ("chromium", "Chromium", True),
    ("chromium-browser", "Chromium", True),
    ("google-chrome-stable", "Google Chrome", True),
    ("google-chrome", "Google Chrome", True),
    ("brave-browser", "Brave", True),
    ("brave", "Brave", True),
    ("microsoft-edge-stable", "Microsoft Edge", True),
    ("microsoft-edge", "Microsoft Edge", True),
    ("vivaldi-stable", "Vivaldi", True),
    ("vivaldi", "Vivaldi", True),
    ("firefox", "Firefox", False),
    ("firefox-esr", "Firefox", False),
    ("librewolf", "LibreWolf", False),
    ("epiphany", "GNOME Web", False),
    ("falkon", "Falkon", False),
    ("konqueror", "Konqueror", False),
)
_FLATPAKS: Final = (
    ("org.chromium.Chromium", "Chromium", True),
    ("com.google.Chrome", "Google Chrome", True),
    ("com.brave.Browser", "Brave", True),
    ("com.microsoft.Edge", "Microsoft Edge", True),
    ("com.vivaldi.Vivaldi", "Vivaldi", True),
    ("org.mozilla.firefox", "Firefox", False),
)


@dataclass(frozen=True, slots=True)
class Browser:
    """A graphical browser that is installed.

    `can_be_window`: it opens a page as a window of its own (`--app`). `is_default`: `command` opens
    the user's own choice, whichever it is. `confined`: a snap, which sees nothing of the disk but
    the visible folders of the home. `reads_files`: it opens a local page too; where another
    program would (an editor), the signpost must not be given to it.
    """

    name: str
    command: tuple[str, ...]
    can_be_window: bool = False
    is_default: bool = False
    confined: bool = False
    flatpak: bool = False
    reads_files: bool = True

    def can_read(self, path: Path, home: Path | None) -> bool:
        """Whether it can open that file of ours, for a user with that home."""
        if not self.reads_files:
            return False
        if not self.confined:
            return True
        if home is None or not path.is_relative_to(home):
            return False
        return not any(part.startswith(".") for part in path.relative_to(home).parts)


# --- Which are there ------------------------------------------------------------------------------


def installed(environment: Mapping[str, str]) -> tuple[Browser, ...]:
    """The graphical browsers of this machine that we know, in the order in which we would ask."""
    path = environment.get("PATH", os.defpath)
    found = [
        Browser(name, (program,), window, confined=_is_snap(Path(program)))
        for word, name, window in _KNOWN
        if (program := shutil.which(word, path=path)) and not _leads_nowhere(Path(program))
    ]
    return (*_each_once(found), *_flatpaks(environment, path))


def default(environment: Mapping[str, str]) -> Browser | None:
    """What opens the browser that the user chose; None when none is known, or one of a terminal."""
    path = environment.get("PATH", os.defpath)
    opener = shutil.which("xdg-open", path=path)
    chosen = find_default(environment) if opener else None
    if opener is None or chosen is None:
        return None
    return Browser(
        chosen.name,
        (opener,),
        is_default=True,
        confined=chosen.is_snap,
        reads_files=chosen.opens_local_pages,
    )


def _each_once(browsers: Sequence[Browser]) -> Iterator[Browser]:
    """Each program once, under its first name: `google-chrome` is a link to `-stable`."""
    seen: set[str] = set()
    for browser in browsers:
        program = os.path.realpath(browser.command[0])
        if program not in seen:
            seen.add(program)
            yield browser


def _flatpaks(environment: Mapping[str, str], path: str) -> Iterator[Browser]:
    program = shutil.which("flatpak", path=path)
    home = home_of(environment)
    own = environment.get("XDG_DATA_HOME") or (home / ".local/share" if home else None)
    folders = [Path(data) / "flatpak/app" for data in (own, "/var/lib") if data]
    for identifier, name, window in _FLATPAKS if program else ():
        if program and any((folder / identifier).is_dir() for folder in folders):
            yield Browser(name, (program, "run", identifier), window, flatpak=True)


def _is_snap(program: Path) -> bool:
    return program.is_relative_to("/snap") or b"/snap/bin/" in _script(program)


def _leads_nowhere(program: Path) -> bool:
    """Ubuntu's /usr/bin/chromium-browser only says that the snap should be installed."""
    named = re.search(rb"/snap/bin/[\w.-]+", _script(program))
    return named is not None and not Path(os.fsdecode(named[0])).exists()


def _script(program: Path) -> bytes:
    """The first lines, if it is a script."""
    with contextlib.suppress(OSError), program.open("rb") as file:
        start = file.read(4096)
        return start if start.startswith(b"#!") else b""
    return b""


# --- The signpost ---------------------------------------------------------------------------------


class Signpost:
    """A page on disk that sends a browser on to `address`. It goes with `remove` or its block."""

    def __init__(self, folder: Path, address: str) -> None:
        """Writes it. Raises: DiskFull, NotWritable."""
        self.path = folder / f"comfyui-launcher-open-{secrets.token_hex(8)}.html"
        atomic_write_bytes(self.path, _page(address).encode(), mode=0o600)

    def remove(self) -> None:
        """Takes it away; once is enough."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Signpost:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()


def remove_old_signposts(folder: Path) -> None:
    """Takes away what a launcher that was killed has left; only files that carry our mark."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if SIGNPOST.match(path.name) and path.is_file() and not path.is_symlink():
                path.unlink(missing_ok=True)


def _page(address: str) -> str:
    target = html.escape(address, quote=True)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="content-security-policy" content="default-src \'none\'">'
        '<meta name="referrer" content="no-referrer">'
        '<meta name="color-scheme" content="dark light">'
        f'<meta http-equiv="refresh" content="0; url={target}">'
        "<title>ComfyUI Launcher</title></head>"
        f'<body><p><a href="{target}">Open ComfyUI Launcher</a></p></body></html>\n'
    )


# --- Opening --------------------------------------------------------------------------------------


def target_for(browser: Browser, signpost: Path, address: str, home: Path | None) -> str:
    """What to hand to the browser: the signpost, or the bare address if it cannot read that one.

    The bare address carries no code: the page then asks for the one that the terminal shows.
    """
    return signpost.as_uri() if browser.can_read(signpost, home) else address


def open_tab(browser: Browser, target: str, programs: Programs) -> None:
    """Hands `target` to the browser, which outlives us. Raises OSError when it does not start."""
    programs.start([*browser.command, target])


class BrowserWindow:
    """An app window of a browser that runs with a profile of ours, until it is closed.

    `signpost` is read by the browser, which is why a Flatpak is let at its folder.
    """

    def __init__(
        self,
        browser: Browser,
        signpost: Path,
        profile: Path,
        environment: Mapping[str, str],
        *,
        without_sandbox: bool = False,
        without_shared_memory: bool = False,
    ) -> None:
        flags = ["--no-sandbox"] if without_sandbox else []
        flags += ["--disable-dev-shm-usage"] if without_shared_memory else []
        self._command = window_command(browser, signpost, profile, flags)
        self._environment = clean_environment(environment)
        self._profile = profile
        self._close = threading.Event()
        self._closed = threading.Event()
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._watch, name="browser-window", daemon=True)
        self._thread.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether the window was closed, at the latest in so many seconds."""
        return self._closed.wait(seconds)

    @property
    def trouble(self) -> str | None:
        """Why the browser ended, in its own words, if it was not the user who closed it."""
        return self._trouble

    def close(self) -> None:
        """Ends the browser and all of its processes: those that we started, and no other."""
        self._close.set()
        self._closed.wait(5)

    def _watch(self) -> None:
        try:
            done = run(self._command, environment=self._environment, check=self._check)
            if done.returncode:
                self._trouble = done.tail or f"it ended with {done.returncode}"
            self._await_other()
        except _CloseAsked:
            _log.info("The browser's window was closed by us")
        except OSError as error:
            self._trouble = str(error)
        finally:
            self._closed.set()

    def _check(self) -> None:
        if self._close.is_set():
            raise _CloseAsked

    def _await_other(self) -> None:
        """A browser that runs with this profile already takes the page over: then it counts."""
        while _is_in_use(self._profile):
            self._check()
            time.sleep(LOOK_SECONDS)


class _CloseAsked(Exception):
    """Raised inside `run`, which then ends the browser."""


def window_command(
    browser: Browser, signpost: Path, profile: Path, flags: Sequence[str] = ()
) -> list[str]:
    """The command line of an app window that shows the signpost's target."""
    program = list(browser.command)
    if browser.flatpak:
        folders = sorted({str(signpost.parent), str(profile.parent)})
        grants = [f"--filesystem={folder}" for folder in folders]
        program = [*program[:-1], *grants, program[-1]]
    return [
        *program,
        f"--app={signpost.as_uri()}",
        f"--user-data-dir={profile}",
        "--class=comfyui-launcher",
        "--window-size=1280,832",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-mode",
        "--disable-sync",
        "--disable-extensions",
        "--disable-features=Translate,MediaRouter",
        "--password-store=basic",
        *flags,
    ]


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a program of the user's: no token of ours, no DevTools port."""
    secret = {variable.name for variable in ENVIRONMENT if variable.secret}
    kept = {name: text for name, text in environment.items() if name not in secret}
    if "CHROMIUM_FLAGS" in kept:
        kept["CHROMIUM_FLAGS"] = without_debugging(kept["CHROMIUM_FLAGS"])
    return scrubbed_environment(kept)


def without_debugging(flags: str) -> str:
    """The same flags of Chromium without those that open a port for developers' tools."""
    return " ".join(flag for flag in flags.split() if not DEBUGGING.match(flag))


def _is_in_use(profile: Path) -> bool:
    """Whether a browser runs with that profile: its lock is a link to `host-pid`.

    After a crash that pid may be another program's, which does not name the profile.
    """
    try:
        pid = str((profile / "SingletonLock").readlink()).rpartition("-")[2]
        return pid.isdigit() and os.fsencode(profile) in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
