"""pywebview on Qt WebEngine, without what a page has no business with.

Imported once the ladder has chosen it: Qt ends the process where one of its libraries is missing.
tests/contract/test_pywebview.py holds that the names which are replaced here are still there.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import (
    QEvent,
    QJsonValue,
    QMessageLogContext,
    QObject,
    Qt,
    QtMsgType,
    QUrl,
    Signal,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtGui import QColor, QContextMenuEvent
from PySide6.QtWebEngineCore import (
    QWebEngineContextMenuRequest,
    QWebEnginePage,
    QWebEngineSettings,
)
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication, QMenu

from backend.desktop.engine import MENU, EngineName, Page
from backend.desktop.geometry import Rectangle, WindowState
from backend.logging_config import get_logger

_Web: Final = QWebEngineSettings.WebAttribute
SETTINGS: Final = {
    _Web.JavascriptCanAccessClipboard: True,  # to copy; reading it stays with the user's Ctrl+V
    _Web.JavascriptCanPaste: False,
    _Web.JavascriptCanOpenWindows: False,
    _Web.LocalContentCanAccessFileUrls: False,
    _Web.LocalContentCanAccessRemoteUrls: False,
    _Web.NavigateOnDropEnabled: False,
    _Web.PluginsEnabled: False,
    _Web.PdfViewerEnabled: False,
    _Web.FullScreenSupportEnabled: False,
    _Web.ScreenCaptureEnabled: False,
    _Web.DnsPrefetchEnabled: False,
}
EDIT_FLAGS: Final = {name: QWebEngineContextMenuRequest.EditFlag[f"Can{name}"] for name in MENU}

QUIET: Final = "--log-level=3"  # Chromium tells the terminal of every bus that is not there
_LEVELS: Final = {
    QtMsgType.QtWarningMsg: logging.INFO,  # of which a healthy start has several
    QtMsgType.QtCriticalMsg: logging.WARNING,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}

# What is replaced in it is of no type that pywebview promises.
qt: Final[Any] = importlib.import_module("webview.platforms.qt")
_log: Final = get_logger(__name__)


class QtEngine:
    """Qt WebEngine by PySide6."""

    name: EngineName = "qt"

    def __init__(self) -> None:
        qInstallMessageHandler(_log_message)
        self._thread = _EngineThread()
        self._page: Page | None = None

    def _look_where_it_went(self, url: QUrl) -> None:
        """A blank page is shown without asking; whichever way the window left, it comes back."""
        if self._page is not None and not self._page.may_show(address := _address(url)):
            self._page.strayed(address)

    def lock(self, page: Page) -> None:
        """Replaces, in pywebview, each place where a page gets at something."""
        self._page = page
        view = qt.BrowserView

        class Bridge(_Messages):
            def __init__(self, parent: Any) -> None:
                super().__init__(page, lambda: _address(parent.webview.url()))
                self.window = parent.pywebview_window  # no property of Qt's: not for the page

        def go(_self: QWebEnginePage, url: QUrl, kind: object, is_main_frame: bool) -> bool:
            address = _address(url)
            if page.may_show(address):
                return True
            if is_main_frame and kind == QWebEnginePage.NavigationType.NavigationTypeLinkClicked:
                page.leave(address)
            return False

        def go_in_new_window(_self: QWebEnginePage, url: QUrl, _kind: object, _main: bool) -> bool:
            page.leave(_address(url))
            return False

        view.JSBridge = Bridge
        view.WebPage.acceptNavigationRequest = go
        view.WebPage.javaScriptConsoleMessage = _log_console
        view.WebPage.onFeaturePermissionRequested = _deny
        view.NavigationHandler.acceptNavigationRequest = go_in_new_window
        view.WebView.contextMenuEvent = _show_menu
        qt.js_bridge_call = _no_other_bridge
        qt.environ_append = _no_flags
        qt._sigint_handler = signal.getsignal(signal.SIGINT)  # noqa: SLF001 - its own would quit without a question
        flags = os.environ.get("QTWEBENGINE_CHROMIUM_FLAGS", "")
        os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = f"{flags} {QUIET}".strip()

    def is_dark(self) -> bool:
        return QApplication.styleHints().colorScheme() != Qt.ColorScheme.Light

    def screens(self) -> list[Rectangle]:
        first = QApplication.primaryScreen()
        others = [screen for screen in QApplication.screens() if screen is not first]
        areas = [screen.availableGeometry() for screen in (first, *others)]
        return [Rectangle(area.x(), area.y(), area.width(), area.height()) for area in areas]

    def origin(self) -> tuple[int, int]:
        corner = QApplication.primaryScreen().geometry().topLeft()
        return corner.x(), corner.y()

    def icon_for(self, path: Path) -> Path | None:
        return path

    def dress(self, window: Any, background: str) -> None:
        view = window.native.webview
        view.page().urlChanged.connect(self._look_where_it_went)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.DefaultContextMenu)
        view.page().setBackgroundColor(QColor(background))  # else the first frame is white
        for attribute, value in SETTINGS.items():
            view.page().settings().setAttribute(attribute, value)

    def soon(self, task: Callable[[], None]) -> None:
        self._thread.asked.emit(task)

    def run(self, window: Any, script: str) -> None:
        def run() -> None:
            if window.uid in qt.BrowserView.instances:  # it may have been closed meanwhile
                window.native.webview.page().runJavaScript(script)

        self.soon(run)

    def raise_window(self, window: Any) -> None:
        native = window.native
        native.setWindowState(native.windowState() & ~Qt.WindowState.WindowMinimized)
        native.show()
        native.raise_()
        native.activateWindow()

    def state_of(self, window: Any) -> WindowState:
        """Its place is that of the frame, because that is what a window is moved by."""
        native = window.native
        inner, frame = native.normalGeometry(), native.frameGeometry().topLeft()
        margin = native.geometry().topLeft() - frame
        return WindowState(
            x=inner.x() - margin.x(),
            y=inner.y() - margin.y(),
            width=inner.width(),
            height=inner.height(),
            maximized=native.isMaximized(),
        )


class _EngineThread(QObject):
    """Runs what other threads hand over. Made in the thread of the engine, so it lives there."""

    asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.asked.connect(self._run, Qt.ConnectionType.QueuedConnection)

    @Slot(object)
    def _run(self, task: Callable[[], None]) -> None:
        task()


class _Messages(QObject):
    """The object that pywebview's script finds in the page: it has this one slot."""

    def __init__(self, page: Page, address: Callable[[], str]) -> None:
        super().__init__()
        self._page = page
        self._address = address

    def event(self, event: QEvent) -> bool:
        """Stays: a page can call `deleteLater` of any object that it is shown."""
        return event.type() == QEvent.Type.DeferredDelete or super().event(event)

    @Slot(str, QJsonValue, str, result=str)
    def call(self, function: str, parameters: QJsonValue, call_id: str) -> None:
        if not self._page.may_show(self._address()):
            return  # the window shows a page that is not ours, which nothing should bring about
        try:
            given = json.loads(parameters.toString())
        except (ValueError, RecursionError):
            given = None
        self._page.receive(function, given, call_id)


