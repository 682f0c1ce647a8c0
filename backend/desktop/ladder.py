"""Which window can open here, decided before any engine is imported.

Qt, GTK, an app window of a Chromium, a tab of the user's browser, and last the address alone. Each
rung but the first says in one line why it is the one, and what would give the first.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import pwd
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from backend.desktop.browsers import Browser, without_debugging
from backend.desktop.healing import folder_for, heal, kept_files
from backend.desktop.libraries import advice, is_for_children, packages_of
from backend.desktop.surroundings import Surroundings, chosen_platform, has_locale, look
from backend.desktop.trial import Doubts
from backend.exceptions import WindowImpossible
from backend.roots import home_of

if TYPE_CHECKING:
    from types import ModuleType

Wish = Literal["window", "browser"]

ENGINE_FILE: Final = "window-engine.json"

# What would bend an engine: plugins of another Qt, and doors for developers' tools.
_UNWANTED: Final = (
    "QTWEBENGINE_REMOTE_DEBUGGING",
    "WEBKIT_INSPECTOR_SERVER",
    "WEBKIT_INSPECTOR_HTTP_SERVER",
    "QT_PLUGIN_PATH",
    "QT_QPA_PLATFORM_PLUGIN_PATH",
    "QML_IMPORT_PATH",
    "QML2_IMPORT_PATH",
    "PYWEBVIEW_GUI",
)
_FLAGS: Final = "QTWEBENGINE_CHROMIUM_FLAGS"
_LANGUAGE: Final = "en_US.UTF-8"


class Rung(Enum):
    """The ways to show the page, the best one first."""

    QT = "qt"
    GTK = "gtk"
    CHROMIUM = "chromium"
    BROWSER = "browser"
    ADDRESS = "address"

    @property
    def is_window(self) -> bool:
        """Whether the window is our own, with dialogs and dropped files."""
        return self in {Rung.QT, Rung.GTK}


@dataclass(frozen=True, slots=True)
class Choice:
    """The rung that was chosen. `why`: one sentence when it is not the first or not the wished one.

    `hints`: sentences that say what would give a better one, or what to mind. `browser`: whom to
    open, where the rung is one of a browser.
    """

    rung: Rung
    why: str = ""
    hints: tuple[str, ...] = ()
    browser: Browser | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """What `find_way` found. `doubts`: to be told when Qt is opened and when its page is up."""

    choice: Choice
    surroundings: Surroundings
    doubts: Doubts | None = None


def find_way(
    environment: Mapping[str, str],
    data: Path,
    tell: Callable[[str], None],
    wish: Wish | None = None,
) -> Way:
    """The best way to show the page here: looked for, healed, tried and chosen.

    `data` is launcher-data. `tell` gets a sentence when something takes longer. It costs some
    milliseconds; a third of a second where Qt has to be tried first; up to a minute, once, where
    libraries are fetched. Raises: WindowImpossible when a window was wished for and cannot be.
    """
    here = _without_blind(look(environment), data, home_of(environment))
    if not here.qt or wish == "browser":
        return Way(choose(here, wish), here)
    folder = folder_for(data, here.distribution)
    kept: tuple[Path, ...] = ()
    if missing := here.missing:
        left = heal(missing, here.distribution, folder, environment, tell)
        kept = kept_files(folder, missing)
        for_children = folder if any(map(is_for_children, missing)) else None
        here = replace(here, missing=left, kept_libraries=for_children)
    if here.missing:
        return Way(choose(here, wish), here)
    doubts = Doubts(
        data / ENGINE_FILE, here.qt_platform, kept, display_is_remote=here.display_is_remote
    )
    trial = dict(environment)
    prepare_environment(Choice(Rung.QT), here, trial)
    here = replace(here, qt_trouble=doubts.trouble(trial, insist=wish == "window"))
    return Way(choose(here, wish), here, None if here.qt_trouble else doubts)


def _without_blind(here: Surroundings, data: Path, home: Path | None) -> Surroundings:
    """A browser that cannot read our folder can show no window of ours; a tab it still can."""
    browsers = (
        replace(browser, can_be_window=browser.can_be_window and browser.can_read(data, home))
        for browser in here.browsers
    )
    return replace(here, browsers=tuple(browsers))


# --- Choosing -------------------------------------------------------------------------------------


def choose(here: Surroundings, wish: Wish | None = None) -> Choice:
    """The rung for these surroundings. Raises: WindowImpossible when `wish` cannot be fulfilled."""
    if wish == "browser":
        return _tab(here, why="") or _address(here)
    window = _window(here)
    if window is not None:
        return window
    if wish == "window":
        raise WindowImpossible(_reason(here), way_out=" ".join(_ways_out(here)))
    return _app_window(here) or _tab(here, why=_reason(here)) or _address(here)


def _window(here: Surroundings) -> Choice | None:
    if here.displays and here.qt and not here.missing and here.qt_trouble is None:
        return Choice(Rung.QT, hints=(*_of_platform(here), *_of_root(here)))
    if here.displays and here.gtk is not None:
        why = f"{_reason(here)}, so GTK draws the window."
        return Choice(Rung.GTK, why, _ways_out(here))
    return None


def _app_window(here: Surroundings) -> Choice | None:
    browser = next((found for found in here.browsers if found.can_be_window), None)
    if browser is None:
        return None
    why = f"{_reason(here)}, so the window opens in {browser.name}."
    return Choice(Rung.CHROMIUM, why, (*_ways_out(here), *_of_root(here)), browser)


def _tab(here: Surroundings, why: str) -> Choice | None:
    """The user's own browser, else any that is there. Without `why` it was asked for."""
    browser = here.default_browser or next(iter(here.browsers), None)
    if not here.displays or browser is None:
        return None
    if not why:
        return Choice(Rung.BROWSER, browser=browser)
    sentence = f"{why}, so it opens in a tab of {browser.name}."
    return Choice(Rung.BROWSER, sentence, _ways_out(here), browser)


