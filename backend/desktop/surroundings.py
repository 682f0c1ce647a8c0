"""What this session has to offer to a window, found out before any engine is imported.

Nothing here starts a program or imports an engine: a look takes some milliseconds, the libraries of
Qt included, which Qt would load anyway.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import sysconfig
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from backend.desktop.browsers import Browser, default, installed
from backend.desktop.libraries import (
    Distribution,
    Library,
    missing_of,
    needed_for,
    this_distribution,
)
from backend.platform.ports import accepts, accepts_at

Display = Literal["wayland", "x11"]

QT_PLATFORM_OF: Final[Mapping[Display, str]] = {"wayland": "wayland", "x11": "xcb"}
ANSWER_SECONDS: Final = 2.0
SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - looked at, never written to
PLAIN_LOCALES: Final = frozenset({"", "C", "POSIX"})
_ALL_CATEGORIES: Final = 0x1FBF  # LC_ALL_MASK of Linux
_TYPELIBS: Final = ("WebKit2-4.1", "Gtk-3.0")


@dataclass(frozen=True, slots=True)
class Gtk:
    """A GTK with WebKit that this Python can import; `folder`: where its `gi` lies."""

    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a window can count on here.

    Attributes:
        displays: those that really answer, the preferred one first.
        dead_display: a variable that names a display where nothing answers.
        is_remote: this is a session over ssh.
        host: the address by which ssh reached this machine.
        is_root: the engines' sandbox does not work then.
        has_plain_locale: the engine would see no language, which breaks pages.
        qt: Qt, its bindings and pywebview are installed.
        qt_platform: how Qt reaches the display: `wayland`, `xcb`, or a kind of them as set.
        blind_platform: what the user set instead, with which nobody would see the window.
        display_is_remote: the X server is one of another machine, or at the end of an `ssh -X`.
        missing: the libraries that Qt lacks for that.
        qt_trouble: why a trial of Qt failed.
        kept_libraries: a folder in which Qt's child processes find what the system lacks.
        gtk: a GTK that can be used in place of Qt.
        browsers: the graphical browsers that are installed.
        default_browser: what opens the user's own choice.
        has_shared_memory: Chromium may put its pictures where it is used to.
        has_nvidia: NVIDIA's driver draws here.
        distribution: whose packages can be named.
    """

    displays: tuple[Display, ...] = ()
    dead_display: str | None = None
    is_remote: bool = False
    host: str | None = None
    is_root: bool = False
    has_plain_locale: bool = False
    qt: bool = False
    qt_platform: str = ""
    blind_platform: str | None = None
    display_is_remote: bool = False
    missing: tuple[Library, ...] = ()
    qt_trouble: str | None = None
    kept_libraries: Path | None = None
    gtk: Gtk | None = None
    browsers: tuple[Browser, ...] = ()
    default_browser: Browser | None = None
    has_shared_memory: bool = True
    has_nvidia: bool = False
    distribution: Distribution = field(default_factory=lambda: Distribution("other", "unknown"))


def look(environment: Mapping[str, str]) -> Surroundings:
    """What is here now. The libraries of Qt that are found stay loaded; nothing else changes."""
    displays = find_displays(environment)
    qt = has_qt() and bool(displays)
    platform, missing = _qt_way(displays, environment) if qt else ("", ())
    return Surroundings(
        displays=displays,
        dead_display=_dead_display(displays, environment),
        is_remote=bool(environment.get("SSH_CONNECTION") or environment.get("SSH_TTY")),
        host=_host(environment),
        is_root=os.geteuid() == 0,
        has_plain_locale=has_plain_locale(environment),
        qt=qt,
        qt_platform=platform,
        blind_platform=blind_platform(environment) if qt else None,
        display_is_remote="wayland" not in displays and is_remote_display(environment),
        missing=missing,
        gtk=find_gtk(environment) if displays and _is_there("webview") else None,
        browsers=installed(environment) if displays else (),
        default_browser=default(environment) if displays else None,
        has_shared_memory=os.access(SHARED_MEMORY, os.W_OK | os.X_OK),
        has_nvidia=Path("/proc/driver/nvidia/version").exists(),
        distribution=this_distribution(),
    )


# --- Displays -------------------------------------------------------------------------------------


def find_displays(environment: Mapping[str, str]) -> tuple[Display, ...]:
    """The displays that the environment names and that answer; Wayland first, as Qt has it."""
    found: list[Display] = []
    if _wayland_answers(environment):
        found.append("wayland")
    name = environment.get("DISPLAY")
    if name and _in_time(lambda: x11_answers(name)):
        found.append("x11")
    return tuple(found)


def is_remote_display(environment: Mapping[str, str]) -> bool:
    """Whether DISPLAY names a host: `:0` and `unix:0` do not, `localhost:10.0` is that of ssh."""
    return environment.get("DISPLAY", "").rpartition(":")[0] not in {"", "unix"}