def _address(url: QUrl) -> str:
    return bytes(url.toEncoded().data()).decode("ascii", "replace")


def _deny(page: QWebEnginePage, url: QUrl, feature: QWebEnginePage.Feature) -> None:
    denied = QWebEnginePage.PermissionPolicy.PermissionDeniedByUser
    page.setFeaturePermission(url, feature, denied)


def _show_menu(view: QWebEngineView, event: QContextMenuEvent) -> None:
    request = view.lastContextMenuRequest()
    menu = QMenu(view)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for name, flag in EDIT_FLAGS.items():
        if request.editFlags() & flag:
            menu.addAction(view.page().action(QWebEnginePage.WebAction[name]))
    if menu.isEmpty():
        menu.deleteLater()
    else:
        menu.popup(event.globalPos())


def _log_console(
    _page: QWebEnginePage, level: object, message: str, line: int, source: str
) -> None:
    error = level == QWebEnginePage.JavaScriptConsoleMessageLevel.ErrorMessageLevel
    _log.log(logging.WARNING if error else logging.DEBUG, "page: %s (%s:%d)", message, source, line)


def _log_message(kind: QtMsgType, _where: QMessageLogContext, message: str) -> None:
    """Qt's own words go to our log; what it dies of goes to the screen as well."""
    level = _LEVELS.get(kind, logging.DEBUG)
    _log.log(level, "qt: %s", message)
    if level == logging.CRITICAL:
        sys.stderr.write(f"{message}\n")


def _no_other_bridge(*_message: object) -> None:
    """In place of pywebview's handling of messages: ours has its own way."""


def _no_flags(*_flags: object, **_named: object) -> None:
    """In place of pywebview's flags for Chromium: one of them grants camera and microphone."""
