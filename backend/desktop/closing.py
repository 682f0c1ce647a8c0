"""What happens when the window is to be closed while ComfyUIs run or operations are at work."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from backend.api.contract.common import Success
from backend.composition import App
from backend.exceptions import ComfyUILauncherError
from backend.logging_config import get_logger
from backend.operations.events import WindowClosing

ANSWER_SECONDS: Final = 10.0  # a second attempt within it closes: the page may not be able to ask
DOUBLE_CLICK_SECONDS: Final = 1.0  # which is one attempt
STOP_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.5
_RUNNING: Final = frozenset({"running", "starting"})

_log: Final = get_logger(__name__)

What = Literal["keep", "stop"]


@dataclass(frozen=True, slots=True)
class AtWork:
    """What the window leaves behind: tags of ComfyUIs, and ids of operations of this process.

    `is_whole`: that is all; otherwise something could not be found out, and may be there.
    """

    running: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    is_whole: bool = True

    @property
    def is_nothing(self) -> bool:
        """Whether nobody needs to be asked."""
        return self.is_whole and not (self.running or self.operations)


class View(Protocol):
    """A window that is gone before anybody can be asked: that of a browser."""

    def come_back(self) -> bool:
        """Opens it again; whether its page is up."""
        ...

    def is_there(self) -> bool:
        """Whether one is open."""
        ...

    def goes_on(self) -> None:
        """Says that the work goes on without a window."""
        ...


class Closing:
    """Lets the window close, or has the page ask first what is to become of what runs.

    `app` answers None until the app is up. `close_window` may be called from any thread;
    `page_listens` tells whether a page hears what is asked. Nothing here waits in the engine's
    thread, in which an attempt to close arrives: calling into the page from there would never
    return.
    """

    def __init__(
        self,
        app: Callable[[], App | None],
        close_window: Callable[[], None],
        page_listens: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._close_window = close_window
        self._page_listens = page_listens
        self._clock = clock
        self._guard = threading.Lock()
        self._leaving = threading.Lock()
        self._page_is_up = False
        self._agreed = False
        self._deciding = False
        self._asked_at: float | None = None

    def page_is_up(self) -> None:
        """The page can ask. Said again, it takes a question back: the user wants to stay."""
        with self._guard:
            self._page_is_up = True
            self._asked_at = None

    def attempt(self) -> bool:
        """Whether the window may close now. If not, it is closed or the user is asked, soon."""
        with self._guard:
            if self._agreed:
                return True
            just_asked = self._since_asked() < DOUBLE_CLICK_SECONDS
            if not self._deciding and not just_asked:
                self._deciding = True
                self._in_thread(self._decide)
        return False

    def close(self, running: What) -> None:
        """Closes the window; the ComfyUIs that run are kept or stopped before."""
        self._in_thread(lambda: self._finish(running))

    def leave(self) -> None:
        """Closes the window without a question: the system or the terminal ends the launcher."""
        self.close("keep")

    def gone(self, view: View) -> None:
        """The user has closed the window: asks in a new one, or ends the launcher. Takes a while.

        Who closes that one too has not said that the work may be cancelled: it is waited for.
        """
        with self._leaving:
            app = self._app()
            at_work = _at_work(app) if app is not None else AtWork()
            if app is None or self._agreed or at_work.is_nothing:
                self._finish("keep")
            elif (wish := _wish(app, at_work)) != "ask":
                self._finish(wish)
            elif self._asked_at is None and view.come_back():
                self._ask(app, at_work)
            else:
                self._end_after_work(app, view)

    def _decide(self) -> None:
        try:
            app = self._app()
            at_work = _at_work(app) if app is not None and self._page_is_up else AtWork()
            if app is None or at_work.is_nothing:
                self._finish("keep")
            elif (wish := _wish(app, at_work)) != "ask":
                self._finish(wish)
            elif self._since_asked() < ANSWER_SECONDS and self._may_be_forced(at_work):
                _log.info("closing though the page has not answered; what runs goes on")
                self._finish("keep")
            else:
                self._ask(app, at_work)
        finally:
            self._deciding = False

    def _may_be_forced(self, at_work: AtWork) -> bool:
        """ComfyUIs outlive the window; operations do not, so a page that can ask for them does."""
        return (at_work.is_whole and not at_work.operations) or not self._page_listens()

    def _ask(self, app: App, at_work: AtWork) -> None:
        with self._guard:
            self._asked_at = self._clock()
        app.events.publish(WindowClosing(running=at_work.running, operations=at_work.operations))

    def _end_after_work(self, app: App, view: View) -> None:
        """Ends the launcher when its operations are done, unless somebody opens a window again."""
        if _operations(app) != ():
            view.goes_on()
        while _operations(app) != () and not view.is_there():
            time.sleep(LOOK_SECONDS)
        with self._guard:
            self._asked_at = None
        if not view.is_there():
            self._finish("keep")

    def _finish(self, running: What) -> None:
        app = self._app()
        if running == "stop" and app is not None:
            _stop_all(app)
        with self._guard:
            self._agreed = True
        self._close_window()

    def _since_asked(self) -> float:
        return float("inf") if self._asked_at is None else self._clock() - self._asked_at

    def _in_thread(self, task: Callable[[], None]) -> None:
        threading.Thread(target=task, name="closing", daemon=True).start()


def _at_work(app: App) -> AtWork:
    """Closing ends the operations of this process; those of other launchers go on."""
    versions, operations = _value(app, "versions.list"), _operations(app)
    return AtWork(
        tuple(one.tag for one in getattr(versions, "versions", ()) if one.state in _RUNNING),
        operations or (),
        is_whole=_is_whole(versions) and operations is not None,
    )


def _is_whole(versions: Any) -> bool:
    """Whether every version is told of: one whose record cannot be read may run as well."""
    return versions is not None and all(one.recovered for one in versions.problems)


def _operations(app: App) -> tuple[str, ...] | None:
    """The operations of this process that are at work; None where they cannot be read."""
    try:
        known = app.operations.list_all()
    except ComfyUILauncherError as error:
        _log.warning("while closing: %s", error)
        return None
    mine = (one for one in known if one.owner.pid == os.getpid())
    return tuple(one.id for one in mine if not one.state.is_final)


def _wish(app: App, at_work: AtWork) -> Literal["ask", "keep", "stop"]:
    """What the user has set; that is about ComfyUIs, so for anything else it is `ask`."""
    if at_work.operations or not at_work.is_whole:
        return "ask"
    settings = getattr(_value(app, "settings.list"), "settings", ())
    value: object = next((one.value for one in settings if one.name == "when_closing"), "ask")
    if value == "keep" or value == "stop":
        return value
    return "ask"


def _stop_all(app: App) -> None:
    """Stops every ComfyUI that runs, all at once, and waits for that as long as is reasonable."""
    end = time.monotonic() + STOP_SECONDS
    started = [_value(app, "versions.stop", tag=tag) for tag in _at_work(app).running]
    for reference in started:
        if reference is not None:
            app.operations.wait(reference.operation_id, max(0.0, end - time.monotonic()))


def _value(app: App, endpoint: str, **fields: object) -> Any:
    """What an endpoint answers, None when it refuses: closing a window must not fail of that."""
    envelope = app.dispatcher.unlimited().call(endpoint, fields)
    if isinstance(envelope, Success):
        return envelope.value
    _log.warning("while closing: %s: %s", endpoint, envelope.error.message)
    return None
