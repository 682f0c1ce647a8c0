"""Shows the page in the window or in the browser that the ladder has chosen."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from backend.api.areas.window import WindowHost
from backend.composition import App, build_app
from backend.config import PathsConfig
from backend.desktop.bridge import JavaScriptAPI
from backend.desktop.browsers import (
    PROFILE_NAME,
    Browser,
    BrowserWindow,
    Signpost,
    clean_environment,
    open_tab,
    target_for,
)
from backend.desktop.closing import Closing
from backend.desktop.door import Door
from backend.desktop.engine import Engine
from backend.desktop.frontend_build import LONGEST_BUILD_SECONDS, bring_up_to_date, is_current
from backend.desktop.host import BrowserHost, Opener, PywebviewHost
from backend.desktop.ladder import Rung, Way, address_lines, prepare_process
from backend.desktop.programs import Programs
from backend.desktop.signals import Signals
from backend.desktop.watchdog import FIRST_PATIENCE_SECONDS, PATIENCE_SECONDS, UP_SECONDS
from backend.desktop.window import LauncherWindow, Theme, show_alone
from backend.exceptions import ComfyUILauncherError
from backend.logging_config import get_logger
from backend.platform.locks import FileLock
from backend.platform.terminal import is_watched
from backend.roots import home_of
from backend.service.codes import CODE_SECONDS
from backend.service.plain_pages import problem
from backend.settings_store import SettingsStore

SIGNPOST_SECONDS: Final = 60.0
PAGE_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.1

_log: Final = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Opening:
    """What is needed to show the page.

    `environment`: as the launcher was started with it. `checkout`: whose page is looked after; with
    None, the page is somebody else's.
    """

    door: Door
    way: Way
    paths: PathsConfig
    environment: Mapping[str, str]
    checkout: Path | None
    note: Callable[[str], None]
    signals: Signals

    def build(self, host: WindowHost, takes: Callable[[float], None]) -> App:
        """The app, behind a page that is up to date. Raises: NotWritable, DiskFull.

        `takes` is told for how many seconds that may last, when it is longer than usual.
        """
        if self.checkout is not None and not is_current(self.checkout):
            self.note("The page of the window is made anew: that can take a minute.")
            takes(LONGEST_BUILD_SECONDS + UP_SECONDS)
            notice = bring_up_to_date(self.checkout, self.environment)
            if notice is not None:
                _log.warning("%s", notice)
                self.note(notice)
        return build_app("window", self.environment, window=host)

    def programs(self) -> Programs:
        """What starts the user's own programs, in the environment that they gave us."""
        return Programs(clean_environment(self.environment))


# --- A window of our own --------------------------------------------------------------------------


def in_window(opening: Opening) -> None:
    """Shows the window until it is closed."""
    door, paths, way = opening.door, opening.paths, opening.way
    is_first_run = not paths.window_state_file.exists()
    window = LauncherWindow(
        lambda: engine_of(way.choice.rung),
        door,
        JavaScriptAPI(door.calls),
        may_close=lambda: closing.attempt(),  # noqa: PLW0108 - made below, and needs the window
        state_file=paths.window_state_file,
        theme=_theme(paths, opening.environment),
        patience_seconds=FIRST_PATIENCE_SECONDS if is_first_run else PATIENCE_SECONDS,
        icon=_icon(opening.checkout),
    )
    closing = Closing(lambda: door.app, window.close, lambda: door.page_listens)
    host = PywebviewHost(window, closing, Opener(opening.programs()))
    opening.signals.close_by(closing.leave)
    window.is_coming_up()
    door.come_up(
        lambda: opening.build(host, window.is_coming_up),
        up=window.is_served,
        failed=lambda error: window.show_problem(_html_of(error)),
    )
    prepare_process(way.choice, way.surroundings, os.environ)
    if way.doubts is not None:
        way.doubts.opening()
        window.when_up(way.doubts.proven)
    window.open()


def engine_of(rung: Rung) -> Engine:
    """The engine of that rung. Importing the wrong one can end the process."""
    if rung is Rung.QT:
        from backend.desktop.qt import QtEngine

        return QtEngine()
    from backend.desktop.gtk import GtkEngine

    return GtkEngine()


def tell_alone(way: Way, error: ComfyUILauncherError, signals: Signals) -> None:
    """Says it in a small window, until that is closed."""
    prepare_process(way.choice, way.surroundings, os.environ)
    show_alone(engine_of(way.choice.rung), _html_of(error), signals.close_by)


def _html_of(error: ComfyUILauncherError) -> str:
    return problem(error.message, error.hint, None).decode()


def _theme(paths: PathsConfig, environment: Mapping[str, str]) -> Theme:
    """Read before the app is up, so that the window opens in its colours."""
    lock = FileLock(paths.data / ".lock")
    try:
        theme = SettingsStore(paths.settings_file, environment, lock=lock).current().theme
    except ComfyUILauncherError as error:
        _log.info("the theme is not known: %s", error)
        return "dark"
    return theme if theme in get_args(Theme) else "dark"


