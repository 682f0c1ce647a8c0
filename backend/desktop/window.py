"""The window: opened on our page and on nothing else, remembered where it stood."""

from __future__ import annotations

import json
import logging
import threading
import urllib.parse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from backend.desktop.bridge import Bridge, Deny, JavaScriptAPI
from backend.desktop.engine import Engine
from backend.desktop.geometry import DEFAULT_SIZE, LEAST_SIZE, keep, placement, remembered
from backend.desktop.watchdog import UP_SECONDS, Watchdog
from backend.desktop.workers import Workers
from backend.logging_config import get_logger

TITLE: Final = "ComfyUI Launcher"
PAGE_IS_UP: Final = "the page is up"
GROUNDS: Final = {"dark": "#0e1015", "light": "#f4f5f8"}
"""--ground of frontend/src/app/theme.css: what is seen until the page is painted."""

Theme = Literal["system", "dark", "light"]

_log: Final = get_logger(__name__)


class Home(Protocol):
    """Where the page comes from: the service in this process."""

    @property
    def url(self) -> str:
        """Its address, without anything that opens it."""
        ...

    def page(self) -> str:
        """The address of the page with a new one-time code."""
        ...

    def is_serving(self) -> bool:
        """Whether it answers."""
        ...

    def stand_in(self) -> str:
        """HTML that says that the page did not start, for when nobody serves it."""
        ...


class LauncherWindow:
    """One window on our page. `may_close` is asked when the user wants to close it.

    `engine` is called when the window opens: importing an engine takes longer than all the rest.

    The engine's thread is the main thread and belongs to `open`; every other method may be called
    from any thread.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        home: Home,
        api: JavaScriptAPI,
        *,
        may_close: Callable[[], bool],
        state_file: Path,
        theme: Theme,
        patience_seconds: float,
        icon: Path | None = None,
    ) -> None:
        self._make_engine = engine
        self._made: Engine | None = None
        self._home = home
        self._api = api
        self._may_close = may_close
        self._state_file = state_file
        self._theme = theme
        self._icon = icon
        self._watchdog = Watchdog(self._page_did_not_start)
        self._patience_seconds = patience_seconds
        self._bridge = Bridge(api, self._run)
        self._links = Workers(1, waiting=8, name="link")
        self._own_html: str | None = None
        self._shows_stand_in = False
        self._ready = threading.Event()
        self._there = threading.Event()
        self._guard = threading.Lock()
        self._window: Any = None
        self._is_to_close = False
        self._when_up: list[Callable[[], None]] = []

    @property
    def _engine(self) -> Engine:
        assert self._made is not None, "the window is not open"
        return self._made

    # --- From the thread that opens it ------------------------------------------------------------

    def open(self) -> None:
        """Shows the window until it is closed; not at all if that was asked for before."""
        if self._is_to_close:
            return
        _quiet_pywebview()
        import webview

        webview.settings["ALLOW_DOWNLOADS"] = False
        webview.settings["ALLOW_FILE_URLS"] = False
        webview.settings["OPEN_DEVTOOLS_IN_DEBUG"] = False
        webview.settings["REMOTE_DEBUGGING_PORT"] = None
        _drop_state()["num_listeners"] = 1  # so that the engine keeps the paths of what is dropped
        self._made = self._make_engine()
        self._engine.lock(self)
        window: Any = webview.create_window(
            TITLE,
            url=self._address(),
            js_api=Deny(),
            width=DEFAULT_SIZE[0],
            height=DEFAULT_SIZE[1],
            min_size=LEAST_SIZE,
            text_select=True,
            zoomable=True,
        )
        window.events.initialized += self._arrange
        window.events.before_show += self._dress
        window.events.closing += self._closing
        with self._guard:
            if self._is_to_close:
                return
            self._window = window
        icon = self._engine.icon_for(self._icon) if self._icon else None
        webview.start(
            gui=self._engine.name,
            debug=False,
            private_mode=True,
            icon=str(icon) if icon else None,
        )
        self._watchdog.calm()

    def _arrange(self, _renderer: str) -> None:
        """Before the engine makes the window: it asks the screens and the desktop's colours."""
        place = placement(remembered(self._state_file), self._engine.screens())
        self._window.initial_width, self._window.initial_height = place.width, place.height
        self._window.min_size = place.least
        if place.position is not None:
            x, y = self._engine.origin()
            self._window.initial_x = place.position[0] - x
            self._window.initial_y = place.position[1] - y
        self._window.maximized = place.maximized
        self._window.background_color = self._ground()

    def _dress(self) -> None:
        self._there.set()
        self._engine.dress(self._window, self._ground())

    def _closing(self) -> bool:
        """False keeps the window open."""
        if self._own_html is None and not self._may_close():
            return False
        keep(self._state_file, self._engine.state_of(self._window))
        return True

    def _ground(self) -> str:
        if self._theme == "system":
            return GROUNDS["dark" if self._engine.is_dark() else "light"]
        return GROUNDS[self._theme]

    # --- From the engine, in its thread -----------------------------------------------------------

    def may_show(self, url: str) -> bool:
        """Our page only, exactly; and what is in it only from the same place."""
        if self._own_html is not None:
            return url.startswith(("data:text/html", "about:blank"))
        if self._shows_stand_in and url == f"{self._home.url}/":
            self._links.take(self._load_page)  # "Try again": that needs a new code
            return False
        return url.startswith(f"{self._home.url}/")

    def leave(self, url: str) -> None:
        """To the user's browser, by the way of every other call: checked and limited."""
        request = json.dumps({"url": url})
        self._links.take(lambda: self._tell(self._api.invoke("window.open_link", request)))

    def strayed(self, url: str) -> None:
        """Back to our page; a text of ours is on its way by itself."""
        if self._own_html is not None:
            # The page that was on its way when the text came has taken the place of both.
            html = self._own_html
            self._links.take(lambda: self._load_html(html))
            return
        _log.warning("the window went to %.80s; it is taken back", url)
        self._links.take(self._load_page)

    def receive(self, function: object, parameters: object, call_id: object) -> None:
        """A message of the page."""
        if self._own_html is None:
            self._bridge.receive(function, parameters, call_id)

    # --- From any thread --------------------------------------------------------------------------

    def is_coming_up(self, seconds: float = UP_SECONDS) -> None:
        """What serves the page comes up, in so many seconds at the latest."""
        self._watchdog.watch(seconds)

    def is_served(self) -> None:
        """From now on the page has no excuse. One that was given up comes after all."""
        if self._own_html is not None:
            self._own_html = None
            self._links.take(self._load_page)
        elif not self._ready.is_set():
            self._watchdog.watch(self._patience_seconds)

    def when_up(self, call: Callable[[], None]) -> None:
        """Has `call` made, once, when the page is up."""
        self._when_up.append(call)

    def page_is_up(self) -> None:
        """The page has said so."""
        if not self._ready.is_set():
            _log.info(PAGE_IS_UP)
        self._ready.set()
        self._watchdog.calm()
        while self._when_up:
            self._when_up.pop()()

    def to_front(self) -> None:
        """Raises the window. One that is not there yet will open in front anyway."""
        if (window := self._window) is not None and window.events.shown.is_set():
            self._engine.soon(lambda: self._engine.raise_window(window))

    def close(self) -> None:
        """Closes the window, also one that is still to be opened; who decides has agreed."""
        self._watchdog.calm()
        with self._guard:
            self._is_to_close = True
            window = self._window
        if window is not None:
            window.destroy()  # waits until it is there

    def choose_folder(self, start: Path) -> Path | None:
        """The folder that the user chose in the system's dialog."""
        from webview import FileDialog

        if self._window is None:
            return None
        chosen = self._window.create_file_dialog(FileDialog.FOLDER, directory=str(start))
        return Path(chosen[0]) if chosen else None

    def take_dropped(self, names: Sequence[str]) -> list[Path]:
        """The paths of those names that were dropped last; all others are forgotten, too."""
        state = _drop_state()
        dropped, state["paths"] = state["paths"], []
        paths = [Path(_decoded(place)) for _name, place in dropped]
        known = {path.name: path for path in paths if path.is_absolute()}
        return [known[name] for name in names if name in known]

    def show_problem(self, html: str) -> None:
        """Shows that text of ours instead of the page, until that is served."""
        self._watchdog.calm()
        self._own_html = html
        if self._there.wait(UP_SECONDS) and self._own_html is html:
            self._load_html(html)

    def _page_did_not_start(self) -> None:
        _log.error("the page has not said that it is up")
        if self._home.is_serving():
            self._shows_stand_in = True
            self._window.load_url(f"{self._home.url}/did-not-start")
        else:
            self.show_problem(self._home.stand_in())

    def _load_html(self, html: str) -> None:
        self._window.load_html(html, "about:blank")

    def _load_page(self) -> None:
        self._shows_stand_in = False
        self._watchdog.watch(self._patience_seconds)
        self._window.load_url(self._address())

    def _address(self) -> str:
        """With the colours, which the page has to know before it can ask for them."""
        return f"{self._home.page()}&theme={self._theme}"

    def _run(self, script: str) -> None:
        self._engine.run(self._window, script)

    def _tell(self, answer: str) -> None:
        if not json.loads(answer)["ok"]:
            _log.info("a link was not opened: %s", json.loads(answer)["error"]["message"])


