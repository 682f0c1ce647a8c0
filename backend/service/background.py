"""The service in a thread of another door: for the window, whose page needs it.

Importing this brings none of the service's libraries; the thread does that.
"""

from __future__ import annotations

import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backend.exceptions import ComfyUILauncherError
from backend.logging_config import get_logger, register_secret
from backend.operations.runner import report_fault
from backend.platform.ports import Listener
from backend.service.addresses import url_of
from backend.service.codes import Door
from backend.service.keys import Keys

if TYPE_CHECKING:
    from backend.composition import App
    from backend.service.events import EventClients
    from backend.service.serving import Server

GRACE_SECONDS: Final = 1
CLOSE_SECONDS: Final = 3.0

_log: Final = get_logger(__name__)


class BackgroundService:
    """The service behind a socket that listens already.

    A browser that comes before `start` waits; one that comes after a fault or `close` is refused.
    `pages`: another folder with a page than our own.
    """

    def __init__(self, listener: Listener, *, log_file: Path, pages: Path | None = None) -> None:
        host, port = listener.getsockname()[:2]
        self._listener = listener
        self._log_file = log_file
        self._pages = pages
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._server: Server | None = None
        self._clients: EventClients | None = None
        self._settled = threading.Event()
        self._closed = False
        self.host: str = host
        self.port: int = port
        self.url = url_of(host, port)
        self.token = secrets.token_urlsafe(32)
        self.fault: ComfyUILauncherError | None = None
        """Why it serves no more, though nobody closed it."""
        register_secret(self.token)
        self._keys = Keys(self.token, port)

    def start(self, app: App) -> None:
        """Begins to serve, and returns at once. Whoever made the app closes it, before this."""
        thread = threading.Thread(target=self._run, args=(app,), name="service", daemon=True)
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = thread
                thread.start()

    def wait_until_up(self, seconds: float) -> None:
        """Returns once it answers or is known to have failed, at the latest in so many seconds."""
        self._settled.wait(seconds)

    @property
    def listening(self) -> int:
        """How many pages listen to events now."""
        return 0 if self._clients is None else self._clients.count

    @property
    def arrivals(self) -> int:
        """How many pages have begun to listen since the start."""
        return 0 if self._clients is None else self._clients.arrivals

    def issue_code(self, door: Door) -> str:
        """A code that opens one session, within ten minutes."""
        return self._keys.issue_code(door)

    def page_for(self, door: Door) -> str:
        """The address of the page, with a new code behind the `#`, where no server reads it."""
        return f"{self.url}/#code={self.issue_code(door)}"

    def close(self) -> None:
        """Ends the streams tidily and waits for that, three seconds at most."""
        with self._lock:
            self._closed = True
            if self._server is not None:
                self._server.should_exit = True
            thread = self._thread
        if thread is None:
            self._listener.close()
            return
        thread.join(CLOSE_SECONDS)
        if thread.is_alive():
            _log.warning("The service in this process did not end in time.")

    def _run(self, app: App) -> None:
        try:
            server = self._server_for(app)
            with self._lock:
                self._server = server
                server.should_exit = self._closed
            server.run(sockets=[self._listener])
        except Exception as fault:
            self.fault = report_fault(fault)
        finally:
            self._settled.set()
            self._listener.close()

    def _server_for(self, app: App) -> Server:
        from backend.service.app import create_app
        from backend.service.events import EventClients
        from backend.service.pages import DIST, Pages, below_root
        from backend.service.serving import Server

        self._clients = clients = EventClients(app.events)
        pages = Pages(self._pages or DIST, below_root(self._log_file, app.paths))
        api = create_app(app, self._keys, host=self.host, clients=clients, pages=pages)
        return Server(api, clients, grace_seconds=GRACE_SECONDS, announce=self._settled.set)