def x11_answers(name: str) -> bool:
    """Whether that X server lets us in: a stale DISPLAY and a missing cookie are common."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return _socket_of(name)
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(os.fsencode(name), None)  # never null, by its documentation
    try:
        return bool(xcb.xcb_connection_has_error(connection) == 0)
    finally:
        xcb.xcb_disconnect(connection)


def _socket_of(name: str) -> bool:
    """Whether a server listens for that display, where no library can ask it more."""
    parts = re.fullmatch(r"(?P<host>[^:]*):(?P<number>\d{1,5})(\.\d+)?", name)
    if parts is None:
        return False
    number = int(parts["number"])
    if parts["host"] in {"", "unix"}:
        path = f"/tmp/.X11-unix/X{number}"  # noqa: S108 - where X servers listen
        return accepts_at(path) or accepts_at(f"\0{path}")
    return accepts(6000 + number, parts["host"])


def _wayland_answers(environment: Mapping[str, str]) -> bool:
    name = environment.get("WAYLAND_DISPLAY")
    folder = environment.get("XDG_RUNTIME_DIR", "")
    if not name or not (folder or name.startswith("/")):
        return False
    return accepts_at(str(Path(folder) / name))


def _dead_display(displays: tuple[Display, ...], environment: Mapping[str, str]) -> str | None:
    if displays:
        return None
    named = [(name, environment.get(name)) for name in ("WAYLAND_DISPLAY", "DISPLAY")]
    return next((f"{name}={value}" for name, value in named if value), None)


def _in_time(question: Callable[[], bool]) -> bool:
    """The answer, or False when it takes too long: a server that hangs takes connections too."""
    answers: list[bool] = []
    asking = threading.Thread(target=lambda: answers.append(question()), daemon=True)
    asking.start()
    asking.join(ANSWER_SECONDS)
    return bool(answers and answers[0])


# --- Qt -------------------------------------------------------------------------------------------


def has_qt() -> bool:
    """Whether pywebview and a Qt with its web engine are installed; nothing is imported."""
    spec = importlib.util.find_spec("PySide6")
    if spec is None or not _is_there("webview") or not _is_there("qtpy"):
        return False
    folders = map(Path, spec.submodule_search_locations or ())
    return any(True for folder in folders for _ in folder.glob("QtWebEngineWidgets.*so"))


def chosen_platform(environment: Mapping[str, str]) -> str | None:
    """Qt's platform as the user chose it, where that is one with which a window is seen."""
    first = environment.get("QT_QPA_PLATFORM", "").split(";")[0]
    return first if first.startswith(tuple(QT_PLATFORM_OF.values())) else None


def blind_platform(environment: Mapping[str, str]) -> str | None:
    """Qt's platform as it was set for programs that show nothing (`offscreen`), or elsewhere."""
    named = environment.get("QT_QPA_PLATFORM")
    return named if named and chosen_platform(environment) is None else None


def _is_there(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _qt_way(
    displays: tuple[Display, ...], environment: Mapping[str, str]
) -> tuple[str, tuple[Library, ...]]:
    """Qt's platform for the first display that it has all libraries for, and what is missing.

    Where none has all, the one with the fewest missing: what the user chose is not gone past.
    """
    chosen = chosen_platform(environment)
    ways = [chosen] if chosen else [QT_PLATFORM_OF[display] for display in displays]
    lacks = [(way, missing_of(needed_for(way))) for way in ways[:1]]
    if lacks[0][1]:  # the second way costs time only when the first is not open
        lacks += [(way, missing_of(needed_for(way))) for way in ways[1:]]
    return min(lacks, key=lambda way: len(way[1]))


# --- GTK ------------------------------------------------------------------------------------------


def find_gtk(
    environment: Mapping[str, str],
    *,
    system_folders: tuple[Path, ...] | None = None,
    typelib_folders: tuple[Path, ...] | None = None,
) -> Gtk | None:
    """GTK and WebKit2 4.1 with a `gi` that is built for this Python; None when there is none.

    `gi` comes from the distribution and is bound to its Python, so it fits few others.
    """
    typelibs = typelib_folders or _typelib_folders(environment)
    for name in _TYPELIBS:
        if not any((folder / f"{name}.typelib").is_file() for folder in typelibs):
            return None
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    for folder in (*_own_gi(), *(system_folders or _system_folders())):
        if (folder / "gi" / f"_gi{suffix}").is_file():
            return Gtk(folder)
    return None


def _own_gi() -> tuple[Path, ...]:
    spec = importlib.util.find_spec("gi")
    return (Path(spec.origin).parent.parent,) if spec and spec.origin else ()


def _system_folders() -> tuple[Path, ...]:
    version = sysconfig.get_python_version()
    return (
        Path("/usr/lib/python3/dist-packages"),
        Path(f"/usr/lib64/python{version}/site-packages"),
        Path(f"/usr/lib/python{version}/site-packages"),
    )


def _typelib_folders(environment: Mapping[str, str]) -> tuple[Path, ...]:
    extra = filter(None, environment.get("GI_TYPELIB_PATH", "").split(":"))
    triplet = sysconfig.get_config_var("MULTIARCH") or ""
    system = ("/usr/lib64", f"/usr/lib/{triplet}", "/usr/lib")
    return (*map(Path, extra), *(Path(folder) / "girepository-1.0" for folder in system))


# --- The session ----------------------------------------------------------------------------------


def has_plain_locale(environment: Mapping[str, str]) -> bool:
    """Whether the language is that of no country (C, POSIX, C.UTF-8, nothing)."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    chosen = next((environment[name] for name in names if environment.get(name)), "")
    return chosen.partition(".")[0] in PLAIN_LOCALES


def has_locale(name: str) -> bool:
    """Whether the C library knows that locale; that of this process stays as it is."""
    library = ctypes.CDLL(None)
    library.newlocale.restype = ctypes.c_void_p
    library.newlocale.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p]
    library.freelocale.argtypes = [ctypes.c_void_p]
    found = library.newlocale(_ALL_CATEGORIES, name.encode(), None)
    if found:
        library.freelocale(found)
    return bool(found)


def _host(environment: Mapping[str, str]) -> str | None:
    """The third word of SSH_CONNECTION: the address of this machine as the client knows it."""
    words = environment.get("SSH_CONNECTION", "").split()
    sound = len(words) == 4 and re.fullmatch(r"[0-9A-Fa-f.:%\w-]+", words[2])
    return words[2] if sound else None