def _address(here: Surroundings) -> Choice:
    if here.displays:
        why = "No browser was found here, so open the address yourself."
        return Choice(Rung.ADDRESS, why, _ways_out(here))
    return Choice(Rung.ADDRESS, f"{_no_display(here)}, so open the address yourself.")


def _reason(here: Surroundings) -> str:
    """Why Qt does not draw the window, as the first half of a sentence."""
    if not here.displays:
        return _no_display(here)
    if not here.qt:
        return "The window's engine is not installed"
    if here.missing:
        names = packages_of(here.missing, here.distribution)
        return f"This desktop lacks {_list(names or [lib.soname for lib in here.missing])}"
    return f"Qt does not start here ({here.qt_trouble})"


def _no_display(here: Surroundings) -> str:
    if here.dead_display:
        return f"{here.dead_display} is set, but no display answers there"
    if here.is_remote:
        return "This session over ssh has no display"
    return "There is no display here"


def _ways_out(here: Surroundings) -> tuple[str, ...]:
    if not here.displays:
        return ("Start it in a session of a desktop.",)
    if not here.qt:
        return ("`./launcher --window` installs it when this machine is online.",)
    if here.missing:
        return (advice(here.missing, here.distribution),)
    return ("The log in launcher-data/logs says more.",)


def _of_root(here: Surroundings) -> tuple[str, ...]:
    if not here.is_root:
        return ()
    return ("As root the engine runs without its sandbox: better start it as an ordinary user.",)


def _of_platform(here: Surroundings) -> tuple[str, ...]:
    if here.blind_platform is None:
        return ()
    return (f"QT_QPA_PLATFORM={here.blind_platform} is not followed: nobody would see the window.",)