def _decoded(place: str) -> str:
    """A path as the engines record it: percent-encoded once, in whatever encoding the name has."""
    return urllib.parse.unquote(place, errors="surrogateescape")


def _drop_state() -> dict[str, Any]:
    """Where pywebview keeps what was dropped: `paths`, as long as `num_listeners` is not 0."""
    from webview import dom

    state: dict[str, Any] = dom._dnd_state  # noqa: SLF001 - there is no other way to the paths
    return state


def _quiet_pywebview() -> None:
    """Its words go to our log and not to the screen: with a handler present it adds none."""
    logger = logging.getLogger("pywebview")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def show_alone(engine: Engine, html: str, close_by: Callable[[Callable[[], None]], None]) -> None:
    """Shows a text of ours in a small window, until it is closed: nothing else could be opened.

    `close_by` is told what closes it from outside.
    """
    _quiet_pywebview()
    import webview

    engine.lock(_Text())
    window: Any = webview.create_window(TITLE, html=html, js_api=Deny(), width=640, height=360)
    window.events.before_show += lambda: engine.dress(window, GROUNDS["dark"])
    close_by(lambda: threading.Thread(target=window.destroy, daemon=True).start())
    webview.start(gui=engine.name, debug=False, private_mode=True)


class _Text:
    """A page that stays what it is."""

    def may_show(self, url: str) -> bool:
        return url.startswith(("data:text/html", "about:blank"))

    def leave(self, url: str) -> None: ...

    def strayed(self, url: str) -> None: ...

    def receive(self, function: object, parameters: object, call_id: object) -> None: ...
