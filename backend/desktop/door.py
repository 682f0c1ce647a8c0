"""What every way of showing the page stands on: the app, its service, and their tidy end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Final

from backend.api.dispatch import Dispatcher
from backend.composition import App
from backend.config import PathsConfig
from backend.desktop.browsers import remove_old_signposts
from backend.desktop.instance import claim
from backend.desktop.watchdog import UP_SECONDS
from backend.exceptions import ComfyUILauncherError
from backend.logging_config import get_logger
from backend.operations.runner import report_fault
from backend.platform.ports import listen
from backend.service.background import BackgroundService
from backend.service.plain_pages import did_not_start
from backend.service.record import (
    ServiceRecord,
    forget_record,
    record_of_this_process,
    write_record,
)

_log: Final = get_logger(__name__)


class Door:
    """The service of this process, bound at once, and the app behind it, as soon as it is up.

    `log_file`: the log of this door, named where something went wrong. `pages`: another folder with
    a page than our own.
    """

    def __init__(self, paths: PathsConfig, *, log_file: Path, pages: Path | None = None) -> None:
        self._paths = paths
        self._log_file = log_file
        self._pages = pages
        self._service: BackgroundService | None = None
        self._record: ServiceRecord | None = None
        self._recording = threading.Lock()
        self._app: Future[App] = Future()
        self.failure: ComfyUILauncherError | None = None
        """Why the app did not come up."""

    # --- Coming up --------------------------------------------------------------------------------

    def claim(self) -> ServiceRecord | None:
        """Binds the socket and makes this the launcher of its root; else the one that is, already.

        Raises: NotWritable, DiskFull, OperationConflict.
        """
        other = claim(self._paths.window_file, self._bind)
        if other is None:
            remove_old_signposts(self._paths.data)
        return other

    def come_up(
        self,
        build: Callable[[], App],
        up: Callable[[], None],
        failed: Callable[[ComfyUILauncherError], None],
    ) -> None:
        """Builds the app in a thread and begins to serve; then `up` is called, or `failed`."""

        def work() -> None:
            try:
                self._serve(build())
            except ComfyUILauncherError as error:
                failed(self._fail(error))
            except Exception as fault:
                failed(self._fail(report_fault(fault)))
            else:
                up()

        threading.Thread(target=work, name="come up", daemon=True).start()

    def _bind(self) -> ServiceRecord:
        service = BackgroundService(listen(0), log_file=self._log_file, pages=self._pages)
        self._service = service
        record = record_of_this_process(service.url, service.port, service.token)
        self._record = record.model_copy(update={"coming_up": True})
        return self._record

    def _serve(self, app: App) -> None:
        self._bound.start(app)
        app.stay()
        self._app.set_result(app)
        self._bound.wait_until_up(UP_SECONDS)
        self._write_that_it_is_up()
        _log.info("serving the window at %s", self._bound.url)

    def _write_that_it_is_up(self) -> None:
        """For the next start, which asks this one then; it can do without."""
        with self._recording:
            if self._record is None:
                return
            self._record = self._record.model_copy(update={"coming_up": False})
            try:
                write_record(self._paths.window_file, self._record)
            except ComfyUILauncherError as error:
                _log.warning("%s", error)

    def _fail(self, error: ComfyUILauncherError) -> ComfyUILauncherError:
        self.failure = error
        self._app.set_exception(error)
        return error

    # --- While it is open -------------------------------------------------------------------------

    @property
    def _bound(self) -> BackgroundService:
        assert self._service is not None, "claim comes first"
        return self._service

    @property
    def app(self) -> App | None:
        """The app, once it is up."""
        return self._app.result() if self._app.done() and self.failure is None else None

    @property
    def page_listens(self) -> bool:
        """Whether a page hears what happens, so that it can ask the user something."""
        return self._bound.listening > 0

    @property
    def arrivals(self) -> int:
        """How many pages have begun to listen."""
        return self._bound.arrivals

    def calls(self) -> Dispatcher:
        """What carries out the calls of the page; waits for it. Raises: why there is none."""
        return self._app.result(UP_SECONDS).dispatcher

    @property
    def url(self) -> str:
        """Where the page is, without anything that opens it."""
        return self._bound.url

    def page(self) -> str:
        """The address for the window, with a one-time code."""
        return self._bound.page_for("window")

    def page_for_browser(self) -> str:
        """The address for a browser, with a one-time code."""
        return self._bound.page_for("browser")

    def code_for_browser(self) -> str:
        """A code to type."""
        return self._bound.issue_code("browser")

    @property
    def port(self) -> int:
        """Where the service listens."""
        return self._bound.port

    def is_serving(self) -> bool:
        """Whether the service answers."""
        return self.app is not None and self._bound.fault is None

    def stand_in(self) -> str:
        """HTML that says that the page did not start."""
        return did_not_start(self._log_file).decode()

    # --- The end ----------------------------------------------------------------------------------

    def end(self) -> None:
        """Ends what runs here. Whoever starts a launcher from now on opens a new one."""
        with self._recording:
            record, self._record = self._record, None
        if record is not None:
            forget_record(self._paths.window_file, record)
        if (app := self.app) is not None:
            app.close()
        if self._service is not None:
            self._service.close()