def _list(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and 3 others`."""
    if len(names) <= 1:
        return "".join(names)
    if len(names) <= 3:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{names[0]}, {names[1]} and {len(names) - 2} others"


def address_lines(here: Surroundings, port: int, code: str | Path) -> tuple[str, ...]:
    """What to print where the page cannot be opened: its address, the code, and how to reach it.

    `code` is a file that holds it where nobody reads the print: a log would keep the code.
    """
    lines = [f"Address: http://127.0.0.1:{port}/"]
    if isinstance(code, Path):
        lines.append(f"Code: at the end of the address in {code} (works once, for ten minutes)")
    else:
        lines.append(f"Code: {code} (works once, for ten minutes)")
    if here.is_remote:
        target = f"{name_of_user() or 'YOU'}@{here.host or 'THIS-MACHINE'}"
        lines.append(f"From your own machine: ssh -L {port}:127.0.0.1:{port} {target}")
        lines.append("While that runs, open the address in the browser there.")
    return tuple(lines)


# --- Before the engine is imported ----------------------------------------------------------------


def prepare_process(
    choice: Choice, here: Surroundings, environment: MutableMapping[str, str]
) -> None:
    """Makes this process fit for the chosen engine; call it before that is imported.

    `environment` is os.environ, which the engine reads. For GTK the system's `gi` becomes
    importable, and nothing else of the system's packages.
    """
    prepare_environment(choice, here, environment)
    if choice.rung is Rung.GTK and here.gtk is not None:
        let_in_gi(here.gtk.folder)


def prepare_environment(
    choice: Choice, here: Surroundings, environment: MutableMapping[str, str]
) -> None:
    """Sets and removes the variables that decide how the chosen engine behaves."""
    for name in _UNWANTED:
        environment.pop(name, None)
    flags = without_debugging(environment.get(_FLAGS, ""))
    if not here.has_shared_memory:
        flags = f"{flags} --disable-dev-shm-usage".strip()
    environment.pop(_FLAGS, None)
    if flags:
        environment[_FLAGS] = flags
    if here.has_plain_locale:
        _give_language(choice.rung, environment)
    if choice.rung is Rung.QT:
        environment["QT_API"] = "pyside6"
        if chosen_platform(environment) is None:
            environment["QT_QPA_PLATFORM"] = here.qt_platform
        if here.kept_libraries:
            others = filter(None, [environment.get("LD_LIBRARY_PATH")])
            environment["LD_LIBRARY_PATH"] = ":".join([str(here.kept_libraries), *others])
        if here.is_root:
            environment["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
    if choice.rung is Rung.GTK and here.has_nvidia:
        environment.setdefault("WEBKIT_DISABLE_DMABUF_RENDERER", "1")


def _give_language(rung: Rung, environment: MutableMapping[str, str]) -> None:
    """A language for the engine, and letters in UTF-8.

    Both complain of one that is not installed. Qt finds its language by itself. To GTK, `C.UTF-8`
    is the language `C`, which is none for a page; of plain `C` it makes English.
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANGUAGE"):
        environment.pop(name, None)
    if rung is Rung.QT:
        environment["LANG"] = environment["LC_CTYPE"] = "C.UTF-8"
        return
    known = has_locale(_LANGUAGE)
    environment["LANG"] = environment["LC_CTYPE"] = _LANGUAGE if known else "C"
    environment["G_FILENAME_ENCODING"] = "UTF-8"


def let_in_gi(folder: Path) -> None:
    """Makes `gi` and `cairo` of that folder importable, and no other package that lies there."""
    if not any(isinstance(finder, _OnlyGi) for finder in sys.meta_path):
        sys.meta_path.append(_OnlyGi(folder))


class _OnlyGi(importlib.abc.MetaPathFinder):
    """Finds the packages of GTK's bindings in a folder of the system."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the signature that Python calls
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in {"gi", "cairo"}:
            return None
        return importlib.machinery.PathFinder.find_spec(fullname, [self._folder], target)


def name_of_user() -> str | None:
    """The name to log in with; None for a user whom the system does not list."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None