def _icon(checkout: Path | None) -> Path | None:
    icon = checkout / "frontend" / "dist" / "icon.svg" if checkout else None
    return icon if icon is not None and icon.is_file() else None


# --- A browser ------------------------------------------------------------------------------------


def in_browser(opening: Opening, say: Callable[[str], None]) -> None:
    """Shows the page in a browser until that is closed or the launcher is ended."""
    view = _BrowserView(opening, say)
    host = BrowserHost(view.open, view.closing, Opener(opening.programs()))
    opening.signals.close_by(view.closing.leave)
    opening.door.come_up(
        lambda: opening.build(host, lambda _seconds: None),
        up=lambda: None,
        failed=lambda _error: view.done.set(),
    )
    try:
        view.open()
        while not view.done.wait(0.5):  # a wait without end would not hear a signal
            pass
    finally:
        view.end()


class _BrowserView:
    """The page in an app window of a Chromium, in a tab, or as an address to open oneself."""

    def __init__(self, opening: Opening, say: Callable[[str], None]) -> None:
        self._door = opening.door
        self._choice = opening.way.choice
        self._here = opening.way.surroundings
        self._folder = opening.paths.data
        self._theme = _theme(opening.paths, opening.environment)
        self._environment = opening.environment
        self._programs = opening.programs()
        self._say = say
        self._note = opening.note
        self._guard = threading.Lock()
        self._signposts: list[Signpost] = []
        self._windows: list[BrowserWindow] = []
        self.done = threading.Event()
        door = self._door
        self.closing = Closing(lambda: door.app, self.done.set, lambda: door.page_listens)

    def open(self) -> None:
        """Shows the page, once more if it is shown already. Raises: DiskFull, NotWritable."""
        browser = self._choice.browser
        if browser is None:
            self._tell_address()
        elif self._choice.rung is Rung.CHROMIUM:
            self._open_window(browser)
        else:
            self._open_tab(browser)

    def end(self) -> None:
        """Closes the windows that are ours; a tab stays, and says that nobody answers."""
        self.done.set()
        with self._guard:
            windows, signposts = tuple(self._windows), tuple(self._signposts)
        for window in windows:
            window.close()
        for signpost in signposts:
            signpost.remove()

    # --- What closing asks of it ------------------------------------------------------------------

    def come_back(self) -> bool:
        """Opens the window again; whether its page is up."""
        before, end = self._door.arrivals, time.monotonic() + PAGE_SECONDS
        try:
            self.open()
        except ComfyUILauncherError as error:
            self._note(f"{error.message} {error.hint}")
            return False
        while self.is_there() and time.monotonic() < end:
            if self._door.arrivals > before:
                return True
            time.sleep(LOOK_SECONDS)
        return False

    def is_there(self) -> bool:
        """Whether a window of ours is open."""
        with self._guard:
            return bool(self._windows)

    def goes_on(self) -> None:
        """Says that the work goes on without a window."""
        self._note(
            "The work goes on without a window, and the launcher ends when it is done."
            " `./launcher` opens the window again; Ctrl-C cancels the work."
        )

    # --- The ways to show it ----------------------------------------------------------------------

    def _open_window(self, browser: Browser) -> None:
        window = BrowserWindow(
            browser,
            self._new_signpost(SIGNPOST_SECONDS),
            self._folder / PROFILE_NAME,
            self._environment,
            without_sandbox=self._here.is_root,
            without_shared_memory=not self._here.has_shared_memory,
        )
        with self._guard:
            self._windows.append(window)
        watch = threading.Thread(target=self._watch, args=(window,), daemon=True)
        watch.start()

    def _watch(self, window: BrowserWindow) -> None:
        window.wait()
        with self._guard:
            self._windows.remove(window)
            is_last = not self._windows
        if not is_last or self.done.is_set():
            return
        if window.trouble:
            self._note(f"The browser did not open the window: {window.trouble.splitlines()[-1]}")
            self._tell_address()
        else:
            self.closing.gone(self)

    def _open_tab(self, browser: Browser) -> None:
        signpost, home = self._new_signpost(SIGNPOST_SECONDS), home_of(self._environment)
        try:
            place = target_for(browser, signpost, f"{self._door.url}/", home)
            open_tab(browser, place, self._programs)
        except OSError as error:
            self._note(f"{browser.name} did not start: {error.strerror}.")
        self._tell_address()

    def _tell_address(self) -> None:
        """With a code, which belongs before a person's eyes and not into a log."""
        code = self._door.code_for_browser() if is_watched() else self._new_signpost(CODE_SECONDS)
        for line in address_lines(self._here, self._door.port, code):
            self._say(line)

    def _new_signpost(self, seconds: float) -> Path:
        """A page that sends the browser on, for as long as a browser takes to start."""
        address = f"{self._door.page_for_browser()}&theme={self._theme}"
        signpost = Signpost(self._folder, address)
        with self._guard:
            self._signposts.append(signpost)
        timer = threading.Timer(seconds, self._take_away, (signpost,))
        timer.daemon = True
        timer.start()
        return signpost.path

    def _take_away(self, signpost: Signpost) -> None:
        signpost.remove()
        with self._guard:
            self._signposts.remove(signpost)
